"""The keys of the screen Ops: its sections, and what mends what is stuck."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

SECTIONS, VERBS = "Sections", "Mend"

ACTIONS: tuple[Action, ...] = (
    Action("ops.open", "enter", "⏎", "open", "All there is to say about it", VERBS, "Open"),
    Action("ops.retry", "r", "r", "retry", "Try it again now", VERBS, "Retry", writes=True,
           role="manager"),
    Action("ops.discard", "d", "d", "discard", "Let it go undelivered", VERBS, "Discard",
           writes=True, role="manager"),
    Action("ops.resume", "o", "o", "resume", "Deliver to a destination again", VERBS, "Resume",
           writes=True, role="manager"),
    Action("ops.queues", "s", "s", "section('queues')", "Destinations and their queues", SECTIONS),
    Action("ops.letters", "e", "e", "section('letters')", "What is stuck", SECTIONS),
    Action("ops.jobs", "b", "b", "section('jobs')", "Relays, jobs and schedules", SECTIONS),
    Action("ops.events", "v", "v", "section('events')", "Events not handled yet", SECTIONS),
    Action("ops.next", "tab", "tab", "turn(1)", "Next section", SECTIONS, "Section"),
    Action("ops.previous", "shift+tab", "⇧tab", "turn(-1)", "Previous section", SECTIONS),
)  # fmt: skip
BAR: tuple[str, ...] = (
    "ops.open", "ops.retry", "ops.discard", "ops.resume", "ops.next", "search", "quit",
)  # fmt: skip

TABLE = Table("ops", ACTIONS, BAR)
