"""Time off as a form, for days and weeks ahead: whom it displaces is listed before it is written.

On the day itself the grid's own verb is quicker: it marks a span.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from textual.content import Content
from textual.message import Message

from bookra.tui.describe import line, lines
from bookra.tui.desk.absences import Affected
from bookra.tui.desk.team import Away, Member, PlannedAway
from bookra.tui.front import Front
from bookra.tui.messages_day import OffTaken
from bookra.tui.messages_team import AwayPlanned
from bookra.tui.screens import team_words
from bookra.tui.screens.team_form import Field, PersonForm
from bookra.tui.text import clean, fit, pad
from bookra.tui.work import WRITES

LISTED = 8
"""How many of the displaced are listed; the others are counted."""


class AwayDialog(PersonForm[OffTaken]):
    """Notes that somebody is away; visits in the way wait for another time."""

    def __init__(self, front: Front, member: Member) -> None:
        super().__init__(front, member, "Time off")
        self._plan: PlannedAway | None = None

    def fields(self) -> Sequence[Field]:
        """Ask for the first and the last day or time, and for a reason."""
        return [
            Field("away-first", "From", "2026-12-24, or 'thu 14:00'"),
            Field("away-last", "To", "a day, included whole; empty: one day"),
            Field("away-reason", "Reason", "for the list; clients never see it"),
        ]

    def plan(self) -> tuple[Callable[[], Any], Callable[[int, Any], Message]]:
        """Ask whom it would displace."""
        span = (self.typed("away-first"), self.typed("away-last"))
        return partial(self.front.desk.plan_away, self.member.slug, *span), AwayPlanned

    def on_away_planned(self, message: AwayPlanned) -> None:
        """List the displaced."""
        self._plan = message.plan
        self.was_planned(message.ticket, lines(self._told(message.plan)))

    def _span(self, plan: PlannedAway) -> str:
        away = Away("", plan.start, plan.until, "")
        return team_words.away(self.front.look, away, self.front.today)

    def _told(self, plan: PlannedAway) -> list[Content]:
        head = [line(), line((self._span(plan), "bold"))]
        if not plan.affected:
            return [*head, line(("Nobody is booked then", "$text-success"))]
        count = len(plan.affected)
        needs = f"{count} {'visit needs' if count == 1 else 'visits need'} another time"
        mark = self.front.look.glyphs.state("displaced")
        more = [line((f"and {count - LISTED} more", "$text-muted"))] if count > LISTED else []
        return [
            *head,
            line((f"{mark} {needs}", "$text-warning")),
            *map(self._row, plan.affected[:LISTED]),
            *more,
        ]

    def _row(self, one: Affected) -> Content:
        look = self.front.look
        day = look.day(one.starts_at.astimezone(look.tz).date())
        ellipsis = look.glyphs.ellipsis
        return line(
            (f"  {day:<10} {look.time(one.starts_at)}  ", "$text-muted"),
            pad(fit(clean(one.customer), 22, ellipsis), 22),
            (f"  {fit(clean(one.service), 20, ellipsis)}", "$text-muted"),
        )

    def write(self) -> None:
        """Write it down."""
        plan = self._plan
        if plan is None:
            return
        desk, slug, reason = self.front.desk, self.member.slug, self.typed("away-reason")
        said = f"{clean(self.member.name)} is off {self._span(plan)}"
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.take_off(slug, plan.start, plan.until, reason),
            lambda ticket, taken: OffTaken(ticket, taken, said),
        )

    def on_off_taken(self, message: OffTaken) -> None:
        """Close with what was written."""
        self.dismiss(message)
