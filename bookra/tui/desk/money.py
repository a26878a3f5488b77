"""What the screen of the money asks of the desk: takings, entries, the drawer, bank and pay.

Every figure is the engine's; nothing is added up on a screen. What the operator's role is not to
see (fees, payouts, pay) is not in the answers: it is None or left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from bookra.money import Money
from bookra.tui.desk.done import Done
from bookra.tui.desk.money_values import (
    BankPayout,
    DayEnd,
    Drawer,
    EntryLine,
    Explained,
    PayRun,
    Proof,
    Takings,
)

__all__ = ["MoneyDesk", "Period"]


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, both included. ``step`` (day, week, month) says what it is one of."""

    first: date
    last: date
    step: str = "day"


class MoneyDesk(Protocol):
    """Questions and verbs of the screen of the money."""

    def takings(self, period: Period) -> Takings:
        """Return what was sold and taken in a period."""
        ...

    def entries_behind(self, period: Period, staff: str) -> list[EntryLine]:
        """Return the entries behind one person's row of the takings, the latest first."""
        ...

    def ledger_entries(self) -> list[EntryLine]:
        """Return the latest entries, the newest first."""
        ...

    def explained(self, name: str) -> Explained:
        """Open an entry, a code or a reference of Stripe's; NotFoundError (``nothing_named``)."""
        ...

    def drawer(self) -> Drawer | None:
        """Return the cash drawer as it stands; None while it was never opened."""
        ...

    def open_drawer(self, cash: Money) -> Done:
        """Open it with what lies in it; ConflictError (``drawer_open``)."""
        ...

    def count_drawer(self, cash: Money) -> Done:
        """Post the difference between what was counted and the ledger."""
        ...

    def close_drawer(self, cash: Money, left: Money | None) -> Done:
        """Count and close it; what is not ``left`` in it goes to the bank, all stays if None."""
        ...

    def day_end(self, day: date) -> DayEnd:
        """Return what is looked at when a day ends."""
        ...

    def save_day_end(self, day: date, path: Path, text: str) -> Done:
        """Keep a day's end in a file for its owner alone; ConflictError (``file_exists``)."""
        ...

    def bank_payouts(self) -> list[BankPayout]:
        """Return Stripe's latest payouts to the bank; nothing for who may not see them."""
        ...

    def proof(self) -> Proof:
        """Return how the ledger last compared with what Stripe moved."""
        ...

    def prove(self) -> Done:
        """Compare them now: asks Stripe, so it may take a while."""
        ...

    def pay_runs(self) -> list[PayRun]:
        """Return the latest pay runs; nothing for who may not see them."""
        ...
