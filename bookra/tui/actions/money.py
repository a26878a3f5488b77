"""The keys of the screen Money."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

ACTIONS: tuple[Action, ...] = ()
BAR: tuple[str, ...] = ("search", "quit")

TABLE = Table("money", ACTIONS, BAR)
