"""Transactions: ``act`` writes, ``ask`` reads, ``across_tenants`` belongs to the relay.

An action is a function of a ``Tx``. It never opens, commits or sleeps, and never calls a provider:
the runtime sets the tenant for this transaction alone (SET LOCAL, so that pooled connections never
leak it), retries what may be retried, rolls a dry run back, and writes the audit row.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Row, TextClause, text
from sqlalchemy import Engine as Pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bookra.engine import refusals, statements
from bookra.engine.business import TENANT_COLUMNS, Tenant, tenant_of, unknown_tenant
from bookra.engine.database import LONGEST_TRANSACTION_SECONDS
from bookra.engine.notices import Notices, listening
from bookra.engine.roles import OWNER, PLATFORM
from bookra.engine.schema import SCHEMA
from bookra.engine.statements import Answer, Kept, Statements
from bookra.errors import UnavailableError
from bookra.ids import new_id

Result = TypeVar("Result")

ROWS_A_FETCH = 2_000
"""How many rows a streamed question brings at a time."""

WAKE_CHANNEL = "bookra_outbox"
"""Where relays listen: a notice says that something is due, never what or whose."""

LONGEST_NOTICE = 7_000
"""Bytes of a notice; PostgreSQL takes less than 8,000. What is cut off is read anyway."""

ATTEMPTS = 4
"""One try and three retries, for what another try mends."""

RETRIED = frozenset({"40001", "40P01", "26000"})
"""Serialisation failures and deadlocks; and a kept plan that the session has lost meanwhile."""


@dataclass(slots=True)
class Tx:
    """One open transaction of one tenant. ``now`` is the only clock an action may read."""

    connection: Connection
    tenant: Tenant
    now: datetime
    subjects: list[str] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)
    """What has been read once and holds for this transaction; who changes it, forgets it."""
    wakes: bool = False
    """Something is due at once: the relays are told when this is committed."""
    _statements: Statements = field(init=False)

    def __post_init__(self) -> None:
        self._statements = Statements(self.connection)

    def rows(self, statement: TextClause, **binds: Any) -> Sequence[Row[Any]]:
        """Run ``statement`` with ``:tenant_id`` bound and return every row."""
        return self._statements.rows(statement, {"tenant_id": self.tenant.id, **binds})

    def row(self, statement: TextClause, **binds: Any) -> Row[Any] | None:
        """Run ``statement`` with ``:tenant_id`` bound and return its first row, if any."""
        return next(iter(self.rows(statement, **binds)), None)

    def stream(self, statement: TextClause, **binds: Any) -> Iterator[Row[Any]]:
        """Yield the rows of ``statement`` through a cursor on the server: memory stays constant."""
        values = {"tenant_id": self.tenant.id, **binds}
        options = {"yield_per": ROWS_A_FETCH}
        result = self.connection.execute(statement, values, execution_options=options)
        try:
            yield from result
        finally:
            result.close()

    def run(self, statement: TextClause, **binds: Any) -> int:
        """Run a write with ``:tenant_id`` bound and return how many rows it touched."""
        return self._statements.run(statement, {"tenant_id": self.tenant.id, **binds})

    def run_many(self, statement: TextClause, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once for each of ``rows``, pipelined."""
        if rows:
            self.connection.execute(
                statement, [{"tenant_id": self.tenant.id, **row} for row in rows]
            )

    def concerns(self, kind: str, identifier: object) -> None:
        """Name a thing that this transaction changes, by id, for the audit row."""
        self.subjects.append(f"{kind}:{identifier}")


Clock = Callable[[], datetime]

# What is said last in a transaction, and afterwards on which channels.
Ending = tuple[tuple[Kept, Mapping[str, Any]] | None, Sequence[tuple[str, str]]]

ENTER = "SET LOCAL app.tenant = '{id}';"
"""For a UUID alone: SET takes no binds. Citus passes SET LOCAL on to its workers, but not
set_config()."""

KEEP_PLANS = "SET LOCAL plan_cache_mode = force_generic_plan;"
"""A write works on few rows, found by keys: planning its statements anew takes longer than they do.
Left to itself the server plans the one that finds who is free for each booking, 3 ms each time."""

OPENING = text(f"SELECT now(), {TENANT_COLUMNS} FROM tenants WHERE id = :tenant_id")  # noqa: S608
"""What every transaction of a tenant asks first: the clock, and the business as it is now."""

