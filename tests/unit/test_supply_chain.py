"""The checks of what is pinned can fail: a licence, an advisory, a part that is not listed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "packaging" / "supply_chain"
sys.path.insert(0, str(FOLDER))

import advisories  # noqa: E402
import licences  # noqa: E402
import locked  # noqa: E402
import sbom  # noqa: E402


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("MIT", True),
        ("Apache Software License", True),
        ("MIT OR GPL-3.0-only", True),
        ("BSD-3-Clause AND GPL-2.0-only", False),
        ("GNU General Public License v2 or later (GPLv2+) AND MIT License", False),
        ("AGPL-3.0-or-later", False),
        ("LGPL-3.0-only", False),
        ("", False),
        ("see the file", False),
    ],
)
def test_a_licence_fits_when_one_choice_has_only_allowed_parts(expression: str, fits: bool) -> None:
    assert licences.allowed(expression) is fits


def test_what_is_shipped_may_not_be_under_the_licence_of_a_tool() -> None:
    beancount = [locked.Pin("beancount", "3.2.3")]
    assert licences.judged(beancount, licences.RUN_ONLY) == []
    assert licences.judged(beancount, licences.SHIPPED_EXCEPTIONS)
    assert licences.judged([locked.Pin("nobody-has-this", "1")], {})


def test_every_pin_of_both_lock_files_is_read() -> None:
    shipped, developed = locked.pins(locked.RUNTIME), locked.pins(locked.DEVELOPMENT)
    assert {pin.name for pin in shipped} < {pin.name for pin in developed}
    for lock, found in ((locked.RUNTIME, shipped), (locked.DEVELOPMENT, developed)):
        assert len(found) == lock.read_text("utf-8").count("==") - sum(
            pin.marker.count("==") for pin in found
        )


def test_an_audit_that_nobody_answered_is_never_told_as_a_passed_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not advisories.has_advisories("")
    assert not advisories.has_advisories(json.dumps({"dependencies": [{"skip_reason": "x"}]}))
    assert advisories.has_advisories(json.dumps({"dependencies": [{"vulns": [{"id": "x"}]}]}))
    monkeypatch.setattr(advisories, "service_answers", lambda: False)
    assert advisories.main() == 0
    assert capsys.readouterr().out.startswith("NOT AUDITED")
    monkeypatch.setenv("BOOKRA_AUDIT", "required")
    assert advisories.main() == 1


def test_a_part_that_is_missing_or_has_no_hash_is_named() -> None:
    document = {"components": [{"name": "alembic", "version": "1.20.1"}]}
    wanted = [locked.Pin("alembic", "1.20.1"), locked.Pin("typer", "0.28.0")]
    assert sbom.lacking(document, wanted) == [
        "alembic 1.20.1 has no hash",
        "typer 0.28.0 is missing",
    ]
