"""The money: takings, entries, the drawer, the close of a day; for managers the bank and pay.

Sections share the screen, one shown at a time; each is read when it is shown. What is compared
with Stripe asks Stripe, so it has a lane of its own and may take a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from bookra.tui import actions
from bookra.tui.desk.money_values import DayEnd, Drawer, PayRun, Takings
from bookra.tui.front import Front
from bookra.tui.messages import Written
from bookra.tui.messages_money import SectionAnswer, SectionRead
from bookra.tui.screens.base import DeskScreen
from bookra.tui.screens.money_bank_views import BankView, PayView
from bookra.tui.screens.money_sections import (
    MANAGERS,
    NOTHING,
    OWN_KEYS,
    SECTIONS,
    period_of,
)
from bookra.tui.screens.money_text import period_title
from bookra.tui.screens.money_views import (
    DayEndView,
    DrawerView,
    EntriesView,
    TakingsView,
    View,
)
from bookra.tui.widgets.header import Header
from bookra.tui.widgets.keybar import KeyBar
from bookra.tui.widgets.listing import Listing
from bookra.tui.widgets.sections import Section, Sections

PROVE = "prove"
"""The lane of comparing with Stripe."""

YEARS_ABOUT = 20
"""How far from today the periods go."""


class MoneyScreen(DeskScreen):
    """The fourth screen."""

    TABLE = actions.TABLES["money"]
    LANE = "money"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(actions.TABLES["money"].actions)

    def __init__(self, front: Front) -> None:
        self._period = period_of(front.today, "day")
        self._day = front.today
        super().__init__(front, ("takings", self._period))
        self._shown: dict[str, SectionAnswer] = {}
        self._proving_since: datetime | None = None

    def body(self) -> Iterable[Widget]:
        """Put the names of the sections over the one that is shown."""
        look = self.front.look
        yield Sections(self._sections, self.front.look.key)
        with ContentSwitcher(initial="takings", id="sections"):
            yield TakingsView(look, "takings", lambda: self.front.today)
            yield EntriesView(look, "entries")
            yield DrawerView(look, "drawer")
            yield DayEndView(look, "day-end")
            yield BankView(look, "bank")
            yield PayView(look, "pay")

    def on_mount(self) -> None:
        """Begin with the takings."""
        self.query_one(Sections).shown = "takings"
        self._view.focus_on.focus()

    @property
    def section(self) -> str:
        """The section that is shown."""
        wanted = self.freshness.wanted
        assert isinstance(wanted, tuple)
        return str(wanted[0])

    @property
    def _sections(self) -> tuple[Section, ...]:
        return SECTIONS + (MANAGERS if self.front.brand.may("manager") else ())

    @property
    def _view(self) -> View:
        return self.query_one(f"#{self.section}", View)

    # Reading

    def read(self) -> None:
        """Ask for what the shown section shows."""
        wanted, call = self.freshness.wanted, self._questions()[self.section]
        self.front.work.ask(
            self, self.LANE, call, lambda ticket, answer: SectionRead(ticket, wanted, answer)
        )

    def _questions(self) -> dict[str, Callable[[], SectionAnswer]]:
        desk, period, day = self.front.desk, self._period, self._day
        return {
            "takings": lambda: desk.takings(period),
            "entries": lambda: tuple(desk.ledger_entries()),
            "drawer": desk.drawer,
            "day-end": lambda: desk.day_end(day),
            "bank": lambda: (desk.proof(), tuple(desk.bank_payouts())),
            "pay": lambda: tuple(desk.pay_runs()),
        }

    def on_section_read(self, message: SectionRead) -> None:
        """Show it, if it is still what is wanted."""
        if message.wanted != self.freshness.wanted:
            return
        self.was_read(message.wanted)
        changed = self.section not in self._shown or self._shown[self.section] != message.answer
        if changed:
            self._shown[self.section] = message.answer
            view: Any = self._view
            view.show(message.answer)
        self.tick()

    def tick(self) -> None:
        """Count the seconds while Stripe is asked."""
        super().tick()
        if not self.is_mounted:
            return
        busy = self.front.work.busy(PROVE)
        if busy and self._proving_since is not None:
            gone = self.front.now() - self._proving_since
            self.query_one(BankView).show_proof(int(gone.total_seconds()))
        elif self._proving_since is not None:
            self._proving_since = None
            self.query_one(BankView).show_proof()
            self.reread()

    def show_state(self) -> None:
        """Name the days that are shown."""
        super().show_state()
        if not self.is_mounted:
            return
        self.query_one(KeyBar).absent = frozenset(self._elsewhere())
        header, look, today = self.query_one(Header), self.front.look, self.front.today
        period = self._period if self.section == "takings" else period_of(self._day, "day")
        if self.section not in ("takings", "day-end"):
            header.day = ""
        else:
            now = look.also("today") if period.first == period.last == today else ""
            header.day = f"{period_title(look, period, today)}{now}"

    def _elsewhere(self) -> Iterable[str]:
        """Return what does nothing in the shown section; the bar leaves it out."""
        return [id_ for id_, sections in OWN_KEYS.items() if self.section not in sections]

    # Sections and periods

    def _want(self, *wanted: object) -> None:
        """Show a section, with its days."""
        self.freshness.wanted = wanted
        self.query_one(ContentSwitcher).current = self.section
        self.query_one(Sections).shown = self.section
        self._view.focus_on.focus()
        self.reread()
        self.show_state()

    def action_section(self, name: str) -> None:
        """Show a section."""
        about = {"takings": (self._period,), "day-end": (self._day,)}
        self._want(name, *about.get(name, ()))

    def action_bank(self) -> None:
        """Show payouts and the proof."""
        self.action_section("bank")

    def action_pay(self) -> None:
        """Show pay runs."""
        self.action_section("pay")

    def action_turn(self, steps: int) -> None:
        """Show the next section."""
        names = [section.id for section in self._sections]
        self.action_section(names[(names.index(self.section) + steps) % len(names)])

    def action_period(self, steps: int) -> None:
        """Go to the period before or after; at the close of a day, to another day."""
        if self.section == "day-end":
            self._go(self._day + timedelta(days=steps), "day")
        elif self.section == "takings":
            edge = self._period.first if steps < 0 else self._period.last
            self._go(edge + timedelta(days=steps), self._period.step)

    def action_step(self, step: str) -> None:
        """Show the takings by day, week or month."""
        self._go(self._day, step, "takings")

    def action_now(self) -> None:
        """Go to today."""
        self._go(self.front.today, self._period.step)

    def _go(self, day: date, step: str, section: str = "") -> None:
        if abs(day.year - self.front.today.year) > YEARS_ABOUT:
            return
        self._day = day
        self._period = period_of(day, step if self.section != "day-end" else self._period.step)
        self.action_section(section or self.section)

    # Verbs

    def action_open(self) -> None:
        """Open what the cursor is on; the close of a day is saved."""
        if self.section == "day-end":
            self.action_save()
        else:
            listing = self._view.query_one(Listing)
            if listing.chosen:
                listing.action_choose()
            elif self._shown.get(self.section) is not None or self.section == "drawer":
                self.notify(NOTHING[self.section], severity="warning", markup=False)

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Open a row: whose takings, an entry, a payout."""
        from bookra.tui.screens.explain import BehindDialog, ExplainDialog

        takings = self._shown.get("takings")
        if self.section == "takings" and isinstance(takings, Takings):
            share = next((one for one in takings.staff if one.staff == message.row_id), None)
            if share is not None:
                title = period_title(self.front.look, self._period, self.front.today)
                self.app.push_screen(BehindDialog(self.front, self._period, share, title))
        elif self.section in ("entries", "bank"):
            self.app.push_screen(ExplainDialog(self.front, message.row_id))
        elif self.section == "pay":
            self._open_pay_run(message.row_id)
        elif self.section == "drawer" and (entry := message.row_id.partition(":")[2]):
            self.app.push_screen(ExplainDialog(self.front, entry))
        elif self.section == "drawer":
            self.notify("Nothing had to be posted for it", severity="information")

    def _open_pay_run(self, row_id: str) -> None:
        from bookra.tui.screens.money_dialogs import PayRunDialog

        runs = self._shown.get("pay")
        for run in runs if isinstance(runs, tuple) else ():
            if isinstance(run, PayRun) and run.id == row_id:
                self.app.push_screen(PayRunDialog(self.front, run))

    def action_drawer(self) -> None:
        """Open the drawer; one that is open is counted and closed."""
        self._handle_drawer("close", "open")

    def action_count(self) -> None:
        """Count the drawer and leave it open."""
        self._handle_drawer("count", "open")

    def _handle_drawer(self, when_open: str, when_shut: str) -> None:
        from bookra.tui.screens.money_dialogs import DrawerDialog

        if self.section != "drawer":
            self.action_section("drawer")
            return
        drawer = self._shown.get("drawer")
        if "drawer" in self._shown and self.may_write():
            found = drawer if isinstance(drawer, Drawer) else None
            verb = when_open if found is not None and found.is_open else when_shut
            self.app.push_screen(DrawerDialog(self.front, verb, found), self.written)

    def action_save(self) -> None:
        """Save the close of the day that is shown."""
        from bookra.tui.screens.money_dialogs import SaveDialog

        end = self._shown.get("day-end")
        if self.section != "day-end":
            self.action_section("day-end")
        elif isinstance(end, DayEnd) and end.day == self._day:
            self.app.push_screen(SaveDialog(self.front, end), self.written)

    def action_prove(self) -> None:
        """Compare the ledger with Stripe in the background."""
        if self.section != "bank":
            self.action_section("bank")
        elif self.front.work.busy(PROVE):
            self.notify("Stripe is being asked already", severity="warning")
        elif self.may_write():
            self._proving_since = self.front.now()
            said = "The ledger was compared with Stripe"
            answer = partial(_written, said=said)
            self.front.work.ask(self, PROVE, self.front.desk.prove, answer)
            self.tick()


def _written(ticket: int, done: Any, *, said: str) -> Written:
    return Written(ticket, done, said)
