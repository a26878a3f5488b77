"""Where a screen's keys work over it, too: dialogs and layers that have keys of their own besides.

Textual drops a binding whose key another one takes by the operator's wish. So that no dialog loses
a key without a word, a wish is compared with all that is bound where its action can be done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from textual.binding import BindingsMap

OVERLAYS = {
    "bookra.tui.screens.moving:MovingLayer": "while a booking is moved",
    "bookra.tui.screens.swapping:SwapLayer": "while bookings change places",
    "bookra.tui.screens.time_off:TimeOffLayer": "while time off is marked",
    "bookra.tui.screens.repair:RepairDialog": "in the day repair",
    "bookra.tui.screens.seats:SeatsDialog": "among the seats of a class",
    "bookra.tui.screens.reading:HelpDialog": "in the help",
    "bookra.tui.screens.reading:CommandsDialog": "among the commands",
    "bookra.tui.screens.reading:WhyDialog": "among the reasons",
    "bookra.tui.screens.reading:DetailDialog": "in an opened booking",
    "bookra.tui.screens.team_person:PersonDialog": "in an opened person",
    "bookra.tui.screens.ops_dialogs:LetterDialog": "in an opened effect",
}
"""What binds a screen's actions again, and where that is in words."""

LISTED = ("repair:RepairDialog", "seats:SeatsDialog")
"""Overlays with a list in them, whose keys come first."""
LISTING = "bookra.tui.widgets.listing:Listing"


@dataclass(frozen=True, slots=True)
class Bound:
    """A key as a class binds it. ``action`` is its id, nothing for a key of the class's own."""

    key: str
    action: str
    run: str
    does: str


@cache
def bound_in(path: str) -> tuple[Bound, ...]:
    """Return what a class binds, its ancestors' keys included; the module is imported for it."""
    return tuple(_bound(_class(path)))


def _bound(owner: type[Any]) -> Iterator[Bound]:
    for each in owner.__mro__:
        for key, bindings in BindingsMap(each.__dict__.get("BINDINGS", ())).key_to_bindings.items():
            for one in bindings:
                words = one.description or one.action.partition("(")[0].replace("_", " ")
                yield Bound(key, one.id or "", one.action, words.lower())
        if not each.__dict__.get("_inherit_bindings", True):  # as Textual keeps what was said
            return


def bound_over(path: str) -> tuple[Bound, ...]:
    """Return all that is bound in an overlay, its list's keys included."""
    listed = path.endswith(LISTED)
    return (*bound_in(path), *(bound_in(LISTING) if listed else ()))


def _class(path: str) -> type[Any]:
    module, _, name = path.partition(":")
    found: type[Any] = getattr(import_module(module), name)
    return found
