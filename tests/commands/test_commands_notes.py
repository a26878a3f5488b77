"""Notes on visits, short names and the front desk's limit, from the command line."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from front_desk import Desk
from moments import monday_at
from sqlalchemy import text

from bookra.engine.privacy.erasing import erase
from bookra.engine.runtime import Tx

BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--json", "--at")


def written_about(desk: Desk) -> str:
    """Return all that audit, history and the outbox say, in one text."""
    tables = ("audit", "booking_changes", "outbox")

    def question(tx: Tx) -> str:
        return "\n".join(
            str(tuple(row))
            for table in tables
            for row in tx.rows(text(f"SELECT t::text FROM {table} t WHERE tenant_id = :tenant_id"))
        )

    return desk.salon.ask(question)


def test_a_note_is_written_shown_printed_removed_and_told_to_nobody(desk: Desk) -> None:
    booked: Any = desk(*BOOK, monday_at("10:00"), "--note", "Brings\tKira", check=True).json
    code = booked["code"]
    assert booked["note"] == "Brings Kira"
    note = ("booking", "note", code, "Window seat\n\x1b[31mred", "--json")
    assert desk(*note, "--dry-run", check=True).json["note"] == "Window seat\n[31mred"
    assert desk("booking", "show", code, "--json", check=True).json["note"] == "Brings Kira"
    desk(*note, "--idempotency-key", "k", check=True)
    assert "Window seat" in desk("day", monday_at("10:00")[:10], "--text", "-", check=True).stdout
    told = written_about(desk)
    assert "Window" not in told
    assert "Kira" not in told
    assert "written" in told
    assert desk("booking", "note", code, "x" * 2001, "--json").error["code"] == "bad_note"
    assert desk("booking", "note", code, "", "--json", check=True).json["note"] == ""
    desk("booking", "note", code, "Kira again", check=True)
    desk("booking", "cancel", code, check=True)
    shown = desk("booking", "show", code, "--json", check=True).json
    assert [change["what"] for change in shown["history"]] == ["written", "removed", "written"]
    erased = desk.salon.act(lambda tx: erase(tx, UUID(booked["customer_id"]), force=True))
    assert erased.cleared["notes of visits"] == 1
    assert desk("booking", "show", code, "--json", check=True).json["note"] == ""
    assert desk("booking", "note", code, "Kira", "--json").error["code"] == "customer_erased"


def test_a_short_name_is_set_shown_and_no_longer_than_a_narrow_column(desk: Desk) -> None:
    add = ("service", "add", "spa", "--name", "Spa ritual", "--minutes", "60", "--price", "9")
    assert desk(*add, "--short-name", " Spa ", "--json", check=True).json["short_name"] == "Spa"
    assert desk("service", "show", "spa", "--json", check=True).json["short_name"] == "Spa"
    for wrong in ("x" * 13, "a\tb"):
        ran = desk("service", "set", "spa", "--short-name", wrong, "--json")
        assert (ran.code, ran.error["code"]) == (6, "bad_short_name")
    desk("service", "set", "spa", "--short-name", "", check=True)
    listed: Any = desk("service", "list", "--json", check=True).json
    assert [one["short_name"] for one in listed if one["slug"] == "spa"] == [""]


def test_the_owner_says_how_much_a_front_desk_may_take_off(desk: Desk) -> None:
    rules: Any = desk("tenant", "rules", "--front-desk-discount", "7.5%", "--json", check=True).json
    assert rules["front_desk_discount_bps"] == 750
    ran = desk("tenant", "rules", "--front-desk-discount", "101", "--json")
    assert (ran.code, ran.error["code"]) == (6, "bad_percent")
