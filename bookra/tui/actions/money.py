"""The keys of the screen Money: its sections, the period, the drawer, and what can be done."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

SECTIONS, PERIOD, VERBS = "Sections", "Period", "Money"

ACTIONS: tuple[Action, ...] = (
    Action("money.open", "enter", "⏎", "open", "Open the figure: explain it", VERBS, "Open"),
    Action("drawer.open", "o", "o", "drawer", "Open the drawer, or count and close it", VERBS,
           "Drawer", writes=True),
    Action("drawer.count", "n", "n", "count", "Count the drawer, and leave it open", VERBS,
           "Count", writes=True),
    Action("money.save", "s", "s", "save", "Save the close of day as a file", VERBS, "Save"),
    Action("money.prove", "r", "r", "prove", "Compare the ledger with Stripe now", VERBS,
           "Reconcile", writes=True, role="manager"),
    Action("money.takings", "t", "t", "section('takings')", "What was sold and taken", SECTIONS),
    Action("money.entries", "e", "e", "section('entries')", "The latest entries", SECTIONS),
    Action("money.drawer", "c", "c", "section('drawer')", "The cash drawer", SECTIONS),
    Action("money.day-end", "z", "z", "section('day-end')", "The close of the day", SECTIONS),
    Action("money.bank", "b", "b", "bank", "Payouts to the bank, and the proof", SECTIONS,
           role="manager"),
    Action("money.pay", "p", "p", "pay", "Pay runs of staff", SECTIONS, role="manager"),
    Action("money.next", "tab", "tab", "turn(1)", "Next section", SECTIONS, "Section"),
    Action("money.previous", "shift+tab", "⇧tab", "turn(-1)", "Previous section", SECTIONS),
    Action("money.back", "left_square_bracket", "[", "period(-1)", "The period before", PERIOD,
           "Period"),
    Action("money.forth", "right_square_bracket", "]", "period(1)", "The period after", PERIOD,
           "Period"),
    Action("money.now", "full_stop", ".", "now", "Today", PERIOD, "Today"),
    Action("money.day", "d", "d", "step('day')", "By day", PERIOD, "Day"),
    Action("money.week", "w", "w", "step('week')", "By week", PERIOD, "Week"),
    Action("money.month", "m", "m", "step('month')", "By month", PERIOD, "Month"),
)  # fmt: skip
BAR: tuple[str, ...] = (
    "money.open", "money.next", "money.back", "money.forth", "money.day", "money.week",
    "money.month", "money.now", "drawer.open", "drawer.count", "money.save", "money.prove",
    "search", "quit",
)  # fmt: skip

TABLE = Table("money", ACTIONS, BAR)
