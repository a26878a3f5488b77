"""A salon connected to stand-ins, and a command line on its database, for whole stories."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from at_the_counter import Counters
from command_line import CommandLine
from connected import Connected, connected_salon
from databases import Database
from sqlalchemy import Engine as Pool

from bookra.config import Settings


@pytest.fixture
def luna(database: Database, pool: Pool, settings: Settings) -> Iterator[Connected]:
    """A salon that is connected to stand-ins of its own."""
    with connected_salon(database, pool, settings) as connected:
        yield connected


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment)


@pytest.fixture
def open_counter(
    database: Database,
    pool: Pool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Counters]:
    """The counter of a salon, opened with the tax and the platform's share that a test needs."""
    with ExitStack() as serves:
        yield Counters(tmp_path, database, pool, monkeypatch, capsys, serves)
