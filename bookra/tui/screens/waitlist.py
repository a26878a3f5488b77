"""The waitlist: who waits, for what and when, what is free for them, and what they are offered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Static

from bookra.tui import actions
from bookra.tui.describe import line, lines
from bookra.tui.desk import Done
from bookra.tui.desk.waitlist import WishLine
from bookra.tui.front import Front
from bookra.tui.messages import Written
from bookra.tui.messages_waitlist import WishesRead
from bookra.tui.screens import wish_text
from bookra.tui.screens.base import DeskScreen
from bookra.tui.text import clean
from bookra.tui.widgets.header import Header
from bookra.tui.widgets.listing import Listing
from bookra.tui.work import WRITES

CONCERNED = ("wish:", "booking:", "customer:")
EMPTY = "Nobody waits. {key} puts somebody on the list; so does a booking that finds no time"


class WaitlistScreen(DeskScreen):
    """The third screen."""

    TABLE = actions.TABLES["waitlist"]
    LANE = "waitlist"
    AUTO_FOCUS = "#wishes"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(TABLE.actions)

    def __init__(self, front: Front) -> None:
        super().__init__(front, "wishes")
        self._wishes: dict[str, WishLine] = {}

    def body(self) -> Iterable[Widget]:
        """Put what is known of the chosen wish below the list."""
        yield Listing(
            wish_text.WISH_COLUMNS,
            empty=EMPTY.format(key=self.front.look.key("wish.new")),
            id="wishes",
        )
        yield Static(id="wish-said", markup=False)

    def on_mount(self) -> None:
        """Begin on the list."""
        self.listing.focus()

    @property
    def listing(self) -> Listing:
        """The wishes."""
        return self.query_one("#wishes", Listing)

    @property
    def wish(self) -> WishLine | None:
        """The wish under the cursor."""
        return self._wishes.get(self.listing.chosen)

    # Reading

    def read(self) -> None:
        """Ask who waits."""
        call = self.front.desk.wishes
        self.front.work.ask(
            self, self.LANE, call, lambda ticket, found: WishesRead(ticket, tuple(found))
        )

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Read again when a wish was changed, or a booking: that makes and takes openings."""
        if not subjects or any(one.startswith(CONCERNED) for one in subjects):
            super().changed(subjects)

    def on_wishes_read(self, message: WishesRead) -> None:
        """List them."""
        self._wishes = {one.code: one for one in message.wishes}
        self.was_read("wishes")
        self._show()

    def tick(self) -> None:
        """Count down what offers still hold."""
        super().tick()
        if self.is_mounted and self.app.is_running and self._wishes:
            self._show()

    def _show(self) -> None:
        look, now = self.front.look, self.front.now()
        self.listing.show([wish_text.wish_row(look, one, now) for one in self._wishes.values()])
        self._show_below()
        self.show_state()

    def _show_below(self) -> None:
        look, wish = self.front.look, self.wish
        said = lines(wish_text.below(look, wish, self.front.now())) if wish else line()
        below = self.query_one("#wish-said", Static)
        below.display = wish is not None
        below.update(said)

    def show_state(self) -> None:
        """Say how many wait, and how many of them have an offer."""
        super().show_state()
        if self.is_mounted:
            offered = sum(one.offer is not None for one in self._wishes.values())
            free = sum(one.free is not None for one in self._wishes.values())
            said = self.front.look.joined(
                f"{free} could have a time" if free else "",
                f"{offered} offered" if offered else "",
            )
            header = self.query_one(Header)
            header.day, header.notes = f"{len(self._wishes)} waiting", (said,) if said else ()

    def idle_actions(self) -> Iterable[str]:
        """Name what can't be done with the wish under the cursor."""
        wish = self.wish
        if wish is None:
            return tuple(one.id for one in self.TABLE.actions if one.id != "wish.new")
        idle = [] if wish.offer else ["wish.accept"]
        if wish.offer or wish.free is None:
            idle.append("wish.offer")
        return idle if wish.offer or wish.free else [*idle, "wish.open"]

    def on_listing_moved(self) -> None:
        """Tell of another wish."""
        self._show_below()
        self.show_state()

    async def on_listing_chosen(self) -> None:
        """Do for the mouse what ⏎ does."""
        await self.action_open()

    # Verbs

    def _do(self, call: Callable[[], Done], said: str) -> None:
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))

    def _wish_to_change(self) -> WishLine | None:
        if not self.may_write():
            return None
        if self.wish is None:
            said = f"Nobody waits; {self.front.look.key('wish.new')} puts somebody on the list"
            self.notify(said, severity="warning", markup=False)
        return self.wish

    def action_new(self) -> None:
        """Put somebody on the list."""
        from bookra.tui.screens.wish_form import WishForm

        if self.may_write():
            self.app.push_screen(WishForm(self.front), self.written)

    def action_offer(self) -> None:
        """Offer what the list says is free."""
        wish = self._wish_to_change()
        if wish is None:
            return
        who = clean(wish.client)
        if wish.offer is not None:
            said = f"{who} has an offer; {self.front.look.key('wish.accept')} books it"
            self.notify(said, severity="warning", markup=False)
        elif wish.free is None:
            self.notify(f"Nothing is free that {who} would take", severity="warning", markup=False)
        else:
            free, look = wish.free, self.front.look
            said = f"{who} is offered {wish_text.moment(look, free.starts_at)}"
            desk = self.front.desk
            self._do(partial(desk.offer_time, wish.code, free.staff, free.starts_at), said)

    def action_accept(self) -> None:
        """Book what was offered: they have said yes."""
        wish = self._wish_to_change()
        if wish is None:
            return
        who = clean(wish.client)
        if wish.offer is None:
            self.notify(f"{who} has no offer; o makes one", severity="warning", markup=False)
        else:
            self._do(partial(self.front.desk.accept_offer, wish.code), f"{who} is booked")

    def action_drop(self) -> None:
        """Take a wish off the list; u puts it back."""
        if (wish := self._wish_to_change()) is not None:
            said = f"{clean(wish.client)} waits no longer"
            self._do(partial(self.front.desk.drop_wish, wish.code), said)

    async def action_open(self) -> None:
        """Show the time on the day: what was offered, or what is free."""
        wish = self.wish
        if wish is None:
            return
        if wish.offer is not None:
            target = wish.offer.booking
        elif wish.free is not None:
            target = f"service::{wish.free.staff}@{wish.free.starts_at.isoformat()}"
        else:
            self.notify("There is no time to show yet", severity="warning")
            return
        self.app.call_later(self.app.open_found, target)  # type: ignore[attr-defined]

    def action_client(self) -> None:
        """Show the client's card."""
        if (wish := self.wish) is not None:
            target = f"client:{wish.client_id}"
            self.app.call_later(self.app.open_found, target)  # type: ignore[attr-defined]
