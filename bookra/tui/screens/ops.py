"""Operations: whether what is written goes out, what is stuck and why, and the keys that mend it.

It is read anew every two seconds while it is shown: queues announce nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from bookra.tui import actions
from bookra.tui.desk import Done
from bookra.tui.desk.ops import DestinationLine, EventLine, Letter, Ops
from bookra.tui.front import Front
from bookra.tui.messages import Written
from bookra.tui.messages_ops import OpsRead
from bookra.tui.screens import ops_text as text
from bookra.tui.screens.base import DeskScreen
from bookra.tui.screens.ops_views import EventsView, JobsView, LettersView, OpsView, QueuesView
from bookra.tui.widgets.keybar import KeyBar
from bookra.tui.widgets.listing import Listing
from bookra.tui.widgets.sections import Section, Sections
from bookra.tui.work import WRITES

REFRESH_SECONDS = 2.0
SECTIONS = (
    Section("queues", "ops.queues", "Queues", "section('queues')"),
    Section("letters", "ops.letters", "Stuck", "section('letters')"),
    Section("jobs", "ops.jobs", "Jobs", "section('jobs')"),
    Section("events", "ops.events", "Events", "section('events')"),
)
OWN_KEYS = {
    "ops.retry": {"letters", "events"},
    "ops.discard": {"letters"},
    "ops.resume": {"queues"},
}
"""In which sections a verb means something."""


class OpsScreen(DeskScreen):
    """The sixth screen."""

    TABLE = actions.TABLES["ops"]
    LANE = "ops"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(actions.TABLES["ops"].actions)

    def __init__(self, front: Front) -> None:
        super().__init__(front, "ops")
        self.section = "queues"
        self._ops: Ops | None = None

    def body(self) -> Iterable[Widget]:
        """Put the names of the sections over the one that is shown."""
        look, now = self.front.look, self.front.now
        yield Sections(SECTIONS, self.front.look.key)
        with ContentSwitcher(initial="queues", id="ops-sections"):
            yield QueuesView(look, "queues", now, self.front.brand.slug)
            yield LettersView(look, "letters", now)
            yield JobsView(look, "jobs", now)
            yield EventsView(look, "events", now)

    def on_mount(self) -> None:
        """Begin with the queues, and look again and again."""
        self.query_one(Sections).shown = self.section
        self._view.list.focus()
        self.set_interval(REFRESH_SECONDS, self._look_again)

    @property
    def _view(self) -> OpsView:
        return self.query_one(f"#{self.section}", OpsView)

    # Reading

    def read(self) -> None:
        """Ask how everything stands."""
        self.front.work.ask(self, self.LANE, self.front.desk.ops, OpsRead)

    def _look_again(self) -> None:
        on_top = self.is_current and self.app.screen is self  # none is while the program ends
        if on_top and not self.front.work.busy(self.LANE):
            self.reread()

    def on_ops_read(self, message: OpsRead) -> None:
        """Show it; lists repaint only where they differ."""
        self._ops = ops = message.ops
        self.was_read("ops")
        waiting = sum(letter.waits_for_somebody for letter in ops.letters)
        failed = sum(event.state == "failed" for event in ops.events)
        self.query_one(Sections).counts = {"letters": waiting, "events": failed}
        for view in self.query(OpsView):
            view.show(ops)
        self.show_state()

    def show_state(self) -> None:
        """Leave out the keys that mean nothing in the shown section."""
        if self.is_mounted:
            self.query_one(KeyBar).absent = frozenset(
                name for name, sections in OWN_KEYS.items() if self.section not in sections
            )
        super().show_state()

    def idle_actions(self) -> Iterable[str]:
        """Return the verbs that have nothing to work on."""
        letter, destination = self._letter, self._destination
        if self.section == "letters" and (letter is None or not letter.waits_for_somebody):
            yield "ops.discard"
        if self.section == "queues" and (destination is None or not destination.held_back):
            yield "ops.resume"
        if self.section in ("letters", "events") and not self._view.list.chosen:
            yield "ops.retry"

    def on_listing_moved(self) -> None:
        """Tell about the row at the cursor."""
        self.query_one(QueuesView).tell()
        self.show_state()

    # What is chosen

    @property
    def _letter(self) -> Letter | None:
        chosen = self.query_one(LettersView).list.chosen
        return (
            next((one for one in self._ops.letters if one.id == chosen), None)
            if self._ops
            else None
        )

    @property
    def _destination(self) -> DestinationLine | None:
        chosen = self.query_one(QueuesView).list.chosen
        known = self._ops.destinations if self._ops else ()
        return next((one for one in known if one.name == chosen), None)

    @property
    def _event(self) -> EventLine | None:
        chosen = self.query_one(EventsView).list.chosen
        return (
            next((one for one in self._ops.events if one.ref == chosen), None)
            if self._ops
            else None
        )

    # Verbs

    def action_section(self, name: str) -> None:
        """Show a section."""
        self.section = name
        self.query_one(ContentSwitcher).current = name
        self.query_one(Sections).shown = name
        self._view.list.focus()
        self.show_state()

    def action_turn(self, steps: int) -> None:
        """Show the next section."""
        names = [section.id for section in SECTIONS]
        self.action_section(names[(names.index(self.section) + steps) % len(names)])

    def action_open(self) -> None:
        """Open the row at the cursor."""
        self._view.list.action_choose()

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Tell all there is to say about a row; a destination leads to what is stuck."""
        from bookra.tui.screens.ops_dialogs import FactsDialog, LetterDialog

        if self.section == "queues":
            self.action_section("letters")
        elif self.section == "letters" and (letter := self._letter):
            self.app.push_screen(LetterDialog(self.front, letter), self._do_verb)
        elif self.section == "events" and (event := self._event):
            self.app.push_screen(
                FactsDialog(self.front, "Event", text.event(self.front.look, event))
            )
        elif self.section == "jobs" and (facts := self._job_facts(message.row_id)):
            self.app.push_screen(FactsDialog(self.front, "Job", facts))

    def _job_facts(self, row_id: str) -> text.Facts:
        kind, _, name = row_id.partition(":")
        ops, look = self._ops, self.front.look
        if ops is None:
            return []
        if kind == "relay":
            relays = (text.relay(look, one) for one in ops.relays if one.name == name)
            return next(relays, [])
        jobs = (
            one for one in ops.jobs if one.name == name and one.schedule == (kind == "schedule")
        )
        return next((text.job(look, one) for one in jobs), [])

    async def _do_verb(self, verb: str | None) -> None:
        if verb:
            await self.run_action(verb)

    def action_retry(self) -> None:
        """Try the row at the cursor again, or have the event handled anew."""
        desk = self.front.desk
        if self.section == "letters" and (letter := self._letter):
            self._write(lambda: desk.retry_letter(letter.id), f"{letter.topic} is tried again now")
        elif self.section == "events" and (event := self._event):
            self._write(lambda: desk.retry_event(event.ref), f"{event.kind} is handled anew")

    def action_resume(self) -> None:
        """Deliver to the destination at the cursor again."""
        found, desk = self._destination, self.front.desk
        if self.section != "queues" or found is None:
            return
        name = text.NAMES.get(found.name, found.name)
        if not found.held_back:
            self.notify(f"Nothing is held back from {name}", severity="warning")
        else:
            self._write(lambda: desk.resume(found.name), f"{name} is delivered to again")

    def action_discard(self) -> None:
        """Let the row at the cursor go undelivered, after a question."""
        from bookra.tui.screens.ops_dialogs import DiscardDialog

        letter = self._letter
        if self.section != "letters" or letter is None:
            return
        if not letter.waits_for_somebody:
            self.notify("It is tried again by itself; r tries it now", severity="warning")
        elif self.may_write():
            self.app.push_screen(DiscardDialog(self.front, letter), self.written)

    def _write(self, call: Callable[[], Done], said: str) -> None:
        if self.may_write():
            self.front.work.ask(
                self, WRITES, call, lambda ticket, done: Written(ticket, done, said)
            )
