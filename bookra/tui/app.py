"""The front desk's program: a tenant's look, the day screen, and how both are started.

Nothing here or below knows the engine: all that is shown and done goes through a `Desk`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from bookra import clock
from bookra.tui import actions
from bookra.tui.desk import Brand, Desk
from bookra.tui.front import Front
from bookra.tui.look import Look
from bookra.tui.screens.day import DayScreen
from bookra.tui.theme import DARK, LIGHT, Ink, ink, tenant_theme
from bookra.tui.work import Work


def run(
    desk: Desk, *, read_only: bool = False, light: bool = False, ascii_only: bool = False
) -> None:
    """Run the front desk in this terminal until the operator leaves.

    The brand is read first, before the screen is taken: if the desk can't be reached its
    BookraError is the caller's, as for any command.
    """
    brand = desk.brand()
    BookraApp(desk, brand, read_only=read_only, light=light, ascii_only=ascii_only).run()


class BookraApp(App[None]):
    """The front desk of one tenant."""

    TITLE = "Bookra"
    CSS_PATH = "bookra.tcss"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(actions.APP)
    NOTIFICATION_TIMEOUT = 6

    def __init__(
        self,
        desk: Desk,
        brand: Brand,
        *,
        read_only: bool = False,
        light: bool = False,
        ascii_only: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        look = Look(clock.zone(brand.zone), brand.currency, ascii_only)
        self.front = Front(desk, brand, look, Work(self), now, read_only)
        self.set_class(ascii_only, "-ascii")
        for theme in (tenant_theme(brand), tenant_theme(brand, light=True)):
            self.register_theme(theme)
        self.theme = LIGHT if light or brand.light else DARK

    def get_default_screen(self) -> Screen[None]:
        """Open on the day."""
        return DayScreen(self.front, self._ink)

    @property
    def day_screen(self) -> DayScreen:
        """The screen below all dialogs."""
        screen = self.screen_stack[0]
        assert isinstance(screen, DayScreen)
        return screen

    def _ink(self) -> Ink:
        return ink(self.current_theme)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every verb of the action table in the palette, and the other brightness."""
        for action in actions.DAY if screen is self.day_screen else ():
            yield SystemCommand(action.help, f"Key: {action.shown}", self._runner(action.run))
        other = "dark" if self.theme == LIGHT else "light"
        yield SystemCommand(f"Use the {other} colours", "Until you leave", self._switch_brightness)

    def _runner(self, verb: str) -> Callable[[], object]:
        day = self.day_screen
        return lambda: day.call_later(day.run_action, verb)

    def _switch_brightness(self) -> None:
        self.theme = DARK if self.theme == LIGHT else LIGHT
        self.day_screen.grid.recolour()
