"""The words of the reconciliation: what Stripe answers, what is found, and what it proves. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from bookra.engine.ledger.chart import AVAILABLE
from bookra.money import Money

ONE_TO_ONE = "one to one"
BALANCE = "balance"
PAYOUTS = "payouts"
OPEN_ITEMS = "open items"
ROLL_FORWARD = "roll-forward"
BOOKS = "books"
PARTS = (ONE_TO_ONE, BALANCE, PAYOUTS, OPEN_ITEMS, ROLL_FORWARD, BOOKS)

MISSING_HERE = "missing_here"
MISSING_THERE = "missing_there"
AMOUNT_DIFFERS = "amount_differs"
DUPLICATE = "duplicate"
ORPHAN = "orphan"
UNKNOWN_TYPE = "unknown_type"
MUTATED = "mutated"
BALANCE_DIFFERS = "balance_differs"
NOT_PROVEN = "not_proven"

MEANING = {
    MISSING_HERE: "Stripe moved it, and the ledger does not know: --repair fetches it",
    MISSING_THERE: "the ledger holds it, and Stripe does not: ask Stripe's support, or find who"
    " wrote it (bookra explain)",
    AMOUNT_DIFFERS: "both know it, with different amounts: nothing here may be changed; find out"
    " which is right (bookra explain), then post a correction",
    DUPLICATE: "it is there twice: find out which one is wrong (bookra explain)",
    ORPHAN: "Stripe has it, for no visit here: made in its dashboard, or paid for a visit that a"
    " restored backup does not know. Give it back there, then --repair; take it anew where the"
    " visit stands",
    UNKNOWN_TYPE: "no rule knows this type of movement: it waits in liabilities:suspense",
    MUTATED: "Stripe tells it otherwise than before: ask Stripe's support",
    BALANCE_DIFFERS: "Stripe's own movements do not add up to its balance: the answer is a part",
    NOT_PROVEN: "Stripe's answer was empty or broke off: try again",
}
"""What each class of drift means, and what to do."""


@dataclass(frozen=True, slots=True)
class StripeFact:
    """A balance transaction as Stripe tells it now; amounts in minor units of its currency.

    ``operation`` is the operation of ours that its source names, ``charge`` the charge; or empty.
    """

    txn_ref: str
    type: str
    category: str
    source_ref: str
    operation: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    moved_at: datetime
    charge: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A movement as it is recorded here, with what its entry moved on the available account."""

    txn_ref: str
    type: str
    category: str
    source_ref: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    moved_at: datetime
    posted_minor: int
    suspended_minor: int


@dataclass(frozen=True, slots=True)
class Books:
    """Figures in minor units. ``balances`` and ``readded`` are by code and currency.

    ``opening`` is what was on the available account before the period, ``types`` what moved it in
    the period, by currency and type of movement.
    """

    balances: Counter[tuple[str, str]]
    readded: Counter[tuple[str, str]]
    opening: Counter[str]
    types: Counter[tuple[str, str]]

    @property
    def currencies(self) -> set[str]:
        """The currencies in which Stripe's account was ever used."""
        return {currency for code, currency in self.balances if code == AVAILABLE}


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    """A payout as Stripe tells it now. ``carried_minor``: its members; None when it can't tell."""

    payout_ref: str
    currency: str
    amount_minor: int
    state: str
    automatic: bool
    carried_minor: int | None


@dataclass(frozen=True, slots=True)
class StripeAnswer:
    """All that Stripe said of one account, asked from ``begun_at`` on.

    ``facts`` reads every movement, the newest first, and may be called again; ``failure`` says why
    the answer is not whole, and is empty when it is. ``held`` is by currency. ``expected_from`` is
    since when movements are recorded here: older ones are the account's life before.
    """

    account_ref: str
    begun_at: datetime
    expected_from: datetime
    held: Mapping[str, int]
    count: int
    facts: Callable[[], Iterator[StripeFact]]
    payouts: Sequence[PayoutAnswer] = ()
    settles_in: str = ""
    failure: str = ""
    relay_at_work: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """The days of the roll-forward, ``[start, end)``; None is open. It limits nothing else."""

    start: datetime | None = None
    end: datetime | None = None

    def place(self, moment: datetime) -> int:
        """Return -1 before the period, 0 in it, 1 after it."""
        if self.start is not None and moment < self.start:
            return -1
        return 1 if self.end is not None and moment >= self.end else 0


@dataclass(frozen=True, slots=True)
class Drift:
    """One disagreement; ``kind`` is a key of MEANING. ``part`` is the proof that it breaks."""

    kind: str
    id: str
    amount: Money
    part: str = ONE_TO_ONE


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something that one side alone knows so far, for a reason that is known."""

    account: str
    id: str
    what: str
    amount: Money
    since: datetime | date

    def age_days(self, now: datetime) -> int:
        """Return for how many whole days it has been open."""
        since = self.since.date() if isinstance(self.since, datetime) else self.since
        return max(0, (now.date() - since).days)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the proof: whether it holds, and the figures that show it."""

    name: str
    ok: bool
    shows: str


@dataclass(frozen=True, slots=True)
class Rolled:
    """One line of the roll-forward: a type of movement, what each side says it moved in all."""

    type: str
    count: int
    amount: Money
    fees: Money
    net: Money
    ledger: Money


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The whole proof of one account in one currency.

    ``before`` is what moved before the business came here, ``waiting`` what Stripe moved a moment
    ago and the relay is about to record; ``late`` what it recorded since Stripe was asked.
    """

    currency: str
    ledger: Money
    stripe: Money
    before: Money
    waiting: Money
    late: Money
    entries: int
    balance_transactions: int
    drift: tuple[Drift, ...]
    proof: tuple[Part, ...]
    open: tuple[OpenItem, ...]
    opening: Money
    closing: Money
    rolled: tuple[Rolled, ...] = field(default=())

    @property
    def difference(self) -> Money:
        """The ledger, with what explains itself, less Stripe."""
        return self.ledger + self.before + self.waiting - self.late - self.stripe

    @property
    def ok(self) -> bool:
        """Tell whether every part of the proof holds."""
        return all(part.ok for part in self.proof)
