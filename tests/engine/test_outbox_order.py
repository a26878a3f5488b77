"""The outbox: intentions leave in order, under a lease that only its holder may settle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from factories import Salon
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.outbox import queue, settling
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.inspect import (
    OutboxRow,
    discard,
    outbox_row,
    outbox_rows,
    retry,
    stats,
)
from bookra.engine.outbox.looking import pairs_with_work, tenants_with_lapsed_leases
from bookra.engine.outbox.queue import Claimed, PutBack
from bookra.engine.outbox.rescuing import mend, rescue
from bookra.engine.outbox.topics import DeleteCalendar, IssueInvoice, SendMessage, UpsertCalendar
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import new_id

RELAY, OTHER_RELAY = UUID(int=1), UUID(int=2)
LAPSE = text(
    "UPDATE outbox SET leased_until = now() - interval '1 second', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND leased_until IS NOT NULL"
)
OLD = text(
    "UPDATE outbox SET due_at = now() - interval '1 hour', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND due_at <= now()"
)
ONLY_LATER = text("DELETE FROM outbox WHERE tenant_id = :tenant_id AND due_at <= now()")
LOSE_PROMOTION = text("DELETE FROM outbox WHERE tenant_id = :tenant_id AND state = 'ready'")
DUE_NOW = text(
    "UPDATE outbox SET due_at = now(), changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND state = 'ready'"
)


@pytest.fixture
def connected(salon: Salon, tmp_path: Path) -> Salon:
    """A salon that is connected to Google and WhatsApp."""
    for provider in ("google", "whatsapp"):
        salon.connect_provider(provider, tmp_path / "key")
    return salon


@pytest.fixture
def booked(connected: Salon) -> Booking:
    """A booking, whose calendar event is the first row of the outbox."""
    return connected.book("2026-11-24 10:00")


def claim(salon: Salon, relay: UUID = RELAY, *, lease_seconds: float = 60) -> list[Claimed]:
    return salon.act(lambda tx: claim_all(tx, relay, lease_seconds=lease_seconds))


def claim_all(tx: Tx, relay: UUID, *, lease_seconds: float = 60) -> list[Claimed]:
    """Claim from every destination, in the order in which the rows were written."""
    found = [
        item
        for destination in ("google", "whatsapp", "mail", "stripe", "local")
        for item in queue.claim(tx, relay, destination, lease_seconds=lease_seconds, limit=10)
    ]
    return sorted(found, key=lambda item: item.id)


def archive(salon: Salon, item: Claimed) -> bool:
    settled, _ = salon.act(lambda tx: settling.archive(tx, [(item, "evt_1")]))
    return item.id in settled


def renew(salon: Salon, item: Claimed) -> bool:
    held = salon.act(lambda tx: queue.renew(tx, [item], lease_seconds=60))
    return item.id in held


def put_back(salon: Salon, item: Claimed, state: str, **how: object) -> bool:
    back = PutBack(state, "busy", "transient", **how)  # type: ignore[arg-type]
    return salon.act(lambda tx: queue.put_back(tx, item, back))


def lapse_and_rescue(salon: Salon) -> list[str]:
    salon.act(lambda tx: tx.run(LAPSE))
    return [row.state for row in salon.act(rescue)]


def rows(salon: Salon) -> list[OutboxRow]:
    return sorted(salon.ask(outbox_rows), key=lambda row: row.id)


def states(salon: Salon) -> list[str]:
    return [row.state for row in rows(salon)]


def test_what_is_written_for_later_is_not_old_before_that(connected: Salon) -> None:
    booking = connected.book("2026-11-24 10:00")
    later = datetime.now(UTC) + timedelta(days=20)  # rows are due by the database's clock
    connected.act(lambda tx: emit(tx, IssueInvoice(booking.id), due_at=later))
    connected.act(lambda tx: tx.run(OLD))
    assert connected.ask(stats).oldest_age_seconds > 3000
    connected.act(lambda tx: tx.run(ONLY_LATER))
    found = connected.ask(stats)
    assert (found.waiting, found.oldest_age_seconds) == (1, 0)


def test_effects_of_one_booking_wait_for_each_other(connected: Salon, booked: Booking) -> None:
    for payload in (UpsertCalendar(booked.id), DeleteCalendar(booked.id)):
        assert connected.act(lambda tx, payload=payload: emit(tx, payload))
    assert states(connected) == ["ready", "waiting", "waiting"]
    delivered = []
    while items := claim(connected):
        assert len(items) == 1
        delivered.append(items[0].topic)
        assert archive(connected, items[0])
    assert delivered == ["calendar.upsert", "calendar.upsert", "calendar.delete"]


def test_what_converges_is_not_written_again_behind_one_that_waits(
    connected: Salon, booked: Booking
) -> None:
    for _ in range(3):
        assert connected.act(lambda tx: emit(tx, UpsertCalendar(booked.id)))
    assert states(connected) == ["ready", "waiting"]
    connected.act(lambda tx: emit(tx, DeleteCalendar(booked.id)))
    connected.act(lambda tx: emit(tx, UpsertCalendar(booked.id)))
    assert states(connected) == ["ready", "waiting", "waiting", "waiting"]


def test_other_effects_do_not_wait(connected: Salon, booked: Booking) -> None:
    connected.act(lambda tx: emit(tx, SendMessage(booked.id, "booking_confirmed")))
    connected.book("2026-11-24 12:00")
    assert [item.topic for item in claim(connected)] == [
        "calendar.upsert",
        "message.send",
        "calendar.upsert",
    ]


def test_nothing_is_written_for_a_provider_that_is_not_connected(salon: Salon) -> None:
    booked = salon.book("2026-11-24 10:00")
    assert not salon.act(lambda tx: emit(tx, UpsertCalendar(booked.id)))
    assert salon.act(lambda tx: emit(tx, IssueInvoice(booked.id)))
    assert [row.destination for row in rows(salon)] == ["local"]


def test_an_intention_is_gone_with_the_fact_that_caused_it(connected: Salon) -> None:
    wanted = connected.request("2026-11-24 10:00")
    with pytest.raises(ConflictError):
        connected.book("2026-11-24 22:00")
    assert wanted.staff == "ana"
    assert rows(connected) == []


def test_what_is_due_later_is_not_claimed_before(connected: Salon, booked: Booking) -> None:
    archive(connected, claim(connected)[0])
    far = connected.now.replace(year=2199)
    connected.act(lambda tx: emit(tx, UpsertCalendar(booked.id), due_at=far))
    assert claim(connected) == []


def test_a_row_is_claimed_by_one_relay(connected: Salon, booked: Booking) -> None:
    (item,) = claim(connected)
    assert claim(connected, OTHER_RELAY) == []
    assert (item.attempts, item.fence, item.tenant) == (1, 1, "luna")
    assert item.payload == UpsertCalendar(booked.id)


def test_a_claim_skips_what_another_is_claiming_now(connected: Salon, booked: Booking) -> None:
    def inside(tx: Tx) -> int:
        first = claim_all(tx, RELAY)
        return len(first) - len(claim(connected, OTHER_RELAY))

    assert connected.act(inside) == 1


def test_a_settled_row_becomes_history(connected: Salon, booked: Booking) -> None:
    (item,) = claim(connected)
    assert archive(connected, item)
    assert rows(connected) == []
    (effect,) = connected.ask(lambda tx: outbox_rows(tx, state="delivered"))
    assert (effect.id, effect.state, effect.reference) == (item.id, "delivered", "evt_1")
    assert connected.ask(lambda tx: outbox_row(tx, item.id)).booking == booked.code
    assert connected.ask(stats).delivered == 1


STALE: dict[str, Callable[[Salon, Claimed], bool]] = {
    "archive": archive,
    "put back": lambda salon, item: put_back(salon, item, "dead"),
    "renew": renew,
    "start sending": lambda salon, item: salon.act(lambda tx: queue.start_sending(tx, item)),
}


@pytest.mark.parametrize("verb", STALE)
def test_who_lost_the_lease_settles_nothing(connected: Salon, booked: Booking, verb: str) -> None:
    (stale,) = claim(connected)
    assert lapse_and_rescue(connected) == ["ready"]
    (fresh,) = claim(connected, OTHER_RELAY)
    assert not STALE[verb](connected, stale)
    assert states(connected) == ["leased"]
    assert archive(connected, fresh)
    assert not archive(connected, fresh)
    assert connected.ask(stats).delivered == 1


def test_a_stale_settle_promotes_nobody(connected: Salon, booked: Booking) -> None:
    connected.act(lambda tx: emit(tx, DeleteCalendar(booked.id)))
    (stale,) = claim(connected)
    lapse_and_rescue(connected)
    archive(connected, stale)
    assert states(connected) == ["ready", "waiting"]


def test_a_row_whose_relay_died_three_times_is_dead(connected: Salon, booked: Booking) -> None:
    fates = []
    for _ in range(3):
        connected.act(lambda tx: tx.run(DUE_NOW))  # the third try waits some seconds
        assert claim(connected)
        fates += lapse_and_rescue(connected)
    assert fates == ["ready", "ready", "dead"]
    assert claim(connected) == []
    (dead,) = rows(connected)
    assert (dead.attempts, dead.rescues, dead.error_class) == (3, 3, "rescued")


def test_what_may_have_been_sent_is_never_sent_again(connected: Salon, booked: Booking) -> None:
    archive(connected, claim(connected)[0])
    connected.act(lambda tx: emit(tx, SendMessage(booked.id, "booking_confirmed")))
    (item,) = claim(connected)
    assert connected.act(lambda tx: queue.start_sending(tx, item))
    assert states(connected) == ["sending"]
    assert lapse_and_rescue(connected) == ["unknown"]
    assert claim(connected) == []
    assert connected.ask(stats).unknown == 1


def test_a_lease_that_holds_is_not_rescued(connected: Salon, booked: Booking) -> None:
    (item,) = claim(connected, lease_seconds=0)
    assert renew(connected, item)
    assert connected.act(rescue) == []
    assert archive(connected, item)


def test_a_retry_waits_its_time_and_keeps_its_place(connected: Salon, booked: Booking) -> None:
    connected.act(lambda tx: emit(tx, DeleteCalendar(booked.id)))
    (item,) = claim(connected)
    assert put_back(connected, item, "ready", after_seconds=60.0)
    assert claim(connected) == []
    connected.act(lambda tx: retry(tx, item.id))
    (again,) = claim(connected)
    assert (again.id, again.attempts, again.generation) == (item.id, 2, 1)


def test_being_told_to_wait_is_no_attempt(connected: Salon, booked: Booking) -> None:
    (item,) = claim(connected)
    put_back(connected, item, "ready", counts=False)
    assert claim(connected)[0].attempts == 1


def test_a_dead_head_stops_its_own_line_alone(connected: Salon, booked: Booking) -> None:
    connected.act(lambda tx: emit(tx, DeleteCalendar(booked.id)))
    put_back(connected, claim(connected)[0], "dead")
    connected.book("2026-11-24 12:00")
    assert states(connected) == ["dead", "waiting", "ready"]
    assert len(claim(connected)) == 1


def test_discarding_a_dead_head_lets_the_next_go(connected: Salon, booked: Booking) -> None:
    connected.act(lambda tx: emit(tx, DeleteCalendar(booked.id)))
    (item,) = claim(connected)
    with pytest.raises(ConflictError) as refused:
        connected.act(lambda tx: discard(tx, item.id))
    assert refused.value.code == "not_discardable"
    put_back(connected, item, "dead")
    assert connected.act(lambda tx: discard(tx, item.id)).state == "discarded"
    (after,) = claim(connected)
    assert after.topic == "calendar.delete"
    assert archive(connected, after)
    (listed,) = connected.ask(lambda tx: outbox_rows(tx, state="discarded", limit=1))
    assert listed.id == item.id


def test_a_new_generation_is_a_new_key(connected: Salon, booked: Booking) -> None:
    (item,) = claim(connected)
    put_back(connected, item, "dead")
    assert connected.act(lambda tx: retry(tx, item.id, new_generation=True)).generation == 2
    claim(connected)
    with pytest.raises(ConflictError) as refused:
        connected.act(lambda tx: retry(tx, item.id))
    assert refused.value.code == "not_retriable"


def test_a_promotion_that_a_crash_lost_is_mended(connected: Salon, booked: Booking) -> None:
    connected.act(lambda tx: emit(tx, DeleteCalendar(booked.id)))
    connected.act(lambda tx: tx.run(LOSE_PROMOTION))
    assert states(connected) == ["waiting"]
    connected.act(mend)
    assert states(connected) == ["ready"]


def test_work_is_found_across_businesses(connected: Salon, booked: Booking) -> None:
    look = connected.engine.across_tenants
    assert [due.pair for due in look(pairs_with_work)] == [("luna", "google")]
    assert look(tenants_with_lapsed_leases) == []
    claim(connected)
    assert look(pairs_with_work) == []
    connected.act(lambda tx: tx.run(LAPSE))
    assert look(tenants_with_lapsed_leases) == ["luna"]


def test_writing_while_settling_strands_nothing(connected: Salon, booked: Booking) -> None:
    """A writer that sees a head and a settler that sees no follower must not miss each other."""
    written, delivered = 30, list[int]()

    def write() -> None:
        for _ in range(written):
            connected.act(lambda tx: emit(tx, DeleteCalendar(booked.id)))

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive() or states(connected):
        for item in claim(connected):
            delivered.append(item.fence)
            assert archive(connected, item)
        assert len(delivered) <= written + 1
        if not writer.is_alive():
            assert set(states(connected)) <= {"ready", "waiting"}
            assert states(connected)[:1] in ([], ["ready"])
    assert len(delivered) == written + 1
    sequence = text(
        "SELECT sequence FROM outbox_history WHERE tenant_id = :tenant_id ORDER BY"
        " settled_at, sequence"
    )
    settled = [row.sequence for row in connected.ask(lambda tx: tx.rows(sequence))]
    assert settled == list(range(1, written + 2))


def test_an_unknown_row_is_named(salon: Salon) -> None:
    with pytest.raises(NotFoundError):
        salon.ask(lambda tx: outbox_row(tx, new_id()))
