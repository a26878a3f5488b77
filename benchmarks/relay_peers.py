"""One peer's drain, as a process of its own: ``relay_peers.py pgqueuer|procrastinate DSN ROWS``.

Fills the peer's own tables with jobs that do nothing, works them off at the settings that are best
for it, and prints how many seconds the working off took.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Sequence

MANAGERS, BATCH = 5, 100
"""PgQueuer's own benchmark is fastest so: five managers, each with a connection of its own."""

CONCURRENCY = 20


async def pgqueuer(dsn: str, rows: int) -> float:
    """Return the seconds that PgQueuer takes, with asyncpg."""
    import asyncpg
    from pgqueuer import QueueManager
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.domain.types import QueueExecutionMode
    from pgqueuer.queries import Queries

    connections = [await asyncpg.connect(dsn) for _ in range(MANAGERS)]
    queries = Queries(AsyncpgDriver(connections[0]))
    if not await connections[0].fetchval("SELECT to_regclass('pgqueuer')"):
        await queries.install()
    await queries.enqueue(["noop"] * rows, [None] * rows, [0] * rows)
    await connections[0].execute("ANALYZE")
    managers = [QueueManager(Queries(AsyncpgDriver(each))) for each in connections]
    for manager in managers:

        @manager.entrypoint("noop")
        async def noop(_job: object) -> None:
            return None

    begun = time.perf_counter()
    await asyncio.gather(
        *(manager.run(batch_size=BATCH, mode=QueueExecutionMode.drain) for manager in managers)
    )
    took = time.perf_counter() - begun
    for connection in connections:
        await connection.close()
    return took


async def procrastinate(dsn: str, rows: int) -> float:
    """Return the seconds that Procrastinate takes."""
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=dsn, max_size=CONCURRENCY))

    @app.task(name="noop")
    async def noop() -> None:
        return None

    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        for begin in range(0, rows, 1000):
            await noop.batch_defer_async(*({} for _ in range(min(1000, rows - begin))))
        begun = time.perf_counter()
        await app.run_worker_async(
            wait=False, concurrency=CONCURRENCY, delete_jobs="always", install_signal_handlers=False
        )
        return time.perf_counter() - begun


def main(words: Sequence[str]) -> None:
    """Run one peer and print its seconds."""
    logging.disable(logging.CRITICAL)
    peer, dsn, rows = words
    work = {"pgqueuer": pgqueuer, "procrastinate": procrastinate}[peer]
    print(asyncio.run(work(dsn, int(rows))))


if __name__ == "__main__":
    main(sys.argv[1:])
