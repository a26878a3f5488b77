"""Logins from the command line: added, given roles, rotated and revoked; asked by password."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from command_line import Ran
from front_desk import Desk, Shop
from psycopg import errors
from psycopg.conninfo import make_conninfo
from sqlalchemy import event, make_url
from sqlalchemy.engine import Engine as Pool

Session = psycopg.Connection[tuple[object, ...]]


class Office:
    """An administrator's command line, and sessions of whoever it lets in."""

    def __init__(self, front: Desk) -> None:
        self.front = front
        self.administrator = {"BOOKRA_DATABASE_URL": front.salon.database.admin_url}
        self.suffix = secrets.token_hex(4)

    def __call__(self, *words: str, check: bool = True) -> Ran:
        return self.front("operator", *words, "--json", check=check, **self.administrator)

    def refused(self, *words: str) -> tuple[int, str]:
        ran = self(*words, check=False)
        return ran.code, str(ran.error["code"])

    def login(self, name: str) -> str:
        """Return a login that no other run has: roles are the whole server's."""
        return f"{name}_{self.suffix}"

    @contextmanager
    def session(self, made: dict[str, Any]) -> Iterator[Session]:
        """Log in by the URL that was shown."""
        with psycopg.connect(made["url"], autocommit=True) as session:
            session.execute("SET search_path = bookra, public")
            tenant = str(self.front.salon.tenant.id)
            session.execute("SELECT set_config('app.tenant', %s, false)", [tenant])
            yield session

    def administer(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the server as its administrator."""
        conninfo = make_conninfo(**self.front.salon.database.administrator)
        with psycopg.connect(conninfo, autocommit=True) as session:
            cursor = session.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def office(front: Desk) -> Office:
    return Office(front)


def opens(url: str) -> bool:
    """Tell whether somebody gets in by this URL."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def count(session: Session, query: str) -> object:
    row = session.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def test_a_login_is_let_in_given_a_role_rotated_and_revoked(office: Office) -> None:
    ana, ben = office.login("ana"), office.login("ben")
    made = office("add", ana, "--role", "front-desk").json
    bystander = office("add", ben, "--role", "owner").json
    assert set(made) == {"login", "role", "tenant", "changed", "password", "url"}
    assert office.refused("add", ana, "--role", "manager") == (4, "exists")
    with office.session(made) as session, office.session(bystander) as other:
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute("UPDATE services SET short_name = 'x', changed_by = session_user")
        assert office("role", ana, "--role", "manager").json["changed"] is True
        assert office("role", ana, "--role", "manager").json["changed"] is False
        session.execute("UPDATE services SET short_name = 'x', changed_by = session_user")

        rotated = office("rotate", ana).json
        assert set(rotated) == {*made, "sessions_ended"} - {"changed"}
        assert (opens(made["url"]), opens(rotated["url"])) == (False, True)
        assert count(session, "SELECT count(*) FROM services") != 0  # goes on by what it had

        revoked = office("revoke", ana).json
        assert (revoked["changed"], revoked["sessions_ended"]) == (True, 1)
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
        assert count(other, "SELECT count(*) FROM services") != 0  # nobody else's ended
    assert not opens(rotated["url"])
    refused = office.front("day", "--json", BOOKRA_DATABASE_URL=rotated["url"])
    assert (refused.code, refused.error["code"]) == (5, "login_refused")
    again = office("revoke", ana).json
    assert (again["changed"], again["revoked_at"]) == (False, revoked["revoked_at"])
    assert office.refused("rotate", ana) == (4, "revoked")
    assert office.refused("revoke", office.login("nobody")) == (3, "unknown_operator")
    listed = {row["login"]: row["standing"] for row in office("list", "--revoked").json}
    assert (listed[ana], listed[ben]) == ("revoked", "active")
    assert ana not in {row["login"] for row in office("list").json}

    back = office("add", ana, "--role", "owner").json
    assert opens(back["url"])
    commands = office.front("audit", "list", "--about", f"operator:{ana}", "--json", check=True)
    verbs = ["add", "revoke", "rotate", "role", "add"]
    assert [row["command"] for row in commands.json] == [f"operator {verb}" for verb in verbs]


def test_sessions_that_nobody_ended_can_do_nothing_once_revoked(office: Office) -> None:
    """The rights are gone with the commit, before any session is: here it ends them not at all."""
    made = office("add", office.login("cleo"), "--role", "owner").json
    with office.session(made) as session:
        assert count(session, "SELECT count(*) FROM tenants") == 1
        office.administer(
            f"REVOKE bookra_t_{office.front.salon.tenant.id.hex} FROM {made['login']}"
        )
        assert count(session, "SELECT count(*) FROM tenants") == 0
        office.administer(f"REVOKE bookra_tenant_owner FROM {made['login']}")
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute("SELECT count(*) FROM bookra.tenants")


def test_an_operator_is_tried_first_and_made_once_for_a_key(office: Office) -> None:
    front, tina = office.front, office.login("tina")
    for words in (("--role", "manager"), ("--role", "relay")):
        tried = office("add", tina, *words, "--dry-run").json
        assert (tried["changed"], tried["password"], tried["url"]) == (True, None, None)
        assert office.administer(f"SELECT 1 FROM pg_roles WHERE rolname = '{tina}'") == []
    assert tina not in {row["login"] for row in office("list", "--revoked").json}

    key = ("--idempotency-key", f"hire {tina}")
    made = office("add", tina, "--role", "manager", *key).json
    again = office("add", tina, "--role", "manager", *key).json
    assert again == {**made, "password": None, "url": None}
    assert office.refused("add", tina, "--role", "owner", *key) == (4, "key_reused")
    with office.session(made) as session:
        tried = office("revoke", tina, "--dry-run").json
        assert (tried["changed"], tried["sessions_ended"]) == (True, 1)
        assert office("role", tina, "--role", "owner", "--dry-run").json["changed"] is True
        office("rotate", tina, "--end-sessions", "--dry-run")
        assert count(session, "SELECT count(*) FROM services") != 0
    assert opens(made["url"])
    (row,) = (row for row in office("list").json if row["login"] == tina)
    assert (row["role"], row["standing"]) == ("manager", "active")

    turn = ("rotate", tina, "--idempotency-key", f"turn {tina}")
    rotated, repeated = office(*turn).json, office(*turn).json
    assert (opens(made["url"]), opens(rotated["url"])) == (False, True)
    assert repeated == {**rotated, "password": None, "url": None}
    leave = ("revoke", tina, "--idempotency-key", f"leave {tina}")
    gone = office(*leave).json
    office("add", tina, "--role", "manager")
    assert office(*leave).json == gone  # and takes nothing from who came back
    rows = front("audit", "list", "--about", f"operator:{tina}", "--json", check=True).json
    verbs = ("add", "revoke", "rotate", "add")
    assert [row["command"] for row in rows] == [f"operator {verb}" for verb in verbs]
    (row,) = (row for row in office("list").json if row["login"] == tina)
    assert row["standing"] == "active"


def test_a_database_in_which_not_every_name_can_be_written_is_refused(office: Office) -> None:
    name = office.login("ascii")
    office.administer(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        url = make_url(office.administrator["BOOKRA_DATABASE_URL"]).set(database=name)
        there = {"BOOKRA_DATABASE_URL": url.render_as_string(hide_password=False)}
        ran = office.front("db", "upgrade", "--json", **there)
        assert (ran.code, ran.error["code"]) == (6, "not_utf8")
        assert "ENCODING 'UTF8'" in ran.error["hint"]
    finally:
        office.administer(f"DROP DATABASE {name}")


def test_a_key_of_the_installation_holds_for_all_businesses(office: Office) -> None:
    relay = office.login("relay")
    words = ("--role", "relay", "--idempotency-key", f"host {relay}")
    made, again = office("add", relay, *words).json, office("add", relay, *words).json
    assert again == {**made, "password": None, "url": None}
    same = ("--idempotency-key", f"host {relay}")
    assert office.refused("revoke", relay, "--installation", *same) == (4, "key_reused")
    leave = ("revoke", relay, "--installation", "--idempotency-key", f"leave {relay}")
    assert office("revoke", relay, "--installation", "--dry-run").json["changed"] is True
    gone = office(*leave).json
    assert gone["changed"] is True
    back = office("add", relay, "--role", "relay").json
    assert office(*leave).json == gone
    assert opens(back["url"])
    office.administer(f"DROP ROLE {relay}")


def test_a_password_never_goes_to_the_server(office: Office) -> None:
    said: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        said.append(f"{statement} {parameters}")

    event.listen(Pool, "before_cursor_execute", hear)
    try:
        made = office("add", office.login("dan"), "--role", "manager").json
        rotated = office("rotate", made["login"], "--end-sessions").json
    finally:
        event.remove(Pool, "before_cursor_execute", hear)
    assert any("CREATE ROLE" in each and "SCRAM-SHA-256$" in each for each in said)
    for password in (made["password"], rotated["password"]):
        assert not [each for each in said if password in each]
    ((kept,),) = office.administer(
        f"SELECT rolpassword FROM pg_authid WHERE rolname = '{made['login']}'"
    )
    assert str(kept).startswith("SCRAM-SHA-256$")


def test_a_login_is_one_persons_in_one_business(office: Office, postgres: Any) -> None:
    outsider, lost = office.login("outsider"), office.login("lost")
    office.administer(f"CREATE ROLE {outsider} LOGIN")
    assert office.refused("add", outsider, "--role", "owner") == (4, "exists")
    assert office.refused("add", outsider, "--role", "relay") == (4, "exists")
    office.administer(f"DROP ROLE {outsider}")
    for name in ("Ana", "bookra_ana", "pg_ana", "ana;", ""):
        assert office.refused("add", name, "--role", "owner") == (6, "bad_login")

    made = office("add", lost, "--role", "manager").json
    with postgres.clean() as database:  # another database of the same server
        elsewhere = {"BOOKRA_DATABASE_URL": database.admin_url}
        refused = office.front("operator", "add", lost, "--role", "relay", "--json", **elsewhere)
        assert (refused.code, refused.error["code"]) == (4, "exists")
    office.administer(f"DROP ROLE {lost}")
    (found,) = (row for row in office("list").json if row["login"] == lost)
    assert found["standing"] == "missing"
    assert office.refused("rotate", lost) == (4, "login_missing")
    again = office("add", lost, "--role", "manager").json
    assert again["password"] != made["password"]
    assert opens(again["url"])
    assert office.refused("role", lost, "--role", "relay") == (2, "not_a_business_role")
    denied = office.front("operator", "add", office.login("x"), "--role", "owner", "--json")
    assert (denied.code, denied.error["code"]) == (5, "needs_administrator")


def test_a_relays_login_belongs_to_no_business(office: Office) -> None:
    relay, front = office.login("relay"), office.front
    made = office("add", relay, "--role", "relay").json
    assert (made["tenant"], made["role"]) == (None, "relay")
    again = office("add", relay, "--role", "relay").json
    assert again == {"login": relay, "role": "relay", "tenant": None, "changed": False}
    assert office.refused("add", relay, "--role", "platform") == (4, "exists")
    assert office.refused("add", relay, "--role", "owner") == (4, "exists")
    who = front("operator", "whoami", "--json", check=True, BOOKRA_DATABASE_URL=made["url"]).json
    assert who == {"login": relay, "role": "relay", "administrator": False, "tenants": ["luna"]}
    own = front.salon.database.conninfo["user"]
    listed = {row["login"]: row["role"] for row in office("list", "--installation").json}
    assert (listed[relay], listed[own]) == ("relay", "platform")

    rotated = office("rotate", relay, "--installation", "--end-sessions").json
    assert (opens(made["url"]), opens(rotated["url"])) == (False, True)
    assert office("revoke", relay, "--installation").json["changed"] is True
    assert office("revoke", relay, "--installation").json["changed"] is False
    assert not opens(rotated["url"])
    assert office.refused("revoke", own, "--installation") == (5, "not_given")
    assert office.refused("revoke", "postgres", "--installation") == (3, "unknown_operator")
    assert opens(office("add", relay, "--role", "relay").json["url"])
    office("revoke", relay, "--installation")

    events = front("audit", "list", "--installation", "--json", check=True).json
    mine = [row["command"] for row in events if f"operator:{relay}" in row["subjects"]]
    assert mine == [f"operator {verb}" for verb in ("revoke", "add", "revoke", "rotate", "add")]
    desk = office("add", office.login("eve"), "--role", "front-desk").json
    denied = front("audit", "list", "--installation", "--json", BOOKRA_DATABASE_URL=desk["url"])
    assert (denied.code, denied.error["code"]) == (5, "not_allowed")
    me = front("operator", "whoami", "--json", check=True, BOOKRA_DATABASE_URL=desk["url"]).json
    assert (me["role"], me["tenants"]) == ("front-desk", ["luna"])
    office.administer(f"DROP ROLE {relay}")


def test_the_audit_is_listed_and_verified_by_command(office: Office, shared_shop: Shop) -> None:
    front = office.front
    added = front("customer", "add", "--name", "Nina Vega", "--json", check=True).json
    rows = front("audit", "list", "--command", "customer", "--from", "today", "--to", "today",
                 "--json", check=True).json  # fmt: skip
    assert rows[0]["command"] == "customer add"
    assert rows[0]["by"] == front.salon.database.conninfo["user"]
    assert len(rows[0]["subjects"]) == 1
    assert added["name"] not in str(rows)
    written = front("audit", "list", "--limit", "1", "--output", "csv", check=True).stdout
    assert written.splitlines()[0] == "at,by,command,subjects"
    assert front("audit", "list", "--from", "2020-01-01", "--to", "2020-01-02").code == 0

    office.administer("INSERT INTO bookra.audit_baselines (why) VALUES ('restored')")
    well = front("audit", "verify", "--json", check=True).json
    assert (well["ok"], well["changes"]) == (True, [])
    tenant = shared_shop.salon.tenant.id
    office.administer(
        f"UPDATE bookra.services SET price_minor = 1 WHERE tenant_id = '{tenant}' AND slug = 'cut'"
    )
    ran = front("audit", "verify", "--json")
    assert (ran.code, ran.error["code"]) == (8, "changed_past_the_program")
    (change,) = ran.json["changes"]
    assert (change["table"], change["what"]) == ("services", "cut")
    assert front("audit", "verify", "--output", "csv").stdout.splitlines()[1].startswith("services")
    assert "services" in front("audit", "verify").stdout
