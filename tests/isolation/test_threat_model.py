"""The threat model's page names tests that exist: a defence without one would be a belief."""

from __future__ import annotations

import re
from pathlib import Path

from shown import PAGE, SPELLINGS, Shown

TESTS = Path(__file__).parents[1]


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    defined: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        defined |= set(re.findall(r"^ *def (test_\w+)", path.read_text("utf-8"), re.MULTILINE))
    assert len(named) > 40
    assert named - defined == set()


def test_the_page_lists_what_any_login_sees() -> None:
    shown = Shown.read()
    assert set(SPELLINGS) <= set(shown.by_topic)
    assert all(shown.by_topic.values())
