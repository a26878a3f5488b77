"""The six parts of the proof, each with the figures that show it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bookra.engine.ledger import chart
from bookra.engine.reports import reconcile_model as model
from bookra.engine.reports.reconcile_model import (
    Books,
    Drift,
    OpenItem,
    Part,
    Reconciliation,
    Rolled,
    StripeAnswer,
)
from bookra.engine.reports.reconcile_roll import Rolling
from bookra.money import Money

SHOWN = {
    chart.CLEARING: "clearing",
    chart.DISPUTED: "disputes",
    chart.IN_TRANSIT: "in transit",
    chart.SUSPENSE: "suspense",
}


@dataclass(slots=True)
class Findings:
    """What the comparison found in every currency, and how many of each there were."""

    drift: list[Drift] = field(default_factory=list)
    items: list[OpenItem] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)
    recorded: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """Both sides in one currency, ready to be judged."""

    answer: StripeAnswer
    books: Books
    rolling: Rolling
    findings: Findings
    currency: str

    def money(self, minor: int) -> Money:
        """Return an amount in the currency of this proof."""
        return Money(minor, self.currency)

    @property
    def ledger(self) -> int:
        """What the books hold at Stripe."""
        return self.books.balances[chart.AVAILABLE, self.currency]

    @property
    def explained(self) -> int:
        """What the books hold, less what only one side can know yet."""
        rolling, code = self.rolling, self.currency
        return self.ledger + rolling.before[code] + rolling.waiting[code] - rolling.late[code]


def proved(
    answer: StripeAnswer, books: Books, rolling: Rolling, findings: Findings, currency: str
) -> Reconciliation:
    """Return the proof in one currency."""
    side = Side(answer, books, rolling, findings, currency)
    drift = [item for item in findings.drift if item.amount.currency == currency]
    drift += _of_balance(side)
    drift += _of_payouts(side)
    lines = rolling.lines(currency, books.types)
    parts = (
        _one_to_one(side, drift),
        _balance(side),
        _payouts(side, drift),
        _open_items(side, drift),
        _roll_forward(side, lines),
        _books(side),
    )
    opening = books.opening[currency]
    return Reconciliation(
        currency=currency,
        ledger=side.money(side.ledger),
        stripe=side.money(answer.held.get(currency, 0)),
        before=side.money(rolling.before[currency]),
        waiting=side.money(rolling.waiting[currency]),
        late=side.money(rolling.late[currency]),
        entries=findings.recorded.get(currency, 0),
        balance_transactions=findings.facts.get(currency, 0),
        drift=tuple(drift),
        proof=parts,
        open=tuple(item for item in findings.items if item.amount.currency == currency),
        opening=side.money(opening),
        closing=side.money(opening + sum(line.ledger.minor for line in lines)),
        rolled=lines,
    )


def unproven(answer: StripeAnswer, books: Books, currency: str, why: str) -> Reconciliation:
    """Return what can be said when Stripe's answer was empty or broke off: nothing is proven."""
    side = Side(answer, books, Rolling(model.Period()), Findings(), currency)
    nothing = side.money(0)
    parts = [Part(name, ok=False, shows=why) for name in model.PARTS if name != model.BOOKS]
    return Reconciliation(
        currency=currency,
        ledger=side.money(side.ledger),
        stripe=side.money(answer.held.get(currency, 0)),
        before=nothing,
        waiting=nothing,
        late=nothing,
        entries=0,
        balance_transactions=answer.count,
        drift=(),
        proof=(*parts, _books(side)),
        open=(),
        opening=nothing,
        closing=nothing,
    )


def _of_balance(side: Side) -> Iterator[Drift]:
    """Yield the drift between Stripe's own movements and its own balance."""
    off = side.answer.held.get(side.currency, 0) - side.rolling.net[side.currency]
    if off:
        yield Drift(model.BALANCE_DIFFERS, "balance", side.money(off), model.BALANCE)


