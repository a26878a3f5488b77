"""The only thread workers: they ask the desk, and post what it answers as messages.

Questions run in lanes, one thread a lane at most. A lane runs the newest wish: what was wished
for meanwhile replaces what waits, and the answer to a wish that was replaced is dropped. So a
slow database never piles up threads, and an old answer never overwrites a new one.
Writes are the exception: their lane takes no second wish until it has answered, so that a key
pressed twice books once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TypeVar

from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

from bookra.errors import BookraError
from bookra.tui.messages import Refused

WRITES = "writes"
"""The lane of everything that changes something."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Wish:
    """A call of the desk, and the node that waits for the message it returns."""

    node: MessagePump
    ticket: int
    call: Callable[[], Message]


class Work:
    """Runs calls of the desk for an app. Its methods are for the UI's thread."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._lock = Lock()
        self._tickets = 0
        self._waiting: dict[str, _Wish | None] = {}

    @property
    def idle(self) -> bool:
        """Tell whether every question was answered."""
        with self._lock:
            return not self._waiting

    def busy(self, lane: str) -> bool:
        """Tell whether a lane still works."""
        with self._lock:
            return lane in self._waiting

    def ask(
        self,
        node: MessagePump,
        lane: str,
        call: Callable[[], T],
        answer: Callable[[int, T], Message],
    ) -> int:
        """Run ``call`` on the lane's thread and post ``answer(ticket, result)`` to ``node``.

        A BookraError is posted as Refused. Returns the ticket of this question, or 0 where the
        lane writes and is still at it: nothing was asked then.
        """
        with self._lock:
            if lane == WRITES and lane in self._waiting:
                return 0
            self._tickets += 1
            ticket = self._tickets
            wish = _Wish(node, ticket, lambda: answer(ticket, call()))
            started = lane in self._waiting
            self._waiting[lane] = wish
        if not started:
            self._app.run_worker(
                partial(self._serve, lane), thread=True, group=lane, exit_on_error=False
            )
        return ticket

    def _serve(self, lane: str) -> None:
        """Fulfil the lane's wishes, on its thread, until none waits."""
        while True:
            with self._lock:
                wish = self._waiting[lane]
                self._waiting[lane] = None
            message = self._fulfil(lane, wish) if wish else None
            with self._lock:
                replaced = self._waiting[lane] is not None
                if not replaced:
                    # before the lane is free: who finds it idle finds the answer on its way, too
                    if wish and message:
                        wish.node.post_message(message)
                    del self._waiting[lane]
                    return

    @staticmethod
    def _fulfil(lane: str, wish: _Wish) -> Message:
        try:
            return wish.call()
        except BookraError as error:
            return Refused(wish.ticket, lane, error)
        except Exception as error:  # noqa: BLE001  a bug in one call must not close the desk
            return Refused(wish.ticket, lane, _bug(error))


def _bug(error: Exception) -> BookraError:
    return BookraError(
        "unexpected",
        f"Something unexpected happened: {type(error).__name__}: {error}",
        hint="Nothing else is affected. Please report this text",
    )
