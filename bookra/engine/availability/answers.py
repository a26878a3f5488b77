"""What availability answers with: slots, their lines, and why a time is free or not. Values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bookra.engine.availability import why
from bookra.money import Money


class SlotLine(NamedTuple):
    """One service of a slot: who performs it, from when to when, at which price."""

    service: str
    staff: str
    start: datetime
    end: datetime
    price: Money


class Slot(NamedTuple):
    """An open start: the visit's span, who performs it, and the price as the catalogue has it.

    A tuple, since a month of many people has tens of thousands. ``lines`` is empty for one
    service; ``hole`` is what the start would cost in unusable time, when that was asked for;
    ``seats_free`` is told of classes.
    """

    start: datetime
    end: datetime
    staff: str
    service: str
    price: Money
    lines: tuple[SlotLine, ...] = ()
    hole: Money | None = None
    seats_free: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a time is free or not. ``nearest`` holds the closest open starts of the same person."""

    free: bool
    reasons: tuple[why.Reason, ...]
    nearest: tuple[Slot, ...]