AUDIT = text(
    "INSERT INTO audit (tenant_id, id, command, subjects)"
    " VALUES (:tenant_id, :id, :command, :subjects)"
)
"""What every one that writes says last."""

OPENED = Kept("bookra_opening", OPENING, {"tenant_id": "uuid"})
AUDITED = Kept(
    "bookra_audit",
    AUDIT,
    {"tenant_id": "uuid", "id": "uuid", "command": "text", "subjects": "jsonb"},
)
KEPT = (OPENED, AUDITED)


class Engine:
    """Runs actions and questions on a pool. ``now`` replaces the database's clock in tests."""

    def __init__(self, pool: Pool, *, now: Clock | None = None) -> None:
        self._pool = pool
        self._now = now
        self._ids: dict[str, UUID] = {}
        self._tenants: dict[str, tuple[Sequence[bytes | None], Tenant]] = {}
        self._steps_down: bool | None = None

    def act(
        self,
        slug: str,
        action: Callable[[Tx], Result],
        *,
        command: str | None,
        dry_run: bool = False,
    ) -> Result:
        """Run ``action`` in one writing transaction of the tenant; commit it with its audit row.

        ``command`` None is for the relay's own bookkeeping (leases, positions): no audit row.

        ``dry_run`` rolls back instead and returns the same result. Deadlocks and serialisation
        failures are tried again, at most three times. Raises BookraError alone.
        """

        def work(connection: Connection, answer: Answer | None) -> tuple[Result, Ending]:
            begun = time.monotonic()
            tx = self._tx(connection, slug, answer)
            result = action(tx)
            row = audit_row(tx.tenant.id, command, tx.subjects) if command is not None else None
            if row is not None and dry_run:
                tx.run(AUDIT, **row)
            _in_time(begun)
            return result, ((AUDITED, row) if row else None, notices(tx, command))

        return self._attempt(work, "", slug, commit=not dry_run)

    def ask(
        self, slug: str, question: Callable[[Tx], Result], *, consistent: bool = False
    ) -> Result:
        """Run ``question`` in a READ ONLY transaction of the tenant.

        ``consistent`` lets all its statements see one moment (REPEATABLE READ): for proofs and
        exports that read the same rows in more than one way.
        """

        def work(connection: Connection, answer: Answer | None) -> tuple[Result, Ending]:
            return question(self._tx(connection, slug, answer)), (None, ())

        mode = "ISOLATION LEVEL REPEATABLE READ READ ONLY" if consistent else "READ ONLY"
        # There is nothing to keep, but a rollback makes psycopg forget its plans.
        return self._attempt(work, mode, slug, commit=True)

    def across_tenants(
        self, work: Callable[[Connection], Result], *, write: bool = False
    ) -> Result:
        """Run ``work`` without a tenant: it sees what the cross-tenant policies show, no more."""

        def enter(connection: Connection, _: Answer | None) -> tuple[Result, Ending]:
            return work(connection), (None, ())

        return self._attempt(enter, "" if write else "READ ONLY", None, commit=True)

    @contextmanager
    def listening(self, slug: str) -> Iterator[Notices]:
        """Give a session that hears what is committed for a tenant; see `notices`.

        Raises UnavailableError where it can't be had: behind a transaction pooler nobody hears.
        """
        channel = self.ask(slug, lambda tx: tx.tenant.channel)
        with listening(self._pool, channel) as notices:
            yield notices

    def close(self) -> None:
        """Close every pooled connection."""
        self._pool.dispose()

    def _attempt(
        self,
        work: Callable[[Connection, Answer | None], tuple[Result, Ending]],
        mode: str,
        slug: str | None,
        *,
        commit: bool,
    ) -> Result:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                connection, answer = self._begun(mode, slug)
                with connection:
                    result, ending = work(connection, answer)
                    if commit:
                        statements.commit(connection, *ending)
                    else:
                        connection.rollback()
                    return result
            except DBAPIError as error:
                if refusals.sqlstate(error) not in RETRIED or attempt == ATTEMPTS:
                    raise refusals.explain(error) from error
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter
            except PoolTimeout as error:
                raise UnavailableError(
                    "database_busy",
                    "Every database connection of this program is in use",
                    hint="Try again in a moment",
                ) from error
        raise AssertionError("unreachable")

    def _begun(self, mode: str, slug: str | None) -> tuple[Connection, Answer | None]:
        """Return a connection with a transaction begun on it, and what its opening answered.

        A session that was idle may have died since (a restart of the server). That shows in its
        first message, with which nothing has been done yet: it is said again on a fresh one, for
        the first failure took every older session out of the pool.
        """
        for again in (True, False):
            connection = self._pool.connect()
            try:
                step = f"SET LOCAL ROLE {PLATFORM};" if self._must_step_down(connection) else ""
                known = self._id_of(connection, slug, step) if slug is not None else None
                enter = (
                    "" if known is None else ENTER.format(id=known) + ("" if mode else KEEP_PLANS)
                )
                settings = f"BEGIN {mode};{step}{enter}"
                return connection, statements.begin(connection, settings, KEPT, known)
            except BaseException as error:
                connection.close()
                if not (again and isinstance(error, DBAPIError) and error.connection_invalidated):
                    raise
        raise AssertionError("unreachable")

    def _id_of(self, connection: Connection, slug: str, step: str) -> UUID:
        """Return the id of a business, found in a transaction of its own the first time."""
        known = self._ids.get(slug)
        if known is not None:
            return known
        statements.begin(connection, f"BEGIN READ ONLY;{step}")
        by_slug = text("SELECT id FROM tenants WHERE slug = :slug AND lower(slug) = :slug")
        found = connection.execute(by_slug, {"slug": slug}).scalar_one_or_none()
        if found is None:
            raise unknown_tenant(slug)
        statements.commit(connection)
        return self._ids.setdefault(slug, UUID(str(found)))

    def _tx(self, connection: Connection, slug: str, answer: Answer | None) -> Tx:
        """Return the transaction of the tenant, with its row as it is now, and the clock."""
        if answer is None:
            self._ids.pop(slug, None)
            raise unknown_tenant(slug)
        row, last = answer.raw[1:], self._tenants.get(slug)
        if last is None or last[0] != row:
            last = self._tenants[slug] = row, tenant_of(answer.values())
        return Tx(connection, last[1], self._now() if self._now else answer.moment())

    def _must_step_down(self, connection: Connection) -> bool:
        """Tell whether this login bypasses policies (superuser) or owns the tables."""
        if self._steps_down is None:
            self._steps_down = bool(
                connection.execute(
                    text(
                        "SELECT rolsuper OR pg_has_role(current_user, :owner, 'USAGE')"
                        " FROM pg_roles WHERE rolname = session_user"
                    ),
                    {"owner": OWNER},
                ).scalar_one()
            )
            connection.commit()
        return self._steps_down


