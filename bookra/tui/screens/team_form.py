"""What the forms about a person share: fields with labels, checked as one types, ⏎ writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.tui.describe import line
from bookra.tui.desk.team import Member
from bookra.tui.front import Front
from bookra.tui.messages import Refused
from bookra.tui.screens.dialog import Dialog
from bookra.tui.work import WRITES

R = TypeVar("R")


class Field(Horizontal):
    """A label and what is typed."""

    def __init__(self, name: str, label: str, hint: str, value: str = "") -> None:
        super().__init__(classes="team-field")
        self._made = (label, Input(value, placeholder=hint, id=name, compact=True))

    def compose(self) -> ComposeResult:
        """Put them side by side."""
        label, typed = self._made
        yield Static(line((label, "$text-muted")), classes="team-label", markup=False)
        yield typed


class PersonForm(Dialog[R]):
    """A form about a person. What is typed is planned on a lane; ⏎ writes what is planned."""

    LANE = "plan"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,down", "field(1)", show=False, priority=True),
        Binding("shift+tab,up", "field(-1)", show=False, priority=True),
    ]

    def __init__(self, front: Front, member: Member, title: str) -> None:
        super().__init__(front, f"{title} {front.look.glyphs.divider} {member.name}")
        self.member = member
        self._planned: tuple[str, ...] | None = None
        self._asked: tuple[int, tuple[str, ...]] = (0, ())
        self._wanted = False

    def fields(self) -> Sequence[Field]:
        """Return the fields, the first of which is typed in."""
        raise NotImplementedError

    def plan(self) -> tuple[Callable[[], Any], Callable[[int, Any], Message]]:
        """Return the question that checks what is typed, and its answer."""
        raise NotImplementedError

    def write(self) -> None:
        """Write what was planned."""
        raise NotImplementedError

    def body(self) -> Sequence[Widget]:
        """Put what it comes to below the fields."""
        return [*self.fields(), Static(id="team-plan", markup=False)]

    def on_mount(self) -> None:
        """Begin in the first field."""
        enter = self.front.look.glyphs.enter
        self.show_hints((enter, "write"), ("tab", "next field"), ("esc", "give up"))
        self.query(Input).first().focus()

    def typed(self, name: str) -> str:
        """Return what stands in a field."""
        return self.query_one(f"#{name}", Input).value.strip()

    @property
    def all_typed(self) -> tuple[str, ...]:
        """What stands in all of them."""
        return tuple(one.value.strip() for one in self.query(Input))

    @property
    def planned(self) -> bool:
        """Whether what is typed was found to make sense."""
        return self._planned == self.all_typed

    def on_input_changed(self) -> None:
        """Check what is typed."""
        self._wanted = False
        self.look_up()

    def look_up(self) -> None:
        """Plan what is typed now."""
        if not self.all_typed[0]:
            self.unplanned()
            return
        call, answer = self.plan()
        ticket = self.front.work.ask(self, self.LANE, call, answer)
        self._asked = (ticket, self.all_typed)

    def was_planned(self, ticket: int, shown: Content) -> None:
        """Show what it comes to; ⏎ that was quicker than the answer writes now."""
        asked, typed = self._asked
        if asked != ticket:
            return
        self._planned = typed
        self.query_one("#team-plan", Static).update(shown)
        self.say("")
        if self._wanted and self.planned:
            self._wanted = False
            self.write()

    def unplanned(self) -> None:
        """Show nothing: it does not make sense yet."""
        self._planned = None
        self.query_one("#team-plan", Static).update("")
        self.say("")

    def on_input_submitted(self) -> None:
        """Write what is typed, as soon as it is known to make sense."""
        if self.front.work.busy(WRITES):
            return
        if self.planned:
            self.write()
        else:
            self._wanted = True
            self.look_up()

    def on_refused(self, message: Refused) -> None:
        """Say what does not make sense, or why it was not written; what was typed stays."""
        self._wanted = False
        if message.lane == self.LANE:
            self.unplanned()
        self.refuse(message.error)

    def action_field(self, step: int) -> None:
        """Go to another field."""
        if step > 0:
            self.focus_next(Input)
        else:
            self.focus_previous(Input)
