"""The clients: a list that is found in as one types, and beside it all that is known of one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.tui import actions
from bookra.tui.describe import line, lines
from bookra.tui.desk import CustomerChoice
from bookra.tui.desk.clients import MOST_CLIENTS, ClientCard
from bookra.tui.front import Front
from bookra.tui.messages import Written
from bookra.tui.messages_clients import ClientRead, ClientsRead
from bookra.tui.screens import client_card
from bookra.tui.screens.base import DeskScreen
from bookra.tui.widgets.finder import Finder
from bookra.tui.widgets.header import Header
from bookra.tui.widgets.listing import Listing

CARD_LANE = "client"
CONCERNED = ("customer:", "booking:")


class ClientsScreen(DeskScreen):
    """The second screen."""

    TABLE = actions.TABLES["clients"]
    LANE = "clients"
    AUTO_FOCUS = "#clients-list"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(TABLE.actions)

    def __init__(self, front: Front) -> None:
        super().__init__(front, "")
        self._clients: dict[str, CustomerChoice] = {}
        self._card: ClientCard | None = None
        self._sought = ""

    def body(self) -> Iterable[Widget]:
        """Put the list at the left, and the card above the visits at the right."""
        key = self.front.look.key
        with Horizontal(id="clients-main"):
            with Vertical(id="clients-left"):
                yield Finder(f"{key('client.find')} finds: name, phone, e-mail", id="clients-find")
                yield Listing(client_card.CLIENT_COLUMNS, id="clients-list")
            with Vertical(id="clients-right"):
                with VerticalScroll(id="client-card", can_focus=False):
                    yield Static(id="client-said", markup=False)
                yield Listing(
                    client_card.VISIT_COLUMNS,
                    empty=f"No visits yet: {key('client.book')} books one",
                    id="client-visits",
                )

    def on_mount(self) -> None:
        """Begin on the list."""
        self.listing.focus()

    @property
    def listing(self) -> Listing:
        """The clients."""
        return self.query_one("#clients-list", Listing)

    @property
    def visits(self) -> Listing:
        """The chosen client's visits."""
        return self.query_one("#client-visits", Listing)

    # Reading

    def read(self) -> None:
        """Ask for the clients that match, and for the chosen one again."""
        text = str(self.freshness.wanted)
        call = partial(self.front.desk.clients, text)
        self.front.work.ask(
            self, self.LANE, call, lambda ticket, found: ClientsRead(ticket, text, tuple(found))
        )
        self._read_card(self._sought or self.listing.chosen)

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Read again when a client or a booking was changed, or when it is not known what was."""
        if not subjects or any(one.startswith(CONCERNED) for one in subjects):
            super().changed(subjects)

    def _read_card(self, client_id: str) -> None:
        if client_id:
            call = partial(self.front.desk.client, client_id)
            self.front.work.ask(self, CARD_LANE, call, ClientRead)

    def on_clients_read(self, message: ClientsRead) -> None:
        """List them, if that is still what is looked for."""
        if message.text != self.freshness.wanted:
            return
        self._clients = {one.id: one for one in message.clients}
        adds = self.front.look.key("client.new")
        self.listing.say_empty(
            f"Nobody matches: {adds} adds a client"
            if message.text
            else f"No clients yet: {adds} adds one"
        )
        self.listing.show([client_card.client_row(one) for one in message.clients])
        if self._sought and self.listing.point_at(self._sought):
            self._sought = ""
        self.was_read(message.text)
        if not message.clients:
            self._show_card(None)

    def on_client_read(self, message: ClientRead) -> None:
        """Show a card, unless the cursor is on somebody else by now."""
        if message.card.id in (self.listing.chosen, self._sought):
            self._show_card(message.card)

    def _show_card(self, card: ClientCard | None) -> None:
        self._card = card
        look = self.front.look
        said = lines(client_card.card_lines(look, card)) if card else line()
        self.query_one("#client-said", Static).update(said)
        now = self.front.now()
        self.visits.show(client_card.visit_rows(look, card, now) if card else [])
        books = look.key("client.book")
        self.visits.say_empty(f"No visits yet: {books} books one" if card else "")
        self.show_state()

    def show_state(self) -> None:
        """Say how many clients are listed."""
        super().show_state()
        if self.is_mounted:
            count = len(self._clients)
            first = "the first " if count == MOST_CLIENTS else ""
            word = "client" if count == 1 else "clients"
            self.query_one(Header).day = f"{first}{count} {word}"

    def idle_actions(self) -> Iterable[str]:
        """Where nobody is chosen there is nobody to do anything with."""
        chosen = bool(self.listing.chosen)
        return () if chosen else ("client.edit", "client.book", "client.messages", "client.side")

    # The list

    def on_listing_moved(self, message: Listing.Moved) -> None:
        """Open the card of another client."""
        if message.listing is self.listing:
            self._read_card(message.row_id)
            self.show_state()

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """⏎ on a client goes to their visits, on a visit to the day."""
        if message.listing is self.listing:
            self.action_side()
        else:
            self.app.call_later(self.app.open_found, message.row_id)  # type: ignore[attr-defined]

    def on_input_changed(self, event: Input.Changed) -> None:
        """Find what is typed now."""
        self.freshness.wanted = event.value.strip()
        self.reread()

    def on_finder_left(self) -> None:
        """Go back to the list."""
        self.listing.focus()

    def action_find(self) -> None:
        """Type what to find."""
        self.query_one(Finder).focus()

    def action_side(self) -> None:
        """Go to the visits, or back to the list."""
        (self.listing if self.visits.has_focus else self.visits).focus()

    def show_client(self, client_id: str) -> None:
        """Show one client, whatever was being looked for."""
        self._sought = client_id
        finder = self.query_one(Finder)
        with finder.prevent(Input.Changed):
            finder.value = ""
        self.freshness.wanted = ""
        self.listing.focus()
        self.reread()

    # Verbs

    def _opened(self) -> ClientCard | None:
        """Return the card of the client under the cursor, once it is there."""
        card = self._card
        if card is None or card.id != self.listing.chosen or not self.may_write():
            return None
        return card

    def action_new(self) -> None:
        """Add a client; what is being looked for is their name already."""
        from bookra.tui.screens.client_form import ClientForm

        if self.may_write():
            sought = str(self.freshness.wanted)
            typed = sought if sought and not self._clients else ""
            self.app.push_screen(ClientForm(self.front, name=typed), self._added)

    def _added(self, message: Written | None) -> None:
        if message is not None:
            self._sought = message.done.code
            with self.prevent(Input.Changed):
                self.query_one(Finder).value = ""
            self.freshness.wanted = ""
        self.written(message)

    def action_edit(self) -> None:
        """Change what is known of a client."""
        from bookra.tui.screens.client_form import ClientForm

        if card := self._opened():
            self.app.push_screen(ClientForm(self.front, card), self.written)

    def action_book(self) -> None:
        """Go to the day to book for this client."""
        if card := self._opened():
            known = CustomerChoice(card.id, card.name, card.phone, card.email, card.times)
            self.app.call_later(self.app.book_for, known)  # type: ignore[attr-defined]

    def action_messages(self) -> None:
        """Choose which messages a client gets."""
        from bookra.tui.screens.client_messages import ClientMessagesDialog

        if card := self._opened():
            self.app.push_screen(ClientMessagesDialog(self.front, card), self.written)
