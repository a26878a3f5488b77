"""The front desk's program: a tenant's look, the six screens, and how they are started.

Nothing here or below knows the engine: all that is shown and done goes through a `Desk`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.screen import Screen

from bookra import clock
from bookra.tui import actions
from bookra.tui.collecting import spare
from bookra.tui.front import Front
from bookra.tui.in_turn import InTurn
from bookra.tui.live import Changed, Live
from bookra.tui.look import Look
from bookra.tui.messages_search import PlaceFound
from bookra.tui.punctual import Punctual
from bookra.tui.rules import KeptStylesheet
from bookra.tui.screens.base import DeskScreen
from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.dialog import Dialog
from bookra.tui.screens.palette import Palette
from bookra.tui.sitting import Sitting
from bookra.tui.sturdy import Sturdy
from bookra.tui.text import clean
from bookra.tui.theme import DARK, LIGHT, Ink, ink, tenant_theme
from bookra.tui.work import Work

if TYPE_CHECKING:
    from bookra.tui.desk import Brand, CustomerChoice, Desk
    from bookra.tui.messages import Refused

FOUND = "found"
"""The lane that looks up where something is."""


def run(
    desk: Desk,
    *,
    read_only: bool = False,
    light: bool = False,
    ascii_only: bool = False,
    keys: Mapping[str, str] | None = None,
) -> None:
    """Run the front desk in this terminal until the operator leaves.

    ``keys`` gives actions other keys, by their ids, as `actions.remap.checked` returns them.

    The brand is read first, before the screen is taken: if the desk can't be reached its
    BookraError is the caller's, as for any command.
    """
    brand = desk.brand()
    app = BookraApp(desk, brand, read_only=read_only, light=light, ascii_only=ascii_only, keys=keys)
    app.run_or_raise()


class BookraApp(Punctual, InTurn, Sturdy):
    """The front desk of one tenant."""

    TITLE = "Bookra"
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        "bookra.tcss",
        "styles/day.tcss",
        "styles/views.tcss",
        "styles/booking.tcss",
        "styles/clients.tcss",
        "styles/money.tcss",
        "styles/ops.tcss",
        "styles/team.tcss",
    ]
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(actions.APP)
    DEFAULT_MODE = "day"
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
        keys: Mapping[str, str] | None = None,
    ) -> None:
        """Take the desk; ``keys`` gives actions other keys, by their ids."""
        super().__init__()
        self.stylesheet = KeptStylesheet(variables=self.get_css_variables())
        self.keys = dict(keys or {})
        look = Look(clock.zone(brand.zone), brand.currency, ascii_only, self.keys)
        live = Live(self, desk)
        sitting = Sitting()
        self.front = Front(desk, brand, look, Work(self), now, read_only, sitting, live, self.keys)
        for name, screen in self._screens().items():
            self.add_mode(name, screen)
        self.set_class(ascii_only, "-ascii")
        for theme in (tenant_theme(brand), tenant_theme(brand, light=True)):
            self.register_theme(theme)
        self.theme = LIGHT if light or brand.light else DARK

    def _screens(self) -> dict[str, Callable[[], Screen[None]]]:
        """Return how each screen is made; a module is imported when its screen is shown."""
        front = self.front
        return {
            "day": lambda: DayScreen(front, self._ink),
            "clients": lambda: _screen("clients", "ClientsScreen")(front),
            "waitlist": lambda: _screen("waitlist", "WaitlistScreen")(front),
            "money": lambda: _screen("money", "MoneyScreen")(front),
            "team": lambda: _screen("team", "TeamScreen")(front),
            "ops": lambda: _screen("ops", "OpsScreen")(front),
        }

    async def run_async(self, **more: Any) -> None:
        """Run in a terminal (see Textual's method)."""
        spare()
        await super().run_async(**more)

    def on_mount(self) -> None:
        """Listen for what others change."""
        self.set_keymap(self.keys)
        self.front.live.start()

    def on_unmount(self) -> None:
        """End the listening."""
        self.front.live.stop()

    def on_changed(self, message: Changed) -> None:
        """Tell the screen that is shown and its dialogs; others read when they are shown again."""
        for screen in self.screen_stack:
            if isinstance(screen, (DeskScreen, Dialog)):
                screen.changed(message.subjects)

    def pop_screen(self) -> AwaitComplete:
        """Close what lies on top; a key too many closes nothing: Textual would end the app."""
        return super().pop_screen() if len(self.screen_stack) > 1 else AwaitComplete()

    @property
    def base(self) -> DeskScreen:
        """The screen below all dialogs."""
        screen = self.screen_stack[0]
        assert isinstance(screen, DeskScreen)
        return screen

    @property
    def day_screen(self) -> DayScreen:
        """The day, whether it is shown or not."""
        screen = self._screen_stacks["day"][0]
        assert isinstance(screen, DayScreen)
        return screen

    # Going to what was found

    async def open_found(self, target: str) -> None:
        """Go to what a search or a list named: a booking's code, or as `Found.target` has it."""
        kind, _, rest = target.partition(":")
        if kind == "client":
            await self.switch_mode("clients")
            self.base.show_client(rest)  # type: ignore[attr-defined]  # only that screen has it
        elif kind == "service":
            place = rest.partition(":")[2]
            staff, _, at = place.partition("@")
            await self.switch_mode("day")
            if at:
                self.day_screen.show_place(staff, datetime.fromisoformat(at))
        else:
            call = partial(self.front.desk.place_of, target)
            self.front.work.ask(
                self, FOUND, call, lambda ticket, place: PlaceFound(ticket, target, place)
            )

    async def on_place_found(self, message: PlaceFound) -> None:
        """Show a booking on its day."""
        await self.switch_mode("day")
        self.day_screen.show_place(message.place.staff, message.place.at, message.code)

    def on_refused(self, message: Refused) -> None:
        """Say why something found can't be shown; other refusals are the screens'."""
        if message.lane == FOUND:
            self.notify(clean(message.error.message), severity="error", markup=False)

    async def book_for(self, customer: CustomerChoice) -> None:
        """Go to the day to book for a client, who is taken for the next booking there."""
        self.front.sitting.guest = customer
        await self.switch_mode("day")
        said = (
            f"For {clean(customer.name)}: choose a time, {self.front.look.key('booking.new')} books"
        )
        self.notify(said, markup=False)

    def _ink(self) -> Ink:
        return ink(self.current_theme)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every verb of the action table in the palette, and the other brightness."""
        own = self.base.TABLE.actions if screen is self.base else ()
        for action in (*own, *actions.EVERYWHERE):
            if self.front.may(action) and screen is self.base:
                yield SystemCommand(
                    action.help, f"Key: {self.front.key(action)}", self._runner(action.run)
                )
        other = "dark" if self.theme == LIGHT else "light"
        yield SystemCommand(f"Use the {other} colours", "Until you leave", self._switch_brightness)

    def action_command_palette(self) -> None:
        """Search all that can be done here."""
        if self.use_command_palette and not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def _runner(self, verb: str) -> Callable[[], object]:
        screen = self.base
        return lambda: screen.call_later(screen.run_action, verb)

    def _switch_brightness(self) -> None:
        self.theme = DARK if self.theme == LIGHT else LIGHT
        self.day_screen.grid.recolour()


def _screen(module: str, name: str) -> Any:
    return getattr(import_module(f"bookra.tui.screens.{module}"), name)
