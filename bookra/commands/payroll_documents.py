"""What staff earn and are paid as JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bookra.commands.documents import instant, money, percent
from bookra.money import Money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from bookra.engine.commissions.plans import Plan
    from bookra.engine.payouts.bank import Kept
    from bookra.engine.payouts.chairs import Chair
    from bookra.engine.payouts.figures import Run
    from bookra.engine.payouts.period import Period


def run(found: Run, zone: ZoneInfo) -> dict[str, Any]:
    """``staff gross clawback net status`` and what they consist of.

    net = gross - clawback - rent + carried, and gross = commission + tips.
    """
    figures, currency = found.figures, found.currency
    return {
        "staff": found.staff,
        "gross": money(Money(figures.gross_minor, currency)),
        "commission": money(Money(figures.earned_minor, currency)),
        "tips": money(Money(figures.tips_minor, currency)),
        "clawback": money(Money(figures.clawback_minor, currency)),
        "rent": money(Money(figures.rent_minor, currency)),
        "carried": money(Money(figures.carried_minor, currency)),
        "net": money(Money(figures.net_minor, currency)),
        "status": found.state.value,
        "approved_at": instant(found.approved_at, zone),
        "paid_at": instant(found.paid_at, zone),
        "method": found.method,
        "reference": found.reference or None,
    }


def runs(period: Period, found: Sequence[Run], zone: ZoneInfo, currency: str) -> dict[str, Any]:
    """``period runs total``: the total is what is left to be paid, or was."""
    total = sum(one.figures.net_minor for one in found if one.figures.net_minor > 0)
    return {
        "period": str(period),
        "starts_on": str(period.starts_on),
        "ends_on": str(period.ends_on),
        "runs": [run(one, zone) for one in found],
        "total": money(Money(total, currency)),
    }


def plan(found: Plan) -> dict[str, Any]:
    """Return a commission rule: whom and what it is for, and how much it gives."""
    terms, aim = found.rule.terms, found.aim
    document: dict[str, Any] = {
        "staff": aim.staff,
        "service": aim.service,
        "product": aim.product,
        "category": aim.category,
        "kind": "ended" if found.rule.ended else terms.kind.value,
    }
    if found.rule.ended:
        return document | {"from": str(found.rule.effective_from)}
    if terms.kind.value == "percent":
        document["percent"] = percent(terms.rate_bps)
    elif terms.kind.value == "fixed":
        document["amount"] = money(Money(terms.amount_minor, found.currency))
    else:
        document["tiers"] = [
            {
                "from": money(Money(tier.from_minor, found.currency)),
                "percent": percent(tier.rate_bps),
            }
            for tier in terms.tiers
        ]
        document |= {"mode": terms.mode.value, "per": terms.every.value}
    return document | {
        "base": terms.base.value,
        "with_tax": terms.with_tax,
        "from": str(found.rule.effective_from) if found.rule.id else None,
    }


def chair(found: Chair) -> dict[str, Any]:
    """``staff rent per from``."""
    return {
        "staff": found.staff,
        "rent": money(found.amount),
        "per": found.every.value,
        "from": str(found.effective_from),
    }


def account(found: Kept) -> dict[str, Any]:
    """``staff holder iban bic``; the IBAN is masked, and ``staff`` null for the business's own."""
    return {
        "staff": found.staff,
        "holder": found.holder,
        "iban": found.masked_iban,
        "bic": found.bic or None,
    }
