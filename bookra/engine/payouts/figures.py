"""What a pay run comes to: the period's figures, and what is settled on each account. Pure.

The method is cumulative: what the ledger says is owed up to the period's end, less what earlier
sealed runs hold. What is committed late, after its period was sealed, is owed all the same and
shows in the next run as carried; so does what a run could not pay because it came to less than
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bookra.engine.payouts.period import Period
from bookra.money import Money


class State(StrEnum):
    """A draft is computed again each time; the others are sealed. Carried pays nothing."""

    DRAFT = "draft"
    APPROVED = "approved"
    PAID = "paid"
    CARRIED = "carried"


@dataclass(frozen=True, slots=True)
class Dues:
    """By account, in minor units: what is owed to somebody, and what they owe."""

    commission_minor: int = 0
    tips_minor: int = 0
    clawback_minor: int = 0
    rent_minor: int = 0

    @property
    def net_minor(self) -> int:
        """What remains to be paid to them."""
        return self.commission_minor + self.tips_minor - self.clawback_minor - self.rent_minor

    def less(self, held: Dues) -> Dues:
        """Return these without what earlier runs hold."""
        return Dues(
            self.commission_minor - held.commission_minor,
            self.tips_minor - held.tips_minor,
            self.clawback_minor - held.clawback_minor,
            self.rent_minor - held.rent_minor,
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """A run in minor units. ``gross`` is what the period brought before anything is taken off.

    net = gross - clawback - rent + carried, and gross = earned + tips.
    """

    earned_minor: int
    tips_minor: int
    clawback_minor: int
    rent_minor: int
    dues: Dues

    @property
    def gross_minor(self) -> int:
        """Commission and tips of the period."""
        return self.earned_minor + self.tips_minor

    @property
    def net_minor(self) -> int:
        """What is to be paid; negative when the person owes more."""
        return self.dues.net_minor

    @property
    def carried_minor(self) -> int:
        """What comes from before the period, or was told of after an earlier run was sealed."""
        return self.net_minor - self.gross_minor + self.clawback_minor + self.rent_minor

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to say: the person has no run."""
        return self == Figures(0, 0, 0, 0, Dues())

    @property
    def sealed_state(self) -> State:
        """What a run becomes when it is approved: never is less than something paid."""
        return State.APPROVED if self.net_minor > 0 else State.CARRIED


@dataclass(frozen=True, slots=True)
class Run:
    """A person's pay run for a period."""

    id: UUID
    staff_id: UUID
    staff: str
    staff_name: str
    period: Period
    state: State
    figures: Figures
    currency: str
    approved_at: datetime | None = None
    paid_at: datetime | None = None
    method: str | None = None
    reference: str | None = None

    @property
    def net(self) -> Money:
        """What is to be paid."""
        return Money(self.figures.net_minor, self.currency)

    @property
    def is_sealed(self) -> bool:
        """Tell whether it stays as it is."""
        return self.state is not State.DRAFT

    def blocks(self, period: Period) -> bool:
        """Tell whether this sealed run leaves no room for one of another ``period``.

        A person's pay is sealed up to a day: what an earlier period still had is in it, carried.
        """
        return self.is_sealed and self.period != period and self.period.ends_on >= period.starts_on
