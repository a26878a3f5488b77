"""The database server fails under load, and everything goes on as if it had not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from connected import Connected, connected_salon
from own_server import Own, own_server
from relays import relays
from single_effects import prove
from tormenting import Torment

from bookra.config import Settings
from bookra.engine.database import open_pool

TIMES = int(os.environ.get("BOOKRA_TEST_SERVER_KILLS", "4"))
"""An even number: the last time it is restarted in order, and there again when that has ended."""
SEED = 20261123


@pytest.fixture
def own() -> Iterator[Own]:
    with own_server() as server:
        server.begin()
        yield server


@pytest.fixture
def luna(own: Own, tmp_path: Path) -> Iterator[Connected]:
    pool = open_pool(own.database.conninfo, size=10)
    settings = Settings(home=tmp_path / "home", database_url=own.database.url)
    with connected_salon(own.database, pool, settings) as connected:
        yield connected
    pool.dispose()


def test_a_server_that_is_killed_and_restarted_under_load_leaves_nothing_partial(
    own: Own, luna: Connected
) -> None:
    """The relays live on, and find the server again by themselves."""
    assert luna.settings.database_url is not None
    with relays(luna.settings.home, luna.settings.database_url) as paddock:
        torment = Torment(luna, paddock, SEED)
        torment.connect_mail()

        def harm() -> None:
            (own.restart if torment.counts["harms"] % 2 else own.kill_a_backend)()
            torment.counts["harms"] += 1

        ended = torment.go(lambda now: now.counts["harms"] < TIMES, pause_seconds=1.0, harm=harm)
        assert ended == [-signal.SIGKILL] * 2
        torment.settle()
    assert torment.counts["book"] + torment.counts["book_by_link"] > 0
    prove(luna)
