"""Settling in groups: each row as if it were alone, whatever becomes of the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import Salon
from relay.scripted_routes import (
    DONE,
    Scripted,
    connect,
    deliver,
    draining,
    rows,
    scripted,
    states,
    want,
)
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.outbox import rescuing
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.relay.outcome import PERMANENT, TRANSIENT, Dead, Delivered, Outcome, Retry, Unknown

__all__ = ["scripted"]

NAMES = [f"row-{number}" for number in range(12)]
LAPSE = text(
    "UPDATE outbox SET leased_until = now() - interval '1 second', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND leased_until IS NOT NULL"
)
AUDITED = text(
    "SELECT command, subjects FROM audit WHERE tenant_id = :tenant_id"
    " AND command LIKE 'relay.test.%'"
)
LATER_VERSION = text(
    "UPDATE outbox SET version = 9, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND aggregate = 'ping:row-1'"
)
MALFORMED = text(
    'UPDATE outbox SET payload = \'{"colour": "red"}\', changed_by = session_user'
    " WHERE tenant_id = :tenant_id AND aggregate = 'ping:row-1'"
)


@pytest.fixture
def luna(salon: Salon, tmp_path: Path) -> Salon:
    return connect(salon, tmp_path / "key")


def refuse(_tx: Tx, name: str) -> None:
    if name == "row-5":
        raise ConflictError("no", "This one is refused")


@pytest.mark.parametrize("to", ["stripe", "local"])
def test_one_effect_that_cannot_be_written_here_spoils_no_other(
    luna: Salon, settings: Settings, scripted: Scripted, to: str
) -> None:
    def note(tx: Tx, name: str) -> None:
        tx.concerns("named", name)
        refuse(tx, name)

    scripted.applies = note
    want(luna, *NAMES, to=to)
    deliver(luna, settings)
    assert states(luna) == {"row-5": "ready"}
    (left,) = rows(luna)
    assert (left.last_error, left.error_class) == ("no", "transient")
    assert len(rows(luna, "delivered")) == 11
    audited = luna.ask(lambda tx: tx.rows(AUDITED))
    assert {row.command for row in audited} == {f"relay.test.{to}"}
    named = sorted(subject for row in audited for subject in row.subjects)
    assert named == sorted(f"named:{name}" for name in NAMES if name != "row-5")


def test_an_effect_that_was_sent_without_idempotency_is_never_sent_again_for_it(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.applies = refuse
    want(luna, "row-5", to="whatsapp")
    deliver(luna, settings)
    assert scripted.names() == ["row-5"]
    assert states(luna) == {}
    assert [row.reference for row in rows(luna, "delivered")] == ["done"]


def test_each_of_a_group_goes_its_own_way(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    fates: dict[str, Outcome] = {
        "again": Retry("503", TRANSIENT, after_seconds=60),
        "never": Dead("400", PERMANENT),
        "perhaps": Unknown("no_answer"),
    }
    scripted.says = lambda _tenant, name: fates.get(name, DONE)
    want(luna, "fine", *fates, to="stripe")
    deliver(luna, settings)
    assert states(luna) == {"again": "ready", "never": "dead", "perhaps": "unknown"}
    assert scripted.abandoned == ["never 400"]
    assert scripted.unsure == ["perhaps no_answer"]


def test_a_stale_row_of_a_group_is_left_to_whoever_has_it(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    def taken_over(tenant: str, name: str) -> Outcome:
        if name == "row-5" and not scripted.calls:
            luna.act(lambda tx: tx.run(LAPSE))
            assert len(luna.act(rescuing.rescue)) == 1
        return DONE

    written: list[str] = []
    scripted.says = taken_over
    scripted.applies = lambda _tx, name: written.append(name)
    want(luna, "row-5", to="stripe")
    with draining(luna, settings) as drain:
        drain.once()
        drain.finish()
        want(luna, "row-6", to="stripe")
        drain.once()
        drain.finish()
    assert scripted.names() == ["row-5", "row-5", "row-6"]
    assert written == ["row-5", "row-6"]
    assert states(luna) == {}


def test_the_next_of_a_line_goes_when_the_one_before_is_settled(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    for _ in range(6):
        want(luna, "one", "two")
    deliver(luna, settings)
    assert sorted(scripted.names()) == ["one"] * 6 + ["two"] * 6
    assert states(luna) == {}


def test_a_row_of_a_later_release_is_left_for_it(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    want(luna, *NAMES[:3])
    luna.act(lambda tx: tx.run(LATER_VERSION))
    deliver(luna, settings)
    (left,) = rows(luna)
    assert (left.state, left.error_class, left.attempts) == ("ready", "newer", 0)
    assert "upgrade the relay" in (left.last_error or "")
    assert sorted(scripted.names()) == ["row-0", "row-2"]


def test_a_row_that_says_nothing_sensible_is_a_dead_letter(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    want(luna, *NAMES[:3])
    luna.act(lambda tx: tx.run(MALFORMED))
    deliver(luna, settings)
    (left,) = rows(luna)
    assert (left.state, left.last_error) == ("dead", "malformed_payload")
    assert sorted(scripted.names()) == ["row-0", "row-2"]


def test_who_dies_while_it_sends_leaves_doubt_that_is_written_down(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = scripted.hang
    want(luna, "one", to="whatsapp")
    with draining(luna, settings) as drain:
        drain.once()
        assert scripted.under_way.wait(10)
        luna.act(lambda tx: tx.run(LAPSE))
        with draining(luna, settings) as other:
            other.rescue()
        assert states(luna) == {"one": "unknown"}
        assert scripted.unsure == ["one the relay stopped between sending and the answer"]
        scripted.go_on.set()
        drain.finish()
    assert states(luna) == {"one": "unknown"}


def test_a_reference_of_each_row_is_kept_with_it(
    luna: Salon, settings: Settings, scripted: Scripted
) -> None:
    scripted.says = lambda _tenant, name: Delivered(f"ref-{name}")
    want(luna, *NAMES)
    deliver(luna, settings)
    kept = {row.aggregate: row.reference for row in rows(luna, "delivered")}
    assert kept == {f"ping:{name}": f"ref-{name}" for name in NAMES}
