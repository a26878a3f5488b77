"""What the desk answered about the waitlist, as messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bookra.tui.messages import Answer

if TYPE_CHECKING:
    from bookra.engine.bookings.day import DaySnapshot, Interval
    from bookra.tui.desk import CustomerChoice
    from bookra.tui.desk.moving import MenuService
    from bookra.tui.desk.waitlist import Fitting, WishLine


@dataclass(eq=False)
class WishesRead(Answer):
    """Everybody who waits."""

    wishes: tuple[WishLine, ...]


@dataclass(eq=False)
class FittingFound(Answer):
    """Who would take a gap."""

    found: tuple[Fitting, ...]


@dataclass(eq=False)
class WishClients(Answer):
    """The clients that match ``text``."""

    text: str
    clients: tuple[CustomerChoice, ...]


@dataclass(eq=False)
class WishChoices(Answer):
    """What can be wished for, and the day whose columns name the people."""

    menu: tuple[MenuService, ...]
    day: DaySnapshot


@dataclass(eq=False)
class WindowsRead(Answer):
    """What ``text`` means as windows."""

    text: str
    windows: tuple[Interval, ...]
