"""Wakes the relay when something became due: by LISTEN where that works, by polling elsewhere.

Writers notify after their commit. A notice says nothing but that there is work, and many come to
one look. It is a hint: whatever is lost costs one poll. The session is the relay's own, outside
the pool; when it breaks, another is opened, with growing pauses, and meanwhile polling does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bookra.engine.runtime import WAKE_CHANNEL, Engine
from bookra.errors import BookraError
from bookra.relay.log import log

LISTENING_SECONDS = 0.5
"""How long one wait for notices lasts before it is asked whether to go on."""

FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.5, 30.0


class Waking:
    """Calls ``wake`` for each burst of notices, from a thread of its own."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._wake = wake
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="waking", daemon=True)
        self.listening = threading.Event()
        """Set while notices can arrive."""

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more; returns when the thread has ended."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * LISTENING_SECONDS + 1)

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._ended.is_set():
            try:
                if not self._listen():
                    log("relay.polling", why="pooler")
                    return
                pause = FIRST_PAUSE_SECONDS
            except (psycopg.Error, SQLAlchemyError, BookraError, OSError) as error:
                log("relay.not_listening", level="warning", error=type(error).__name__)
                self._ended.wait(pause)
                pause = min(pause * 2, MOST_PAUSE_SECONDS)

    def _listen(self) -> bool:
        """Listen until told to end or the session breaks; False where no notice could arrive."""
        driver = self._engine.across_tenants(_session_of_its_own)
        try:
            if driver.prepare_threshold is None:  # a transaction pooler stands between
                return False
            driver.execute(sql.SQL("LISTEN {}").format(sql.Identifier(WAKE_CHANNEL)))
            self.listening.set()
            self._wake()  # what came before anybody listened
            while not self._ended.is_set():
                for _ in driver.notifies(timeout=LISTENING_SECONDS, stop_after=1):
                    self._wake()
            return True
        finally:
            self.listening.clear()
            driver.close()


def _session_of_its_own(connection: Connection) -> psycopg.Connection:
    """Open another session like this one, outside the pool, without transactions."""
    opened = connection.engine.raw_connection()
    driver = opened.driver_connection
    assert isinstance(driver, psycopg.Connection)
    opened.detach()
    driver.rollback()
    driver.autocommit = True
    return driver
