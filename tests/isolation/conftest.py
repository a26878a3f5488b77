"""Two businesses side by side, for all the tests of a file that only look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import Server
from street import ROLES, Spy, Street
from street import street as opened


@pytest.fixture(scope="package")
def street(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """Two furnished businesses and the operators of both."""
    with opened(postgres, tmp_path_factory.mktemp("street")) as found:
        yield found


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    """Each role that an operator can have."""
    found: str = request.param
    return found


@pytest.fixture
def spy(street: Street, role: str) -> Iterator[Spy]:
    """An operator's session, and afterwards the proof that the neighbour is as before."""
    before = street.their_state()
    with street.spying(role) as found:
        yield found
    assert street.their_state() == before
