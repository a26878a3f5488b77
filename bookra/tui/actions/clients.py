"""The keys of the screen Clients."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

ACTIONS: tuple[Action, ...] = ()
BAR: tuple[str, ...] = ("search", "quit")

TABLE = Table("clients", ACTIONS, BAR)
