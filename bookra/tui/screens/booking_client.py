"""The dialogs that begin with a client: search as one types, or a new one, checked as one types.

What is typed before the list has come is not lost: ⏎ waits for the answer to the text that
stands there, so that a fast hand never books whoever happened to be first a moment ago.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from bookra.tui.describe import lines
from bookra.tui.desk import CustomerChoice, Done, NewCustomer
from bookra.tui.front import Front
from bookra.tui.messages import CustomersFound, Refused, Written
from bookra.tui.messages_booking import ContactChecked
from bookra.tui.screens import booking_steps, booking_words
from bookra.tui.screens.booking_steps import LISTED, PROMPTS, Draft
from bookra.tui.screens.booking_words import Choice
from bookra.tui.screens.dialog import Dialog
from bookra.tui.work import WRITES

TYPED = ("client", "name", "contact", "service")
"""The steps with a line to type in."""


class ClientDialog(Dialog[Written]):
    """Asks for a client, then for what subclasses want to know; escape goes a step back.

    Textual calls the handlers of every class: subclasses add to the plain methods instead.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", show=False),
        Binding("up", "highlight(-1)", show=False, priority=True),
        Binding("down", "highlight(1)", show=False, priority=True),
    ]

    FIRST = "client"
    """The step that it begins with."""

    def __init__(self, front: Front, title: str, draft: Draft) -> None:
        super().__init__(front, title)
        self._draft = draft
        self._step = "client"
        self._found: tuple[str, tuple[CustomerChoice, ...]] | None = None
        self._offered: list[Choice] = []
        self._choose_when_listed = False
        self._checked = ""

    # What subclasses add

    def following(self, step: str) -> str:
        """Return the step after one that is complete; ``confirm`` is the last."""
        raise NotImplementedError

    def preceding(self, step: str) -> str:
        """Return the step before; empty from the first one."""
        return {"name": "client", "contact": "client"}.get(step, "")

    def offered(self, step: str, typed: str) -> Sequence[Choice]:
        """Return what the list of a step offers."""
        return booking_steps.clients(self._found, typed) if step == "client" else ()

    def listed(self, step: str) -> bool:
        """Tell whether the list answers what stands in the entry."""
        return step != "client" or (self._found is not None and self._found[0] == self._typed)

    def take(self, choice: Choice) -> str:
        """Keep what was chosen; return the step that follows."""
        assert isinstance(choice, CustomerChoice | NewCustomer)
        self._draft.customer = choice
        return self.following("client")

    def finish(self) -> None:
        """Do what was confirmed."""
        raise NotImplementedError

    def summary(self) -> list[Content]:
        """Return what was chosen so far."""
        return [booking_words.client(self._draft, chosen=self._step != "client")]

    def begin(self) -> None:
        """Ask for what the whole dialog needs."""

    def entered(self, step: str) -> None:
        """Do what a step needs when it begins."""

    def ends_typing(self, event: Input.Changed) -> bool:
        """Tell whether what was typed is a command here rather than text; do it then."""
        del event
        return False

    def words(self, choice: Choice) -> Content:
        """Return a choice as its line."""
        return booking_words.written(self.front.look, choice)

    # Steps

    def body(self) -> Sequence[Widget]:
        """Put what is chosen above the line to type in, and the list below."""
        entry = Input(id="entry", compact=True, select_on_focus=False)
        entry.cursor_blink = False
        choices = OptionList(id="choices", compact=True, markup=False)
        choices.can_focus = False
        return [Static(id="draft", markup=False), entry, choices]

    def on_mount(self) -> None:
        """Begin with the first step."""
        self.begin()
        self.enter(self.FIRST)

    @property
    def _typed(self) -> str:
        return self._draft.typed.get(self._step, "")

    def enter(self, step: str) -> None:
        """Begin a step."""
        self._step = step
        self._choose_when_listed = False
        entry = self.query_one("#entry", Input)
        self.say("")
        with self.prevent(Input.Changed):
            entry.value = self._typed
        entry.cursor_position = len(entry.value)
        entry.placeholder = PROMPTS.get(step, "")
        entry.display = step in TYPED
        if entry.display:
            entry.focus()
        else:
            self.set_focus(None)
        self.show_hints(*self.keys(step))
        if not self.listed(step):
            self._search(self._typed)
        self.entered(step)
        self.show_step()

    def keys(self, step: str) -> list[tuple[str, str]]:
        """Return the keys that a step names."""
        glyphs = self.front.look.glyphs
        moves = [(glyphs.up_down, "choose")] if step in LISTED else []
        return [(glyphs.enter, "next"), *moves, ("esc", "back")]

    def leave(self) -> None:
        """Go a step back; from the first one, close."""
        if previous := self.preceding(self._step):
            self.enter(previous)
        else:
            self.dismiss(None)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search for what stands there now, and say what is wrong with a contact."""
        if self.ends_typing(event):
            return
        self._draft.typed[self._step] = event.value
        self._choose_when_listed = False
        self.say("")
        if self._step == "client":
            self._search(event.value)
        self._check()
        self.show_step()

    def on_input_submitted(self) -> None:
        """Take the choice."""
        self.action_choose()

    def action_highlight(self, rows: int) -> None:
        """Move along the list."""
        choices = self.query_one("#choices", OptionList)
        (choices.action_cursor_down if rows > 0 else choices.action_cursor_up)()

    def action_choose(self) -> None:
        """Finish the step, as soon as its list answers what is typed."""
        if self._step == "confirm":
            self.finish()
        elif self._step in LISTED:
            self._choose_when_listed = not self.listed(self._step)
            index = self.query_one("#choices", OptionList).highlighted
            if not self._choose_when_listed and index is not None and index < len(self._offered):
                self.choose(self._offered[index])
        elif self._step == "name" and not self._typed.strip():
            self.say("A new client needs a name", "$text-warning")
        elif self._contact_to_check() and self._checked != self._typed:
            self._choose_when_listed = True
            self._check()
        else:
            self.enter(self.following(self._step))

    def choose(self, choice: Choice) -> None:
        """Take a choice and go on; a new client's phone or e-mail is checked before."""
        new = isinstance(choice, NewCustomer) and not choice.name
        if new and self._checked != self._typed:
            self._choose_when_listed = True
            self._check()
        else:
            self.enter(self.take(choice))

    # What the desk answers

    def _search(self, text: str) -> None:
        self.front.work.ask(
            self,
            "customers",
            partial(self.front.desk.find_customers, text.strip()),
            lambda ticket, found: CustomersFound(ticket, text, tuple(found)),
        )

    def on_customers_found(self, message: CustomersFound) -> None:
        """List the clients."""
        self._found = (message.text, message.customers)
        if self._step == "client":
            self.now_listed(by_itself=bool(message.customers))

    def now_listed(self, *, by_itself: bool = True) -> None:
        """Show a list that has come, and choose from it if ⏎ was pressed before."""
        waited, self._choose_when_listed = self._choose_when_listed, False
        self.show_step()
        if waited and by_itself and self.listed(self._step):
            self.action_choose()

    def _contact_to_check(self) -> tuple[str, str] | None:
        """Return the phone and e-mail that are being typed, if they are."""
        text = self._typed.strip()
        typing = self._step == "contact" or (
            self._step == "client" and booking_steps.is_contact(text)
        )
        return booking_steps.contact(text) if typing and text else None

    def _check(self) -> None:
        typed, wanted = self._typed, self._contact_to_check()
        if wanted is not None:
            call = partial(self.front.desk.check_contact, *wanted)
            self.front.work.ask(
                self, "contact", call, lambda ticket, _: ContactChecked(ticket, typed)
            )

    def on_contact_checked(self, message: ContactChecked) -> None:
        """Go on if ⏎ waits for this; nothing is wrong."""
        self._checked = message.text
        if message.text == self._typed:
            self.say("")
            if self._choose_when_listed:
                self._choose_when_listed = False
                self.action_choose()

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; all that was typed and chosen stays."""
        self.refused(message)

    def refused(self, message: Refused) -> None:
        """Show why; what is wrong with a contact is said quietly while it is being typed."""
        waited, self._choose_when_listed = self._choose_when_listed, False
        if message.lane != "contact" or waited:
            self.refuse(message.error)
        elif self._contact_to_check() and not self._someone_found:
            self.say(message.error.message)

    @property
    def _someone_found(self) -> bool:
        """Tell whether clients match what is typed: then it may well be theirs, half typed."""
        return self._step == "client" and bool(self._found and self._found[1])

    def write(self, call: Callable[[], Done], said: str) -> None:
        """Do something once; the dialog closes with what was done."""
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))
        self.say("Writing …")

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    # What is shown

    def show_step(self) -> None:
        """Show what was chosen, and the step's list."""
        self.query_one("#draft", Static).update(lines(self.summary()))
        choices = self.query_one("#choices", OptionList)
        choices.display = self._step in LISTED
        if choices.display:
            self._offered = [*self.offered(self._step, self._typed)]
            listed = [Option(self.words(one)) for one in self._offered]
            if not listed and self._typed:
                listed = [Option("Nothing is like that; type less of it", disabled=True)]
            choices.set_options(listed)
            choices.highlighted = 0 if self._offered else None
