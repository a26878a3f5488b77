"""What somebody earns, over the engine: the statement of a month, for who may see it."""

from __future__ import annotations

from datetime import date

from bookra import clock
from bookra.engine.payouts.period import month_of
from bookra.engine.payouts.statement import Earned, Statement, statement_of
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.role import role_of
from bookra.money import Money, format_minor
from bookra.tui.desk.team import Pay, PayLine
from bookra.tui.engine_desk.counter import Counter

KINDS = {"clawback": "Taken back", "reversal": "Given to somebody else", "tier": "Tier reached"}


class EnginePay(Counter):
    """The question about pay."""

    def pay(self, staff: str, month: date) -> Pay | None:
        """Return the statement; the front desk sees none."""

        def question(tx: Tx) -> Pay | None:
            if role_of(tx) == "front-desk":
                return None
            return _pay(statement_of(tx, staff, month_of(month)))

        return self._ask(question)


def _pay(found: Statement) -> Pay:
    zone, figures = found.tenant.zone, found.figures
    lines = [
        PayLine(
            clock.local_day(one.at, zone),
            one.sold if one.kind == "split" else KINDS.get(one.kind, one.kind),
            one.code,
            _share(one),
            one.amount,
        )
        for one in found.earned
    ]
    lines += [
        PayLine(clock.local_day(tip.at, zone), "Tip", tip.code, "", tip.amount)
        for tip in found.tips
    ]
    lines += [PayLine(one.starts_on, "Chair rent", "", "", -one.amount) for one in found.rents]

    def money(minor: int) -> Money:
        return Money(minor, found.currency)

    return Pay(
        found.period.starts_on,
        found.period.ends_on,
        tuple(sorted(lines, key=lambda line: line.day, reverse=True)),
        money(figures.earned_minor),
        money(figures.tips_minor),
        money(-figures.clawback_minor),
        money(-figures.rent_minor),
        money(figures.carried_minor),
        money(figures.net_minor),
        found.run.state.value if found.run else "open",
    )


def _share(one: Earned) -> str:
    if one.kind != "split":
        return ""
    if one.rule == "fixed":
        return "fixed"
    percent = format_minor(one.rate_bps, "EUR").rstrip("0").rstrip(".") or "0"
    return f"{'up to ' if one.rule == 'tiered' else ''}{percent} %"
