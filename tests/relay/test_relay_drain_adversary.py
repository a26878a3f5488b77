"""What an unlucky row, a hook of its own or a busy neighbour must not do to all the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import Database
from factories import Salon, open_salon
from relay.scripted_routes import (
    DONE,
    PingOnce,
    PingStripe,
    Scripted,
    connect,
    deliver,
    draining,
    rows,
    scripted,
    states,
    want,
)
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.outbox import queue, topics
from bookra.engine.outbox.queue import Claimed
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import new_id
from bookra.relay import groups, settling
from bookra.relay.carrying import Carried
from bookra.relay.outcome import PERMANENT, TRANSIENT, Dead, Delivered, Outcome, Retry
from bookra.relay.returning import put_back
from bookra.relay.routes import ROUTES
from bookra.relay.trouble import Trouble

__all__ = ["scripted"]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NAMES = [f"row-{number}" for number in range(12)]
OPEN_AND_OVER = text(
    "INSERT INTO breakers"
    " (tenant_id, id, destination, state, failures, openings, until, changed_at)"
    " VALUES (:tenant_id, :id, 'google', 'open', 5, 1, now() - interval '1 second', now())"
)
LONG_DUE = text(
    "UPDATE outbox SET due_at = now() - interval '1 hour', changed_by = session_user"
    " WHERE tenant_id = :tenant_id"
)
DIED_WITH_IT = text(
    "UPDATE outbox SET state = 'leased', rescues = 2, leased_until = now() - interval '1 second',"
    " changed_by = session_user WHERE tenant_id = :tenant_id"
)


LOST = text(
    "UPDATE outbox SET state = 'leased', rescues = :rescues, changed_by = session_user,"
    " leased_until = now() - interval '1 second' WHERE tenant_id = :tenant_id"
)
LAPSE = text(
    "UPDATE outbox SET leased_until = now() - interval '1 second', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND leased_until IS NOT NULL"
)
DUE_NOW = text(
    "SELECT count(*) AS due FROM outbox WHERE tenant_id = :tenant_id AND due_at <= now()"
)


@pytest.fixture
def luna(salon: Salon, tmp_path: Path) -> Salon:
    return connect(salon, tmp_path / "key")


@pytest.mark.parametrize("to", ["stripe", "google", "whatsapp"])
def test_a_word_of_a_providers_that_cannot_be_stored_spoils_no_row(
    luna: Salon, settings: Settings, scripted: Scripted, to: str
) -> None:
    def says(_tenant: str, name: str) -> Outcome:
        if name == "row-5":
            return Dead("code\x00with \ud800", PERMANENT)
        return Delivered("ref\x00") if name == "row-7" else DONE

    scripted.says = says
    want(luna, *NAMES, to=to)
    deliver(luna, settings)
    assert states(luna) == {"row-5": "dead"}
    assert len(scripted.calls) == 12
    delivered = {row.reference for row in rows(luna, "delivered") if row.aggregate.endswith("-7")}
    assert delivered == {"ref\ufffd"}


def test_a_row_that_can_not_even_be_set_aside_takes_no_other_with_it(
    luna: Salon, settings: Settings, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What holds the whole group up is one row's; the others were sent, and must be known to be."""

    def refuse(_tx: Tx, name: str) -> None:
        if name == "row-5":
            raise ConflictError("no", "This one is refused")

    def cannot(*_given: object) -> None:
        raise ConflictError("no", "Nor this")

    scripted.applies = refuse
    monkeypatch.setattr(queue, "put_back", cannot)
    want(luna, *NAMES, to="stripe")
    deliver(luna, settings)
    assert states(luna) == {"row-5": "leased"}
    assert len(rows(luna, "delivered")) == 11


