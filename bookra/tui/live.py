"""Hearing what others change: one thread that listens, and tells the app what it heard.

A change names kinds and ids only; the screen reads again. Where nothing can be heard (behind a
transaction pooler, or while the database is away) the screens read every few seconds instead.
"""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from bookra.errors import BookraError

if TYPE_CHECKING:
    from bookra.tui.desk import Changes, Desk

LISTEN_SECONDS = 1.0
"""How long one wait lasts: an app that has crashed cuts no wire."""
AGAIN_SECONDS = (1.0, 2.0, 5.0, 10.0)
"""The waits before each further attempt to listen; the last one repeats."""


class Changed(Message):
    """Something was changed, here or elsewhere: ``subjects`` such as ``booking:<id>``.

    An empty tuple means that anything may have changed: nobody listened for a while.
    """

    def __init__(self, subjects: tuple[str, ...]) -> None:
        super().__init__()
        self.subjects = subjects


class Live:
    """Listens on a thread of its own until it is told to stop."""

    def __init__(self, app: App[None], desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._stop = Event()
        self._wire: Changes | None = None
        self.hears = False
        """Whether changes come by themselves now."""

    def start(self) -> None:
        """Begin to listen."""
        self._app.run_worker(self._listen, thread=True, group="live", exit_on_error=False)

    def stop(self) -> None:
        """End at once."""
        self._stop.set()
        if self._wire is not None:
            self._wire.end()

    @property
    def _wanted(self) -> bool:
        """Tell whether to go on: an app that has crashed never says goodbye."""
        return not self._stop.is_set() and self._app.is_running

    def _listen(self) -> None:
        failures = 0
        while self._wanted:
            try:
                with self._desk.changes() as changes:
                    failures, self.hears, self._wire = 0, True, changes
                    self._app.post_message(Changed(()))
                    while self._wanted:
                        if subjects := changes.wait(LISTEN_SECONDS):
                            self._app.post_message(Changed(subjects))
            except BookraError:
                failures += 1
            finally:
                self.hears, self._wire = False, None
            self._stop.wait(AGAIN_SECONDS[min(failures, len(AGAIN_SECONDS)) - 1])
