"""Two businesses on one server: an operator of the first, and what only the second one has.

What the second has is collected from its rows, so that a table that is added tomorrow is watched
too: every id of it, and every text that the first business doesn't have as well.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from databases import Server
from factories import Salon, open_salon
from neighbours import TENANT_TABLES, digest_of, furnish
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.database import open_pool
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.actions import set_brand
from bookra.engine.tenancy.operators import add_operator

ROLES = ("front-desk", "manager", "owner")
AMOUNT = 98_765_431
ZOES_PHONE, ZOES_EMAIL = "+4930901821", "zoe@quillfeather.example"
SHORTEST = 6
"""Texts of fewer letters turn up by chance."""

_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
Session = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Street:
    """Two furnished businesses, the logins of both by role, and what only the second has:
    ids, as digits alone, and words in lower case.
    """

    mine: Salon
    theirs: Salon
    logins: Mapping[str, str]
    their_logins: Mapping[str, str]
    password: str
    ids: frozenset[str]
    marks: frozenset[str]
    administrator: Connection

    def their_state(self) -> dict[str, str]:
        """Return a fingerprint of all that the second business has."""
        return digest_of(self.theirs, self.administrator)

    @contextmanager
    def spying(self, role: str) -> Iterator[Spy]:
        """Log in with a password as an operator of the first business."""
        conninfo = self.mine.database.seen_by(self.logins[role], self.password).conninfo
        with psycopg.connect(make_conninfo(**conninfo), autocommit=True) as session:
            yield Spy(session, self)


@dataclass
class Spy:
    """A session that hears all that the server answers."""

    session: Session
    street: Street
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session.add_notice_handler(lambda notice: self.heard.append(_diagnosis(notice)))
        self.session.add_notify_handler(lambda notice: self.heard.append(str(notice)))
        self.session.execute("SET search_path = bookra, public")
        self.claim(self.street.mine.tenant.id)

    def claim(self, tenant: object) -> None:
        """Say that this session works for a business, as anybody may say."""
        self.session.execute("SELECT set_config('app.tenant', %s, false)", [str(tenant)])

    def answer(self, *statements: str) -> str:
        """Return all that the server says to statements in a transaction that is rolled back:
        rows, notices, errors and tags.
        """
        self.heard.clear()
        try:
            with self.session.transaction(force_rollback=True), self.session.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement.encode())
                    if cursor.description is not None:
                        self.heard += map(str, cursor.fetchall())
                    self.heard.append(cursor.statusmessage or "")
        except psycopg.Error as error:
            self.heard.append(_diagnosis(error.diag) or str(error))
        return "\n".join(self.heard)

    def copied(self, statement: str) -> str:
        """Return what a COPY … TO STDOUT gives, or the refusal."""
        try:
            with self.session.cursor().copy(statement.encode()) as rows:
                return b"".join(bytes(row) for row in rows).decode()
        except psycopg.Error as error:
            return _diagnosis(error.diag)

    def may_read(self, table: str, column: str) -> bool:
        """Tell whether this role reads a column at all."""
        row = self.session.execute(
            "SELECT has_column_privilege(%s, %s, 'SELECT')", [f"bookra.{table}", column]
        ).fetchone()
        return row == (True,)

    def learned(self, answer: str, *statements: str) -> set[str]:
        """Return which of the neighbour's marks an answer tells that the question didn't."""
        told, asked = answer.lower(), "\n".join(statements).lower()
        ids = {found.replace("-", "") for found in _ID.findall(told)} & self.street.ids
        words = {mark for mark in self.street.marks if mark in told}
        return {mark for mark in ids | words if mark not in asked.replace("-", "")}


def _diagnosis(diag: psycopg.errors.Diagnostic) -> str:
    parts = (
        diag.message_primary,
        diag.message_detail,
        diag.message_hint,
        diag.context,
        diag.internal_query,
        diag.constraint_name,
    )
    return "\n".join(part for part in parts if part)


@contextmanager
def street(postgres: Server, home: Path) -> Iterator[Street]:
    """Furnish two businesses and give each an operator of every role."""
    with postgres.clean() as database:
        pool = open_pool(database.conninfo)
        mine, theirs = (open_salon(database, pool, slug) for slug in ("luna", "quillfeather"))
        for salon in (mine, theirs):
            furnish(salon, home / "key")
        theirs.act(_leave_marks)
        password = secrets.token_urlsafe(12)
        with administration(Settings(home=home, database_url=database.admin_url)) as connection:
            logins, their_logins = (
                _operators(connection, salon, password, prefix)
                for salon, prefix in ((mine, "luna"), (theirs, "quillfeather"))
            )
        watching = open_pool(database.administrator, pooled=False)
        with watching.connect().execution_options(isolation_level="AUTOCOMMIT") as administrator:
            administrator.execute(text("ANALYZE"))
            found = _only_theirs(administrator, mine, theirs)
            ids = {mark.replace("-", "") for mark in found if _ID.fullmatch(mark)}
            words = {mark for mark in found if not _ID.fullmatch(mark)}
            marks = frozenset(words | set(their_logins.values()) | {str(AMOUNT)})
            yield Street(
                mine, theirs, logins, their_logins, password, frozenset(ids), marks, administrator
            )
        pool.dispose()


def _operators(connection: Connection, salon: Salon, password: str, prefix: str) -> dict[str, str]:
    suffix = secrets.token_hex(4)
    logins = {role: f"{prefix}_{role.replace('-', '_')}_{suffix}" for role in ROLES}
    tx = administrative_tx(connection, salon.tenant)
    for role, login in logins.items():
        assert add_operator(connection, tx, login, role, password)[1]
    return logins


def _leave_marks(tx: Tx) -> None:
    """Give the second business what nobody else has: names, addresses, an amount."""
    add_customer(tx, "Zoe Zyzzyva", phone=ZOES_PHONE, email=ZOES_EMAIL)
    set_brand(tx, {"legal_name": "Quillfeather Coiffure KG", "address": "Xylophonstraße 77"})
    for change in (
        f"services SET name = 'Mohawk à la Zyzzyva', price_minor = {AMOUNT}",
        "customers SET notes = 'allergic to xylophones'",
        "bookables SET name = 'Bookable Zyzzyva ' || slug",
        "locations SET name = 'Near the Zyzzyva fountain'",
        "bank_accounts SET holder = 'Zacharias Zyzzyva', iban = 'DE89370400440532013000'",
    ):
        tx.run(text(f"UPDATE {change}, changed_by = session_user WHERE tenant_id = :tenant_id"))


def _only_theirs(administrator: Connection, mine: Salon, theirs: Salon) -> set[str]:
    own, other = (set(_texts(administrator, salon)) for salon in (mine, theirs))
    return other - own


def _texts(administrator: Connection, salon: Salon) -> Iterable[str]:
    """Yield every id and every longer text of a business' rows, in lower case."""
    for table in TENANT_TABLES:
        key = "id" if table == "tenants" else "tenant_id"
        query = f"SELECT v FROM bookra.{table} t, jsonb_each_text(to_jsonb(t)) AS f(k, v)"
        for (value,) in administrator.execute(
            text(f"{query} WHERE t.{key} = :id AND v IS NOT NULL"), {"id": salon.tenant.id}
        ):
            lowered = str(value).lower()
            yield from _ID.findall(lowered)
            if len(lowered) >= SHORTEST and not lowered.replace(".", "").isdigit():
                yield lowered
