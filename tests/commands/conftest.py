"""The command line in a home of its own, on a salon that a test may change or a file may share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine
from databases import Database, Server
from front_desk import Desk, Shop, open_shop
from sqlalchemy import Engine as Pool

from bookra.engine.database import open_pool


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the embedded server's account may pass through, unlike pytest's own."""
    yield from _home()


@pytest.fixture(scope="module")
def shared_home() -> Iterator[Path]:
    """A home for the tests of a whole file."""
    yield from _home()


@pytest.fixture
def cli(home: Path, database: Database) -> CommandLine:
    """The command line on an empty, migrated database, with no business chosen."""
    variables = {"BOOKRA_HOME": str(home / "data"), "BOOKRA_DATABASE_URL": database.url}
    return CommandLine.in_folder(home, **variables)


@pytest.fixture
def shop(home: Path, database: Database, pool: Pool) -> Shop:
    """A salon of the test's own."""
    return open_shop(home, database, pool)


@pytest.fixture
def desk(shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """The commands of a salon of the test's own."""
    return Desk(shop, monkeypatch, capsys)


@pytest.fixture(scope="module")
def shared_shop(postgres: Server, shared_home: Path) -> Iterator[Shop]:
    """A salon that no test of the file changes."""
    with postgres.clean() as database:
        pool = open_pool(database.conninfo)
        yield open_shop(shared_home, database, pool)
        pool.dispose()


@pytest.fixture
def front(
    shared_shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """The commands of a salon that no test of the file changes."""
    return Desk(shared_shop, monkeypatch, capsys)


def _home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bookra-cli-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)
