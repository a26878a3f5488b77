"""The command reference, ``docs/commands.md``, made from the commands themselves.

``make pages`` writes it; a test compares the page with what this module says, so that it can't fall
behind. What it says is what ``--help`` says: nothing is written twice.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bookra.commands.catalogue import (
    COMMANDS,
    DESK,
    EXIT_CODES,
    GLOBAL_OPTIONS,
    MONEY,
    OPERATIONS,
    SETUP,
)

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
WIDTH = 100

OPENING = """\
# Commands

<!-- made by: make pages -->

Every command, as `--help` tells it. Options of the program itself stand before or after the
command:
"""


def reference() -> str:
    """Return the whole page: options of all, exit codes, then each noun with its verbs."""
    lines = [OPENING, "| Option | |", "|---|---|"]
    lines += [f"| `{flag}` | {_cell(meaning)} |" for flag, meaning in GLOBAL_OPTIONS]
    lines += ["", "Every command ends with one of these codes; errors by name are in"]
    lines += ["[troubleshooting.md](troubleshooting.md):", "", "| Exit | |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in _exit_codes()]
    lines += [""]
    for panel in (DESK, SETUP, MONEY, OPERATIONS):
        names = [name for name, entry in COMMANDS.items() if entry.panel == panel]
        links = " · ".join(f"[{name}](#bookra-{name})" for name in names)
        lines += [*textwrap.wrap(f"**{panel}**: {links}", WIDTH, break_on_hyphens=False), ""]
    for name in COMMANDS:
        lines += _noun(name)
    return "\n".join(lines).rstrip() + "\n"


def _exit_codes() -> Iterator[tuple[str, str]]:
    for part in re.split(r"\s*[·\n]\s*", EXIT_CODES):
        code, _, meaning = part.strip().partition(" ")
        yield code, meaning


def _noun(name: str) -> Iterator[str]:
    """Yield the section of one word of the command line."""
    from bookra.commands.root import load

    entry = COMMANDS[name]
    command = load(name, entry)
    yield f"## bookra {name}"
    yield ""
    if getattr(command, "commands", None):
        yield _plain(entry.help)
        yield ""
    for path, verb in verbs(f"bookra {name}", command):
        if verb is not command:
            yield f"### {path}"
            yield ""
        yield from _command(path, verb)


def verbs(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield the commands at and below a word with their whole names, but hidden ones."""
    below = getattr(command, "commands", None)
    if not below:
        yield path, command
        return
    for name, child in below.items():
        if not child.hidden:
            yield from verbs(f"{path} {name}", child)


def _command(path: str, command: Any) -> Iterator[str]:
    """Yield what a command does, how it is called, what its options mean, and examples."""
    context = command.context_class(command, info_name=path, terminal_width=10_000)
    told, _, examples = (command.help or "").replace("\b\n", "").partition("Examples:")
    yield from _paragraphs(told)
    usage = " ".join(command.get_usage(context).removeprefix("Usage:").split())
    yield from ("```text", usage, "```", "")
    records = [
        record
        for parameter in command.get_params(context)
        if (record := parameter.get_help_record(context)) and "--help" not in record[0]
    ]
    if records:
        yield from ("| | |", "|---|---|")
        yield from (f"| `{_code(flag)}` | {_cell(meaning)} |" for flag, meaning in records)
        yield ""
    if examples.strip():
        yield from ("```text", *textwrap.dedent(examples).strip().splitlines(), "```", "")


def _paragraphs(text: str) -> Iterator[str]:
    """Yield a help text filled again, one paragraph and one empty line after the other."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.strip():
            filled = _plain(" ".join(paragraph.split()))
            # Lists in a help text are lines of their own; filling would run them together.
            yield from textwrap.wrap(filled, WIDTH, break_on_hyphens=False, break_long_words=False)
            yield ""


def _plain(text: str) -> str:
    """Return help as Markdown shows it: words in angle brackets are no tags."""
    return re.sub(r"<([^>\s]+)>", r"`\1`", text).replace("*", "\\*")


def _cell(text: str) -> str:
    return _plain(" ".join(text.split())).replace("|", "\\|")


def _code(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), "utf-8")
