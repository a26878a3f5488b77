"""What the desk answered, as messages: posted by `work`, handled by the screen that asked.

Their fields are set once. ``ticket`` is the number of the question, so that a screen can tell
an answer that it no longer wants.
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from bookra.engine.bookings.day import DaySnapshot
    from bookra.errors import BookraError
    from bookra.tui.desk import BookingDetail, CustomerChoice, Done, ServiceChoice


@dataclass(eq=False)
class Answer(Message):
    """The root of all answers."""

    ticket: int

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to change a field that was set: a message is a fact."""
        if name in self.__dataclass_fields__ and name in self.__dict__:
            raise FrozenInstanceError(f"{name} of a {type(self).__name__} can't be changed")
        super().__setattr__(name, value)


@dataclass(eq=False)
class DayLoaded(Answer):
    """A day was read."""

    snapshot: DaySnapshot


@dataclass(eq=False)
class DetailLoaded(Answer):
    """A booking was opened."""

    detail: BookingDetail


@dataclass(eq=False)
class ServicesLoaded(Answer):
    """What ``staff`` (a slug) performs."""

    services: tuple[ServiceChoice, ...]
    staff: str


@dataclass(eq=False)
class CustomersFound(Answer):
    """The clients that match ``text``."""

    text: str
    customers: tuple[CustomerChoice, ...]


@dataclass(eq=False)
class ReasonsFound(Answer):
    """Why a time can't be booked; empty when it can."""

    reasons: tuple[str, ...]


@dataclass(eq=False)
class Written(Answer):
    """Something was done; ``said`` is for the operator."""

    done: Done
    said: str


@dataclass(eq=False)
class Refused(Answer):
    """The desk raised ``error``; ``lane`` names the kind of question."""

    lane: str
    error: BookraError
