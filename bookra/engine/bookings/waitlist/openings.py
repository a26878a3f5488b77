"""Openings for the waitlist: what is free is offered to who waits for it, as an exclusive hold.

``offer_openings`` is all of it: it notes what became of earlier offers, looks for openings once
for each service and stretch of days, lets the rule decide, and holds. The relay runs it as a tick
and ``bookra waitlist offer`` by hand; running it again, or twice at once, offers nothing twice.

Locks: the open wishes, none of which is waited for (what another relay holds is that relay's to
offer), then the people's advisory locks, then what ``book`` locks. The hold itself is exclusive.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from uuid import UUID

from bookra import clock
from bookra.engine.availability.actions import MAX_DAYS, Slot, find_slots
from bookra.engine.availability.store import load_rota
from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.announcing import message
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.recurring.together import chosen_for_them, queue_for
from bookra.engine.bookings.waitlist import store
from bookra.engine.bookings.waitlist.rules import (
    Given,
    InLine,
    Place,
    Rule,
    Span,
    WishStatus,
    became,
    given_out,
    unusable_seconds,
)
from bookra.engine.bookings.waitlist.store import Wish, open_wishes, set_status
from bookra.engine.bookings.waitlist.windows import day_spans, local_days
from bookra.engine.catalog.actions import services
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import part
from bookra.engine.tenancy.rules import rules
from bookra.errors import BookraError, ConflictError, InvalidInputError
from bookra.ids import new_id

OFFERS_AT_ONCE = 20
"""How many offers one transaction makes at most; the next run makes the rest."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A hold that was made for a wish."""

    wish: Wish
    booking: Booking


def pending(tx: Tx) -> bool:
    """Tell whether ``offer_openings`` would change anything: one indexed look when nobody waits."""
    found = open_wishes(tx)
    if not found:
        return False
    current = [replace(wish, status=_by_now(tx, wish)) for wish in found]
    if any(wish.status is not before.status for wish, before in zip(current, found, strict=True)):
        return True
    return bool(_given(tx, _waiting(current), Rule.FIRST, limit=1))


def offer_openings(
    tx: Tx, *, rule: Rule | None = None, only: str | None = None, limit: int = OFFERS_AT_ONCE
) -> list[Offered]:
    """Note what became of earlier offers, then offer what is free; returns the new offers.

    ``rule`` None is the business's own. ``only`` names the one wish that may be offered anything,
    ahead of the line. A wish that somebody else is working on is left to them.
    """
    mine = {row.id for row in tx.rows(store.LOCK_OPEN)}
    known = [wish for wish in open_wishes(tx) if wish.id in mine] if mine else []
    waiting = _waiting(_noted(tx, known))
    if only is not None:
        waiting = [wish for wish in waiting if wish.code == only]
    given = _given(tx, waiting, rule or _rule(tx), limit)
    if not given:
        return []
    by_id = {wish.id: wish for wish in waiting}
    queue_for(tx, {by_id[found.wish_id].service for found in given})
    offers = (_offer(tx, by_id[found.wish_id], found.place) for found in given)
    return [offer for offer in offers if offer is not None]


def first_opening(tx: Tx, wish: Wish) -> Slot | None:
    """Return the earliest start that is free for a wish, if any."""
    found = _places(_slots(tx, [wish])[wish.service], wish)
    return found[0] if found else None


def openings_of(tx: Tx, found: Sequence[Wish]) -> dict[UUID, Slot]:
    """Return, by wish, the earliest start that is free for it, where there is one."""
    slots = _slots(tx, found) if found else {}
    places = {wish.id: _places(slots[wish.service], wish) for wish in found}
    return {wish_id: fitting[0] for wish_id, fitting in places.items() if fitting}


