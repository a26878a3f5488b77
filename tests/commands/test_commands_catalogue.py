"""Every command of the catalogue loads, explains itself by examples, and brings nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from command_line import CommandLine
from front_desk import Desk

from bookra.commands.catalogue import COMMANDS
from bookra.commands.root import load

HEAVY = ("sqlalchemy", "psycopg", "textual", "stripe", "typst", "rich.table", "phonenumbers")


def leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command below one, with its whole name."""
    below = getattr(command, "commands", None)
    if not below:
        yield path, command
        return
    for name, child in below.items():
        yield from leaves(f"{path} {name}", child)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_of_the_catalogue_can_be_loaded_and_has_examples(name: str) -> None:
    found = list(leaves(f"bookra {name}", load(name, COMMANDS[name])))
    assert found
    for path, command in found:
        assert "Examples:" in (command.help or ""), path
        assert path in command.help, f"no example calls '{path}'"


def test_each_help_is_printed_and_ends_well(front: Desk) -> None:
    for name in COMMANDS:
        ran = front(name, "--help")
        assert ran.code == 0, (name, ran.stderr)
        assert "Usage: bookra" in ran.stdout
        assert f"\n  bookra {name}" in ran.stdout.partition("Examples:")[2].replace("    ", "  ")


def test_examples_stand_on_lines_of_their_own(front: Desk) -> None:
    shown = front("slots", "--help").stdout.splitlines()
    assert "    bookra slots cut --from tomorrow --days 7 --limit 5" in shown
    assert "    bookra slots cut --staff ana --json" in shown


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_help_without_a_command_lists_all_of_them(cli: CommandLine, words: tuple[str]) -> None:
    ran = cli(*words)
    assert (ran.code, ran.stderr) == (0, "")
    for name in COMMANDS:
        assert f"\n  {name} " in ran.stdout


def test_the_version_is_told_without_a_database(cli: CommandLine) -> None:
    ran = cli("--version", BOOKRA_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert ran.code == 0
    assert ran.stdout.startswith("bookra 0.")


@pytest.mark.parametrize("words", ["--help", "slots --help", "book --help", "relay --help"])
def test_help_loads_no_database_and_no_provider(words: str) -> None:
    script = (
        "import sys\n"
        "from bookra.__main__ import main\n"
        f"sys.argv = ['bookra', *{words.split()!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_root_help_loads_nothing_but_its_table() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bookra", "--help"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "bookra.commands.catalogue" in loaded
    assert not loaded & {"typer", "rich", "click", "bookra.config", "bookra.engine", *HEAVY}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_offers_the_commands(cli: CommandLine, shell: str) -> None:
    """What the shell's own script asks for, in the way that Typer's scripts ask it."""
    asked = {
        "_BOOKRA_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "bookra re",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": "bookra re",
        "COMP_CWORD": "1",
    }
    ran = cli(**asked)
    for name in ("reconcile", "relay"):
        assert name in ran.stdout
