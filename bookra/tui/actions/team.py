"""The keys of the screen Team."""

from __future__ import annotations

from bookra.tui.actions.action import Action, Table

ACTIONS: tuple[Action, ...] = ()
BAR: tuple[str, ...] = ("search", "quit")

TABLE = Table("team", ACTIONS, BAR)