def fitting(tx: Tx, staff: str, start: datetime, until: datetime) -> list[tuple[Wish, Slot]]:
    """Return who waits and could begin with ``staff`` in ``[start, until)``, the oldest first.

    Each with the earliest start of theirs; windows and earlier offers count as they do when
    openings are offered.
    """
    span = (start, until)
    current = [replace(wish, status=_by_now(tx, wish)) for wish in open_wishes(tx)]
    wanting = [
        wish
        for wish in _waiting(current)
        if wish.staff in (None, staff) and any(a < span[1] and span[0] < b for a, b in wish.windows)
    ]
    slots = _slots(tx, [replace(wish, staff=staff, windows=(span,)) for wish in wanting])
    pairs = []
    for wish in wanting:
        free = (slot for slot in slots[wish.service] if start <= slot.start < until)
        if first := next((slot for slot in free if wish.wants(slot.staff, slot.start)), None):
            pairs.append((wish, first))
    return pairs


def offer_place(tx: Tx, wish: Wish, staff: str, start: datetime) -> Offered:
    """Hold a place for a wish (its row locked by the caller) that has none, ahead of the line.

    Raises ConflictError: ``illegal_state`` for a wish that does not wait, ``no_opening`` for a
    place that it does not want, or that somebody else has by now.
    """
    wish = _note(tx, wish, _by_now(tx, wish))
    if wish.status is not WishStatus.WAITING:
        raise ConflictError(
            "illegal_state",
            f"{wish.code} is {wish.status.value}, not waiting",
            hint=f"Look at it: bookra waitlist show {wish.code}",
            details={"code": wish.code, "status": wish.status.value},
        )
    wanted = wish.wants(staff, start)
    made = _offer(tx, wish, Place(clock.to_epoch(start), 0, staff, 0)) if wanted else None
    if made is None:
        raise ConflictError(
            "no_opening",
            f"{wish.code} can't have this time any more",
            hint=f"Look for another: bookra waitlist offer {wish.code}",
            details={"code": wish.code},
        )
    return made


def _by_now(tx: Tx, wish: Wish) -> WishStatus:
    return became(wish.status, wish.states, wish.last_end, tx.now)


def _waiting(found: Iterable[Wish]) -> list[Wish]:
    return [wish for wish in found if wish.status is WishStatus.WAITING]


def _noted(tx: Tx, found: Iterable[Wish]) -> list[Wish]:
    """Write what has become of wishes, and return them so."""
    return [_note(tx, wish, _by_now(tx, wish)) for wish in found]


def _note(tx: Tx, wish: Wish, status: WishStatus) -> Wish:
    if status is wish.status:
        return wish
    set_status(tx, wish, status)
    if status is WishStatus.FULFILLED:
        # A payment that came late took up an earlier offer: the one that is out keeps nobody.
        for offer in wish.offers:
            if offer.status is Status.HELD:
                with suppress(ConflictError):  # paid for, too: then it stays
                    cancel(tx, offer.booking)
    return replace(wish, status=status)


def _rule(tx: Tx) -> Rule:
    return Rule(rules(tx).waitlist_rule)


def _given(tx: Tx, waiting: Sequence[Wish], rule: Rule, limit: int = OFFERS_AT_ONCE) -> list[Given]:
    """Return who gets what: nothing is written."""
    if not waiting:
        return []
    slots = _slots(tx, waiting)
    wanted = [(wish, _places(slots[wish.service], wish)) for wish in waiting]
    holes = _Holes(tx, wanted) if rule is Rule.BEST_FIT else None
    line = [
        InLine(
            wish.id,
            wish.created_at,
            [_place(slot, holes.left_by(slot) if holes else 0) for slot in found],
        )
        for wish, found in wanted
    ]
    return given_out(rule, line, limit=limit)


def _place(slot: Slot, unusable: int) -> Place:
    return Place(clock.to_epoch(slot.start), unusable, slot.staff, slot.price.minor)


