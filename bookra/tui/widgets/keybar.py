"""The bottom line: the keys that work now, most needed first, as many as fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.content import Content
from textual.events import Click
from textual.reactive import reactive
from textual.widget import Widget

from bookra.tui.actions import Action, Table, by_id

_LAST = "help"


@dataclass(frozen=True, slots=True)
class _Item:
    actions: tuple[Action, ...]
    key: Callable[[Action], str]

    @property
    def keys(self) -> str:
        return " ".join(map(self.key, self.actions))

    @property
    def width(self) -> int:
        return len(self.keys) + len(self.actions[0].word) + 3


class KeyBar(Widget):
    """Shows keys from the action table; ``idle`` names the actions that can't be done now.

    ``absent`` ones mean nothing in the section that is shown, and leave their room to others.
    """

    idle: reactive[frozenset[str]] = reactive(frozenset())
    absent: reactive[frozenset[str]] = reactive(frozenset())

    def __init__(self, table: Table, key: Callable[[Action], str]) -> None:
        """Take the screen's table, and how an action's key is written."""
        super().__init__()
        self._table = table
        self._key = key

    def render(self) -> Content:
        """Put the items on a line, and the key of the help at its end."""
        last = self._last()
        line, room = Content(" "), self.size.width - last.cell_length - 1
        for item in self._fitting():
            line += self._written(item)
        return line + Content(" " * max(0, room + 1 - line.cell_length)) + last

    def _last(self) -> Content:
        helped = by_id()[_LAST]
        return Content.assemble((self._key(helped), "bold $text-accent"), f" {helped.word} ")

    def _written(self, item: _Item) -> Content:
        off = item.actions[0].id in self.idle
        key_style, word_style = ("$text-muted", "$text-muted") if off else ("bold $text-accent", "")
        return Content.assemble((item.keys, key_style), (f" {item.actions[0].word}  ", word_style))

    def _fitting(self) -> list[_Item]:
        room, fitting = self.size.width - self._last().cell_length - 1, []
        for item in _items(self._table, self._key):
            if self.absent.issuperset(action.id for action in item.actions):
                continue
            room -= item.width
            if room < 0:
                break
            fitting.append(item)
        return fitting

    async def on_click(self, event: Click) -> None:
        """Do what a clicked item says."""
        x = 1
        for item in self._fitting():
            if x <= event.x < x + item.width:
                await self.screen.run_action(item.actions[-1].run)
                return
            x += item.width
        if event.x >= self.size.width - self._last().cell_length - 1:
            await self.screen.run_action(by_id()[_LAST].run)


def _items(table: Table, key: Callable[[Action], str]) -> list[_Item]:
    """Return the footer's items; neighbours with the same word share one."""
    known, items = by_id(), list[_Item]()
    for name in table.bar:
        action = known[name]
        if items and items[-1].actions[0].word == action.word:
            items[-1] = _Item((*items[-1].actions, action), key)
        else:
            items.append(_Item((action,), key))
    return items
