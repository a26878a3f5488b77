"""Times things against each other in one run, and writes down what came out.

Contenders take turns, and the order turns round each time: what slows the machine for a moment
hits both sides. The least times come nearest to a machine that does nothing else.
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

    @property
    def median_ms(self) -> float:
        """The middle one."""
        return median(self.taken_ms)

    @property
    def raw(self) -> str:
        """Every measurement on one line."""
        return f"{self.name}: {' '.join(f'{taken:.2f}' for taken in self.taken_ms)}"


def interleaved(
    contenders: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: int
) -> list[Times]:
    """Run all contenders in each of ``rounds``; the first ``warm_up`` rounds do not count."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    for number in range(warm_up + rounds):
        for name in order:
            begun = time.perf_counter()
            kept = contenders[name]()
            elapsed = (time.perf_counter() - begun) * 1000
            del kept  # taking the result apart is the caller's time
            if number >= warm_up:
                taken[name].append(elapsed)
        order.reverse()
    return [Times(name, tuple(each)) for name, each in taken.items()]


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
