"""The keys of the screen Waitlist."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

WAITLIST = "Waitlist"

ACTIONS: tuple[Action, ...] = (
    Action("wish.new", "n", "n", "new", "Put somebody on the list", WAITLIST, "Add", writes=True),
    Action(
        "wish.offer", "o", "o", "offer", "Offer the opening: hold it, and tell them", WAITLIST,
        "Offer", writes=True,
    ),
    Action(
        "wish.accept", "y", "y", "accept", "They said yes: book it", WAITLIST, "Said yes",
        writes=True,
    ),
    Action("wish.drop", "d", "d", "drop", "Take off the list", WAITLIST, "Drop", writes=True),
    Action("wish.open", "enter", "⏎", "open", "Show the time on the day", WAITLIST, "Day"),
    Action("wish.client", "c", "c", "client", "Show the client", WAITLIST, "Client"),
)  # fmt: skip
BAR: tuple[str, ...] = (
    "wish.offer", "wish.accept", "wish.new", "wish.drop", "wish.open", "wish.client", "search",
    "quit",
)  # fmt: skip
"""The footer, most needed first."""

TABLE = Table("waitlist", ACTIONS, BAR)
