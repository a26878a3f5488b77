"""The loop of the plain front desk: the day is told, a word or a number is typed, it is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TextIO

from bookra import clock
from bookra.engine.bookings.day import DayBlock, DaySnapshot
from bookra.errors import BookraError, InvalidInputError
from bookra.tui.desk import Desk, Done
from bookra.tui.glyphs import DONE
from bookra.tui.look import Look
from bookra.tui.plain import words
from bookra.tui.plain.asking import Asker, EndedError, GivenUpError, number_of
from bookra.tui.plain.verbs import Verbs, after, in_order
from bookra.tui.sitting import Sitting
from bookra.tui.text import clean

HELP = (
    "A number opens that visit.",
    "list: the day again. next, previous, today: other days. day and a date: that day.",
    "book: a new visit on this day. find: look up a client.",
    "undo: take back what was done last; money never is. command: the last thing as a command.",
    "help or a question mark: this. quit: leave.",
    "At any question: a question mark explains it, back gives it up.",
)


def run(
    desk: Desk,
    source: TextIO,
    sink: TextIO,
    *,
    read_only: bool = False,
    ascii_only: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Serve until ``quit`` or the input's end. The brand is read first: its failure is raised."""
    brand = desk.brand()
    look = Look(clock.zone(brand.zone), brand.currency, ascii_only)
    asker = Asker(source, sink)
    asker.say(f"{clean(brand.name)}. Type a question mark for help, quit to leave.")
    if read_only:
        asker.say("Read-only: nothing can be changed.")
    try:
        PlainDesk(desk, look, asker, now, read_only=read_only).serve()
    except EndedError:
        asker.say("The input ended. Goodbye.")


class PlainDesk:
    """One sitting at the plain desk."""

    def __init__(
        self,
        desk: Desk,
        look: Look,
        asker: Asker,
        now: Callable[[], datetime],
        *,
        read_only: bool,
    ) -> None:
        self._desk = desk
        self._look = look
        self._asker = asker
        self._now = now
        self._read_only = read_only
        self._verbs = Verbs(desk, look, asker)
        self._sitting = Sitting()
        self._day = self._today
        self._told = True

    @property
    def _today(self) -> date:
        return clock.local_day(self._now(), self._look.tz)

    def serve(self) -> None:
        """Tell the day, and do what is typed; failures are told and end nothing."""
        going = True
        while going:
            try:
                going = self._turn()
            except GivenUpError:
                self._asker.say("Given up; nothing was done.")
            except BookraError as error:
                self._asker.refuse(error)

    def _turn(self) -> bool:
        """Do one thing; False when it was to leave."""
        found = self._desk.day(self._day)
        blocks = in_order(found)
        if self._told:
            self._told = False
            self._asker.say(*words.agenda(self._look, found, blocks, self._today))
        wish = self._asker.ask(
            "What next? A number, a word, or a question mark.",
            "\n".join(HELP),
            lambda answer: self._wish(answer, len(blocks)),
        )
        if isinstance(wish, int):
            self._open(blocks[wish - 1], found)
            return True
        return self._word(wish, found)

    def _wish(self, answer: str, most: int) -> int | str:
        if answer.isdecimal():
            return number_of(answer, most)
        name = answer.lower().partition(" ")[0]
        if name not in _WORDS:
            said = f"'{answer}' is not a word of this desk" if answer else "Nothing was typed"
            hint = "A question mark lists the words"
            raise InvalidInputError("unknown_word", said, hint=hint)
        return answer.lower()

    def _word(self, wish: str, found: DaySnapshot) -> bool:
        name, _, rest = wish.partition(" ")
        if name in ("next", "previous", "today", "day", "list"):
            self._go(name, rest)
        elif name == "book":
            self._write(lambda: self._verbs.book(found))
        elif name == "find":
            self._verbs.find()
        elif name == "undo":
            self._undo()
        elif name == "command":
            self._asker.say(*self._sitting.commands[:1] or ("Nothing was done yet.",))
        elif name == "help":
            self._asker.say(*HELP)
        else:
            self._asker.say("Goodbye.")
        return name not in ("quit", "q")

    def _go(self, name: str, rest: str) -> None:
        """Go to a day, and tell it."""
        if name == "day":
            self._day = clock.parse_day(rest, self._look.tz, self._now())
        elif name == "today":
            self._day = self._today
        elif name in ("next", "previous"):
            self._day = after(self._day, 1 if name == "next" else -1)
        self._told = True

    def _open(self, block: DayBlock, found: DaySnapshot) -> None:
        """Tell a visit, and offer what can be done with it; of a class, tell who sits in it."""
        if block.status == "class":
            self._asker.say(*words.seats(self._look, self._desk.seats(block.code)))
            return
        self._asker.say(*words.opened(self._look, self._desk.detail(block.code)))
        offered: list[tuple[str, Callable[[], Done | None]]] = []
        if block.status == "confirmed":
            offered.append(("Check in", lambda: self._verbs.check_in(block)))
        if block.due.minor > 0 and block.status not in DONE - {"completed"}:
            offered.append(("Check out in cash", lambda: self._verbs.take_cash(block)))
        if block.status in ("confirmed", "held"):
            offered.append(("Move", lambda: self._verbs.move(block, found)))
            offered.append(("Cancel", lambda: self._verbs.cancel(block)))
        offered.append(("Write a note", lambda: self._verbs.note(block)))
        if self._read_only:
            return
        options = [*(name for name, _ in offered), "Nothing, go back"]
        chosen = self._asker.choose("What is to be done?", options)
        if chosen < len(offered):
            self._write(offered[chosen][1])

    def _write(self, verb: Callable[[], Done | None]) -> None:
        """Do something that changes the day, and remember it."""
        if self._read_only:
            self._asker.say("This desk is read-only; it was started so.")
            return
        done = verb()
        if done is None:
            self._asker.say("Nothing was changed.")
        else:
            self._sitting.note(done)

    def _undo(self) -> None:
        undo = self._sitting.undoable
        if undo is None or self._read_only:
            self._asker.say("There is nothing to take back; money never is.")
            return
        self._sitting.noted_undo(self._desk.undo(undo))
        self._asker.say(f"{clean(undo.said)}.")


_WORDS = frozenset(
    {
        *("list", "next", "previous", "today", "day", "book", "find"),
        *("undo", "command", "help", "quit", "q"),
    }
)
