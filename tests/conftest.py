"""What every test may ask for: a database of its own, an engine on it, settings that name it."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from carrying import Recorder
from databases import FOLDER_VARIABLE, Database, Server
from factories import Salon, open_salon
from gathering import kept_bytecode, read_own_share
from hypothesis import settings as hypothesis_settings
from runs import Run
from sqlalchemy import Engine as Pool

from bookra.config import ENVIRONMENT, Settings
from bookra.engine.runtime import Engine

RUN = pytest.StashKey[Run]()

# The machine is shared: how long an example takes says nothing about the code.
# Each run draws anew: many short ones see as much as few long ones.
EXAMPLES = int(os.environ.get("BOOKRA_TEST_EXAMPLES", "12"))
hypothesis_settings.register_profile(
    "bookra", deadline=None, print_blob=True, max_examples=EXAMPLES
)
hypothesis_settings.load_profile("bookra")


def pytest_configure(config: pytest.Config) -> None:
    """Give the run its folder, and keep the developer's own settings out of the tests."""
    for name in ENVIRONMENT.values():
        os.environ.pop(name, None)
    if hasattr(config, "workerinput"):
        return
    config.stash[RUN] = run = Run()
    os.environ[FOLDER_VARIABLE] = str(run.folder)
    # A time limit ends a run with SIGTERM: it ends like Ctrl-C, so that the server ends too.
    signal.signal(signal.SIGTERM, _interrupt)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Read the tests once for all workers, and collect no garbage while nothing but grows."""
    gc.disable()
    try:
        with kept_bytecode():
            read_own_share(session.config)
            return (yield)
    finally:
        gc.enable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave out of every later collection what lives to the end: a fifth of all the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(400_000, 20, 20)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the server with the run, also after Ctrl-C."""
    if run := config.stash.get(RUN, None):
        run.end()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if threading.current_thread() is threading.main_thread():
    # A shell that starts the suite in its background ignores Ctrl-C for all that it starts, and
    # children inherit that: what is sent to them in tests would never arrive.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def recorder() -> Iterator[Recorder]:
    """What the program says in a business's transactions, in this process, in every test."""
    recorder = Recorder()
    with recorder.listening():
        yield recorder


@pytest.fixture(autouse=True)
def _statements_name_the_business(recorder: Recorder) -> Iterator[None]:
    """Fail the test that lets a statement through which Citus would send to every shard."""
    recorder.found.clear()
    yield
    assert not recorder.found, "bind :tenant_id, or give the reason in tests/carrying.py"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The run's server; it starts when a test first needs a database."""
    server = Server(Path(os.environ[FOLDER_VARIABLE]))
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _longest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was postponed stays so while a test looks at it, however slow the machine is."""
    monkeypatch.setattr("bookra.relay.returning.jitter", lambda: 0.999)


TELLING = {"environment", "cli", "bookra", "home"}
"""Fixtures by which other processes hear of a test's database."""


@pytest.fixture
def database(postgres: Server, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated, empty database."""
    with postgres.clean(told=not TELLING.isdisjoint(request.fixturenames)) as clean:
        yield clean


@pytest.fixture
def bare_database(postgres: Server) -> Iterator[Database]:
    """A database that no migration has touched."""
    with postgres.fresh(template=False) as fresh:
        yield fresh


@pytest.fixture
def pool(database: Database, postgres: Server) -> Pool:
    """Connections of the ordinary login to the test's database."""
    return postgres.pool(database)


@pytest.fixture
def engine(pool: Pool) -> Engine:
    """The engine, by the database's own clock."""
    return Engine(pool)


@pytest.fixture
def salon(database: Database, pool: Pool) -> Salon:
    """A salon at a fixed moment: Monday 23 November 2026, nine o'clock in Berlin."""
    return open_salon(database, pool)


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """Settings that name the test's database, and a home of the test's own."""
    return Settings(home=tmp_path / "home", database_url=database.url)


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """The environment that gives a command these settings."""
    assert settings.database_url is not None
    return {"BOOKRA_HOME": str(settings.home), "BOOKRA_DATABASE_URL": settings.database_url}
