"""Keys in turn: each waits until what the keys before it opened is there to be typed into.

Textual hands a key to whatever has the focus in the moment it comes. Of keys that come together
(from a quick hand on a busy machine, a scanner, a script) ``/`` would open the search, and the
letters of a name would still be verbs of the screen below it: ``i`` checks somebody in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from textual.app import App
from textual.dom import DOMNode
from textual.events import Event, Key, Paste

CALM = 2
"""How often the focus must be found in its place before a key that waits goes there: what a key
sets off may set off more."""


class InTurn(App[None]):
    """An app that does one key after the other, and what is pasted in its turn.

    Nothing tells when a key is over. So a call is sent the way that the key went, from queue to
    queue up to the app; it arrives behind the key and behind what that set off. When it finds
    the focus where it was, twice where a key waits already, the next key goes there.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._typed: deque[Key | Paste] = deque()
        self._typing = False

    async def on_event(self, event: Event) -> None:
        """Line up what is typed; what comes back from below, and all else, goes on as ever."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self._typed.append(event)
            if not self._typing:
                await self._type()
        else:
            await super().on_event(event)

    async def _type(self) -> None:
        """Hand out the next key, if there is one."""
        self._typing = bool(self._typed)
        if self._typing:
            there = self._there
            await super().on_event(self._typed.popleft())
            self._follow(self._way_from(there), there, calm=0)

    @property
    def _there(self) -> DOMNode:
        """Return where a key goes now."""
        return self.focused or self.screen

    def _way_from(self, there: DOMNode) -> Iterator[DOMNode]:
        return iter([node for node in there.ancestors_with_self if node is not self])

    def _follow(self, way: Iterator[DOMNode], there: DOMNode, calm: int) -> None:
        """Go on to the next queue of the way; those that were closed are left out."""
        for node in way:
            if node.call_later(self._follow, way, there, calm):
                return
        self.call_later(self._arrived, there, calm)

    async def _arrived(self, there: DOMNode, calm: int) -> None:
        """Type on, unless something may still be on its way to where the focus is now."""
        calm = calm + 1 if there is self._there else 0
        if calm >= (CALM if self._typed else 1):
            await self._type()
        else:
            self._follow(self._way_from(self._there), self._there, calm)