def _of_payouts(side: Side) -> Iterator[Drift]:
    for payout in side.answer.payouts:
        if payout.currency != side.currency or payout.state != "paid":
            continue
        if payout.carried_minor is not None and payout.carried_minor != payout.amount_minor:
            off = side.money(payout.amount_minor - payout.carried_minor)
            yield Drift(model.AMOUNT_DIFFERS, payout.payout_ref, off, model.PAYOUTS)


def _one_to_one(side: Side, drift: list[Drift]) -> Part:
    here = side.findings.recorded.get(side.currency, 0)
    there = side.findings.facts.get(side.currency, 0)
    broken = [item for item in drift if item.part == model.ONE_TO_ONE]
    shows = f"{there} balance transactions, {here} entries"
    return Part(model.ONE_TO_ONE, not broken, f"{shows}, {len(broken)} that disagree")


def _balance(side: Side) -> Part:
    net = side.rolling.net[side.currency]
    held = side.answer.held.get(side.currency, 0)
    shows = (
        f"ledger {side.money(side.explained)}, movements {side.money(net)},"
        f" Stripe's balance {side.money(held)}"
    )
    wrong_account = side.answer.settles_in not in ("", side.currency) and bool(held or net)
    if wrong_account:
        shows += f"; the account settles in {side.answer.settles_in}"
    return Part(model.BALANCE, side.explained == net == held, shows)


def _payouts(side: Side, drift: list[Drift]) -> Part:
    paid = [
        payout
        for payout in side.answer.payouts
        if payout.currency == side.currency and payout.state == "paid" and payout.automatic
    ]
    told = [payout for payout in paid if payout.carried_minor is not None]
    broken = [item for item in drift if item.part == model.PAYOUTS]
    shows = f"{len(told) - len(broken)} of {len(paid)} paid automatic payouts equal what they carry"
    if len(told) < len(paid):
        shows += f"; of {len(paid) - len(told)} Stripe does not tell yet"
    return Part(model.PAYOUTS, not broken, shows)


def _open_items(side: Side, drift: list[Drift]) -> Part:
    """Each account must be the sum of its open items, and suspense empty."""
    broken = [item for item in drift if item.part == model.OPEN_ITEMS]
    items = [item for item in side.findings.items if item.amount.currency == side.currency]
    texts, whole = [], True
    for code, name in SHOWN.items():
        balance = side.books.balances[code, side.currency]
        named = [item for item in items if item.account == code]
        texts.append(f"{name} {side.money(balance)}" + (f" in {len(named)}" if named else ""))
        if code == chart.SUSPENSE:
            whole = whole and balance == 0
        elif not broken:
            whole = whole and balance == sum(item.amount.minor for item in named)
    return Part(model.OPEN_ITEMS, whole and not broken, ", ".join(texts))


def _roll_forward(side: Side, lines: tuple[Rolled, ...]) -> Part:
    opening = side.books.opening[side.currency]
    moved = sum(line.ledger.minor for line in lines)
    same = all(line.net == line.ledger for line in lines)
    told = side.rolling.opening[side.currency]
    ok = same and opening == told
    shows = (
        f"{side.money(opening)} + {side.money(moved)} in {len(lines)} types"
        f" = {side.money(opening + moved)}"
    )
    if not ok:
        theirs = told + sum(line.net.minor for line in lines)
        shows += f"; Stripe's side comes to {side.money(theirs)}"
    return Part(model.ROLL_FORWARD, ok, shows)


def _books(side: Side) -> Part:
    """Every account, added up again from its transfers, agrees; together they are zero."""
    mine = {key: minor for key, minor in side.books.balances.items() if key[1] == side.currency}
    again = {key: minor for key, minor in side.books.readded.items() if key[1] == side.currency}
    total = sum(again.values())
    ok = mine == again and total == 0
    shows = f"{len(again)} accounts added up again, together {side.money(total)}"
    return Part(model.BOOKS, ok, shows)
