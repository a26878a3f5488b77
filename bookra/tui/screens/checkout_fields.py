"""The lines to type in at check-out: which of them a step shows, and what stands in them.

Where several people serve one visit, a line for each of them follows the tip as soon as there is
one; whoever leaves them empty leaves the tip to the engine's rule, which the lines show.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from bookra.tui.desk.checkout import Tab
from bookra.tui.look import Look
from bookra.tui.screens import checkout_steps
from bookra.tui.screens.checkout_steps import FIELDS, TIPPED, Chosen, Entries
from bookra.tui.text import clean

MOST_SHARES = 6
"""Lines for parts of a tip; whoever would come after them shares what the others leave."""


class PaymentFields(Vertical):
    """All lines, of which a step shows its own."""

    def compose(self) -> ComposeResult:
        """Make every line once, hidden; the parts of a tip stand below it."""
        for name in FIELDS:
            yield self._line(name, "payment")
            if name == "tip":
                yield from (self._line(f"share-{n}", "share") for n in range(MOST_SHARES))

    @staticmethod
    def _line(name: str, kind: str) -> Input:
        field = Input(id=name, compact=True, select_on_focus=False, classes=kind)
        field.cursor_blink = False
        field.display = False
        return field

    @property
    def _shares(self) -> list[Input]:
        return list(self.query(".share").results(Input))

    @property
    def _shown(self) -> list[Input]:
        return [field for field in self.query(Input) if field.display]

    def begin(self, step: str) -> None:
        """Show the empty lines of a step, the first with the cursor."""
        for name, steps in FIELDS.items():
            field = self.query_one(f"#{name}", Input)
            field.display = step in steps
            field.placeholder = checkout_steps.prompt(step, name)
            self._empty(field)
        for field in self._shares:
            field.display = False
            self._empty(field)
        self.screen.set_focus(next(iter(self._shown), None))

    def _empty(self, field: Input) -> None:
        with self.prevent(Input.Changed):
            field.value = ""

    def offer_shares(self, look: Look, tab: Tab, step: str) -> None:
        """Show a line for each who gets of the tip, once there is one, with what each would get."""
        parts = self.entries(None).parts(tab) if step in TIPPED else []
        for number, field in enumerate(self._shares):
            field.display = number < len(parts)
            if field.display:
                name, part = parts[number]
                field.placeholder = f"Of it for {clean(name)}: {look.money(part)}"

    def go(self, step: int) -> None:
        """Go to the next line or the one before."""
        shown = self._shown
        if self.screen.focused in shown:
            shown[(shown.index(self.screen.focused) + step) % len(shown)].focus()

    def entries(self, chosen: Chosen | None) -> Entries:
        """Return what stands in the lines, and what was chosen of a list."""
        texts = {name: self.query_one(f"#{name}", Input).value for name in FIELDS}
        shares = tuple(field.value for field in self._shares)
        return Entries(**texts, shares=shares, chosen=chosen)
