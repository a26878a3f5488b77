"""Reports as JSON documents, with the keys that scripts rely on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from bookra.commands import documents
from bookra.commands.sale_documents import masked
from bookra.money import Money

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from bookra.engine.reports.closing import Close, Drawer, Stored
    from bookra.engine.reports.cutoff import Cutoff
    from bookra.engine.reports.figures import Figures
    from bookra.engine.reports.liabilities import Liabilities
    from bookra.engine.reports.performance import Performance, StaffReport
    from bookra.engine.reports.period import Period
    from bookra.engine.reports.revenue import Revenue, RevenueEntry, RevenueRow
    from bookra.engine.reports.taxes import Taxes, TaxRow

REVENUE = (
    "gross",
    "discounts",
    "refunds",
    "net",
    "tax",
    "tips",
    "collected",
    "stripe_fees",
    "platform_fees",
    "disputes",
    "commissions",
    "payout",
)
"""The amounts of a row of the report on revenue, in their order."""


def revenue(found: Revenue) -> dict[str, Any]:
    """``by from to as_of provisional rows total``; each row says how it is opened."""
    return {
        "by": found.by,
        **_about(found.period, found.cutoff),
        "rows": [_revenue_row(row, found) for row in found.rows],
        "total": _revenue_row(found.total, found),
    }


def revenue_entry(found: RevenueEntry, currency: str, zone: ZoneInfo) -> dict[str, Any]:
    """Return an entry behind a row, with its share of the row's amounts."""
    return {
        "entry": str(found.id),
        "kind": found.kind,
        "effective_at": documents.instant(found.effective_at, zone),
        "posted_at": documents.instant(found.posted_at, zone),
        "subject": found.subject,
        **_amounts(found.figures, currency),
        "open": f"bookra explain {found.id}",
    }


def staff(found: StaffReport) -> dict[str, Any]:
    """``from to rows``: hours in minutes, counts, and money; ``open`` lists the entries behind."""
    return {
        **_about(found.period, found.cutoff),
        "rows": [_staff_row(row, found) for row in found.rows],
    }


def taxes(found: Taxes) -> dict[str, Any]:
    """``rows``: period, rate, base and tax of sales, of refunds, and what is left; ``total``."""
    return {
        **_about(found.period, found.cutoff),
        "rows": [_tax_row(row, found.currency) for row in found.rows],
        "total": _tax_row(found.total, found.currency),
    }


def liabilities(found: Liabilities, zone: ZoneInfo) -> dict[str, Any]:
    """``rows``: what for, to whom, how much; ``totals`` by what for; ``total``."""
    totals, currency = found.totals, found.currency
    return {
        **_known(found.cutoff, zone),
        "rows": [
            {
                "key": row.key,
                # All of a gift card's code is as good as money: a report shows its end.
                "owner": masked(row.owner) if row.key == "gift-cards" else row.owner,
                "balance": _money(row.minor, currency),
            }
            for row in found.rows
        ],
        "totals": {key: _money(minor, currency) for key, minor in totals.items()},
        "total": {"key": "total", "owner": None, "balance": _money(sum(totals.values()), currency)},
    }


def close_of_day(found: Close, zone: ZoneInfo) -> dict[str, Any]:
    """Return the day: sales by method, money in and back, stored value, drawers, what is open."""
    currency, total = found.currency, found.sales.total
    return {
        "date": found.day.isoformat(),
        **_known(found.cutoff, zone),
        "sales": [_revenue_row(row, found.sales) for row in found.sales.rows],
        "total": _revenue_row(total, found.sales),
        "methods": [
            {
                "method": row.method,
                "taken": _money(row.taken, currency),
                "given_back": _money(row.given_back, currency),
                "left": _money(row.taken - row.given_back, currency),
            }
            for row in found.taken
        ],
        "refunds": _money(total.figures.refunds, currency),
        "tips": _money(total.figures.tips, currency),
        "deposits": _stored(found.deposits, currency),
        "gift_cards": _sold_value(found.gift_cards, currency),
        "packages": _sold_value(found.packages, currency),
        "drawer": [_drawer(row, currency, zone) for row in found.drawers],
        "open_tabs": [documents.booking(row, zone) for row in found.open_tabs],
        "unpaid": [documents.booking(row, zone) for row in found.unpaid],
    }


def _revenue_row(row: RevenueRow, found: Revenue) -> dict[str, Any]:
    document = {"key": row.key, "bookings": row.bookings}
    document |= _amounts(row.figures, found.currency)
    if row is not found.total:
        document["open"] = opening(found.by, found.period, row.key, found.cutoff.posted_by)
    return document


def opening(by: str, period: Period, key: str, as_of: datetime | None = None) -> str:
    """Return the command that lists the entries behind a row."""
    words = ["bookra", "report", "revenue", "--by", by, "--from", f"{period.first}"]
    words += ["--to", f"{period.last}"]
    if as_of is not None:
        words += ["--as-of", as_of.isoformat()]
    return shlex.join([*words, "--open", key])


def _amounts(figures: Figures, currency: str) -> dict[str, Any]:
    return {name: _money(getattr(figures, name), currency) for name in REVENUE}


def _staff_row(row: Performance, found: StaffReport) -> dict[str, Any]:
    currency, figures = found.currency, row.figures
    return {
        "staff": row.staff,
        "name": row.name,
        "scheduled_minutes": row.scheduled_minutes,
        "booked_minutes": row.booked_minutes,
        "utilisation_percent": row.utilisation_percent,
        "tickets": row.tickets,
        "average_ticket": _money(row.average_ticket, currency),
        "clients": row.clients,
        "rebooked": row.rebooked,
        "new_clients": row.new_clients,
        "no_shows": row.no_shows,
        "revenue": _money(figures.net, currency),
        "commissions": _money(figures.commissions, currency),
        "tips": _money(figures.tips, currency),
        "open": opening("staff", found.period, row.staff, found.cutoff.posted_by),
    }


def _tax_row(row: TaxRow, currency: str) -> dict[str, Any]:
    return {
        "period": row.period,
        "rate": row.rate,
        "sales": _money(row.sales_net, currency),
        "tax": _money(row.tax, currency),
        "refunds": _money(row.refunded_net, currency),
        "refunded": _money(row.refunded_tax, currency),
        "net": _money(row.net, currency),
        "payable": _money(row.payable, currency),
    }


def _stored(found: Stored, currency: str) -> dict[str, Any]:
    return {name: _money(getattr(found, name), currency) for name in _STORED}


def _sold_value(found: Stored, currency: str) -> dict[str, Any]:
    words = {"taken": "sold", "used": "redeemed", "kept": "expired"}
    return {words.get(name, name): amount for name, amount in _stored(found, currency).items()}


_STORED = ("taken", "used", "kept", "given_back")


def _drawer(found: Drawer, currency: str, zone: ZoneInfo) -> dict[str, Any]:
    document: dict[str, Any] = {
        "opened_at": documents.instant(found.opened_at, zone),
        "closed_at": documents.instant(found.closed_at, zone),
    }
    for name in ("float", "expected", "counted", "difference", "left"):
        minor = getattr(found, f"{name}_minor")
        document[name] = None if minor is None else _money(minor, currency)
    return document


def _about(period: Period, cutoff: Cutoff) -> dict[str, Any]:
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    return days | _known(cutoff, period.zone)


def _known(cutoff: Cutoff, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "as_of": documents.instant(cutoff.posted_by, zone),
        "provisional": cutoff.provisional,
    }


def _money(minor: int, currency: str) -> dict[str, Any]:
    return documents.money(Money(minor, currency))
