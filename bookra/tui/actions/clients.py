"""The keys of the screen Clients."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

CLIENTS, LIST = "Clients", "The list"

ACTIONS: tuple[Action, ...] = (
    Action("client.new", "n", "n", "new", "Add a client", CLIENTS, "New", writes=True),
    Action("client.edit", "e", "e", "edit", "Change what is known", CLIENTS, "Edit", writes=True),
    Action("client.book", "b", "b", "book", "Book for this client", CLIENTS, "Book", writes=True),
    Action(
        "client.messages", "o", "o", "messages", "Messages: which they want", CLIENTS, "Messages",
        writes=True,
    ),
    Action("client.find", "f", "f", "find", "Find by name, phone or e-mail", LIST, "Find"),
    Action("client.side", "tab", "tab", "side", "To their visits, and back", LIST, "Visits"),
)  # fmt: skip
BAR: tuple[str, ...] = (
    "client.find", "client.new", "client.edit", "client.book", "client.messages", "client.side",
    "search", "quit",
)  # fmt: skip
"""The footer, most needed first."""

TABLE = Table("clients", ACTIONS, BAR)