def _slots(tx: Tx, waiting: Sequence[Wish]) -> Mapping[str, list[Slot]]:
    """Return what is free by service: one search for each stretch of days, whoever waits for it.

    A service or a person that is no longer offered has no openings, and keeps nobody else waiting.
    """
    by_service: defaultdict[str, list[Wish]] = defaultdict(list)
    for wish in waiting:
        by_service[wish.service].append(wish)
    found: dict[str, list[Slot]] = {}
    for service, wanting in by_service.items():
        people = {wish.staff for wish in wanting}
        staff = people.pop() if len(people) == 1 else None
        windows = [window for wish in wanting for window in wish.windows]
        days = local_days(windows, tx.tenant.zone, tx.now)
        found[service] = []
        for first, count in day_spans(days, MAX_DAYS):
            with suppress(BookraError):
                found[service] += find_slots(tx, service, staff, first, count)
    return found


def _places(slots: Sequence[Slot], wish: Wish) -> list[Slot]:
    """Return the slots that fit a wish; ``slots`` are sorted by start."""
    found = []
    for begin, end in wish.windows:
        low = bisect_left(slots, begin, key=attrgetter("start"))
        high = bisect_left(slots, end, lo=low, key=attrgetter("start"))
        found += [slot for slot in slots[low:high] if wish.wants(slot.staff, slot.start)]
    return found


class _Holes:
    """How much time a visit would make unusable, from one rota for each stretch of days."""

    def __init__(self, tx: Tx, wanted: Iterable[tuple[Wish, Sequence[Slot]]]) -> None:
        self._zone = tx.tenant.zone
        catalogue = services(tx)
        self._services = {service.slug: service for service in catalogue}
        lengths = [service.minutes for service in catalogue if service.capacity is None]
        self._shortest_seconds = min(lengths, default=0) * 60
        self._free: dict[date, dict[str, tuple[str, list[Span]]]] = {}
        days = {self._day(slot) for _, found in wanted for slot in found}
        for first, count in day_spans(sorted(days), MAX_DAYS):
            rota = load_rota(tx, first, count)
            free = {who.slug: (who.level, rota.free(who)) for who in rota.staff}
            self._free |= {first + timedelta(days=n): free for n in range(count)}

    def left_by(self, slot: Slot) -> int:
        """Return the seconds that become too short to sell."""
        service = self._services[slot.service]
        if service.capacity is not None:
            return 0  # a seat takes nobody's time: the class is given anyway
        level, free = self._free[self._day(slot)][slot.staff]
        blocks = service.at_level(level).busy_blocks()
        return unusable_seconds(free, blocks, clock.to_epoch(slot.start), self._shortest_seconds)

    def _day(self, slot: Slot) -> date:
        return clock.local_day(slot.start, self._zone)


def _offer(tx: Tx, wish: Wish, place: Place) -> Offered | None:
    """Hold a place for a wish; None, and nothing written, when somebody else has it by now."""
    start = clock.from_epoch(place.start)
    try:
        with part(tx):
            booking = book(tx, _request(tx, wish, place.staff, start))
            tx.run(
                store.INSERT_OFFER,
                id=new_id(),
                wish_id=wish.id,
                booking_id=booking.id,
                staff_id=booking.lines[0].staff_id,
                starts_at=start,
                now=tx.now,
            )
            if wish.staff is None:
                chosen_for_them(tx, [booking])
    except (ConflictError, InvalidInputError):
        return None
    set_status(tx, wish, WishStatus.OFFERED)
    message(tx, booking, "waitlist_offer")
    return Offered(store.wish_by_code(tx, wish.code), booking)


def _request(tx: Tx, wish: Wish, staff: str, start: datetime) -> BookingRequest:
    """Return the hold to ask for: it ends before the visit begins."""
    until_start = (start - tx.now) // timedelta(minutes=1)
    minutes = max(1, min(rules(tx).waitlist_hold_minutes, until_start))
    return BookingRequest(wish.service, staff, start, wish.customer_id, hold_minutes=minutes)
