"""A connected salon for each test of the relay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine
from connected import Connected, connected_salon
from databases import Database
from described import recording
from described_google import recording_google
from sqlalchemy import Engine as Pool

from bookra.config import Settings


@pytest.fixture(autouse=True)
def requests_are_described() -> Iterator[None]:
    """Whatever a test lets us send to Stripe or Google must be what they themselves describe."""
    with recording() as to_stripe, recording_google() as to_google:
        yield
    assert to_stripe.problems() + to_google.problems() == []


@pytest.fixture
def luna(database: Database, pool: Pool, settings: Settings) -> Iterator[Connected]:
    """A salon that is connected to stand-ins of its own."""
    with connected_salon(database, pool, settings) as connected:
        yield connected


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment)
