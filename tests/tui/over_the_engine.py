"""The front desk over the real engine, at a salon's clock; also as its front desk's login."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from driving import Hand, drive
from factories import Salon

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.database import open_pool
from bookra.engine.runtime import administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.tui.engine_desk import EngineDesk


def at_the_desk(
    salon: Salon,
    play: Callable[[Hand], Awaitable[None]],
    *,
    run_schedule: Callable[[str], object] | None = None,
    **more: Any,
) -> None:
    """Open the front desk over the salon's engine, at its clock."""
    desk: Any = EngineDesk(salon.engine, salon.slug, run_schedule)
    drive(play, desk=desk, now=lambda: salon.now, **more)


@contextmanager
def as_front_desk(salon: Salon, home: Path) -> Iterator[Salon]:
    """Give the salon as the login of its front desk sees it."""
    login, password = f"desk_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    settings = Settings(home=home, database_url=salon.database.admin_url)
    with administration(settings) as connection:
        tx = administrative_tx(connection, salon.tenant)
        add_operator(connection, tx, login, "front-desk", password)
    pool = open_pool(salon.database.seen_by(login, password).conninfo)
    yield replace(salon, pool=pool).at(salon.now)
    pool.dispose()
