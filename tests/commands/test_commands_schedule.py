"""Schedules from the command line."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from front_desk import Desk
from sqlalchemy import text

from bookra.engine.runtime import Engine
from bookra.engine.tenancy.locks import held

PAY_DAY = ("schedule", "add", "pay-day", "--job", "payout-run", "--cron", "0 6 1 * *")
FOUND = text(
    "UPDATE schedule_runs SET state = 'found', outcome = '1 problems: bookra ledger verify',"
    " changed_by = session_user WHERE tenant_id = :tenant_id"
)
OVERDUE = text(
    "UPDATE schedules SET due_at = now() - interval '2 hours', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND name = 'nightly-verify'"
)
KEYS = {"name", "job", "cron", "arguments", "enabled", "due_at", "last"}
RUN_KEYS = {"due_at", "state", "attempts", "started_at", "finished_at", "outcome"}


def test_a_schedule_is_added_listed_changed_and_removed(desk: Desk) -> None:
    added = desk(*PAY_DAY, "--approve", "--json", check=True).json
    assert set(added) == KEYS
    assert added["arguments"] == {"period": "previous", "approve": True}
    due = datetime.fromisoformat(added["due_at"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert (due.day, due.hour, due.minute) == (1, 6, 0)
    assert desk(*PAY_DAY, "--approve", "--json", check=True).json == added
    changed = desk("schedule", "set", "pay-day", "--cron", "30 7 2 * *", "--json", check=True).json
    assert changed["cron"] == "30 7 2 * *"
    assert changed["arguments"] == added["arguments"]
    assert changed["due_at"] != added["due_at"]
    desk("schedule", "remove", "pay-day", check=True)
    listed = {each["name"] for each in desk("schedule", "list", "--json", check=True).json}
    assert listed == {"nightly-verify", "nightly-reconcile", "nightly-prune", "nightly-retention"}
    gone = desk("schedule", "show", "pay-day", "--json")
    assert (gone.code, gone.error["code"]) == (3, "unknown_schedule")


def test_a_name_that_is_taken_by_other_terms_is_refused_and_a_removed_one_is_free(
    desk: Desk,
) -> None:
    desk(*PAY_DAY, check=True)
    other = desk(*PAY_DAY, "--approve", "--json")
    assert (other.code, other.error["code"]) == (4, "exists")
    desk("schedule", "remove", "pay-day", check=True)
    again = desk(*PAY_DAY, "--approve", "--json", check=True).json
    assert again["arguments"]["approve"] is True


def test_a_default_is_disabled_enabled_and_stays_removed(desk: Desk) -> None:
    off = desk("schedule", "disable", "nightly-verify", "--json", check=True).json
    assert (off["enabled"], off["due_at"]) == (False, None)
    on = desk("schedule", "enable", "nightly-verify", "--json", check=True).json
    assert on["due_at"] is not None
    desk("schedule", "remove", "nightly-verify", check=True)
    desk(*PAY_DAY, check=True)
    listed = {each["name"] for each in desk("schedule", "list", "--json", check=True).json}
    assert listed == {"pay-day", "nightly-reconcile", "nightly-prune", "nightly-retention"}


def test_a_run_by_hand_does_the_job_and_is_kept(desk: Desk) -> None:
    ran = desk("schedule", "run", "nightly-verify", "--json", check=True).json
    assert (ran["job"], ran["state"]) == ("verify", "done")
    shown = desk("schedule", "show", "nightly-verify", "--json", check=True).json
    (run,) = shown["runs"]
    assert set(run) == RUN_KEYS
    assert run["finished_at"] is not None
    assert shown["last"] == run
    assert "entries stand" in desk("schedule", "show", "nightly-verify", check=True).stdout


def test_the_doctor_tells_of_a_check_that_found_something_until_it_is_mended(
    desk: Desk,
) -> None:
    def checks() -> dict[str, dict[str, object]]:
        return {each["check"]: each for each in desk("doctor", "--json").json["checks"]}

    desk("schedule", "run", "nightly-verify", check=True)
    assert checks()["schedules"]["ok"] is True
    assert "scheduled run" not in checks()
    desk.shop.salon.act(lambda tx: tx.run(FOUND))
    told = checks()["scheduled run"]
    assert told["message"] == "nightly-verify of luna found: 1 problems: bookra ledger verify"
    assert "bookra schedule run nightly-verify --tenant luna" in str(told["remedy"])
    desk("schedule", "run", "nightly-verify", check=True)
    assert "scheduled run" not in checks()
    desk.shop.salon.act(lambda tx: tx.run(OVERDUE))
    assert checks()["schedules"]["ok"] is False


def test_a_dry_run_and_a_repeated_key_change_nothing(desk: Desk) -> None:
    desk(*PAY_DAY, "--dry-run", check=True)
    assert desk("schedule", "show", "pay-day").code == 3
    first = desk(*PAY_DAY, "--idempotency-key", "k1", "--json", check=True).json
    desk("schedule", "remove", "pay-day", check=True)
    assert desk(*PAY_DAY, "--idempotency-key", "k1", "--json", check=True).json == first
    assert desk("schedule", "show", "pay-day").code == 3


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--job", "payday", "--cron", "0 6 1 * *"), "unknown_job"),
        (("--job", "verify", "--cron", "at six"), "bad_cron"),
        (("--job", "verify", "--cron", "0 6 31 2 *"), "bad_cron"),
        (("--job", "verify", "--cron", "0 6 1 * *", "--period", "previous"), "bad_argument"),
        (("--job", "payout-run", "--cron", "0 6 1 * *", "--period", "2026-11"), "bad_argument"),
        (
            ("--job", "payout-run", "--cron", "0 6 1 * *", "--period", "current", "--approve"),
            "bad_argument",
        ),
    ],
)
def test_what_can_not_be_a_schedule_is_refused(
    front: Desk, words: tuple[str, ...], code: str
) -> None:
    refused = front("schedule", "add", "odd", *words, "--json")
    assert (refused.code, refused.error["code"]) == (6, code)


def test_a_run_with_a_key_happens_once_and_a_dry_one_not_at_all(desk: Desk) -> None:
    run = ("schedule", "run", "nightly-verify", "--json")
    dry = desk(*run, "--dry-run", check=True).json
    assert (dry["job"], dry["state"]) == ("verify", "dry-run")
    assert desk("schedule", "show", "nightly-verify", "--json", check=True).json["runs"] == []
    first = desk(*run, "--idempotency-key", "k", check=True).json
    assert desk(*run, "--idempotency-key", "k", check=True).json == first
    runs = desk("schedule", "show", "nightly-verify", "--json", check=True).json["runs"]
    assert len(runs) == 1
    other = desk("schedule", "run", "nightly-prune", "--json", "--idempotency-key", "k")
    assert (other.code, other.error["code"]) == (4, "key_reused")


def test_a_command_of_cron_ends_at_once_where_another_is_at_it(desk: Desk) -> None:
    desk(*PAY_DAY, check=True)
    live = Engine(desk.salon.pool)
    with held(live, desk.salon.slug, "payout run"):
        for words in (
            ("payout", "run", "--period", "previous"),
            ("payout", "approve", "previous"),
            ("schedule", "run", "pay-day"),
        ):
            second = desk(*words, "--json")
            assert (second.code, second.error["code"]) == (4, "job_running"), words
            assert second.error["details"]["holder"].endswith(": payout run")
        desk("payout", "run", "--period", "previous", "--dry-run", check=True)
        desk("membership", "bill", check=True)
    desk("payout", "run", "--period", "previous", check=True)
