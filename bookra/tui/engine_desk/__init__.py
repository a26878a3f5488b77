"""The desk over the engine: every question and verb of the front desk, one transaction each."""

from __future__ import annotations

from bookra.tui.engine_desk.absences import EngineAbsences
from bookra.tui.engine_desk.booking import EngineBooking
from bookra.tui.engine_desk.checkout import EngineCheckout
from bookra.tui.engine_desk.clients import EngineClients
from bookra.tui.engine_desk.day import EngineDay
from bookra.tui.engine_desk.frame import EngineFrame
from bookra.tui.engine_desk.money import EngineMoney
from bookra.tui.engine_desk.moving import EngineMoving
from bookra.tui.engine_desk.ops import EngineOps
from bookra.tui.engine_desk.returning import EngineReturning
from bookra.tui.engine_desk.search import EngineSearch
from bookra.tui.engine_desk.sheet import EngineSheet
from bookra.tui.engine_desk.team import EngineTeam
from bookra.tui.engine_desk.views import EngineViews
from bookra.tui.engine_desk.waitlist import EngineWaitlist

__all__ = ["EngineDesk"]


class EngineDesk(
    EngineFrame,
    EngineDay,
    EngineViews,
    EngineMoving,
    EngineTeam,
    EngineAbsences,
    EngineBooking,
    EngineReturning,
    EngineCheckout,
    EngineClients,
    EngineWaitlist,
    EngineSearch,
    EngineMoney,
    EngineOps,
    EngineSheet,
):
    """One tenant's counter. Blocking: the screens call it from thread workers alone."""
