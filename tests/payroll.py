"""What tests of commissions and pay runs share: earning something, and the relay's part of it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from factories import Salon
from refunding import pay_at_counter
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.commissions.rules import Kind, Terms, Tier
from bookra.engine.outbox.topics import load
from bookra.engine.payouts import runs
from bookra.engine.payouts.figures import Run
from bookra.engine.payouts.period import Period, parse_period
from bookra.relay.routes import LOCAL

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
DECEMBER = Period(date(2026, 12, 1), date(2026, 12, 31))
IN_DECEMBER = datetime(2026, 12, 1, 8, tzinfo=UTC)
IN_JANUARY = datetime(2027, 1, 4, 8, tzinfo=UTC)
LADDER = Terms(Kind.TIERED, tiers=(Tier(0, 4000), Tier(10_000, 5000)))

ASKED = text(
    """
    SELECT id, topic, version, payload FROM outbox
     WHERE tenant_id = :tenant_id AND topic LIKE 'commission.%'
       AND (CAST(:booking_id AS uuid) IS NULL OR booking_id = :booking_id)
     ORDER BY id
    """
)
SPLITS = text(
    """
    SELECT c.kind, k.slug AS staff, c.base_minor, c.rate_bps, c.amount_minor, c.rule_id
      FROM commission_splits c JOIN bookables k ON k.tenant_id = c.tenant_id AND k.id = c.staff_id
     WHERE c.tenant_id = :tenant_id ORDER BY c.id
    """
)


def paid_visit(salon: Salon, wall: str, *, staff: str = "ana", tip: int = 0) -> Booking:
    """Book a cut and take its price in cash."""
    booking = salon.book(wall, staff=staff)
    pay_at_counter(salon, booking, "cash", tip=tip)
    return salon.booking(booking.code)


def work(salon: Salon, visit: Booking | None = None) -> None:
    """Do all that was ever asked about commission; what was done before changes nothing."""
    booking_id = visit.id if visit else None
    for row in salon.ask(lambda tx: tx.rows(ASKED, booking_id=booking_id)):
        payload = load(row.topic, row.version, row.payload)
        salon.act(lambda tx, row=row, payload=payload: LOCAL[row.topic](tx, payload))


def earned(salon: Salon, wall: str, *, staff: str = "ana", tip: int = 0) -> Booking:
    """Return a paid visit whose commission is split."""
    booking = paid_visit(salon, wall, staff=staff, tip=tip)
    work(salon, booking)
    return booking


def splits(salon: Salon) -> list[tuple[str, str, int]]:
    """Return kind, staff and amount of every split, the oldest first."""
    rows = salon.ask(lambda tx: tx.rows(SPLITS))
    return [(row.kind, row.staff, row.amount_minor) for row in rows]


def run(
    salon: Salon,
    period: Period | str = NOVEMBER,
    *,
    staff: str | None = None,
    approve: bool = False,
) -> dict[str, Run]:
    """Compute a period's runs, by staff."""
    wanted = period if isinstance(period, Period) else parse_period(period, salon.now.date())
    found = salon.act(lambda tx: runs.run(tx, wanted, staff, approve=approve))
    return {one.staff: one for one in found}


def pay(
    salon: Salon, period: Period = NOVEMBER, method: str = "bank", staff: str | None = None
) -> dict[str, Run]:
    """Pay a period's approved runs."""
    found = salon.act(lambda tx: runs.pay(tx, period, method, "4711", staff))
    return {one.staff: one for one in found}


def owed(salon: Salon, staff: str = "ana") -> int:
    """Return what the ledger says a person is owed, rent left out."""
    balances = salon.balances()
    return -sum(
        balances.get(f"{prefix}:{staff}", 0)
        for prefix in (
            "liabilities:commission",
            "liabilities:tips",
            "assets:receivable:clawback",
        )
    )
