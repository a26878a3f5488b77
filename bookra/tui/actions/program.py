"""The keys that work on every screen: which screen, help, search, lock, undo, leave."""

from __future__ import annotations

from bookra.tui.actions.action import Action

SCREENS, PROGRAM = "Screens", "Program"

TABS = (
    Action("go.day", "1", "1", "go('day')", "The day", SCREENS, "Day"),
    Action("go.clients", "2", "2", "go('clients')", "Clients", SCREENS, "Clients"),
    Action("go.waitlist", "3", "3", "go('waitlist')", "Who waits for a time", SCREENS, "Waitlist"),
    Action("go.money", "4", "4", "go('money')", "Money", SCREENS, "Money"),
    Action("go.team", "5", "5", "go('team')", "The team", SCREENS, "Team"),
    Action("go.ops", "6", "6", "go('ops')", "What goes out, and how the relay is", SCREENS, "Ops"),
)
"""The screens, in the order of their keys; ``word`` is the tab's name."""

EVERYWHERE = (
    *TABS,
    Action("search", "slash", "/", "search", "Search clients and bookings", PROGRAM, "Search"),
    Action("undo", "u", "u", "undo", "Undo what was done last (not money)", PROGRAM, "Undo",
           writes=True),
    Action("command", "exclamation_mark", "!", "command", "The last action as a command", PROGRAM),
    Action("lock", "L", "L", "lock", "Lock and unlock writing", PROGRAM),
    Action("help", "question_mark", "?", "help", "All keys", PROGRAM, "Keys"),
    Action("quit", "q", "q", "quit", "Leave the front desk", PROGRAM, "Quit"),
)  # fmt: skip
"""What each screen binds besides its own."""

APP = (Action("palette", "colon", ":  ^p", "app.command_palette", "Search all commands", PROGRAM),)
"""What works in dialogs, too."""
