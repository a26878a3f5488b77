"""A writer process: some threads, each with a connection, that try what they are told to.

``python -m bookra.engine.proofs.tortures.writer`` reads its orders as JSON lines: first who it is,
then tickets. It answers with a line an attempt. It lives in a session of its own, so that Ctrl-C
reaches the crew alone; it ends when its orders end, also when those who gave them were killed.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from queue import SimpleQueue
from typing import Any

import psycopg
from sqlalchemy import Engine as Pool
from sqlalchemy import event

from bookra.engine.database import open_pool
from bookra.engine.proofs.tortures.tally import DEADLOCK, DONE, READY
from bookra.engine.proofs.tortures.tickets import Ticket
from bookra.engine.proofs.tortures.trying import attempt
from bookra.engine.runtime import RETRIED, Engine

FAILED = 1


def main() -> None:
    """Work on what comes in until it ends; what is then still in the queue is left alone."""
    orders = json.loads(sys.stdin.readline())
    pool = open_pool(orders["conninfo"], size=orders["threads"])
    engine, writer = Engine(pool), Writer(orders["tenant"])
    writer.watch(pool)
    threads = [
        threading.Thread(target=writer.work, args=(engine,)) for _ in range(orders["threads"])
    ]
    for thread in threads:
        thread.start()
    for line in sys.stdin:
        for ticket in json.loads(line):
            writer.tickets.put(Ticket(*ticket))
    writer.stopped.set()
    for _ in threads:
        writer.tickets.put(None)
    for thread in threads:
        thread.join()
    engine.close()


class Writer:
    """The threads' queue and their one voice."""

    def __init__(self, tenant: str) -> None:
        self.tickets: SimpleQueue[Ticket | None] = SimpleQueue()
        self.stopped = threading.Event()
        self._tenant = tenant
        self._voice = threading.Lock()
        self._current = threading.local()

    def work(self, engine: Engine) -> None:
        """Work until the end. A thread that fails takes its process along: that is noticed."""
        try:
            self._work(engine)
        except BaseException:  # noqa: BLE001 - whatever it is, it must not end in silence
            traceback.print_exc()
            os._exit(FAILED)

    def _work(self, engine: Engine) -> None:
        """Connect, say so, and try ticket after ticket."""
        engine.ask(self._tenant, lambda tx: tx.now)
        self._say(READY)
        while (ticket := self.tickets.get()) is not None and not self.stopped.is_set():
            self._current.ticket = ticket
            began = time.perf_counter()
            outcome = attempt(engine, self._tenant, ticket)
            seconds = time.perf_counter() - began
            self._say(DONE, ticket.number, outcome.verdict, outcome.word, round(seconds, 6))

    def watch(self, pool: Pool) -> None:
        """Report each deadlock as it is met: the engine tries again and says nothing."""

        @event.listens_for(pool, "handle_error")
        def seen(context: Any) -> None:
            error = context.original_exception
            if isinstance(error, psycopg.Error) and error.sqlstate in RETRIED:
                ticket: Ticket = self._current.ticket
                words = (context.statement or "").split()[:3]
                self._say(DEADLOCK, ticket.kind, ticket.way, " ".join(words))

    def _say(self, *words: object) -> None:
        with self._voice:
            sys.stdout.write(json.dumps(words) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
