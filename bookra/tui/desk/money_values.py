"""The values that cross the desk for the screen of the money. Frozen; amounts are Money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bookra.money import Money

Told = str | int | Money | datetime | date
"""A fact of an explanation; the screen writes it in the desk's own way."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A day and what it brought net."""

    day: date
    net: Money


@dataclass(frozen=True, slots=True)
class Share:
    """What one member of staff brought. ``trend`` is the net of each piece of the period, in
    minor units, oldest first.
    """

    staff: str
    name: str
    bookings: int
    net: Money
    tips: Money
    trend: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """What came in by one method less what went back by it; tips included."""

    method: str
    taken: Money


@dataclass(frozen=True, slots=True)
class Takings:
    """What a period brought. ``net`` is income after discounts and refunds, without tax and tips.

    ``due`` is what visits still owe by the period's end, ``owing`` how many do. ``bars`` are the
    period's days; a single day is shown in its week. ``fees`` and ``commissions`` are None for
    who may not see them.
    """

    first: date
    last: date
    bookings: int
    net: Money
    tax: Money
    tips: Money
    discounts: Money
    refunds: Money
    taken: Money
    due: Money
    owing: int
    bars: tuple[Bar, ...]
    staff: tuple[Share, ...]
    methods: tuple[Method, ...]
    fees: Money | None = None
    commissions: Money | None = None


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry of the ledger in a line. ``subject`` is a booking's or an order's code, or empty."""

    id: str
    at: datetime
    kind: str
    amount: Money
    subject: str
    memo: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A line of an explanation, ``depth`` steps in. ``facts`` are named values after its text.

    ``marked`` is what was asked about; ``name`` is what the line itself can be opened by, if any.
    """

    depth: int
    text: str
    facts: tuple[tuple[str, Told], ...] = ()
    amount: Money | None = None
    marked: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """All around a figure, as lines from the top down."""

    name: str
    kind: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class DrawerEvent:
    """Something done to the drawer: open, in, out, count or close.

    ``entry`` is the ledger's, empty where nothing had to be posted.
    """

    at: datetime
    kind: str
    amount: Money
    reason: str
    by: str
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Drawer:
    """The open drawer, or the one that was closed last. ``expected`` is the ledger's."""

    opened_at: datetime
    opened_with: Money
    expected: Money
    closed_at: datetime | None = None
    counted: Money | None = None
    difference: Money | None = None
    left: Money | None = None
    events: tuple[DrawerEvent, ...] = ()

    @property
    def is_open(self) -> bool:
        """Tell whether money can be moved and counted."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class Tender:
    """Money in and back by one method."""

    method: str
    taken: Money
    given_back: Money
    left: Money


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold by one method, or in all (``total``)."""

    method: str
    bookings: int
    net: Money
    tax: Money
    tips: Money


@dataclass(frozen=True, slots=True)
class Owing:
    """A visit that is here or over and has not paid all."""

    code: str
    customer: str
    service: str
    staff: str
    due: Money
    here: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """Value taken for later (deposits, gift cards, packages) and what became of it that day."""

    name: str
    taken: Money
    used: Money
    kept: Money
    given_back: Money


@dataclass(frozen=True, slots=True)
class DayEnd:
    """What is looked at when a day ends. The last of ``sales`` is their total."""

    day: date
    sales: tuple[Sold, ...]
    refunds: Money
    tenders: tuple[Tender, ...]
    stored: tuple[Stored, ...]
    drawers: tuple[Drawer, ...]
    owing: tuple[Owing, ...]


@dataclass(frozen=True, slots=True)
class BankPayout:
    """A payout of Stripe's: pending, in_transit, paid, failed or canceled."""

    ref: str
    amount: Money
    state: str
    arrives_on: date | None
    members: int
    received: bool
    failure: str


@dataclass(frozen=True, slots=True)
class Proof:
    """How the ledger last compared with Stripe: never, running, done, found or failed.

    ``connected``: there is a Stripe account to compare with.
    """

    state: str
    outcome: str = ""
    at: datetime | None = None
    next_at: datetime | None = None
    connected: bool = True


@dataclass(frozen=True, slots=True)
class PayRun:
    """A person's pay of a period: draft, approved, paid or carried. What is taken off is minus."""

    period: str
    name: str
    earned: Money
    tips: Money
    clawback: Money
    rent: Money
    carried: Money
    net: Money
    state: str
    paid_at: datetime | None = None
    method: str = ""

    @property
    def id(self) -> str:
        """What tells it from others: each person has one a period."""
        return f"{self.period}/{self.name}"
