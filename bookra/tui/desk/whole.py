"""All that the screens ask, as one protocol: the parts of this package together."""

from __future__ import annotations

from typing import Protocol

from bookra.tui.desk.absences import AbsencesDesk
from bookra.tui.desk.booking import BookingDesk
from bookra.tui.desk.checkout import CheckoutDesk
from bookra.tui.desk.clients import ClientsDesk
from bookra.tui.desk.day import DayDesk
from bookra.tui.desk.frame import FrameDesk
from bookra.tui.desk.money import MoneyDesk
from bookra.tui.desk.moving import MovingDesk
from bookra.tui.desk.ops import OpsDesk
from bookra.tui.desk.search import SearchDesk
from bookra.tui.desk.sheet import SheetDesk
from bookra.tui.desk.team import TeamDesk
from bookra.tui.desk.views import ViewsDesk
from bookra.tui.desk.waitlist import WaitlistDesk


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
