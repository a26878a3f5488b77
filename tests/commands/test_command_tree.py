"""The whole tree of commands keeps what scripts rely on: keys, dry runs, CSV, moments, codes."""

from __future__ import annotations

import re
from typing import Any

from front_desk import Desk
from test_commands_catalogue import leaves

from bookra.commands.catalogue import COMMANDS, EXIT_CODES
from bookra.commands.root import load
from bookra.errors import BookraError

TREE: dict[str, Any] = {
    path: command
    for name, entry in COMMANDS.items()
    for path, command in leaves(name, load(name, entry))
}
READING = {
    *("slots", "why", "day", "explain", "doctor", "class seats", "calendar feeds", "customer find"),
    *("calendar export", "customer export", "tenant export", "ledger export", "payout export"),
    *("message preview", "invoice pdf", "commission statement", "operator whoami"),
    *("ledger accounts", "ledger balance", "ledger entries", "audit verify", "outbox stats"),
    *("reconcile stripe", "reconcile payouts", "tenant provider check stripe", "config profiles"),
}
"""Beside every ``list``, ``show``, ``status`` and ``report``."""

SERVER = "works on the server or on files, not on a business"
AGAIN = "the same again changes nothing"
TRIAL = "acts on stand-ins, or makes a business of its own"
TAKES_NO_KEY = {
    **dict.fromkeys(("db up", "db down", "db upgrade", "db backup", "db restore"), SERVER),
    **dict.fromkeys(("db drill", "db move", "db distribute", "secret rotate"), SERVER),
    **dict.fromkeys(("relay run", "relay drain", "outbox reconcile", "tui"), SERVER),
    **dict.fromkeys(("completion install", "use"), SERVER),
    **dict.fromkeys(("tenant create", "tenant import", "ledger close-day", "ledger verify"), AGAIN),
    **dict.fromkeys(("torture", "demo"), TRIAL),
}
MAKES_NO_DRY_RUN = {
    **{
        path: why
        for path, why in TAKES_NO_KEY.items()
        if path not in ("db move", "db distribute", "tenant import", "outbox reconcile")
    },
    **dict.fromkeys(
        (f"tenant provider set {each}" for each in ("stripe", "google", "whatsapp", "mail")),
        "neither moves money nor sends, and checks the token at the provider",
    ),
}
ARGUMENTS = {"customer card list": ("Rosa Vega",), "hours list": ("ana",)}


def options(command: Any) -> set[str]:
    return {name for option in command.params for name in option.opts}


def reads(path: str) -> bool:
    last = path.rsplit(maxsplit=1)[-1]
    return path in READING or last in ("list", "show", "status") or path.startswith("report ")


def lacking(option: str) -> set[str]:
    """Return the commands that write, and have no such option."""
    return {
        path
        for path, command in TREE.items()
        if not reads(path) and not path.startswith("sandbox ") and option not in options(command)
    }


def test_every_write_takes_an_idempotency_key_or_has_a_reason() -> None:
    assert lacking("--idempotency-key") == set(TAKES_NO_KEY)


def test_every_write_makes_a_dry_run_or_has_a_reason() -> None:
    assert lacking("--dry-run") == set(MAKES_NO_DRY_RUN)


def test_every_report_goes_back_to_a_moment() -> None:
    reports = [path for path in TREE if path.startswith("report ")]
    assert len(reports) >= 5
    for path in (*reports, "ledger accounts", "ledger balance"):
        assert "--as-of" in options(TREE[path]), path


def test_no_command_has_an_option_of_its_own_by_a_global_name() -> None:
    """Global options are taken out wherever they stand: a command's own would never be seen."""
    taken = {"--tenant", "-t", "--json", "--output", "--quiet", "--yes", "--profile", "--home"}
    for path, command in TREE.items():
        assert not options(command) & taken, path


def test_every_list_is_csv_where_that_is_wanted(front: Desk) -> None:
    lists = [path for path in TREE if path.endswith(" list")]
    assert len(lists) > 30
    for path in lists:
        ran = front(*path.split(), *ARGUMENTS.get(path, ()), "--output", "csv")
        assert ran.code == 0, (path, ran.stderr)
        header = ran.stdout.partition("\n")[0]
        assert re.fullmatch(r"[a-z0-9_.,]*", header), (path, header)


def test_every_exit_code_is_in_the_help() -> None:
    known = {int(code) for code in re.findall(r"\b\d+\b", EXIT_CODES)}
    classes = {each.exit_code for each in BookraError.__subclasses__()}
    assert known == classes | {0, 1, 130}
