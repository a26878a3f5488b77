"""What all six screens share: the header, the footer, freshness, and the keys of the program.

A screen reads on a lane of its own, shows what came, and reads again when something was changed or
when some time has passed. What can't be read stays on the screen and says since when it is old;
nothing can be written until it is live again.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from bookra.tui import actions
from bookra.tui.freshness import Freshness
from bookra.tui.messages import Refused, Written
from bookra.tui.text import clean
from bookra.tui.widgets.header import Header
from bookra.tui.widgets.keybar import KeyBar
from bookra.tui.work import WRITES

if TYPE_CHECKING:
    from bookra.tui.actions import Table
    from bookra.tui.front import Front

POLL_SECONDS = 3.0
"""How often a screen is read again while nothing is heard of changes."""
LIVE_POLL_SECONDS = 30.0
"""How often it is read again although changes are heard: one may have been lost."""
SMALLEST = (60, 16)
"""Columns and lines below which nothing useful fits."""
WIDE, TALL = 136, 30


class DeskScreen(Screen[None]):
    """One of the six screens. Subclasses name their table and lane, and say how they read."""

    TABLE: ClassVar[Table]
    LANE: ClassVar[str]
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(actions.EVERYWHERE)
    HORIZONTAL_BREAKPOINTS = [(0, "-small"), (SMALLEST[0], "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (SMALLEST[1], "-short"), (TALL, "-tall")]  # noqa: RUF012

    def __init__(self, front: Front, wanted: object = "") -> None:
        super().__init__()
        self.front = front
        self.freshness = Freshness(wanted=wanted, read_only=front.read_only)
        self._reread_at = 0.0

    def compose(self) -> ComposeResult:
        """Put the screen's own widgets between header and footer."""
        yield Header(self.TABLE.screen, self.front.key)
        yield from self.body()
        yield KeyBar(self.TABLE, self.front.key)
        wide, high = SMALLEST
        yield Static(f"Too small. The desk needs {wide} columns and {high} lines.", id="too-small")

    def body(self) -> Iterable[Widget]:
        """Return the widgets between header and footer."""
        raise NotImplementedError

    def read(self) -> None:
        """Ask the desk for what the screen shows, on its lane."""
        raise NotImplementedError

    def idle_actions(self) -> Iterable[str]:
        """Return the ids of the screen's own actions that can't be done at this moment."""
        return ()

    @property
    def settled(self) -> bool:
        """Tell whether what is wanted is shown and nothing more is on its way."""
        shown = self.freshness.failed or self.freshness.shows_wanted
        return shown and self.front.work.idle

    # Life

    def on_mount(self) -> None:
        """Read, and keep reading."""
        brand = self.front.brand
        self.query_one(Header).logo = clean(brand.logo_text or brand.name)
        self.reread()
        self.tick()
        self.set_interval(1.0, self.tick)
        self.set_interval(POLL_SECONDS, self.poll)

    def on_screen_resume(self) -> None:
        """Read again what may have changed while another screen was shown."""
        if self.freshness.shown is not None:
            self.reread()

    def reread(self) -> None:
        """Read what is wanted now."""
        self._reread_at = monotonic()
        self.freshness.asked(self.front.now())
        self.read()

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Read again after something was changed; subclasses may know which subjects matter."""
        del subjects
        if not self.front.work.busy(self.LANE):
            self.reread()

    def tick(self) -> None:
        """Move the clock, and read again when it is time; nothing is painted in vain."""
        if not self.query(Header):  # the program is ending
            return
        header, time = self.query_one(Header), self.front.look.time(self.front.now())[:5]
        if header.clock != time:
            header.clock = time
            self.minute_passed()
        self.show_state()

    def poll(self) -> None:
        """Read again, unless changes are heard and it was read a while ago only."""
        rested = monotonic() - self._reread_at
        heard = self.front.live.hears and rested < LIVE_POLL_SECONDS
        if self.is_current and not heard and not self.front.work.busy(self.LANE):
            self.reread()

    def minute_passed(self) -> None:
        """Do what is to be done once a minute."""

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:  # noqa: FBT001, FBT002
        """Lay out (see Textual's method), dressed for the size at once.

        Textual lays a new size out with the classes of the old one first. What scrolls would follow
        a layout that nobody sees, or not, as it happens to be asked before or after the second.
        """
        width, height = size or self.outer_size
        wide = self._get_breakpoint_classes(width, self.HORIZONTAL_BREAKPOINTS)
        tall = self._get_breakpoint_classes(height, self.VERTICAL_BREAKPOINTS)
        breaks = (*self.HORIZONTAL_BREAKPOINTS, *self.VERTICAL_BREAKPOINTS)
        self.update_classes({name: name in wide | tall for _, name in breaks}, animate=False)
        super()._refresh_layout(size, scroll)

    def on_resize(self) -> None:
        """Let header and footer use the room that there is."""
        self.show_state()

    # What surrounds the body

    def show_state(self) -> None:
        """Bring header and footer up to date."""
        if not self.is_mounted:
            return
        look, now = self.front.look, self.front.now()
        self.freshness.locked = self.front.sitting.locked
        self.query_one(Header).health = self.freshness.health(look, now)
        locked = bool(self.freshness.why_not_write(look, now))
        self.query_one(KeyBar).idle = frozenset(
            {
                action.id
                for action in (*self.TABLE.actions, *actions.EVERYWHERE)
                if (action.writes and locked) or not self.front.may(action)
            }
            | set(self.idle_actions())
            | (set() if self.front.sitting.undoable else {"undo"})
        )

    def was_read(self, what: object) -> None:
        """Note that something was read; subclasses call it when they show an answer."""
        self.freshness.read(what, self.front.now())
        self.show_state()

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; what can't be read is old from now on."""
        known = self.freshness.failed
        if message.lane == self.LANE:
            self.freshness.refused()
        if message.lane != self.LANE or not known:
            error = message.error
            hint = f"\n{clean(error.hint)}" if error.hint else ""
            self.notify(f"{clean(error.message)}{hint}", severity="error", timeout=8, markup=False)
        self.show_state()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what the operator's role does not allow; the database would refuse it."""
        del parameters
        return True if action not in _ROLES or self.front.brand.may(_ROLES[action]) else None

    # Verbs

    def may_write(self) -> bool:
        """Tell whether something may be changed now; say why not."""
        self.freshness.locked = self.front.sitting.locked
        reason = self.freshness.why_not_write(self.front.look, self.front.now())
        if reason:
            self.notify(reason, severity="warning", markup=False)
        return not reason

    def on_written(self, message: Written) -> None:
        """A verb without a dialog was done."""
        self.written(message)

    def written(self, message: Written | None) -> None:
        """Say what was done, remember it, and show how things are after it."""
        if message is not None:
            self.front.sitting.note(message.done)
            self.notify(message.said, markup=False, timeout=4)
            self.reread()
            self.show_state()

    def action_go(self, screen: str) -> None:
        """Show another screen; who was to be booked for is forgotten."""
        self.front.sitting.guest = None
        self.app.switch_mode(screen)

    def action_help(self) -> None:
        """Show every key of this screen."""
        from bookra.tui.screens.reading import HelpDialog

        self.app.push_screen(HelpDialog(self.front, self.TABLE))

    def action_command(self) -> None:
        """Show the last actions as commands."""
        from bookra.tui.screens.reading import CommandsDialog

        self.app.push_screen(CommandsDialog(self.front))

    def action_search(self) -> None:
        """Search clients and bookings."""
        from bookra.tui.screens.search import SearchDialog

        self.app.push_screen(SearchDialog(self.front), self.found)

    def found(self, code: str | None) -> None:
        """Go to what was found in the search: the day shows bookings, clients have a screen."""
        if code is not None:
            self.app.call_later(self.app.open_found, code)  # type: ignore[attr-defined]

    def action_undo(self) -> None:
        """Take back what was done last, if it can be."""
        undo = self.front.sitting.undoable
        if undo is None:
            self.notify("There is nothing to take back; money never is", severity="warning")
        elif self.may_write():
            call = partial(self.front.desk.undo, undo)
            self.front.work.ask(
                self, WRITES, call, lambda ticket, done: Undone(ticket, done, undo.said)
            )

    def on_undone(self, message: Undone) -> None:
        """Say what was taken back."""
        self.front.sitting.noted_undo(message.done)
        self.notify(message.said, markup=False, timeout=4)
        self.reread()

    def action_lock(self) -> None:
        """Lock or unlock writing; a desk that was started read-only stays so."""
        self.front.sitting.locked = not self.front.sitting.locked
        self.show_state()

    async def action_quit(self) -> None:
        """Leave."""
        self.app.exit()


class Undone(Written):
    """Something was taken back."""


_ROLES = {
    action.name: action.role
    for action in actions.by_id().values()
    if action.role != "front-desk" and action.name != "go"
}
