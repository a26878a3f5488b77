"""What the doctor sees with the rights of a front desk: its own business, and nothing breaks."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from factories import Salon
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.runtime import administrative_tx
from bookra.engine.tenancy.operators import add_operator

DEAD = text(
    "UPDATE outbox SET state = 'dead', last_error = 'x', changed_by = session_user"
    " WHERE tenant_id = :tenant_id"
)


@pytest.mark.parametrize("role", ["front-desk", "manager"])
def test_an_operator_is_told_of_their_own_business(salon: Salon, tmp_path: Path, role: str) -> None:
    salon.connect_provider("google", tmp_path / "key", calendar="c")
    salon.book("2026-11-26 10:00")
    salon.act(lambda tx: tx.run(DEAD))
    name, password = f"op_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    settings = Settings(home=tmp_path, database_url=salon.database.admin_url)
    with administration(settings) as connection:
        add_operator(connection, administrative_tx(connection, salon.tenant), name, role, password)
    url = salon.database.seen_by(name, password).url
    bookra = CommandLine.in_folder(
        tmp_path, BOOKRA_HOME=str(tmp_path / "home"), BOOKRA_DATABASE_URL=url
    )
    ran = bookra("doctor", "--json")
    found: dict[str, Any] = {check["check"]: check for check in ran.json["checks"]}
    assert ran.code == 8
    assert found["dead letters"]["message"] == "1: luna × google 1"
    assert "safety" not in found, "what an operator may not look at is no finding"
    assert "provider keys" not in found
    for name in ("relay", "outbox lag", "destinations", "inbox", "schedules", "policies", "disk"):
        assert found[name]["ok"], found[name]