def notices(tx: Tx, command: str | None) -> list[tuple[str, str]]:
    """Return what a committed transaction tells, and on which channels: ids alone.

    The relays are told that something is due, the business's own screens what has changed.
    """
    told = [(WAKE_CHANNEL, "")] if tx.wakes else []
    if command is not None and tx.subjects:
        told.append((tx.tenant.channel, ",".join(tx.subjects)[:LONGEST_NOTICE]))
    return told


def _in_time(begun: float) -> None:
    """Refuse to commit a transaction that lasted longer than any may.

    A row's ``posted_at`` is when its transaction began: what is committed later than this would
    change days that are closed, and reports that were read.
    """
    if time.monotonic() - begun > LONGEST_TRANSACTION_SECONDS:
        raise UnavailableError(
            "too_slow",
            f"This took longer than {LONGEST_TRANSACTION_SECONDS} s, and nothing of it was kept",
            hint="Try it in smaller parts",
        )


def audit_row(tenant_id: UUID, command: str, subjects: Sequence[str]) -> dict[str, Any]:
    """Return the values of ``AUDIT``: what was done, to which ids; who and when are defaults."""
    return {
        "tenant_id": tenant_id,
        "id": new_id(),
        "command": command,
        "subjects": json.dumps(list(subjects)),
    }


def administrative_tx(connection: Connection, tenant: Tenant) -> Tx:
    """Return a Tx inside an administrator's transaction, for logins and their rows alone.

    Sets the tenant and the platform's role for what follows, so that policies hold; utility
    statements that make roles reset it themselves.
    """
    connection.execute(text(f"SET LOCAL search_path = {SCHEMA}"))
    connection.execute(text("SELECT set_config('app.tenant', :id, true)"), {"id": str(tenant.id)})
    now = connection.execute(text("SELECT now()")).scalar_one()
    return Tx(connection, tenant, now)