def test_what_one_row_means_when_it_is_given_up_holds_up_no_rescue(
    luna: Salon, settings: Settings, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def abandoned(_tx: Tx, payload: topics.Payload, _why: str) -> None:
        assert isinstance(payload, PingStripe)
        scripted.abandoned.append(payload.name)
        if payload.name == "row-5":
            raise ConflictError("no", "There is nothing that could be told")

    route = ROUTES[PingStripe.topic]
    monkeypatch.setitem(ROUTES, PingStripe.topic, replace(route, abandoned=abandoned))
    want(luna, *NAMES, to="stripe")
    luna.act(lambda tx: tx.run(DIED_WITH_IT))
    with draining(luna, settings) as drain:
        drain.rescue()
    assert set(states(luna).values()) == {"dead"}
    assert set(scripted.abandoned) == set(NAMES)


def test_rows_that_lost_two_relays_are_not_tried_together_again(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    """One of them may be what kills relays: the others must not die of it."""
    want(luna, *NAMES)
    due = []
    for rescues in (0, 1):
        luna.act(lambda tx, n=rescues: tx.run(LOST, rescues=n))
        with draining(luna, settings) as drain:
            drain.rescue()
        due += [row.due for row in luna.ask(lambda tx: tx.rows(DUE_NOW))]
        assert set(states(luna).values()) == {"ready"}
    assert due[0] == 12
    assert due[1] < 6


def test_tenants_take_turns_in_being_settled(
    luna: Salon,
    database: Database,
    pool: Pool,
    settings: Settings,
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    sol = connect(open_salon(database, pool, "sol"), tmp_path / "key")
    done: list[str] = []
    scripted.applies = lambda tx, _name: done.append(tx.tenant.slug)
    monkeypatch.setattr(settling, "THREADS", 1)
    monkeypatch.setattr(groups, "LONGEST_GROUP_SECONDS", 0.0)
    want(luna, *(f"flood-{number}" for number in range(40)), to="local")
    want(sol, "one", to="local")
    deliver(luna, settings)
    assert done.count("luna") == 40
    assert done.index("sol") < 20


def test_a_trial_begins_at_the_front_of_the_queue(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    """Else it takes the breaker's one trial, sees no row, and lets none go for a whole lease."""
    with draining(luna, settings) as drain:
        want(luna, "before")
        drain.once()
        drain.finish()
        want(luna, "long-due")
        luna.act(lambda tx: (tx.run(LONG_DUE), tx.run(OPEN_AND_OVER, id=new_id())))
        drain.once()
        drain.finish()
    assert scripted.names() == ["before", "long-due"]


def test_an_error_of_ours_in_the_midst_of_a_call_is_doubt_where_nobody_can_ask(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    def says(_tenant: str, _name: str) -> Outcome:
        raise InvalidInputError("odd", "It came back in a shape that nobody knows")

    scripted.says = says
    want(luna, "once", to=PingOnce.destination)
    want(luna, "again", to="google")
    deliver(luna, settings)
    assert states(luna) == {"once": "unknown", "again": "ready"}


@pytest.mark.parametrize(("hours", "state"), [(19, "ready"), (21, "dead")])
def test_the_databases_clock_says_when_a_row_is_too_old(hours: int, state: str) -> None:
    """This machine's own may be wrong by any amount: here by years."""
    item = replace(_claimed("ana", "stripe"), first_sent_at=LONG_AGO)
    again = put_back(item, Retry("503", TRANSIENT), LONG_AGO + timedelta(hours=hours))
    assert again.state == state


def test_a_message_whose_lease_lapses_in_a_slow_call_is_not_sent_by_another_relay(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = scripted.hang
    want(luna, "once", to=PingOnce.destination)
    with draining(luna, settings) as slow:
        slow.once()
        assert scripted.under_way.wait(20)
        luna.act(lambda tx: tx.run(LAPSE))
        with draining(luna, settings) as other:
            other.rescue()
            other.once()
        assert states(luna) == {"once": "unknown"}
        scripted.go_on.set()
        slow.finish()
    assert scripted.names() == ["once"]
    assert states(luna) == {"once": "unknown"}  # the late answer is stale: a person decides


def test_a_provider_that_answers_somebody_is_not_ill() -> None:
    """Three that it fails must not slow down the fourth, to whom it answers."""
    trouble = Trouble()

    def note(tenant: str, *, says: bool) -> None:
        down = Retry("503", TRANSIENT)
        trouble.count([Carried(_claimed(tenant), DONE if says else down, says)])

    for tenant in ("ana", "ben", "cleo") * 3:
        note(tenant, says=False)
    assert trouble.ill("google")
    note("dora", says=True)
    assert not trouble.ill("google")
    note("ana", says=False)
    assert not trouble.ill("google")
    for tenant in ("ben", "cleo"):
        note(tenant, says=False)
    assert trouble.ill("google")


def _claimed(tenant: str, destination: str = "google") -> Claimed:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Claimed(
        tenant, new_id(), destination, "ping:1", "test.google", 1, {}, 1, 1, 1, at, at, at, 0.0
    )
