"""Idempotency keys: a command that is sent again gives the first answer, and does nothing."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from factories import Salon, open_salon

from bookra.engine.tenancy.once import once
from bookra.errors import ConflictError, InvalidInputError


class Counted:
    """A command that counts its runs and answers with the number."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self) -> dict[str, Any]:
        self.runs += 1
        return {"run": self.runs, "at": ["10:00", None, 1]}


def send(salon: Salon, work: Counted, key: str | None, **parameters: object) -> dict[str, Any]:
    return salon.act(lambda tx: once(tx, key, "book", parameters, work))


def test_the_second_run_with_a_key_gives_the_first_answer(salon: Salon) -> None:
    work = Counted()
    first = send(salon, work, "k-1", service="cut", at=salon.now)
    assert send(salon, work, "k-1", at=salon.now, service="cut") == first
    assert work.runs == 1


def test_without_a_key_every_run_counts(salon: Salon) -> None:
    work = Counted()
    assert send(salon, work, None) != send(salon, work, None)


def test_a_key_is_not_used_for_something_else(salon: Salon) -> None:
    work = Counted()
    send(salon, work, "k-1", service="cut")
    with pytest.raises(ConflictError) as refused:
        send(salon, work, "k-1", service="color")
    assert refused.value.code == "key_reused"
    with pytest.raises(ConflictError):
        salon.act(lambda tx: once(tx, "k-1", "cancel", {"service": "cut"}, work))
    assert work.runs == 1


def test_a_run_that_failed_does_not_use_the_key_up(salon: Salon) -> None:
    def fail() -> dict[str, Any]:
        raise ConflictError("slot_taken", "too late")

    with pytest.raises(ConflictError, match="too late"):
        salon.act(lambda tx: once(tx, "k-1", "book", {}, fail))
    work = Counted()
    assert send(salon, work, "k-1")["run"] == 1


def test_a_dry_run_does_not_use_the_key_up(salon: Salon) -> None:
    work = Counted()
    salon.act(lambda tx: once(tx, "k-1", "book", {}, work), dry_run=True)
    assert send(salon, work, "k-1")["run"] == 2


def test_a_key_is_one_business_own(salon: Salon) -> None:
    work = Counted()
    other = open_salon(salon.database, salon.pool, "sol")
    assert send(salon, work, "k-1") != send(other, work, "k-1")


def test_of_two_runs_at_once_the_second_waits_and_gets_the_first_result(salon: Salon) -> None:
    inside, answers, produced = threading.Event(), [], []

    def run() -> None:
        def produce() -> dict[str, Any]:
            produced.append(1)
            inside.set()
            time.sleep(0.3)
            return {"run": len(produced)}

        answers.append(salon.act(lambda tx: once(tx, "k-1", "book", {}, produce)))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert inside.is_set()
    assert answers == [{"run": 1}, {"run": 1}]


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_is_neither_empty_nor_endless(salon: Salon, key: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        salon.act(lambda tx: once(tx, key, "book", {}, dict))
    assert refused.value.code == "bad_key"
