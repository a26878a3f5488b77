"""The team: who works today, how full they are, when they are away, and what they earn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from bookra.tui import actions
from bookra.tui.describe import lines
from bookra.tui.desk.money import Period
from bookra.tui.desk.team import Member, Person
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_day import OffTaken
from bookra.tui.messages_team import PersonLoaded, TeamLoaded
from bookra.tui.screens import team_words
from bookra.tui.screens.base import DeskScreen
from bookra.tui.widgets.header import Header
from bookra.tui.widgets.listing import Listing

CARD_LANE = "person"
CONCERNED = ("staff:", "booking:", "absence:", "session:")


class TeamScreen(DeskScreen):
    """The fifth screen."""

    TABLE = actions.TABLES["team"]
    LANE = "team"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(TABLE.actions)

    def __init__(self, front: Front) -> None:
        super().__init__(front, period_of(front.today, "day"))
        self._members: dict[str, Member] = {}
        self._person: Person | None = None

    @property
    def period(self) -> Period:
        """The period that is looked at."""
        wanted = self.freshness.wanted
        assert isinstance(wanted, Period)
        return wanted

    @property
    def list(self) -> Listing:
        """The people."""
        return self.query_one("#team-list", Listing)

    @property
    def shows_pay(self) -> bool:
        """Tell whether the operator may see what people earn."""
        return self.front.brand.may("manager")

    def body(self) -> Iterable[Widget]:
        """Put the list at the left; where there is room, a person's week at the right."""
        yield Static(id="team-totals", markup=False)
        with Horizontal(id="team-main"):
            yield Listing(
                team_words.columns(pay=self.shows_pay),
                empty="Nobody works here yet: bookra staff add",
                id="team-list",
            )
            with VerticalScroll(id="team-card", can_focus=False):
                yield Static(id="team-said", markup=False)

    def on_mount(self) -> None:
        """Begin on the list."""
        self.list.focus()

    # Reading

    def read(self) -> None:
        """Ask for the team in the period, and for the one at the cursor again."""
        period = self.period
        call = partial(self.front.desk.team, period)
        self.front.work.ask(
            self, self.LANE, call, lambda ticket, found: TeamLoaded(ticket, period, tuple(found))
        )
        self._read_person(self.list.chosen)

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Read again when hours, time off or visits were changed, or it is not known what was."""
        if not subjects or any(one.startswith(CONCERNED) for one in subjects):
            super().changed(subjects)

    def on_team_loaded(self, message: TeamLoaded) -> None:
        """List them, if that is still the period that is wanted."""
        if message.period != self.period:
            return
        look, today = self.front.look, self.front.today
        self._members = {one.slug: one for one in message.members}
        pay = self.shows_pay
        self.list.show([team_words.row(look, one, today, pay=pay) for one in message.members])
        said = team_words.totals(look, message.members, pay=pay)
        self.query_one("#team-totals", Static).update(said)
        self.was_read(message.period)

    def _read_person(self, slug: str) -> None:
        if slug:
            call = partial(self.front.desk.person, slug)
            self.front.work.ask(self, CARD_LANE, call, PersonLoaded)

    def on_person_loaded(self, message: PersonLoaded) -> None:
        """Show a week, unless the cursor is on somebody else by now."""
        if message.person.slug == self.list.chosen:
            self._person = message.person
            said = lines(team_words.card(self.front.look, message.person, self.front.today))
            self.query_one("#team-said", Static).update(said)

    def on_listing_moved(self, message: Listing.Moved) -> None:
        """Show another one's week."""
        self._read_person(message.row_id)
        self.show_state()

    def on_listing_chosen(self) -> None:
        """Open somebody."""
        self.action_open()

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; a person who can't be read is told by the list already."""
        if message.lane != CARD_LANE or not self.freshness.failed:
            super().on_refused(message)

    def show_state(self) -> None:
        """Say which period it is."""
        super().show_state()
        if self.is_mounted:
            look, today = self.front.look, self.front.today
            self.query_one(Header).day = team_words.period(look, self.period, today)

    def idle_actions(self) -> Iterable[str]:
        """Where nobody is listed there is nobody to open."""
        people = ("team.open", "team.hours", "team.away", "team.return", "team.day")
        return () if self.list.chosen else people

    # The period

    def action_period(self, steps: int) -> None:
        """Go to another day, week or month."""
        period = self.period
        beside = period.last + timedelta(days=1) if steps > 0 else period.first - timedelta(days=1)
        self._go(period_of(beside, period.step))

    def action_step(self, step: str) -> None:
        """Look at the day, the week or the month; of the running one where it is in sight."""
        period, today = self.period, self.front.today
        within = period.first <= today <= period.last
        self._go(period_of(today if within else period.first, step))

    def action_now(self) -> None:
        """Go to the running day, week or month."""
        self._go(period_of(self.front.today, self.period.step))

    def _go(self, period: Period) -> None:
        self.freshness.wanted = period
        self.reread()
        self.show_state()

    # People

    def action_open(self) -> None:
        """Open somebody: week, time off, statement."""
        from bookra.tui.screens.team_person import PersonDialog

        if (member := self._members.get(self.list.chosen)) is not None:
            self.app.push_screen(PersonDialog(self.front, member), self._do_verb)

    async def _do_verb(self, verb: str | None) -> None:
        if verb:
            await self.run_action(verb)

    def action_set_hours(self) -> None:
        """Set the hours of the week."""
        from bookra.tui.screens.team_hours import HoursDialog

        if (member := self._to_change()) is not None:
            self.app.push_screen(HoursDialog(self.front, member), self.written)

    def action_set_day(self) -> None:
        """Give one day its own hours."""
        from bookra.tui.screens.team_hours import OneDayDialog

        if (member := self._to_change()) is not None:
            self.app.push_screen(OneDayDialog(self.front, member), self.written)

    def action_plan_away(self) -> None:
        """Note time off, after whom it displaces was shown."""
        from bookra.tui.screens.team_away import AwayDialog

        if (member := self._to_change()) is not None:
            self.app.push_screen(AwayDialog(self.front, member), self._noted_away)

    def action_time_on(self) -> None:
        """Remove time off."""
        from bookra.tui.screens.time_on import TimeOnDialog

        if (member := self._to_change()) is not None:
            dialog = TimeOnDialog(self.front, member.slug, member.name)
            self.app.push_screen(dialog, self.written)

    def _noted_away(self, message: OffTaken | None) -> None:
        if message is not None:
            self.written(Written(message.ticket, message.taken.done, message.said))
            if count := len(message.taken.displaced):
                visits = "visit waits" if count == 1 else "visits wait"
                finds = self.front.look.key("repair")
                said = f"{count} {visits} for another time: {finds} on the day finds them one"
                self.notify(said, markup=False)

    def _to_change(self) -> Member | None:
        member = self._members.get(self.list.chosen)
        return member if member is not None and self.may_write() else None


def period_of(day: date, step: str) -> Period:
    """Return the day, the week from Monday or the month that a day is in."""
    if step == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(monday, monday + timedelta(days=6), step)
    if step == "month":
        first = day.replace(day=1)
        after = (first + timedelta(days=31)).replace(day=1)
        return Period(first, after - timedelta(days=1), step)
    return Period(day, day, "day")
