"""A walk-in: two letters of a service, who is free for it first, ⏎. A name only if it is given."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.tui.describe import line, lines
from bookra.tui.desk import NewCustomer
from bookra.tui.desk.moving import MenuService, Opening
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_day import MenuRead, OpeningsFound
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean, fit, pad
from bookra.tui.work import WRITES

LISTED = 6
"""How many services are listed, and looked up, at once."""
_NAME, _WHO = 25, 11


class WalkInDialog(Dialog[Written]):
    """Books who stands at the counter with whoever is free first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose(1)", show=False, priority=True),
        Binding("up", "choose(-1)", show=False, priority=True),
        Binding("tab", "other_field", show=False, priority=True),
        Binding("shift+tab", "other_field", show=False, priority=True),
    ]

    def __init__(self, front: Front) -> None:
        super().__init__(front, "Walk-in")
        self._menu: tuple[MenuService, ...] | None = None
        self._openings: dict[str, Opening | None] = {}
        self._index = 0
        self._wanted = False

    def body(self) -> Sequence[Widget]:
        """Ask for a service; the name may stay empty."""
        return [
            Input(placeholder="Which service?", id="walk-in-service", compact=True),
            Static(id="walk-in-list", markup=False),
            Input(placeholder="Name, if they give one", id="walk-in-name", compact=True),
        ]

    def on_mount(self) -> None:
        """Read the menu."""
        look = self.front.look
        keys = ((look.glyphs.enter, "book and check in"), (look.glyphs.up_down, "choose"))
        self.show_hints(*keys, ("tab", "name"), ("esc", "close"))
        self.query_one("#walk-in-service", Input).focus()
        work, desk = self.front.work, self.front.desk
        work.ask(self, "menu", desk.menu, lambda ticket, menu: MenuRead(ticket, tuple(menu)))
        self._show()

    def on_menu_read(self, message: MenuRead) -> None:
        """List what can be had."""
        self._menu = message.services
        self._look_up()

    @property
    def _matching(self) -> list[MenuService]:
        typed = self.query_one("#walk-in-service", Input).value.casefold().split()
        found = [one for one in self._menu or () if _matches(typed, clean(one.name).casefold())]
        return found[:LISTED]

    def on_input_changed(self) -> None:
        """List what matches."""
        self._index, self._wanted = 0, False
        self._look_up()

    def _look_up(self) -> None:
        """Ask who is free first for what is listed."""
        self._show()
        asked = tuple(one.slug for one in self._matching if one.slug not in self._openings)
        if asked:
            call = partial(self.front.desk.openings, asked)
            self.front.work.ask(self, "openings", call, OpeningsFound)

    def on_openings_found(self, message: OpeningsFound) -> None:
        """Show who is free; and book, if ⏎ was quicker than the answer."""
        self._openings |= message.openings
        self._show()
        if self._wanted:
            self._book()

    def action_choose(self, rows: int) -> None:
        """Point at another service."""
        self._index = min(max(0, self._index + rows), max(0, len(self._matching) - 1))
        self._show()

    def action_other_field(self) -> None:
        """Go between the service and the name."""
        service, name = self.query_one("#walk-in-service"), self.query_one("#walk-in-name")
        (service if name.has_focus else name).focus()

    def on_input_submitted(self) -> None:
        """Book; ⏎ before the answer waits for it."""
        self._wanted = True
        self._book()

    def _book(self) -> None:
        if self._menu is None or self.front.work.busy(WRITES):
            return
        if not self._matching:
            self.say("No service is called that", "$text-warning")
            self._wanted = False
            return
        service = self._matching[self._index]
        if service.slug not in self._openings:
            return
        self._wanted = False
        opening = self._openings[service.slug]
        if opening is None:
            said = f"Nobody is free for {clean(service.name)} any more today"
            self.say(f"{said}; n on another day books it", "$text-warning")
            return
        self._write(service, opening)

    def _write(self, service: MenuService, opening: Opening) -> None:
        name = " ".join(self.query_one("#walk-in-name", Input).value.split())
        customer = NewCustomer(name, "", "") if name else None
        look, desk, slug = self.front.look, self.front.desk, service.slug
        what = (look.time(opening.starts_at), clean(service.name), clean(opening.staff_name))
        said = f"Walk-in{look.also(*what)}"
        self.say(f"Writing {look.glyphs.ellipsis}")
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.walk_in(slug, customer),
            lambda ticket, done: Written(ticket, done, said),
        )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong, and ask anew who is free; what was typed stays."""
        self._wanted = False
        self._openings.clear()
        self.refuse(message.error)
        if message.lane == WRITES:
            self._look_up()

    def _show(self) -> None:
        if self.is_mounted:
            self.query_one("#walk-in-list", Static).update(self._listed())

    def _listed(self) -> Content:
        if self._menu is None:
            return line((f"\n{self.front.look.glyphs.ellipsis}", "$text-muted"))
        rows = [
            self._row(one, here=index == self._index) for index, one in enumerate(self._matching)
        ]
        return lines([line(), *rows] if rows else [line(("\nNo such service", "$text-muted"))])

    def _row(self, service: MenuService, *, here: bool) -> Content:
        look, opening = self.front.look, self._openings.get(service.slug)
        ellipsis = look.glyphs.ellipsis
        name = pad(fit(clean(service.name), _NAME, ellipsis), _NAME)
        if opening is not None:
            who = pad(fit(clean(opening.staff_name), _WHO, ellipsis), _WHO)
            times = look.span(opening.starts_at, opening.ends_at)
            rest = f"{who} {times} {look.short_money(opening.price):>8}"
        else:
            rest = "nobody today" if service.slug in self._openings else ellipsis
        if here:
            return line((f" {name} {rest} ", "bold $on-accent on $accent"))
        return line(f" {name} ", (f"{rest} ", "$text-muted"))


def _matches(typed: Sequence[str], name: str) -> bool:
    """Tell whether every word typed begins a word of the name."""
    return all(any(word.startswith(part) for word in name.split()) for part in typed)
