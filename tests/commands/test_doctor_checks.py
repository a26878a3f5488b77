"""The doctor's checks are made together: one that hangs or breaks hides no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bookra.commands import doctor
from bookra.commands.doctor_providers import reachable
from bookra.commands.finding import Finding
from bookra.commands.session import Session
from bookra.config import Settings
from bookra.engine.tenancy.providers import ProviderAccount
from bookra.errors import UnavailableError

NO_ENGINE: Any = None


def sound(_session: Session, _engine: object) -> Iterator[Finding]:
    yield Finding("sound", ok=True, message="well")


def refused(_session: Session, _engine: object) -> Iterator[Finding]:
    yield Finding("half", ok=True, message="looked at")
    raise UnavailableError("away", "It is away", hint="Wait")


def broken(_session: Session, _engine: object) -> Iterator[Finding]:
    yield Finding("never told", ok=bool(1 / 0), message="")


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Settings(home=tmp_path), "json", quiet=True, yes=False)


def test_a_check_that_hangs_or_breaks_is_a_finding_and_hides_no_other(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()

    def hangs(_session: Session, _engine: object) -> Iterator[Finding]:
        told.wait(60)
        yield Finding("late", ok=True, message="")

    monkeypatch.setattr(doctor, "CHECKS", (refused, broken, sound, hangs))
    monkeypatch.setattr(doctor, "LONGEST_SECONDS", 1.0)
    found = {each.check: each for each in doctor._together(session, NO_ENGINE)}
    told.set()
    assert [name for name, each in found.items() if each.ok] == ["half", "sound"]
    assert found["refused"].message == "It is away"
    assert found["refused"].remedy == "Wait"
    assert found["broken"].message == "ZeroDivisionError"
    assert found["hangs"].message == "no answer within 1 s"


def test_a_provider_that_can_not_be_reached_is_named_once_for_all_businesses(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = {"stripe": ProviderAccount("stripe", sandbox=False, config={})}
    shop = {"mail": ProviderAccount("mail", sandbox=False, config={"host": "mx", "port": "25"})}
    monkeypatch.setattr(
        "bookra.commands.doctor_providers._accounts",
        lambda _engine: {"luna": live, "northlight": {**live, **shop}},
    )
    monkeypatch.setattr("bookra.commands.doctor_providers._answers", lambda place: place[1] == 443)
    found = {each.check: each for each in reachable(session, NO_ENGINE)}
    assert found["stripe"].ok
    assert found["mail"].message == "mx:25 can't be reached"
    assert list(found) == ["stripe", "mail"]
