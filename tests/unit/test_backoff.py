"""Waiting times and limits of the relay, over all inputs."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.relay import outcome
from bookra.relay.backoff import delay_seconds, gives_up, key_may_be_forgotten

SENT = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
CEILINGS = {
    outcome.THROTTLE: (5, 300),
    outcome.RECIPIENT_THROTTLE: (4, 3600),
    outcome.CONFLICT: (0.5, 30),
    outcome.TRANSIENT: (2, 3600),
    outcome.ACCOUNT: (600, 3600),
}
classes = st.sampled_from(sorted(CEILINGS))
attempts = st.integers(1, 100_000)


def almost_one() -> float:
    return 1 - 2**-53


@given(classes, attempts, st.integers())
def test_a_delay_is_never_negative_nor_beyond_the_cap_of_its_class(
    error_class: str, attempt: int, seed: int
) -> None:
    assert 0 <= delay_seconds(error_class, attempt, Random(seed).random) <= CEILINGS[error_class][1]


@given(classes, attempts)
def test_the_ceiling_never_falls_from_one_attempt_to_the_next(
    error_class: str, attempt: int
) -> None:
    now = delay_seconds(error_class, attempt, almost_one)
    assert delay_seconds(error_class, attempt + 1, almost_one) >= now


@pytest.mark.parametrize("error_class", sorted(CEILINGS))
def test_the_first_failure_waits_at_most_the_base_of_its_class(error_class: str) -> None:
    assert delay_seconds(error_class, 1, almost_one) == pytest.approx(CEILINGS[error_class][0])


@pytest.mark.parametrize("error_class", sorted(CEILINGS))
def test_every_class_reaches_its_cap_and_stays_there(error_class: str) -> None:
    assert delay_seconds(error_class, 40, almost_one) == pytest.approx(CEILINGS[error_class][1])


@given(attempts)
def test_full_jitter_may_draw_no_wait_at_all(attempt: int) -> None:
    assert delay_seconds(outcome.TRANSIENT, attempt, lambda: 0.0) == 0


@given(attempts)
def test_a_revoked_account_is_left_alone_for_five_minutes_at_least(attempt: int) -> None:
    assert delay_seconds(outcome.ACCOUNT, attempt, lambda: 0.0) == 300


@given(st.text(), attempts)
def test_an_unknown_class_waits_like_a_transient_one(word: str, attempt: int) -> None:
    known = word if word in CEILINGS else outcome.TRANSIENT
    assert delay_seconds(word, attempt, almost_one) == delay_seconds(known, attempt, almost_one)


@pytest.mark.parametrize(
    ("destination", "hours"), [("stripe", 20), ("google", 72), ("whatsapp", 24), ("mail", 72)]
)
def test_a_row_is_given_up_exactly_when_its_destination_says_so(
    destination: str, hours: int
) -> None:
    limit = SENT + timedelta(hours=hours)
    assert not gives_up(outcome.TRANSIENT, destination, SENT, limit - timedelta(seconds=1))
    assert gives_up(outcome.TRANSIENT, destination, SENT, limit)


@given(st.sampled_from(["stripe", "google", "whatsapp"]), st.integers(0, 10**7))
def test_who_is_given_up_once_is_given_up_for_ever(destination: str, age_seconds: int) -> None:
    now = SENT + timedelta(seconds=age_seconds)
    if gives_up(outcome.CONFLICT, destination, SENT, now):
        assert gives_up(outcome.CONFLICT, destination, SENT, now + timedelta(seconds=1))


def test_a_disconnected_calendar_waits_for_its_owner_and_stripe_does_not() -> None:
    later = SENT + timedelta(days=30)
    assert not gives_up(outcome.ACCOUNT, "google", SENT, later)
    assert gives_up(outcome.ACCOUNT, "stripe", SENT, later)


@pytest.mark.parametrize("error_class", [outcome.PERMANENT, outcome.UNDELIVERABLE])
def test_a_refusal_is_given_up_at_once(error_class: str) -> None:
    assert gives_up(error_class, "google", SENT, SENT)


def test_every_row_is_given_up_before_stripe_may_have_forgotten_its_key() -> None:
    forgotten = SENT + timedelta(hours=23)
    assert key_may_be_forgotten(SENT, forgotten)
    assert not key_may_be_forgotten(SENT, forgotten - timedelta(seconds=1))
    assert gives_up(outcome.TRANSIENT, "stripe", SENT, forgotten - timedelta(hours=3))


def test_outcomes_and_waits_load_no_provider() -> None:
    """`bookra --help` and the pure parts of the relay stay light."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, bookra.relay.backoff; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "bookra.relay.outcome" in loaded
    assert not {"stripe", "httpx", "requests", "google.auth"} & set(loaded)
