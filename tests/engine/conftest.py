"""What tests of the engine share: a look into the catalogue of a migrated database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import Server
from sqlalchemy import Connection, text

from bookra.engine.database import open_pool


@pytest.fixture(scope="module")
def catalogue(postgres: Server) -> Iterator[Connection]:
    """An administrator's session on a migrated database, for reading the catalogue."""
    with postgres.clean() as database:
        pool = open_pool(database.administrator, pooled=False)
        with pool.connect() as connection:
            # PostgreSQL leaves out the names of schemas that a session searches anyway.
            connection.execute(text("SET search_path = pg_catalog"))
            yield connection
