"""``bookra tenant export`` and ``import``: one file, read by nobody else, all of it or nothing."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import Ran
from databases import Server
from front_desk import Desk


def test_a_salon_moves_to_another_database_by_two_commands(desk: Desk, postgres: Server) -> None:
    folder = desk.process.folder
    desk("book", "cut", "--staff", "any", "--at", "tomorrow 10:00", "--customer", "Rosa Vega")
    left = desk("tenant", "export", "luna", "luna.bookra", "--json", check=True).json
    file = folder / "luna.bookra"
    assert (left["tenant"], left["bytes"]) == ("luna", file.stat().st_size)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["luna.bookra"]
    with postgres.clean() as elsewhere:
        there = {"BOOKRA_DATABASE_URL": elsewhere.admin_url, "BOOKRA_TENANT": "sol"}
        asked = desk("tenant", "import", "luna.bookra", "--dry-run", "--json", **there)
        assert asked.json["rows"] == left["rows"]
        assert desk("tenant", "list", "--json", **there).json == []
        came = desk("tenant", "import", "luna.bookra", "--slug", "sol", "--json", **there)
        assert came.json == {**asked.json, "tenant": "sol"}
        people = desk("customer", "list", "--json", **there).json
        assert [person["name"] for person in people] == ["Rosa Vega"]
        assert desk("ledger", "verify", "--json", **there).json["ok"]
        assert refused(desk("tenant", "import", "luna.bookra", "--json", **there), 4) == "exists"
        spoil(file)
        assert refused(desk("tenant", "import", "luna.bookra", "--json", **there), 6) == (
            "bad_archive"
        )


def test_what_can_not_be_written_or_read_is_refused(desk: Desk) -> None:
    before = desk.rows()
    assert refused(desk("tenant", "export", "nobody", "x.bookra", "--json"), 3) == "unknown_tenant"
    assert refused(desk("tenant", "export", "luna", "no/x", "--json"), 6) == "cannot_write"
    assert refused(desk("tenant", "import", "nowhere", "--json"), 3) == "no_file"
    assert refused(desk("tenant", "import", ".", "--json"), 6) == "cannot_read"
    assert list(desk.process.folder.iterdir()) == []
    left = desk("tenant", "export", "luna", "luna.bookra", check=True)
    assert "bytes" in left.stdout
    # The ordinary login may not make roles.
    assert refused(desk("tenant", "import", "luna.bookra", "--json"), 5) == "needs_administrator"
    assert desk.rows() == before


def spoil(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def refused(ran: Ran, code: int) -> str:
    assert (ran.code, ran.stdout) == (code, "")
    return str(json.loads(ran.stderr)["error"]["code"])
