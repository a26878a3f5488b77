"""The audit: everything that the program writes is in it, and everything else is found.

One salon with a row in every table; operators log in with their passwords.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from databases import Server
from factories import Salon, open_salon
from neighbours import TENANT_TABLES, furnish
from psycopg import errors
from psycopg.conninfo import make_conninfo

import bookra
from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.audit.coverage import BY_RELAYS, CHECKED, LEFT_OUT
from bookra.engine.audit.reading import Wanted, changes
from bookra.engine.audit.verifying import Verified, verify
from bookra.engine.database import open_pool
from bookra.engine.outbox.topics import RequestPayment, SendMail
from bookra.engine.runtime import Engine, administrative_tx
from bookra.engine.schema import metadata
from bookra.engine.tenancy import installation
from bookra.engine.tenancy.operators import add_operator
from bookra.errors import ConflictError
from bookra.ids import new_id
from bookra.relay.returning import given_up

ROLES = ("front-desk", "manager", "owner")
Session = psycopg.Connection[tuple[object, ...]]

FORGERIES = (
    "UPDATE audit SET command = 'nothing'",
    "UPDATE audit SET recorded_by = 'somebody'",
    "DELETE FROM audit",
    "TRUNCATE audit",
    (
        "INSERT INTO audit (tenant_id, id, command, subjects, recorded_by)"
        " VALUES (bookra.tenant(), gen_random_uuid(), 'pay', '[]', 'somebody')"
    ),
    (
        "INSERT INTO audit (tenant_id, id, command, subjects, recorded_at)"
        " VALUES (bookra.tenant(), gen_random_uuid(), 'pay', '[]', '2020-01-01')"
    ),
    (
        "INSERT INTO audit (tenant_id, id, command, subjects, written_in)"
        " VALUES (bookra.tenant(), gen_random_uuid(), 'pay', '[]', '7')"
    ),
    (
        "INSERT INTO audit (tenant_id, id, command, subjects)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 'pay', '[]')"
    ),
    "INSERT INTO audit_baselines (why) VALUES ('restored')",
    "UPDATE audit_baselines SET written_in = '7'",
    "DELETE FROM audit_baselines",
    "UPDATE installation_events SET command = 'nothing'",
    "DELETE FROM installation_events",
    (
        "INSERT INTO installation_events (id, command, subjects, recorded_by)"
        " VALUES (gen_random_uuid(), 'x', '[]', 'somebody')"
    ),
    "ALTER TABLE audit ALTER COLUMN recorded_by DROP DEFAULT",
    "ALTER TABLE audit DISABLE ROW LEVEL SECURITY",
    "UPDATE operators SET role = 'owner'",
)


@dataclass(frozen=True)
class House:
    """A furnished salon, the logins of its operators and of a relay, and a superuser's session."""

    salon: Salon
    logins: Mapping[str, str]
    password: str
    superuser: Session

    def session(self, role: str) -> Session:
        """Log in as an operator or the relay, set to the salon."""
        seen = self.salon.database.seen_by(self.logins[role], self.password)
        session = psycopg.connect(make_conninfo(**seen.conninfo), autocommit=True)
        session.execute("SET search_path = bookra, public")
        self._claim(session)
        return session

    def engine(self, role: str) -> Iterator[Engine]:
        """Give an engine by this login."""
        pool = open_pool(self.salon.database.seen_by(self.logins[role], self.password).conninfo)
        yield Engine(pool)
        pool.dispose()

    def past_the_program(self, statement: str, *binds: object) -> None:
        """Do something as nobody should: as a superuser, with no audit row."""
        self._claim(self.superuser)
        self.superuser.execute(statement, binds)

    def verified(self, *, limit: int = 1000) -> Verified:
        slug = self.salon.slug
        return self.salon.engine.ask(slug, lambda tx: verify(tx, limit=limit), consistent=True)

    def begin_anew(self) -> None:
        """Let the record begin here, as after a restore."""
        self.past_the_program("INSERT INTO bookra.audit_baselines (why) VALUES ('restored')")

    def _claim(self, session: Session) -> None:
        session.execute("SELECT set_config('app.tenant', %s, false)", [str(self.salon.tenant.id)])


