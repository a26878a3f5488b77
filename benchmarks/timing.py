"""Times things against each other in one run, and writes down what came out.

Contenders take turns, and the order turns round each time: what slows the machine for a moment
hits both sides. The least times come nearest to a machine that does nothing else; the processor
time of both ends, where it is known, says how much work it was, whoever else wanted the machine.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one contender, in the order in which they were measured."""

    name: str
    taken_ms: tuple[float, ...]
    worked_ms: tuple[float, ...] = ()

    @property
    def median_worked_ms(self) -> float:
        """The middle one of the processor times, of client and server together."""
        return median(self.worked_ms)

    @property
    def median_ms(self) -> float:
        """The middle one."""
        return median(self.taken_ms)

    @property
    def raw(self) -> str:
        """Every measurement on one line."""
        return f"{self.name}: {' '.join(f'{taken:.2f}' for taken in self.taken_ms)}"


def interleaved(
    contenders: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    warm_up: int,
    servers: Mapping[str, int] | None = None,
) -> list[Times]:
    """Run all contenders in each of ``rounds``; the first ``warm_up`` rounds do not count.

    ``servers`` names the server's process that works for a contender, so that its processor time
    is counted too.
    """
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    worked: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for number in range(warm_up + rounds):
        for name in order:
            server = (servers or {}).get(name)
            before, begun = _worked_ms(server), time.perf_counter()
            kept = contenders[name]()
            elapsed = (time.perf_counter() - begun) * 1000
            work = _worked_ms(server) - before
            del kept  # taking the result apart is the caller's time
            if number >= warm_up:
                taken[name].append(elapsed)
                worked[name].append(work)
        order.reverse()
    return [Times(name, tuple(taken[name]), tuple(worked[name])) for name in contenders]


def _worked_ms(server: int | None) -> float:
    """Return the processor time so far of this process, and of the server's (Linux alone)."""
    own = time.process_time() * 1000
    if server is None:
        return own
    return own + int(Path(f"/proc/{server}/schedstat").read_text("utf-8").split()[0]) / 1e6


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return columns lined up: the first to the left, figures to the right."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "  ".join(
            word.rjust(width) if column else word.ljust(width)
            for column, (word, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def publish(name: str, parts: Iterable[str]) -> None:
    """Print the parts and write them to ``results/<name>.txt``."""
    text = "\n\n".join([machine(), *parts]) + "\n"
    sys.stdout.write(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.txt").write_text(text, "utf-8")


def machine() -> str:
    """Return when this was measured, and on what kind of machine: kinds, never names."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {platform.system()} {platform.machine()} · "
        f"{_processor()} · {os.cpu_count()} cores · {memory:.0f} GiB · "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else "unknown processor"
