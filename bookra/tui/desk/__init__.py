"""What the front desk asks of the engine: one protocol, and the values that cross it.

Screens know this package and nothing behind it, so they can be driven by any desk that answers
the same questions. Every method blocks; only `work` calls them, on a thread. Failures that a
person can act on are BookraErrors; UnavailableError means that what is shown is old.

The parts are imported when something of them is first named: the day needs few of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bookra.tui.desk.booking import CustomerChoice, NewCustomer, ServiceChoice
    from bookra.tui.desk.day import BookingDetail
    from bookra.tui.desk.done import Done, Undo
    from bookra.tui.desk.frame import ROLES, Brand, Changes
    from bookra.tui.desk.whole import Desk

__all__ = [
    "ROLES",
    "BookingDetail",
    "Brand",
    "Changes",
    "CustomerChoice",
    "Desk",
    "Done",
    "NewCustomer",
    "ServiceChoice",
    "Undo",
]

_PARTS = {
    "ROLES": "frame",
    "BookingDetail": "day",
    "Brand": "frame",
    "Changes": "frame",
    "CustomerChoice": "booking",
    "Desk": "whole",
    "Done": "done",
    "NewCustomer": "booking",
    "ServiceChoice": "booking",
    "Undo": "done",
}


def __getattr__(name: str) -> Any:
    """Return a name of this package from the part that has it."""
    if name not in _PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PARTS[name]}"), name)
