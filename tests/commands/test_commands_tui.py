"""``bookra tui`` without a terminal: its keys, what it refuses, the plain desk over a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest
from front_desk import Desk


def wish(desk: Desk, text: str) -> None:
    """Write the section of keys into the operator's settings."""
    folder = Path(desk.process.variables["XDG_CONFIG_HOME"]) / "bookra"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f"[keys]\n{text}\n", "utf-8")


def test_keys_are_listed_as_they_are_now(desk: Desk) -> None:
    wish(desk, '"booking.new" = "f2"')
    listed = {row["action"]: row for row in desk("tui", "--list-keys", "--json", check=True).json}
    assert listed["booking.new"]["key"] == "f2"
    assert listed["booking.new"]["screen"] == "day"
    assert (listed["team.hours"]["key"], listed["team.hours"]["screen"]) == ("h", "team")
    assert listed["quit"]["screen"] == "every"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('"booking.new" = "x"', "key_taken"),
        ('"booking.nwe" = "b"', "unknown_action"),
        ('"booking.new" = "no key"', "bad_key"),
        ("booking = 7", "bad_settings"),
    ],
)
def test_keys_that_can_not_be_end_with_six_before_anything_is_shown(
    desk: Desk, text: str, code: str
) -> None:
    wish(desk, text)
    refused = desk("tui", "--plain", "--json")
    assert (refused.code, refused.error["code"]) == (6, code)
    assert refused.stdout == ""


def test_without_a_terminal_it_names_the_plain_desk(desk: Desk) -> None:
    refused = desk.process("tui")
    assert refused.code == 2
    assert "bookra tui --plain" in refused.stderr