@pytest.fixture(scope="module")
def house(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home: Path = tmp_path_factory.mktemp("home")
    with postgres.clean() as database:
        pool = open_pool(database.conninfo)
        salon = open_salon(database, pool)
        furnish(salon, home / "key")
        password, suffix = secrets.token_urlsafe(12), secrets.token_hex(4)
        logins = {role: f"{role[:5]}_{suffix}" for role in (*ROLES, "relay")}
        with administration(Settings(home=home, database_url=database.admin_url)) as connection:
            tx = administrative_tx(connection, salon.tenant)
            for role in ROLES:
                add_operator(connection, tx, logins[role], role, password)
            installation.add_login(connection, logins["relay"], "relay", password)
        with psycopg.connect(make_conninfo(**database.administrator), autocommit=True) as superuser:
            yield House(salon, logins, password, superuser)
            superuser.execute(f"DROP ROLE {logins['relay']}")  # type: ignore[arg-type]
        pool.dispose()


def test_every_table_is_checked_or_left_out_for_a_reason() -> None:
    tables = {table.name for table in metadata.tables.values()} | {"alembic_version"}
    assert not CHECKED & set(BY_RELAYS) | CHECKED & set(LEFT_OUT) | set(BY_RELAYS) & set(LEFT_OUT)
    assert CHECKED | set(BY_RELAYS) | set(LEFT_OUT) == tables
    assert all({**BY_RELAYS, **LEFT_OUT}.values())


def test_no_part_of_a_transaction_is_kept_without_telling_the_audit() -> None:
    """A savepoint's rows carry its own id: it is kept by ``part`` or ``keep``, or taken back."""
    for path in Path(bookra.__file__).parent.rglob("*.py"):
        code = path.read_text("utf-8")
        if path.name != "auditing.py":
            assert not re.search(r"with [^:]*begin_nested\(", code), path
            assert len(re.findall(r"begin_nested\(", code)) <= code.count("keep(tx, "), path


def test_all_that_the_program_writes_is_audited(house: House) -> None:
    found = house.verified()
    assert (found.changes, found.found, found.unread) == ((), 0, ())
    assert found.tables == len(CHECKED) + len(BY_RELAYS)


def test_whatever_is_changed_past_the_program_is_found(house: House) -> None:
    filled = sorted((CHECKED | set(BY_RELAYS)) & set(TENANT_TABLES) - {"imported_rows", "consents"})
    for table in filled:
        key = "id" if table == "tenants" else "tenant_id"
        house.past_the_program(
            f"UPDATE bookra.{table} SET {key} = {key} WHERE {key} = %s", house.salon.tenant.id
        )
    found = house.verified(limit=100_000)
    # The tests' login works for the relay too: what it wrote into the relay's own is not held
    # against anybody. Nothing else is spared.
    assert {each.table for each in found.changes} == set(filled) - set(BY_RELAYS)
    assert found.found == len(found.changes)
    assert all(each.after is not None for each in found.changes)
    (business,) = (each for each in found.changes if each.table == "tenants")
    assert (business.label, business.writer) == ("luna", "postgres")  # who opened it
    assert len(house.verified(limit=3).changes) == 3
    house.begin_anew()
    assert house.verified().found == 0


def test_an_operator_with_psql_is_found_in_the_relays_own_tables_too(house: House) -> None:
    house.begin_anew()
    with house.session("manager") as psql:
        psql.execute("UPDATE outbox SET due_at = due_at, changed_by = session_user")
        psql.execute("UPDATE customers SET notes = 'Nina', changed_by = session_user")
    with house.session("relay") as relay:
        relay.execute("UPDATE provider_cursors SET changed_by = session_user")
    found = house.verified()
    assert {each.table for each in found.changes} == {"outbox", "customers"}
    assert {each.writer for each in found.changes} == {house.logins["manager"]}
    assert "Nina" not in repr(found)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_verifies_what_it_may_read_and_says_what_not(house: House, role: str) -> None:
    house.begin_anew()
    for engine in house.engine(role):
        found = engine.ask(house.salon.slug, verify, consistent=True)
        unread = {
            "front-desk": {"bank_accounts", "provider_accounts"},
            "manager": {"provider_accounts"},
        }
        assert set(found.unread) == unread.get(role, set())
        assert found.found == 0


def test_verification_begins_where_it_is_told_to(house: House) -> None:
    house.begin_anew()
    house.past_the_program("UPDATE bookra.services SET slug = slug WHERE slug = 'cut'")
    house.salon.customer("Nina Later")
    last = house.salon.ask(lambda tx: changes(tx, Wanted(limit=1)))[0].at

    def found_since(seconds: int) -> int:
        since = last + timedelta(seconds=seconds)
        return house.salon.ask(lambda tx: verify(tx, since=since)).found

    assert found_since(-3600) == 1
    assert found_since(1) == 0


def test_a_database_that_was_copied_by_other_means_is_not_judged(house: House) -> None:
    house.past_the_program("UPDATE bookra.audit_baselines SET why = why")  # another xmin: a copy
    with pytest.raises(ConflictError) as refused:
        house.verified()
    assert refused.value.code == "no_baseline"
    house.begin_anew()


@pytest.mark.parametrize("role", [*ROLES, "relay"])
def test_nobody_forges_or_edits_the_audit(house: House, role: str) -> None:
    with house.session(role) as session:
        for statement in FORGERIES:
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(statement)
        session.execute(
            "INSERT INTO audit (tenant_id, id, command, subjects)"
            " VALUES (bookra.tenant(), gen_random_uuid(), 'by hand', '[]')"
        )
    (mine,) = house.salon.ask(
        lambda tx: changes(tx, Wanted(command="by hand", login=house.logins[role]))
    )
    assert mine.login == house.logins[role]


def test_the_list_names_bookings_by_code_and_people_by_id(house: House) -> None:
    salon = house.salon
    customer = salon.customer("Nina Listed")
    booking = salon.book("2026-12-08 10:00", customer=customer)

    def listed(**wanted: str) -> list[tuple[str, tuple[str, ...]]]:
        found = salon.ask(lambda tx: changes(tx, Wanted(**wanted)))  # type: ignore[arg-type]
        return [(each.command, each.subjects) for each in found]

    (booked,) = listed(about=booking.code)
    assert f"booking:{booking.code}" in booked[1]
    assert listed(about=f"booking:{booking.code.lower()}") == [booked]
    assert listed(about=f"booking:{booking.id}") == [booked]
    assert f"customer:{customer.id}" in listed(about=f"customer:{customer.id}")[0][1]
    assert listed(about="LUN-0000") == []
    assert "Nina" not in repr(listed())
    assert {command for command, _ in listed(command="operator")} == {"operator add"}
    assert listed(login="nobody_here") == []
    assert "part" not in {command for command, _ in listed()}
    salon.act(lambda tx: tx.concerns("staff", booking.lines[0].staff_id))
    assert ("test", ("staff:ana",)) in listed(about="staff:ana")


def test_an_effect_that_is_given_up_is_in_the_audit_by_its_topic(house: House) -> None:
    booking = house.salon.book("2026-12-08 12:00")

    @dataclass(frozen=True)
    class Row:
        topic: str
        payload: RequestPayment | SendMail

    operation = new_id()
    row = Row("payment.request", RequestPayment(booking.id, operation))
    house.salon.engine.act(
        house.salon.slug, lambda tx: given_up(tx, row, "dead", "refused"), command=None
    )
    (newest,) = house.salon.ask(lambda tx: changes(tx, Wanted(limit=1)))
    assert newest.command == "relay.payment.request"
    assert newest.subjects == (f"booking:{booking.code}", f"operation:{operation}")
