"""The sections of operations: queues with what holds them back, what is stuck, jobs, events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from bookra.tui.desk.ops import DestinationLine, JobLine, Ops
from bookra.tui.look import Look
from bookra.tui.screens import ops_text as text
from bookra.tui.text import clean
from bookra.tui.widgets.listing import Cell, Column, Listing, Row


class OpsView(Vertical):
    """A section of operations. ``now`` is for telling how long ago something was."""

    def __init__(self, look: Look, id: str, now: Callable[[], datetime]) -> None:  # noqa: A002
        super().__init__(id=id)
        self.look = look
        self.now = now

    @property
    def list(self) -> Listing:
        """The list that the keys go to."""
        return self.query_one(Listing)

    def show(self, ops: Ops) -> None:
        """Show how it stands."""
        raise NotImplementedError


class QueuesView(OpsView):
    """Where effects go: the account, the queue and the breaker of each destination."""

    def __init__(self, look: Look, id: str, now: Callable[[], datetime], slug: str) -> None:  # noqa: A002
        super().__init__(look, id, now)
        self._slug = slug
        self._destinations: dict[str, DestinationLine] = {}
        self._shown: Ops | None = None

    def compose(self) -> ComposeResult:
        """Put the destinations over what there is to say about the chosen one."""
        yield Static(id="health", markup=False)
        columns = (
            Column("Destination", 15),
            Column("Account", weight=2, least=106),
            Column("Ready", 6, right=True),
            Column("Waiting", 7, right=True),
            Column("In flight", 9, right=True, least=90),
            Column("Unknown", 7, right=True),
            Column("Dead", 5, right=True),
            Column("Oldest", 7, right=True, least=70),
            Column("Held back", weight=3),
        )
        yield Listing(columns)
        yield Static(id="destination", markup=False)

    def show(self, ops: Ops) -> None:
        """List destinations."""
        self._destinations = {one.name: one for one in ops.destinations}
        self._shown = ops
        self.on_resize()
        self.list.show([self._row(one) for one in ops.destinations])
        self.tell()

    def on_resize(self) -> None:
        """Say how the relays are in as many lines as it takes."""
        if self._shown is not None:
            said = text.health(self.look, self._shown, self.size.width)
            self.query_one("#health", Static).update(said)

    def tell(self) -> None:
        """Say what there is to say about the destination at the cursor."""
        one = self._destinations.get(self.list.chosen)
        if one is not None:
            content = text.destination(self.look, one, self._slug)
            self.query_one("#destination", Static).update(content)

    def _row(self, one: DestinationLine) -> Row:
        counts = (one.ready, one.waiting, one.in_flight)
        stuck: list[Cell] = [
            (_count(one.unknown), "bold $text-warning"),
            (_count(one.dead), "bold $text-error"),
        ]
        cells: tuple[Cell, ...] = (
            text.NAMES.get(one.name, one.name),
            text.account(one),
            *map(_count, counts),
            *stuck,
            text.age(one.oldest_seconds),
            text.breaker(self.look, one),
        )
        return Row(one.name, cells)


class LettersView(OpsView):
    """Effects that nobody delivers until somebody decides, and those that are tried again."""

    def compose(self) -> ComposeResult:
        """Put the list alone."""
        columns = (
            Column("State", 13),
            Column("Effect"),
            Column("Where to", 15, least=96),
            Column("Of", 9),
            Column("Tried", 5, right=True),
            Column("Since", 7, right=True),
            Column("Error"),
        )
        yield Listing(columns, empty="Nothing is stuck: every effect goes its way")

    def show(self, ops: Ops) -> None:
        """List rows."""
        now = self.now()
        self.list.show(
            [
                Row(
                    one.id,
                    (
                        text.state(self.look, one.state),
                        one.topic,
                        text.NAMES.get(one.destination, one.destination),
                        one.subject,
                        _count(one.attempts),
                        text.since(now, one.created_at),
                        (clean(one.error), "$text-muted"),
                    ),
                    dim=not one.waits_for_somebody,
                )
                for one in ops.letters
            ]
        )


class JobsView(OpsView):
    """Relays, what they do by the clock, and the business's schedules."""

    def compose(self) -> ComposeResult:
        """Put the list alone."""
        columns = (
            Column("Who and what", weight=4),
            Column("State", 13),
            Column("Last", 6, right=True),
            Column("Next", 8, right=True),
            Column("Failures", 8, right=True, least=90),
            Column("Outcome", weight=5),
        )
        yield Listing(columns, empty="No relay was seen: bookra relay run")

    def show(self, ops: Ops) -> None:
        """List relays, schedules and jobs."""
        now = self.now()
        relays = [
            Row(
                f"relay:{one.name}",
                (
                    f"Relay {clean(one.name)}",
                    text.state(self.look, "running" if one.alive else "never")
                    if one.alive
                    else ("gone", "$text-muted"),
                    text.age(one.seconds_ago) or "now",
                    "",
                    "",
                    self.look.joined("leads" if one.leads else "", one.version),
                ),
                dim=not one.alive,
            )
            for one in ops.relays
        ]
        self.list.show([*relays, *(self._job(one, now) for one in ops.jobs)])

    def _job(self, one: JobLine, now: datetime) -> Row:
        cells: tuple[Cell, ...] = (
            clean(one.name),
            text.state(self.look, one.state),
            text.since(now, one.last_at),
            text.since(now, one.next_at),
            _count(one.failures),
            (clean(one.outcome), "$text-muted"),
        )
        return Row(f"{'schedule' if one.schedule else 'job'}:{one.name}", cells)


class EventsView(OpsView):
    """What Stripe has told and nobody has handled yet."""

    def compose(self) -> ComposeResult:
        """Put the list alone."""
        columns = (
            Column("State", 10),
            Column("What", weight=2),
            Column("About", weight=1, least=96),
            Column("Tried", 5, right=True),
            Column("Since", 7, right=True),
            Column("Error", weight=2),
        )
        yield Listing(columns, empty="Every event that came is handled")

    def show(self, ops: Ops) -> None:
        """List events."""
        now = self.now()
        self.list.show(
            [
                Row(
                    one.ref,
                    (
                        text.state(self.look, one.state),
                        one.kind,
                        one.subject,
                        _count(one.attempts),
                        text.since(now, one.received_at),
                        (clean(one.error), "$text-muted"),
                    ),
                )
                for one in ops.events
            ]
        )


def _count(number: int) -> str:
    """Return a number, and nothing for zero: what is there stands out."""
    return str(number) if number else ""
