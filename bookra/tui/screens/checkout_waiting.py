"""Waiting for what Stripe says: a link with its QR code, or a saved card; it flips to paid itself.

The relay opens the link and settles what comes of it. Leaving changes nothing: the payment goes
on, and the day shows it when it has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from bookra.tui.describe import MUTED, line
from bookra.tui.desk.booking import Again
from bookra.tui.desk.checkout import Asked, Tab
from bookra.tui.front import Front
from bookra.tui.messages import Refused
from bookra.tui.messages_booking import TabLoaded
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.widgets import qr

LANE = "waiting"
"""A lane of its own: the bill below reads too, and the newest wish replaces another."""
READ_SECONDS = 2.0
"""How often the bill is read while nothing is heard."""
PATIENCE_READS = 5
"""After so many reads without a page it is likely that no relay runs."""
CHROME = (6, 6)
"""Columns and lines of the box that the code can't have: border, title, status, link, keys."""


class WaitingDialog(Dialog[str]):
    """Answers ``done`` or ``again`` once it is paid, nothing when it was left before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "done", show=False),
        Binding("b", "again", show=False),
    ]

    def __init__(self, front: Front, tab: Tab, before: str, again: Again | None) -> None:
        """Take the bill, the id of what was asked for before this, and the next visit."""
        super().__init__(front, f"Check out {front.look.glyphs.divider} {clean(tab.customer.name)}")
        self._tab = tab
        self._before = before
        self._again = again
        self._reads = 0

    def body(self) -> Sequence[Widget]:
        """Put the code between how it stands and the link."""
        return [
            Static(id="waiting", markup=False),
            Static(id="qr", markup=False),
            Static(id="link", markup=False),
        ]

    def on_mount(self) -> None:
        """Read, and keep reading."""
        self._show()
        self._read()
        self.set_interval(READ_SECONDS, self._read)

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Read again at once."""
        del subjects
        self._read()

    def _read(self) -> None:
        if not self.paid:
            call = partial(self.front.desk.tab, self._tab.code)
            self.front.work.ask(self, LANE, call, TabLoaded)

    def on_tab_loaded(self, message: TabLoaded) -> None:
        """Show how it stands now."""
        self._tab = message.tab
        self._reads += 1
        if self._failed:
            self.dismiss("failed")
        else:
            self._show()

    def on_refused(self, message: Refused) -> None:
        """Go on waiting: what can't be read now is read again."""
        self.say(message.error.message, "$text-warning")

    @property
    def _asked(self) -> Asked | None:
        asked = self._tab.asked
        return asked if asked is not None and asked.id != self._before else None

    @property
    def paid(self) -> bool:
        """Tell whether what was asked for was paid."""
        return self._asked is not None and self._asked.state == "succeeded"

    @property
    def _failed(self) -> bool:
        return self._asked is not None and self._asked.state in ("failed", "cancelled")

    def action_done(self) -> None:
        """Go on once it is paid."""
        if self.paid:
            self.dismiss("done")

    def action_again(self) -> None:
        """Book the next visit once it is paid."""
        if self.paid and self._again is not None and not self._tab.due:
            self.dismiss("again")

    # What is shown

    def on_resize(self) -> None:
        """Draw the code where there is room for it."""
        if self.is_mounted:
            self._show()

    def _show(self) -> None:
        asked = self._asked
        url = asked.url if asked is not None and not self.paid else ""
        self.query_one("#waiting", Static).update(self._status())
        code, link = self.query_one("#qr", Static), self.query_one("#link", Static)
        plain = self.front.look.ascii_only
        code.display = bool(url) and self._fits(qr.size(url, ascii_only=plain))
        if code.display:
            code.update(qr.drawn(url, ascii_only=plain))
        link.display = bool(url)
        link.update(line((clean(url), "$text-accent")))
        enter = self.front.look.glyphs.enter
        if not self.paid:
            self.show_hints(("esc", "close; the payment goes on"))
        elif self._again is not None and not self._tab.due:
            self.show_hints((enter, "done"), ("b", "book again"), ("esc", "close"))
        else:
            self.show_hints((enter, "done"), ("esc", "close"))

    def _fits(self, size: tuple[int, int]) -> bool:
        return all(
            need + frame <= room
            for need, frame, room in zip(size, CHROME, self.app.size, strict=True)
        )

    def _status(self) -> Content:
        look, asked = self.front.look, self._asked
        if asked is None or asked.state == "new":
            late = "; is the relay running? 6 tells" if self._reads >= PATIENCE_READS else ""
            return line((f"Asking for it {look.glyphs.ellipsis}", MUTED), (late, "$text-warning"))
        amount = look.money(asked.amount)
        if self.paid:
            rest = f", {look.money(self._tab.due)} is still due" if self._tab.due else ""
            mark = look.glyphs.state("completed")
            return line((f"{mark} paid  {amount}", "bold $text-success"), rest)
        doing = f"waiting {look.glyphs.ellipsis}"
        return line((amount, "bold"), (f"  {doing}", MUTED))
