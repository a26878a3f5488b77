"""The close of a day: what was sold and how it was paid, the drawer, and what is still open.

Money is the ledger's. Tabs and unpaid visits are the book's as it stands now, so a day is best
closed on that day; its figures can be asked for at any time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import text

from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.model import Booking
from bookra.engine.ledger import chart
from bookra.engine.reports import figures
from bookra.engine.reports.book import Move, moves
from bookra.engine.reports.cutoff import Cutoff, cutoff
from bookra.engine.reports.period import Period
from bookra.engine.reports.revenue import Revenue, revenue
from bookra.engine.runtime import Tx
from bookra.engine.till.drawer import drawer

SESSIONS = text(
    """
    SELECT opened_at, closed_at, float_minor, expected_minor, counted_minor, left_minor
      FROM drawer_sessions
     WHERE tenant_id = :tenant_id AND opened_at < :until
       AND (closed_at IS NULL OR closed_at >= :start)
     ORDER BY opened_at
    """
)
# Visits whose client is here, and visits that are over, with something left to pay.
OPEN = text(
    """
    SELECT b.id FROM bookings b
     WHERE b.tenant_id = :tenant_id AND b.starts_at < :until
       AND (b.status IN ('checked_in', 'in_service')
            OR b.status = 'completed' AND b.recognised_at IS NULL
            OR b.status = 'completed' AND b.id IN (
              SELECT e.booking_id FROM accounts a
                JOIN postings p ON p.tenant_id = a.tenant_id AND p.account_id = a.id
                JOIN entries e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
               WHERE a.tenant_id = :tenant_id AND a.code = :receivable
               GROUP BY e.booking_id HAVING sum(p.amount_minor) > 0))
     ORDER BY b.starts_at, b.code
    """
)


@dataclass(slots=True)
class Taken:
    """What came in and went back by one method, in minor units, tips included."""

    method: str
    taken: int = 0
    given_back: int = 0


@dataclass(slots=True)
class Stored:
    """Value that was taken for later, used, and otherwise let go: a kept deposit, breakage."""

    taken: int = 0
    used: int = 0
    kept: int = 0
    given_back: int = 0


@dataclass(frozen=True, slots=True)
class Drawer:
    """A drawer's working day; ``counted`` and ``left`` are None until it is closed."""

    opened_at: datetime
    closed_at: datetime | None
    float_minor: int
    expected_minor: int | None
    counted_minor: int | None
    left_minor: int | None

    @property
    def difference_minor(self) -> int | None:
        """Counted less expected: negative when money is missing."""
        if self.counted_minor is None or self.expected_minor is None:
            return None
        return self.counted_minor - self.expected_minor


@dataclass(frozen=True, slots=True)
class Close:
    """Everything that is looked at when a day ends."""

    day: date
    cutoff: Cutoff
    currency: str
    sales: Revenue
    taken: tuple[Taken, ...]
    deposits: Stored
    gift_cards: Stored
    packages: Stored
    drawers: tuple[Drawer, ...]
    open_tabs: tuple[Booking, ...]
    unpaid: tuple[Booking, ...]


@dataclass(slots=True)
class _Sums:
    taken: dict[str, Taken] = field(default_factory=dict)
    stored: dict[str, Stored] = field(default_factory=lambda: defaultdict(Stored))


def close_of_day(tx: Tx, day: date, as_of: datetime | None = None) -> Close:
    """Return a local day: sales by method, the drawer, stored value, tabs and unpaid visits."""
    period, cut, sums = Period(day, day, tx.tenant.zone), cutoff(tx, as_of), _Sums()
    for move in moves(tx, period, "method", cut):
        _count(sums, move)
    left = owing(tx, period.until)
    return Close(
        day,
        cut,
        tx.tenant.currency,
        revenue(tx, period, "method", as_of),
        tuple(sorted(sums.taken.values(), key=lambda taken: taken.method)),
        sums.stored[chart.DEPOSITS],
        sums.stored[chart.GIFT_CARDS],
        sums.stored[chart.PACKAGES],
        _drawers(tx, period),
        tuple(booking for booking in left if booking.status != "completed"),
        tuple(booking for booking in left if booking.status == "completed"),
    )


def owing(tx: Tx, until: datetime) -> list[Booking]:
    """Return visits begun before an instant, here or over, with something left to pay; by time."""
    rows = tx.rows(OPEN, until=until, receivable=chart.RECEIVABLE)
    found = (bookings.booking_by_id(tx, row.id) for row in rows)
    return [booking for booking in found if booking.due]


def _drawers(tx: Tx, period: Period) -> tuple[Drawer, ...]:
    """Return the drawer's days; what an open one should hold by now, the till says."""
    found = []
    for row in tx.rows(SESSIONS, start=period.start, until=period.until):
        expected = row.expected_minor if row.closed_at else drawer(tx).expected.minor
        amounts = (row.float_minor, expected, row.counted_minor, row.left_minor)
        found.append(Drawer(row.opened_at, row.closed_at, *amounts))
    return tuple(found)


def _count(sums: _Sums, move: Move) -> None:
    came = figures.effects(move.debit, move.credit).get("collected", 0)
    if came:
        method = sums.taken.setdefault(move.key, Taken(move.key))
        if came > 0:
            method.taken += move.amount_minor
        else:
            method.given_back += move.amount_minor
    for value in (chart.DEPOSITS, chart.GIFT_CARDS, chart.PACKAGES):
        if value in (move.debit, move.credit):
            _count_stored(sums.stored[value], value, move)


def _count_stored(stored: Stored, account: str, move: Move) -> None:
    """Count a move of value that is owed: taken when credited, and where it went when debited."""
    if move.credit == account:
        stored.taken += move.amount_minor
    elif move.credit in figures.MONEY:
        stored.given_back += move.amount_minor
    elif move.credit in _KEPT:
        stored.kept += move.amount_minor
    else:
        stored.used += move.amount_minor


_KEPT = frozenset({chart.NO_SHOW, chart.LATE_CANCEL, chart.BREAKAGE, chart.MEMBERSHIPS})
