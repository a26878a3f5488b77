"""How the tests are read: each worker compiles its share of them, and reads the others'.

Every worker of a run collects every test. What costs in that is that pytest rewrites each assertion
so that it tells what it compared, and all workers at once would rewrite the same file at the same
time. What one of them has written beside the tests, the others read, and later runs as well.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def kept_bytecode() -> Iterator[None]:
    """Let what is compiled be written down, as ``make test`` does with all that isn't a test."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def read_own_share(config: pytest.Config) -> None:
    """Import the files that fall to this worker; what fails is for the collection to tell."""
    who: dict[str, str] | None = getattr(config, "workerinput", None)
    if who is None:
        return
    number, workers = int(who["workerid"].removeprefix("gw")), int(who["workercount"])
    for file in list(_files(config))[number::workers]:
        if str(file.parent) not in sys.path:
            sys.path.insert(0, str(file.parent))
        with suppress(Exception, pytest.skip.Exception):
            importlib.import_module(file.stem)


def _files(config: pytest.Config) -> Iterator[Path]:
    for word in config.args:
        path = Path(config.invocation_params.dir, word.partition("::")[0])
        yield from sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
