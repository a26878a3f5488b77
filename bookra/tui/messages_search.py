"""What the desk answered to a search, as messages."""

from __future__ import annotations

from dataclasses import dataclass

from bookra.tui.desk.search import Found, Place
from bookra.tui.messages import Answer


@dataclass(eq=False)
class ThingsFound(Answer):
    """What matches ``text``."""

    text: str
    found: tuple[Found, ...]


@dataclass(eq=False)
class PlaceFound(Answer):
    """Where a booking is."""

    code: str
    place: Place
