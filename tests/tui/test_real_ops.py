"""Operations over the real engine: what is stuck is mended by keys, a second process looks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import CommandLine
from driving import Hand
from factories import Salon
from over_the_engine import as_front_desk, at_the_desk
from sqlalchemy import text

from bookra.engine.bookings.booking import BookingRequest
from bookra.engine.outbox import breakers, relays
from bookra.engine.outbox.destinations import queues
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments import inbox
from bookra.engine.payments.taking import book_with_link
from bookra.engine.runtime import Tx
from bookra.ids import new_id
from bookra.tui.engine_desk import EngineDesk

_GIVE_UP = text(
    "UPDATE outbox SET state = 'dead', attempts = 5, last_error = 'resource_missing',"
    " error_class = 'permanent', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND destination = 'stripe'"
)


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment, BOOKRA_TENANT="luna")


@pytest.fixture
def stuck(salon: Salon, tmp_path: Path) -> str:
    """A request for payment that Stripe has refused for good; its row's id."""
    salon.connect_provider("stripe", tmp_path / "key")
    wanted: BookingRequest = salon.request("2026-11-24 10:00")
    salon.act(lambda tx: book_with_link(tx, wanted))
    salon.act(lambda tx: tx.run(_GIVE_UP))
    (row,) = salon.ask(lambda tx: outbox_rows(tx, state="dead"))
    return str(row.id)


def fail_all(tx: Tx) -> None:
    """Note that no open event could be handled."""
    for event in inbox.open_events(tx):
        inbox.failed(tx, event, "unknown_charge")


def test_a_dead_row_is_retried_from_the_screen(
    salon: Salon, bookra: CommandLine, stuck: str
) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("6")
        assert "e Stuck 1" in hand.text()
        await hand.press("e")
        assert "resource_missing" in hand.text()
        await hand.press("r")
        assert "Nothing is stuck" in hand.text()

    at_the_desk(salon, play)
    assert bookra("outbox", "show", stuck, "--json", check=True).json["state"] == "ready"


def test_a_dead_row_is_discarded_from_the_screen(
    salon: Salon, bookra: CommandLine, stuck: str
) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("6", "e", "d", "enter")
        assert "Nothing is stuck" in hand.text()

    at_the_desk(salon, play)
    assert bookra("outbox", "show", stuck, "--json", check=True).json["state"] == "discarded"


def test_a_parked_destination_is_resumed_from_the_screen(salon: Salon, bookra: CommandLine) -> None:
    salon.act(lambda tx: breakers.failed(tx, "stripe", breakers.ACCOUNT, "401"))

    async def play(hand: Hand) -> None:
        await hand.press("6")
        text = hand.text()
        assert "parked" in text
        assert "Why: 401" in text
        await hand.press("o")
        assert "parked" not in hand.text()

    at_the_desk(salon, play)
    assert bookra("outbox", "resume", "--json", check=True).json == []


def test_relays_and_jobs_are_told_as_they_are(salon: Salon) -> None:
    relay = new_id()
    salon.engine.across_tenants(
        lambda c: relays.arrive(c, relay, host="desk-1", pid=4711, version="1.0"), write=True
    )

    async def play(hand: Hand) -> None:
        await hand.press("6")
        assert "1 relay alive · nobody leads" in hand.text()
        await hand.press("b")
        assert "desk-1:4711" in hand.text()
        assert "nightly-reconcile" in hand.text()

    at_the_desk(salon, play)


def test_an_event_that_failed_is_handled_anew(salon: Salon, bookra: CommandLine) -> None:
    told = inbox.Event("stripe", "evt_1", "charge.refunded", "ch_1", datetime.now(UTC))
    salon.act(lambda tx: inbox.receive(tx, [told]))
    salon.act(fail_all)

    async def play(hand: Hand) -> None:
        await hand.press("6", "v")
        assert "unknown_charge" in hand.text()
        await hand.press("r")
        assert "unknown_charge" not in hand.text()

    at_the_desk(salon, play)
    (found,) = bookra("inbox", "list", "--json", check=True).json
    assert (found["event"], found["state"], found["attempts"]) == ("evt_1", "open", 0)


def test_queues_count_each_destination_apart(salon: Salon, stuck: str) -> None:
    found = {queue.destination: queue for queue in salon.ask(queues)}
    assert list(found) == ["stripe", "google", "whatsapp", "mail", "local"]
    assert (found["stripe"].dead, found["stripe"].ready) == (1, 0)
    assert found["stripe"].oldest_seconds == 0
    rows = salon.ask(outbox_rows)
    counted = sum(q.ready + q.waiting + q.in_flight + q.unknown + q.dead for q in found.values())
    assert counted == len(rows)
    assert stuck in {str(row.id) for row in rows}


def test_the_front_desks_login_sees_it_and_mends_nothing(
    salon: Salon, bookra: CommandLine, stuck: str, tmp_path: Path
) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("6", "e")
        assert "resource_missing" in hand.text()
        await hand.press("r", "d", "enter", "r")

    with as_front_desk(salon, tmp_path) as seen:
        at_the_desk(seen, play)
        assert EngineDesk(seen.engine, seen.slug).ops().letters[0].id == stuck
    assert bookra("outbox", "show", stuck, "--json", check=True).json["state"] == "dead"
