"""What a period brought, over the engine: the report on revenue by day, person and method."""

from __future__ import annotations

from datetime import timedelta

from bookra.engine.people.staff import staff_list
from bookra.engine.reports.closing import owing
from bookra.engine.reports.figures import Figures
from bookra.engine.reports.period import Period as Days
from bookra.engine.reports.revenue import Revenue, RevenueRow, revenue
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.role import role_of
from bookra.money import Money
from bookra.tui.desk.money import Period
from bookra.tui.desk.money_values import Bar, Method, Share, Takings
from bookra.tui.engine_desk.counter import Counter

TREND_STEPS = {"week": "day", "month": "week"}
"""How finely a period's trend by person is cut; a single day has none."""


class EngineTakings(Counter):
    """The takings of a period."""

    def takings(self, period: Period) -> Takings:
        """Return what was sold and taken, by day, person and method."""
        return self._ask(lambda tx: _takings(tx, period))


def _takings(tx: Tx, period: Period) -> Takings:
    days = Days(period.first, period.last, tx.tenant.zone)
    by_day = revenue(tx, _drawn(days), "day")
    by_staff = revenue(tx, days, "staff")
    by_method = revenue(tx, days, "method")
    total, left = by_staff.total.figures, owing(tx, days.until)
    manages = role_of(tx) != "front-desk"

    def money(minor: int) -> Money:
        return Money(minor, tx.tenant.currency)

    return Takings(
        first=period.first,
        last=period.last,
        bookings=by_staff.total.bookings,
        net=money(total.net),
        tax=money(total.tax),
        tips=money(total.tips),
        discounts=money(total.discounts),
        refunds=money(total.refunds),
        taken=money(total.collected),
        due=money(sum(booking.due.minor for booking in left)),
        owing=len(left),
        bars=_bars(by_day),
        staff=_shares(tx, period, by_staff),
        methods=tuple(
            Method(row.key, money(row.figures.collected))
            for row in by_method.rows
            if row.figures.collected
        ),
        fees=money(total.stripe_fees + total.platform_fees) if manages else None,
        commissions=money(total.commissions) if manages else None,
    )


def _drawn(days: Days) -> Days:
    """Return the days that are drawn: the period's own, or the week that a single day is in."""
    if days.days > 1:
        return days
    monday = days.first - timedelta(days=days.first.weekday())
    return Days(monday, monday + timedelta(days=6), days.zone)


def _bars(found: Revenue) -> tuple[Bar, ...]:
    """Return every day of a report, also those on which nothing was sold."""
    net = {row.key: row.figures.net for row in found.rows}
    days = (piece.first for piece in found.period.pieces("day").values())
    return tuple(Bar(day, Money(net.get(day.isoformat(), 0), found.currency)) for day in days)


def _shares(tx: Tx, period: Period, found: Revenue) -> tuple[Share, ...]:
    names = {one.slug: one.name for one in staff_list(tx, retired=True)}
    trends = _trends(tx, period, [row.key for row in found.rows])
    rows = [row for row in found.rows if _sold(row)]
    return tuple(
        Share(
            row.key,
            names.get(row.key) or row.key.rpartition(":")[2].replace("-", " ").capitalize(),
            row.bookings,
            Money(row.figures.net, found.currency),
            Money(row.figures.tips, found.currency),
            trends.get(row.key, ()),
        )
        for row in rows
    )


def _sold(row: RevenueRow) -> bool:
    figures: Figures = row.figures
    return bool(row.bookings or figures.net or figures.tips)


def _trends(tx: Tx, period: Period, keys: list[str]) -> dict[str, tuple[int, ...]]:
    """Return the net of each piece of the period by key, in minor units."""
    step = TREND_STEPS.get(period.step)
    if step is None:
        return {}
    pieces = Days(period.first, period.last, tx.tenant.zone).pieces(step).values()
    begun = [piece for piece in pieces if piece.start <= tx.now]
    nets = [
        {row.key: row.figures.net for row in revenue(tx, piece, "staff").rows} for piece in begun
    ]
    return {key: tuple(net.get(key, 0) for net in nets) for key in keys}
