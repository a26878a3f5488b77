"""Check-out over the engine: what a visit owes, and the ways to take it."""

from __future__ import annotations

from bookra.engine.payments import taking
from bookra.money import Money
from bookra.tui.desk import Done
from bookra.tui.engine_desk.counter import Counter, plain, words


class EngineCheckout(Counter):
    """Questions and verbs of check-out, one transaction each."""

    def take_cash(self, code: str, *, tip: Money | None) -> Done:
        """Take what is due in cash, and the tip."""
        more = ("--tip", plain(tip)) if tip else ()
        command = words("pay", code, "--cash", *more)
        return self._do("pay", lambda tx: taking.take_cash(tx, code, tip), Done(code, command))
