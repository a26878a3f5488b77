"""What check-out asks of the desk: what a visit owes, and the ways to take it."""

from __future__ import annotations

from typing import Protocol

from bookra.money import Money
from bookra.tui.desk.done import Done


class CheckoutDesk(Protocol):
    """Questions and verbs of check-out."""

    def take_cash(self, code: str, *, tip: Money | None) -> Done:
        """Record that all that is due, and the tip, was taken in cash."""
        ...
