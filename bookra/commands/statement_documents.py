"""A staff member's statement as one JSON document, as CSV rows, or as a table with its sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bookra.commands import output
from bookra.commands.documents import instant, money, percent
from bookra.commands.session import current
from bookra.money import Money

if TYPE_CHECKING:
    from bookra.engine.payouts.statement import Earned, Rent, Statement, Tip

COLUMNS = ("at", "kind", "code", "sold", "base", "rate", "amount")


def print_statement(found: Statement) -> None:
    """Print the whole of it: one document as JSON, else the lines, then what they come to."""
    whole = document(found)
    if current().format == "json":
        output.record(whole)
        return
    output.rows(lines(found), COLUMNS, empty="Nothing was earned in this period.")
    if current().format == "table":
        totals = whole["totals"]
        sums = ", ".join(f"{name} {output.cell(value)}" for name, value in totals.items())
        output.remark(f"{found.staff.name}, {found.period} ({whole['status']}): {sums}")


def document(found: Statement) -> dict[str, Any]:
    """``staff period status lines totals``; ``status`` is that of the pay run, or ``open``."""
    figures, currency = found.figures, found.currency
    totals = {
        "commission": figures.earned_minor,
        "tips": figures.tips_minor,
        "gross": figures.gross_minor,
        "clawback": figures.clawback_minor,
        "rent": figures.rent_minor,
        "carried": figures.carried_minor,
        "net": figures.net_minor,
    }
    run = found.run
    return {
        "staff": found.staff.slug,
        "period": str(found.period),
        "status": run.state.value if run else "open",
        "paid_at": instant(run.paid_at, found.tenant.zone) if run else None,
        "lines": lines(found),
        "totals": {name: money(Money(minor, currency)) for name, minor in totals.items()},
    }


def lines(found: Statement) -> list[dict[str, Any]]:
    """Return commissions, tips and rents, each with what it opens to."""
    return [
        *(_earned(found, one) for one in found.earned),
        *(_tip(found, one) for one in found.tips),
        *(_rent(one) for one in found.rents),
    ]


def _earned(found: Statement, one: Earned) -> dict[str, Any]:
    names = {"split": "commission"}
    return {
        "at": instant(one.at, found.tenant.zone),
        "kind": names.get(one.kind, one.kind),
        "code": one.code or None,
        "sold": one.sold or None,
        "base": money(one.base) if one.kind == "split" else None,
        "rate": _rate(one),
        "amount": money(one.amount),
    }


def _rate(one: Earned) -> str:
    """Return the share; of tiers the one that was reached, which not all of a sale may have."""
    if one.rule == "fixed":
        return "fixed"
    return f"{'up to ' if one.rule == 'tiered' else ''}{percent(one.rate_bps)} %"


def _tip(found: Statement, one: Tip) -> dict[str, Any]:
    return {
        "at": instant(one.at, found.tenant.zone),
        "kind": "tip",
        "code": one.code or None,
        "sold": None,
        "base": None,
        "rate": None,
        "amount": money(one.amount),
    }


def _rent(one: Rent) -> dict[str, Any]:
    return {
        "at": str(one.starts_on),
        "kind": "rent paid" if one.in_money else "rent",
        "code": None,
        "sold": f"{one.starts_on} to {one.ends_on}",
        "base": None,
        "rate": None,
        "amount": money(-one.amount),
    }
