"""Relays are killed at random moments while people work, and nothing is lost, doubled or stuck.

``BOOKRA_TEST_KILLS=200`` kills so often; ``BOOKRA_TEST_SEED`` does again what a seed did.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
from calendars import connected_diary
from connected import Connected
from relays import Relays, relays
from single_effects import prove
from tormenting import Torment

KILLS = int(os.environ.get("BOOKRA_TEST_KILLS", "5"))
SEED = int(os.environ.get("BOOKRA_TEST_SEED", "0")) or random.randrange(1, 10**9)


@pytest.fixture
def paddock(luna: Connected) -> Iterator[Relays]:
    assert luna.settings.database_url is not None
    with relays(luna.settings.home, luna.settings.database_url) as opened:
        yield opened


def test_relays_that_are_killed_at_random_lose_and_double_nothing(
    luna: Connected, paddock: Relays
) -> None:
    connected_diary(luna, busy_only=False)
    torment = Torment(luna, paddock, SEED)
    torment.connect_mail()
    torment.go(lambda now: now.counts["kills"] < KILLS)
    torment.settle()
    told = f"seed {SEED}: {dict(torment.counts)}"
    assert torment.counts["book"] + torment.counts["book_by_link"] > 0, told
    try:
        prove(luna)
    except AssertionError as found:
        raise AssertionError(told) from found
