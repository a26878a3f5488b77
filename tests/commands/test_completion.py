"""What Tab offers: commands, options, live slugs and codes; at once, and never an error."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from front_desk import Desk

from bookra.commands.completing import OF_A_NOUN, SHELLS, answer
from bookra.engine.glance import WORDS

HEAVY = ("sqlalchemy", "psycopg", "asyncio", "rich", "textual", "babel", "_hashlib")
PROGRAMS = Path(sys.executable).parent


def offered(desk: Desk, line: str, **variables: str) -> list[str]:
    """Return what bash would be offered at the end of a line."""
    words = line.split(" ")
    asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    with desk.patch.context() as patch:
        for name, value in (dict(desk.process.variables) | asked | variables).items():
            patch.setenv(name, value)
        patch.chdir(desk.process.folder)
        return answer("bash").split("\n")[:-1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("bookra re", ["refund", "resource", "report", "reconcile", "relay"]),
        ("bookra staff s", ["set", "show"]),
        ("bookra tenant provider set w", ["whatsapp"]),
        ("bookra slots ", ["color", "cut"]),
        ("bookra slots cut --staff ", ["ana", "ben", "any"]),
        ("bookra --json slots cut --days 3 --staff b", ["ben"]),
        ("bookra staff show an", ["ana"]),
        ("bookra staff add an", []),
        ("bookra -t ", ["luna"]),
        ("bookra use l", ["luna"]),
        ("bookra slots cut --tenant = lu", ["luna"]),
        ("bookra staff list --output ", ["table", "json", "csv"]),
        ("bookra payout pay 2026-11 --method c", ["cash"]),
        ("bookra slots --te", ["--tenant"]),
        ("bookra booking cancel X --dry-run --d", ["--database", "--database-url"]),
        ("bookra nonsense ", []),
        ("bookra customer show R", []),
    ],
)
def test_a_word_is_completed_by_where_it_stands(front: Desk, line: str, words: list[str]) -> None:
    assert offered(front, line) == words


def test_codes_of_today_are_offered_and_names_never(desk: Desk) -> None:
    at = desk("slots", "cut", "--from", "tomorrow", "--limit", "1", "--json", check=True).json
    book = ("book", "cut", "--staff", "any", "--at", at[0]["start"], "--customer", "Rosa Vega")
    code = desk(*book, "--json", check=True).json["code"]
    for line in ("bookra booking show ", "bookra pay ", "bookra refund lun", "bookra explain L"):
        soon = offered(desk, line)
        assert set(soon) <= {code, code.upper()}, line
    for (noun, _), what in OF_A_NOUN.items():
        assert what in WORDS or what == "tenants", noun


def test_a_database_that_is_away_and_a_file_that_is_broken_offer_nothing(front: Desk) -> None:
    away = {"BOOKRA_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    assert offered(front, "bookra slots ", **away) == []
    assert offered(front, "bookra slots ", BOOKRA_TENANT="no-such-business") == []
    assert offered(front, "bookra slots cut --staff ", BOOKRA_TENANT="'; --") == ["any"]
    assert offered(front, "bookra slots ", BOOKRA_PROFILE="no-such-profile") == []


def test_nothing_heavy_is_loaded_for_it(front: Desk) -> None:
    script = (
        "import sys\nfrom bookra.__main__ import main\nsys.argv = ['bookra']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    asked = {"COMP_WORDS": "bookra\nslots\nc", "COMP_CWORD": "2", "_BOOKRA_COMPLETE": "bash"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**front.process.variables, **asked},
        cwd=front.process.folder,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.split("\n")[:3] == ["color", "cut", "LOADED []"]
    assert done.stderr == ""


SCRIPTS = {
    "bash": (
        'source /dev/stdin <<< "$(bookra completion show bash)"\n'
        "COMP_WORDS=(bookra slots cut --staff b); COMP_CWORD=4\n"
        "_bookra_completion bookra; printf '%s\\n' \"${COMPREPLY[@]}\""
    ),
    "zsh": (
        'compdef() { }\n_arguments() { print -r -- "$@" }\n'
        'eval "$(bookra completion show zsh)"\n'
        "words=(bookra slots cut --staff b); CURRENT=5; _bookra_completion"
    ),
    "fish": 'bookra completion show fish | source; complete -C "bookra slots cut --staff b"',
}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_itself_completes_a_word(front: Desk, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} here")
    path = f"{PROGRAMS}:{front.process.variables['PATH']}"
    done = subprocess.run(
        [program, "-c", SCRIPTS[shell]],
        env={**front.process.variables, "PATH": path, "HOME": str(front.process.folder)},
        cwd=front.process.folder,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    said = done.stdout.strip().replace("*: :", "")
    assert said.strip("()\"'\t") == "ben", done.stderr
