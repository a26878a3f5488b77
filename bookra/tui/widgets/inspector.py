"""What the cursor points at: in full beside a wide grid, in one line below a narrow one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from bookra.tui import describe
from bookra.tui.messages import DetailLoaded, Refused, ServicesLoaded
from bookra.tui.punctual import Punctual

if TYPE_CHECKING:
    from bookra.tui.desk import BookingDetail, ServiceChoice
    from bookra.tui.front import Front
    from bookra.tui.widgets.day_grid.cursor import Pointed

REST_SECONDS = 0.15
"""How long the cursor rests before the desk is asked for more."""


class Peek(Widget):
    """The line below the grid."""

    content: reactive[Content] = reactive(Content())

    def render(self) -> Content:
        """Return the line; what does not fit is cut."""
        return self.content


class Inspector(Punctual, Widget):
    """The panel beside the grid. It says at once what the day knows, and then the rest."""

    content: reactive[Content] = reactive(Content())

    def __init__(self, front: Front) -> None:
        super().__init__()
        self._front = front
        self._pointed: Pointed | None = None
        self._rest: Timer | None = None
        self._detail: BookingDetail | None = None
        self._services: dict[str, tuple[ServiceChoice, ...]] = {}

    @property
    def settled(self) -> bool:
        """Tell whether nothing more will be asked."""
        return self._rest is None

    def render(self) -> Content:
        """Return the text as it was put together."""
        return self.content

    def look_at(self, pointed: Pointed | None, *, anew: bool = False) -> None:
        """Show what the cursor points at; ``anew`` forgets details that may have changed."""
        if anew:
            self._detail = None
        self._pointed = pointed
        self._show()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self._rested() if self.display else None

    def _rested(self) -> Timer:
        """Ask after a while, unless the cursor goes on: a timer may be stopped too late."""
        timer: Timer = self.set_timer(
            REST_SECONDS, lambda: self._ask() if self._rest is timer else None
        )
        return timer

    def on_show(self) -> None:
        """Ask for what was not asked while there was no room for it."""
        self.look_at(self._pointed)

    def _show(self) -> None:
        pointed, look = self._pointed, self._front.look
        if pointed is None:
            self.content = Content()
        elif pointed.block is None:
            services = self._services.get(pointed.staff, ())
            self.content = describe.lines(describe.free_time(look, pointed, services))
        elif self._detail is not None and self._detail.code == pointed.block.code:
            self.content = describe.lines(describe.opened(look, self._detail))
        else:
            text = describe.booking(look, pointed.block, pointed.staff_name)
            self.content = describe.lines(text)

    def _ask(self) -> None:
        self._rest = None
        pointed, desk, work = self._pointed, self._front.desk, self._front.work
        if pointed is None:
            return
        if pointed.block is not None:
            code = pointed.block.code
            if self._detail is None or self._detail.code != code:
                work.ask(self, "inspect", partial(desk.detail, code), DetailLoaded)
        elif pointed.staff not in self._services:
            staff = pointed.staff
            work.ask(
                self,
                "inspect",
                partial(desk.services, staff),
                lambda ticket, found: ServicesLoaded(ticket, tuple(found), staff),
            )

    def on_detail_loaded(self, message: DetailLoaded) -> None:
        """Show what more is known of a booking."""
        message.stop()
        self._detail = message.detail
        self._show()

    def on_services_loaded(self, message: ServicesLoaded) -> None:
        """Show what fits into free time."""
        message.stop()
        self._services[message.staff] = message.services
        self._show()

    def on_refused(self, message: Refused) -> None:
        """Stay with what the day knows: the grid tells when the desk can't be reached."""
        message.stop()
