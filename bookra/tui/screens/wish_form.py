"""The form for a wish. Each line says beside it what it is understood as, while one types."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.tui.describe import MUTED, line
from bookra.tui.desk import CustomerChoice, NewCustomer
from bookra.tui.desk.moving import MenuService
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_waitlist import WindowsRead, WishChoices, WishClients
from bookra.tui.screens import wish_text
from bookra.tui.screens.booking_steps import matches
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES

FIELDS = (
    ("client", "Client", "name, phone or e-mail"),
    ("service", "Service", "what they want"),
    ("staff", "With", "anybody"),
    ("when", "When", "thu 14:00-18:00, sat"),
)
CLIENT, CHOICES, WHEN = "wish-client", "wish-choices", "wish-when"
"""The lanes of its questions."""


class WishForm(Dialog[Written]):
    """Four lines. ⏎ goes to the next that is not understood yet, and saves when all are."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,shift+tab", "line(-1)", show=False, priority=True),
        Binding("down,tab", "line(1)", show=False, priority=True),
        Binding("enter", "save", show=False, priority=True),
    ]

    def __init__(self, front: Front) -> None:
        super().__init__(front, "Waitlist: add")
        self._clients: WishClients | None = None
        self._menu: tuple[MenuService, ...] = ()
        self._staff: dict[str, str] = {}
        self._windows: WindowsRead | None = None
        self._doubt = ""

    def body(self) -> Sequence[Widget]:
        """Put a label before each line, and what it means after it."""
        rows: list[Widget] = []
        for field, label, hint in FIELDS:
            entry = Input("", hint, id=f"wish-{field}", compact=True, select_on_focus=False)
            entry.cursor_blink = False
            title = Static(label, classes="field-label", markup=False)
            meant = Static(id=f"meant-{field}", classes="field-meant", markup=False)
            rows.append(Horizontal(title, entry, meant, classes="field"))
        return rows

    def on_mount(self) -> None:
        """Read what can be chosen."""
        glyphs, desk, work = self.front.look.glyphs, self.front.desk, self.front.work
        self.show_hints(
            (glyphs.enter, "next, then save"), (glyphs.up_down, "line"), ("esc", "back")
        )
        today = self.front.today
        work.ask(
            self,
            CHOICES,
            lambda: (desk.menu(), desk.day(today)),
            lambda ticket, found: WishChoices(ticket, tuple(found[0]), found[1]),
        )
        self._entry("client").focus()
        self._show()

    def _entry(self, field: str) -> Input:
        return self.query_one(f"#wish-{field}", Input)

    def _typed(self, field: str) -> str:
        return self._entry(field).value.strip()

    def action_line(self, lines: int) -> None:
        """Go to another line."""
        names = [field for field, *_ in FIELDS]
        here = next((n for n, field in enumerate(names) if self._entry(field).has_focus), 0)
        self._entry(names[(here + lines) % len(names)]).focus()

    # What is understood

    @property
    def _client(self) -> CustomerChoice | NewCustomer | None:
        """The first client that matches; a name that nobody has is a new client's."""
        typed = self._typed("client")
        if not typed or self._clients is None or self._clients.text != typed:
            return None
        if self._clients.clients:
            return self._clients.clients[0]
        named = any(map(str.isalpha, typed)) and "@" not in typed
        return NewCustomer(typed, "", "") if named else None

    @property
    def _service(self) -> MenuService | None:
        typed = self._typed("service")
        found = (one for one in self._menu if matches(typed, clean(one.name)))
        return next(found, None) if typed else None

    @property
    def _person(self) -> str | None:
        """The slug of who is named, None for nobody of that name, empty for anybody."""
        typed = self._typed("staff")
        if not typed:
            return ""
        found = (slug for slug, name in self._staff.items() if matches(typed, clean(name)))
        return next(found, None)

    @property
    def _spans(self) -> WindowsRead | None:
        read = self._windows
        return read if read is not None and read.text == self._typed("when") else None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Ask what is meant now."""
        event.stop()
        self.say("")
        text, desk, work = event.value.strip(), self.front.desk, self.front.work
        if event.input.id == "wish-client" and text:
            call = partial(desk.find_customers, text)
            work.ask(self, CLIENT, call, lambda n, found: WishClients(n, text, tuple(found)))
        elif event.input.id == "wish-when" and text:
            self._doubt = ""
            read = partial(desk.read_windows, text)
            work.ask(self, WHEN, read, lambda n, found: WindowsRead(n, text, tuple(found)))
        self._show()

    def on_wish_clients(self, message: WishClients) -> None:
        """Show who is meant."""
        self._clients = message
        self._show()

    def on_wish_choices(self, message: WishChoices) -> None:
        """Show what is meant."""
        self._menu = message.menu
        self._staff = {column.slug: column.name for column in message.day.columns}
        self._show()

    def on_windows_read(self, message: WindowsRead) -> None:
        """Show when is meant."""
        self._windows, self._doubt = message, ""
        self._show()

    def on_refused(self, message: Refused) -> None:
        """Say what is not understood, or why it was not saved; all that was typed stays."""
        if message.lane == WHEN:
            self._doubt = message.error.message
            self._show()
        else:
            self.refuse(message.error)

    def _show(self) -> None:
        for field, *_ in FIELDS:
            self.query_one(f"#meant-{field}", Static).update(self._meant(field))

    def _meant(self, field: str) -> Content:
        look, typed = self.front.look, self._typed(field)
        if field == "client" and (who := self._client) is not None:
            new = "new client" if isinstance(who, NewCustomer) else who.phone or who.email
            return line((clean(who.name), "bold"), (look.also(clean(new)), MUTED))
        if field == "service" and self._service is not None:
            return line((clean(self._service.name), "bold"))
        if field == "staff" and self._person is not None:
            return line((clean(self._staff.get(self._person, wish_text.ANYBODY)), "bold"))
        if field == "when" and (spans := self._spans) is not None:
            return line((wish_text.windows(look, spans.windows), "bold"))
        doubts = {"service": "no such service", "staff": "nobody", "when": self._doubt}
        return line((doubts.get(field, "") if typed else "", "$text-warning"))

    # Saving

    def action_save(self) -> None:
        """Save, or go to the first line that is not understood."""
        client, service, person, spans = self._client, self._service, self._person, self._spans
        understood = {
            "client": client is not None,
            "service": service is not None,
            "staff": person is not None,
            "when": spans is not None,
        }
        missing = [field for field, fine in understood.items() if not fine]
        if missing:
            self._entry(missing[0]).focus()
            return
        assert client is not None
        assert service is not None
        assert spans is not None
        self.say(f"Saving {self.front.look.glyphs.ellipsis}")
        call = partial(
            self.front.desk.wish,
            service=service.slug,
            staff=person or None,
            customer=client,
            windows=spans.windows,
        )
        said = f"{clean(client.name)} waits for {clean(service.name)}"
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)
