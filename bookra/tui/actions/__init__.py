"""Every key of the front desk, once: bindings, footer, help and palette are read from here.

Desk verbs are plain letters: control keys collide with terminals, tmux and editors. Each
binding has an id, so that it can be remapped.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from bookra.tui.actions import clients, day, money, ops, team, waitlist
from bookra.tui.actions.action import Action, Table, bindings
from bookra.tui.actions.day import DAY, GRID
from bookra.tui.actions.program import APP, EVERYWHERE, TABS

TABLES = {
    table.screen: table
    for table in (
        day.TABLE,
        clients.TABLE,
        waitlist.TABLE,
        money.TABLE,
        team.TABLE,
        ops.TABLE,
    )
}
"""The screens' own actions, by the screen's name."""

__all__ = [
    "APP",
    "DAY",
    "EVERYWHERE",
    "GRID",
    "TABLES",
    "TABS",
    "Action",
    "Table",
    "bindings",
    "by_id",
    "groups",
]


@cache
def by_id() -> Mapping[str, Action]:
    """Return every action by its id."""
    own = [action for table in TABLES.values() for action in table.actions]
    return {action.id: action for action in (*own, *GRID, *EVERYWHERE, *APP)}


def groups(table: Table) -> dict[str, list[Action]]:
    """Return a screen's actions under the titles of their groups, in the order of the table."""
    found: dict[str, list[Action]] = {}
    moves = GRID if table.screen == "day" else ()
    for action in (*table.actions, *moves, *EVERYWHERE, *APP):
        found.setdefault(action.group, []).append(action)
    return found
