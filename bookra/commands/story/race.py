"""The race: many writers in several processes want one slot, half of them past every check."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

from bookra.config import Settings
from bookra.engine.proofs.race import Prize, attempt, attempt_directly

PROCESSES = 4
WRITERS = 8
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class RaceResult:
    """How the attempts ended, by their word: one ``won``, the rest refusals."""

    attempts: int
    by_outcome: dict[str, int]


def run_race(settings: Settings, tenant: str, prize: Prize) -> RaceResult:
    """Let every writer of every process try at the same moment, again and again."""
    context = multiprocessing.get_context("spawn")
    total: Counter[str] = Counter()
    with context.Manager() as shared:
        gate = shared.Barrier(PROCESSES)
        with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
            jobs = [pool.submit(_contend, settings, tenant, prize, gate) for _ in range(PROCESSES)]
            for job in jobs:
                total.update(job.result())
    return RaceResult(sum(total.values()), dict(total))


def _contend(settings: Settings, tenant: str, prize: Prize, gate: Barrier) -> Counter[str]:
    """Run one process's writers, on an engine of its own."""
    from bookra.bootstrap import open_engine

    engine = open_engine(settings, size=WRITERS)
    try:
        gate.wait()
        with ThreadPoolExecutor(WRITERS) as threads:
            words = [
                threads.submit(attempt if number % 2 else attempt_directly, engine, tenant, prize)
                for number in range(WRITERS * ROUNDS)
            ]
            return Counter(word.result() for word in words)
    finally:
        engine.close()
