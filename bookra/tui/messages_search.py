"""What the desk answered to a search, as messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bookra.tui.messages import Answer

if TYPE_CHECKING:
    from bookra.tui.desk.search import Found, Place


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
