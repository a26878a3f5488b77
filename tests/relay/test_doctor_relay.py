"""``bookra doctor`` on the relay: what it finds, of whom, and by which command it is mended."""

from __future__ import annotations

from typing import Any

import pytest
from command_line import CommandLine
from connected import Connected
from sqlalchemy import text

from bookra.engine.availability.calendars.feeds import connect, failed
from bookra.engine.checkup import hears
from bookra.engine.outbox import inspect
from bookra.ids import new_id

BREAKER = text(
    """
    INSERT INTO breakers (tenant_id, id, destination, state, failures, until, why, changed_at)
    VALUES (:tenant_id, :id, :destination, :state, 5, :until, :why, now())
    """
)
REFUSED = text(
    "UPDATE provider_accounts SET state = 'refused', state_why = 'api_key_expired',"
    " changed_by = session_user WHERE tenant_id = :tenant_id AND provider = 'stripe'"
)
DEAD = text(
    "UPDATE outbox SET state = 'dead', last_error = 'x', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND topic = 'calendar.upsert'"
)
EVENT = text(
    """
    INSERT INTO inbox (tenant_id, id, provider, event_ref, kind, object_ref, happened_at, attempts)
    VALUES (:tenant_id, :id, 'stripe', 'evt_stuck', 'charge.refunded', 'ch_1', now(), 7)
    """
)


def examined(bookra: CommandLine) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """Run the doctor; return its exit code and its checks by name."""
    ran = bookra("doctor", "--json")
    found: dict[str, list[dict[str, Any]]] = {}
    for check in ran.json["checks"]:
        found.setdefault(check["check"], []).append(check)
    assert ran.json["ok"] is (ran.code == 0)
    return ran.code, found


@pytest.fixture
def troubled(luna: Connected) -> Connected:
    """A business whose effects, accounts and events are in every kind of trouble."""
    luna.book()

    def trouble(tx: Any) -> None:
        parked = {"destination": "google", "state": "parked", "until": None, "why": "invalid_grant"}
        opened = {"destination": "whatsapp", "state": "open", "until": tx.now, "why": "transient"}
        for breaker in (parked, opened):
            tx.run(BREAKER, id=new_id(), **breaker)
        tx.run(REFUSED)
        tx.run(EVENT, id=new_id())
        failed(tx, connect(tx, "ana", "ana@calendar.example"), "google 404 notFound")
        tx.run(DEAD)

    luna.salon.act(trouble)
    return luna


def test_who_is_well_is_told_so(luna: Connected, bookra: CommandLine) -> None:
    luna.book()
    luna.drain()
    _, found = examined(bookra)
    bad = {each["check"] for some in found.values() for each in some if not each["ok"]}
    assert bad <= {"durability"}, found  # the tests' own server forgets what it committed
    for name in ("provider keys", "sandbox", "policies", "zone rules", "backup", "disk"):
        assert found[name][0]["ok"], name
    quiet = ("dead letters", "unknown letters", "destinations", "inbox", "calendars")
    for name in ("relay", "outbox lag", *quiet):
        assert found[name][0]["ok"], name
    assert found["wake-up"][0]["message"] == "LISTEN works"

    key = luna.settings.key_file
    key.chmod(0o644)
    code, found = examined(bookra)
    (exposed,) = found["provider keys"]
    assert (code, exposed["ok"]) == (8, False)
    assert "luna × stripe" in exposed["message"]
    assert f"chmod 600 {key}" in exposed["remedy"]


def test_each_trouble_is_found_with_the_command_that_mends_it(
    troubled: Connected, bookra: CommandLine
) -> None:
    code, found = examined(bookra)
    assert code == 8
    assert "1 running" not in found["relay"][0]["message"]
    (dead,) = found["dead letters"]
    assert dead["message"] == "1: luna × google 1"
    assert "bookra outbox list --state dead --tenant luna" in dead["remedy"]
    parked, opened = found["destination"]
    assert parked["message"] == "luna × google is parked: invalid_grant"
    assert "bookra tenant provider set google --tenant luna" in parked["remedy"]
    assert opened["message"] == "luna × whatsapp is open: transient"
    assert opened["remedy"].endswith("bookra outbox resume whatsapp --tenant luna")
    (account,) = found["account"]
    assert account["message"] == "stripe of luna is refused: api_key_expired"
    (inbox,) = found["inbox"]
    assert inbox["message"] == "events that can't be handled: luna 1"
    assert inbox["remedy"] == "Look: bookra inbox list --state failed --tenant luna"
    (calendars,) = found["calendars"]
    assert calendars["message"] == "can't be read: luna 1"
    assert calendars["remedy"] == "See why: bookra calendar feeds --tenant luna"


def test_what_is_mended_is_found_no_more(troubled: Connected, bookra: CommandLine) -> None:
    for row in troubled.rows("dead"):
        troubled.salon.act(lambda tx, row=row: inspect.discard(tx, row.id))
    _, found = examined(bookra)
    assert found["dead letters"][0]["ok"]


def test_a_server_that_is_away_hears_nothing() -> None:
    assert not hears({"host": "127.0.0.1", "port": "1", "dbname": "none", "user": "nobody"})
