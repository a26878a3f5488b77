"""The keys of the screen Team: the period that is looked at, and people's hours and time off."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

PEOPLE, PERIOD = "People", "Period"

ACTIONS: tuple[Action, ...] = (
    Action("team.open", "enter", "⏎", "open", "Open: week, time off, statement", PEOPLE, "Open"),
    Action("team.hours", "h", "h", "set_hours", "Set the hours of the week", PEOPLE, "Hours",
           writes=True, role="manager"),
    Action("team.away", "o", "o", "plan_away", "Time off, and whom it displaces", PEOPLE,
           "Time off", writes=True, role="manager"),
    Action("team.return", "O", "O", "time_on", "Remove time off", PEOPLE, writes=True,
           role="manager"),
    Action("team.day", "x", "x", "set_day", "Give one day its own hours", PEOPLE, "One day",
           writes=True, role="manager"),
    Action("team.back", "left_square_bracket", "[", "period(-1)", "The period before", PERIOD,
           "Period"),
    Action("team.forth", "right_square_bracket", "]", "period(1)", "The period after", PERIOD,
           "Period"),
    Action("team.now", "full_stop", ".", "now", "Today", PERIOD, "Today"),
    Action("team.by-day", "d", "d", "step('day')", "By day", PERIOD, "Day"),
    Action("team.by-week", "w", "w", "step('week')", "By week", PERIOD, "Week"),
    Action("team.by-month", "m", "m", "step('month')", "By month", PERIOD, "Month"),
)  # fmt: skip
BAR: tuple[str, ...] = (
    "team.open", "team.hours", "team.away", "team.day", "team.back", "team.forth", "team.by-day",
    "team.by-week", "team.by-month", "team.now", "search", "quit",
)  # fmt: skip

TABLE = Table("team", ACTIONS, BAR)
