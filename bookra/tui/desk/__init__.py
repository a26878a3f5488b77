"""What the front desk asks of the engine: one protocol, and the values that cross it.

Screens know this package and nothing behind it, so they can be driven by any desk that answers
the same questions. Every method blocks; only `work` calls them, on a thread. Failures that a
person can act on are BookraErrors; UnavailableError means that what is shown is old.
"""

from __future__ import annotations

from typing import Protocol

from bookra.tui.desk.absences import AbsencesDesk
from bookra.tui.desk.booking import BookingDesk, CustomerChoice, NewCustomer, ServiceChoice
from bookra.tui.desk.checkout import CheckoutDesk
from bookra.tui.desk.clients import ClientsDesk
from bookra.tui.desk.day import BookingDetail, DayDesk
from bookra.tui.desk.done import Done, Undo
from bookra.tui.desk.frame import ROLES, Brand, Changes, FrameDesk
from bookra.tui.desk.money import MoneyDesk
from bookra.tui.desk.moving import MovingDesk
from bookra.tui.desk.ops import OpsDesk
from bookra.tui.desk.search import SearchDesk
from bookra.tui.desk.sheet import SheetDesk
from bookra.tui.desk.team import TeamDesk
from bookra.tui.desk.views import ViewsDesk
from bookra.tui.desk.waitlist import WaitlistDesk

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


class Desk(
    FrameDesk,
    DayDesk,
    ViewsDesk,
    MovingDesk,
    AbsencesDesk,
    BookingDesk,
    CheckoutDesk,
    ClientsDesk,
    WaitlistDesk,
    SearchDesk,
    MoneyDesk,
    TeamDesk,
    OpsDesk,
    SheetDesk,
    Protocol,
):
    """All that the screens ask, in one place."""
