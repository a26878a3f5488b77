"""The relay's drain: rows a second against its peers and under load, and how soon one goes out.

The rows do nothing, by a route that the benchmark brings along; all the rest is the product: claims
by tenant with leases and fences, lanes, settling with history, forced row-level security and
durable commits. PgQueuer and Procrastinate work on the same server in the same rounds, in a
database of their own, as superusers (``pip install -e '.[benchmark]'``, or ``--python`` of an
environment that has them). Rates are off, and nothing is logged, on both sides.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

import psycopg
from psycopg.conninfo import make_conninfo
from relay_filled import DONE, LEFT, SIZES, Nothing, add, deliver_by, fill, served
from timing import publish, table

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.embedded import SUPERUSER
from bookra.engine.outbox.emit import emit
from bookra.engine.runtime import Engine
from bookra.engine.tenancy.actions import slugs
from bookra.ids import new_id
from bookra.relay import log
from bookra.relay.access import Clients
from bookra.relay.delivery import Delivery
from bookra.relay.drain import Drain
from bookra.relay.options import RelayOptions
from bookra.relay.outcome import Outcome

HERE = Path(__file__).parent
PEERS = ("pgqueuer", "procrastinate")
LOAD = {
    "alone": {},
    "a snapshot is held": {},
    "100,000 blocked": {"blocked": 100_000},
    "100,000 dead": {"dead": 100_000},
}


def main() -> None:
    """Take the figures and publish them."""
    given = _options()
    log.set_level("off")
    parts = [f"{given.rows:,} rows of {given.tenants} businesses · {given.workers} workers · fsync"]
    with served(given.tenants, given.workers + 10) as (settings, engine):
        parts.append(_latency(settings, engine, given))
        parts += _throughput(settings, engine, given)
        parts.append(_http(settings, engine, given))
        if given.many:
            parts.append(_flat(settings, engine, given))
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    parts.append(f"Memory of the whole process, relay and benchmark, at its most: {rss:.0f} MiB")
    parts.append(f"Load of the machine at the end: {os.getloadavg()[0]:.1f}")
    publish("relay_drain", parts)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rows", type=int, default=20_000)
    options.add_argument("--peer-rows", type=int, default=20_000)
    options.add_argument("--tenants", type=int, default=10)
    options.add_argument("--workers", type=int, default=8)
    options.add_argument("--many", type=int, default=1_000_000, help="rows in all, one by one")
    options.add_argument("--in-flight", type=int, default=64)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--python", default=sys.executable, help="an interpreter with the peers")
    return options.parse_args()


def _throughput(settings: Settings, engine: Engine, given: argparse.Namespace) -> list[str]:
    """Let all sides take turns; returns the table and every figure."""
    deliver_by(lambda _delivery: DONE)
    peers = [peer for peer in PEERS if _has(given.python, peer)]
    dsn = _peers_database(settings)
    rates: dict[str, list[float]] = {name: [] for name in (*LOAD, *peers)}
    sizes: list[str] = []
    for number in range(given.rounds):
        order = list(rates) if number % 2 == 0 else list(reversed(rates))
        for name in order:
            if name in peers:
                rates[name].append(given.peer_rows / _peer(given, name, dsn))
                continue
            fill(settings, given.rows, **LOAD[name])
            with ExitStack() as stack:
                if name == "a snapshot is held":
                    stack.enter_context(_snapshot(settings))
                rates[name].append(given.rows / _drained(engine, settings, given.workers))
            size = engine.across_tenants(lambda connection: connection.execute(SIZES).one())
            sizes.append(f"{name}: {size.heap // 1024} + {size.indexes // 1024} KiB")
    alone = median(rates["alone"])
    rows = [
        [name, f"{median(found):,.0f}", f"{median(found) / alone:.2f}"]
        for name, found in rates.items()
    ]
    raw = [f"{name}: {' '.join(f'{rate:.0f}' for rate in found)}" for name, found in rates.items()]
    return [
        table(("", "rows/s", "of alone"), rows),
        "Every turn, rows/s:\n" + "\n".join(raw),
        "Table and indexes after each turn:\n" + "\n".join(sizes),
    ]


def _drained(engine: Engine, settings: Settings, workers: int) -> float:
    """Return the seconds until nothing is ready or in flight."""
    drain = _drain(engine, settings, workers)
    begun = time.perf_counter()
    drain.start()
    while engine.across_tenants(lambda connection: connection.execute(LEFT).scalar_one()):
        time.sleep(0.02)
    took = time.perf_counter() - begun
    drain.stop()
    return took


def _drain(engine: Engine, settings: Settings, workers: int) -> Drain:
    options = RelayOptions(workers=workers, calls_per_second={})
    return Drain(engine, Clients(engine, settings), new_id(), options)


def _http(settings: Settings, engine: Engine, given: argparse.Namespace) -> str:
    """Let each delivery take 100 ms, as a call does; returns what of the possible was reached."""

    def call(_delivery: Delivery) -> Outcome:
        time.sleep(0.1)
        return DONE

    deliver_by(call)
    rows = given.in_flight * 10 * given.seconds
    fill(settings, rows)
    took = _drained(engine, settings, given.in_flight)
    possible = given.in_flight * 10
    return (
        f"Calls of 100 ms, {given.in_flight} in flight: {rows / took:.0f} of {possible} possible"
        f" a second ({100 * rows / took / possible:.0f} %)"
    )


def _flat(settings: Settings, engine: Engine, given: argparse.Namespace) -> str:
    """Drain very many rows, some at a time; returns how large the queue is on the way."""
    deliver_by(lambda _delivery: DONE)
    fill(settings, 0)
    each, sizes = 10_000, []
    for number in range(1, given.many // each + 1):
        add(settings, each, f"{number}-")
        _drained(engine, settings, given.workers)
        if number % (given.many // each // 10) == 0:
            size = engine.across_tenants(lambda connection: connection.execute(SIZES).one())
            kept = f"{size.heap // 1024} + {size.indexes // 1024} KiB"
            sizes.append(f"{number * each:,} rows: {kept}")
    return "Table and indexes, while rows come and go:\n" + "\n".join(sizes)


def _latency(settings: Settings, engine: Engine, given: argparse.Namespace) -> str:
    """Commit 200 effects a second; returns how long after its commit each began."""
    committed: dict[str, float] = {}
    begun: dict[str, float] = {}

    def note(delivery: Delivery) -> Outcome:
        assert isinstance(delivery.payload, Nothing)
        begun[delivery.payload.name] = time.perf_counter()
        return DONE

    deliver_by(note)
    fill(settings, 0)
    names = engine.across_tenants(slugs)
    drain = _drain(engine, settings, given.workers)
    drain.start()
    threads = [
        threading.Thread(target=_commit, args=(engine, names, committed, part, given.seconds))
        for part in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _until(lambda: len(begun) >= len(committed))
    drain.stop()
    took = sorted(max(0.0, begun[name] - committed[name]) * 1000 for name in committed)
    rate = len(committed) / given.seconds
    return (
        f"From commit to delivery at {rate:.0f} effects a second: median {median(took):.1f} ms,"
        f" 99 % within {quantiles(took, n=100)[-1]:.1f} ms, all within {took[-1]:.1f} ms"
    )


def _commit(
    engine: Engine, names: list[str], committed: dict[str, float], part: int, seconds: int
) -> None:
    """Commit fifty effects a second, on the beat, whatever each takes."""
    first = time.perf_counter()
    for number in range(50 * seconds):
        time.sleep(max(0.0, first + number / 50 - time.perf_counter()))
        name = f"{part}-{number}"
        slug = names[number % len(names)]
        engine.act(slug, lambda tx, name=name: emit(tx, Nothing(None, name)), command=None)
        committed[name] = time.perf_counter()


def _until(happened: Callable[[], bool]) -> None:
    until = time.perf_counter() + 60
    while not happened() and time.perf_counter() < until:
        time.sleep(0.02)


def _snapshot(settings: Settings) -> psycopg.Connection:
    """Hold a snapshot as a report does, until the connection is closed."""
    held = psycopg.connect(make_conninfo(**bootstrap.conninfo(settings)))
    held.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    held.execute("SET idle_in_transaction_session_timeout = 0")
    held.execute("SELECT count(*) FROM bookra.tenants")
    return held


def _peers_database(settings: Settings) -> str:
    """Make the peers' own database on the same server; return where it is."""
    keywords = bootstrap.embedded_server(settings).conninfo(SUPERUSER, "postgres")
    with psycopg.connect(make_conninfo(**keywords), autocommit=True) as session:
        session.execute("CREATE DATABASE peers")
    where = {**keywords, "dbname": "peers"}
    return f"postgresql://{where['user']}@/peers?host={where['host']}&port={where['port']}"


def _has(python: str, peer: str) -> bool:
    command = [python, "-c", f"import {peer}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _peer(given: argparse.Namespace, peer: str, dsn: str) -> float:
    """Let a peer fill and drain its own queue; return the seconds of the draining."""
    rows = given.peer_rows if peer == "pgqueuer" else max(1, given.peer_rows // 20)
    command = [given.python, str(HERE / "relay_peers.py"), peer, dsn, str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) * given.peer_rows / rows


if __name__ == "__main__":
    main()
