"""The roll-forward: opening and what moved, by type, make the closing, on both sides. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from bookra.engine.reports.reconcile_model import Period, Recorded, Rolled, StripeFact
from bookra.money import Money


@dataclass(slots=True)
class _Sums:
    """What movements of one type add up to in the period."""

    count: int = 0
    amount: int = 0
    fees: int = 0
    net: int = 0


@dataclass(slots=True)
class Rolling:
    """Stripe's side, added up while its movements are read; figures by currency, minor units.

    ``net`` is all that ever moved, ``opening`` what moved before the period. ``before`` moved
    before the business came here, ``waiting`` a moment ago, ``late`` after Stripe was asked: none
    of the three is on both sides, so they are left out of the types.
    """

    period: Period
    net: Counter[str] = field(default_factory=Counter)
    opening: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    late_types: Counter[tuple[str, str]] = field(default_factory=Counter)
    types: dict[tuple[str, str], _Sums] = field(default_factory=lambda: defaultdict(_Sums))

    def add(self, fact: StripeFact) -> None:
        """Add a movement that Stripe tells."""
        self.net[fact.currency] += fact.net_minor
        self._count(fact, 1)

    def came_before(self, fact: StripeFact) -> None:
        """Take a movement out again that is older than the business here."""
        self.before[fact.currency] += fact.net_minor
        self._count(fact, -1)

    def waits(self, fact: StripeFact) -> None:
        """Take a movement out again that the relay is about to record."""
        self.waiting[fact.currency] += fact.net_minor
        self._count(fact, -1)

    def came_late(self, row: Recorded) -> None:
        """Note a movement that was recorded here after Stripe was asked."""
        self.late[row.currency] += row.posted_minor
        if self.period.place(row.moved_at) == 0:
            self.late_types[row.currency, row.type] += row.posted_minor

    def lines(self, currency: str, ledger: Counter[tuple[str, str]]) -> tuple[Rolled, ...]:
        """Return a line a type, with what the ledger (by currency and type) moved of it."""
        known = {name for code, name in (*self.types, *ledger) if code == currency}
        return tuple(
            Rolled(
                name,
                self.types[currency, name].count,
                Money(self.types[currency, name].amount, currency),
                Money(self.types[currency, name].fees, currency),
                Money(self.types[currency, name].net, currency),
                Money(ledger[currency, name] - self.late_types[currency, name], currency),
            )
            for name in sorted(known)
            if self.types[currency, name].count or ledger[currency, name]
        )

    def _count(self, fact: StripeFact, sign: int) -> None:
        place = self.period.place(fact.moved_at)
        if place < 0:
            self.opening[fact.currency] += sign * fact.net_minor
        if place == 0:
            sums = self.types[fact.currency, fact.type]
            sums.count += sign
            sums.amount += sign * fact.amount_minor
            sums.fees += sign * fact.fee_minor
            sums.net += sign * fact.net_minor
