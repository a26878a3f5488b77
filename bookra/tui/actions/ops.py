"""The keys of the screen Ops."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

ACTIONS: tuple[Action, ...] = ()
BAR: tuple[str, ...] = ("search", "quit")

TABLE = Table("ops", ACTIONS, BAR)
