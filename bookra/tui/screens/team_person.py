"""Somebody opened: the week and time off at the left, a month of pay at the right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from bookra.tui.describe import line, lines
from bookra.tui.desk.team import Member, Pay
from bookra.tui.front import Front
from bookra.tui.messages import Refused
from bookra.tui.messages_team import PayLoaded, PersonLoaded
from bookra.tui.screens import team_words
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean

STATEMENT_CELLS = 62
"""The most that a statement's lines take."""
BESIDE_CELLS = 110
"""How wide a terminal is in which the statement has room beside the week; else it is below."""


class PersonDialog(Dialog[str]):
    """Answers with the verb that was chosen here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "back", "Close", show=False),
        Binding("h", "verb('set_hours')", "Hours", show=False, id="team.hours"),
        Binding("o", "verb('plan_away')", "Time off", show=False, id="team.away"),
        Binding("O", "verb('time_on')", "Remove time off", show=False, id="team.return"),
        Binding("x", "verb('set_day')", "One day", show=False, id="team.day"),
        Binding("left_square_bracket", "month(-1)", show=False, id="team.back"),
        Binding("right_square_bracket", "month(1)", show=False, id="team.forth"),
        Binding("down,j,pagedown", "scroll(4)", show=False),
        Binding("up,k,pageup", "scroll(-4)", show=False),
    ]

    def __init__(self, front: Front, member: Member) -> None:
        super().__init__(front, member.name)
        self._member = member
        self._month = front.today.replace(day=1)
        self._pay: Pay | None = None

    @property
    def _shows_pay(self) -> bool:
        return self.front.brand.may("manager")

    def body(self) -> Sequence[Widget]:
        """Leave room for both, which are on their way."""
        reading = f"Reading {self.front.look.glyphs.ellipsis}"
        found = [Static(line((reading, "$text-muted")), id="person-said", markup=False)]
        return [*found, Static(id="person-pay", markup=False)] if self._shows_pay else found

    def on_mount(self) -> None:
        """Ask for both; who may not change people is not offered it."""
        self.set_class(self._shows_pay, "-pay")
        key = self.front.look.key
        verbs = (
            (key("team.hours"), "hours"),
            (key("team.away"), "time off"),
            (key("team.day"), "one day"),
            (f"{key('team.back')} {key('team.forth')}", "month"),
        )
        offered = verbs if self._shows_pay else ()
        self.show_hints(*offered, (self.front.look.glyphs.up_down, "more"), ("esc", "close"))
        call = partial(self.front.desk.person, self._member.slug)
        self.front.work.ask(self, "person", call, PersonLoaded)
        self._read_pay()

    def _read_pay(self) -> None:
        if self._shows_pay:
            call = partial(self.front.desk.pay, self._member.slug, self._month)
            self.front.work.ask(self, "pay", call, PayLoaded)

    def on_person_loaded(self, message: PersonLoaded) -> None:
        """Show the week; below it what they perform."""
        look, person = self.front.look, message.person
        performs = ", ".join(map(clean, person.services)) or "every service"
        said = [
            *team_words.card(look, person, self.front.today)[1:],
            line(),
            line(("Performs", "$text-muted")),
            line(performs),
        ]
        self.query_one("#person-said", Static).update(lines(said))

    def on_pay_loaded(self, message: PayLoaded) -> None:
        """Show the statement."""
        self._pay = message.pay
        self._show_pay()

    def on_resize(self) -> None:
        """Fit the statement to the room that there is."""
        self.set_class(self._shows_pay and self.app.size.width < BESIDE_CELLS, "-stacked")
        self.call_after_refresh(self._show_pay)

    def _show_pay(self) -> None:
        if self._pay is not None and self.is_mounted:
            place = self.query_one("#person-pay", Static)
            width = min(STATEMENT_CELLS, place.content_size.width or STATEMENT_CELLS)
            place.update(lines(team_words.statement(self.front.look, self._pay, width)))

    def on_refused(self, message: Refused) -> None:
        """Say why something can't be shown."""
        self.refuse(message.error)

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Read again what somebody may have changed."""
        if not subjects or any(one.startswith(("staff:", "absence:")) for one in subjects):
            call = partial(self.front.desk.person, self._member.slug)
            self.front.work.ask(self, "person", call, PersonLoaded)

    def action_month(self, steps: int) -> None:
        """Show another month's statement; none lies ahead of this one."""
        beside = self._month + timedelta(days=31 if steps > 0 else -1)
        wanted = date(beside.year, beside.month, 1)
        if self._shows_pay and wanted <= self.front.today:
            self._month = wanted
            self._read_pay()

    def action_scroll(self, rows: int) -> None:
        """Show more."""
        self.query_one(".dialog-body").scroll_relative(y=rows, animate=False)

    def action_verb(self, verb: str) -> None:
        """Close, and do the verb to this person, if the operator may."""
        if self._shows_pay:
            self.dismiss(verb)
