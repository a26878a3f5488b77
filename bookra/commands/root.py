"""Runs one command line: global options first, then the one command that it names, loaded alone."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from bookra.commands import failures
from bookra.commands.catalogue import COMMANDS, Entry, root_help
from bookra.commands.session import Session, extract_globals, use
from bookra.errors import InvalidInputError

LONGEST_WORD = 20_000
"""Characters of an argument. The longest that a command takes, a list of hours, has hundreds."""

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Python looks for garbage after each 700 new objects. Loading libraries and listing a month make
a hundred times as many and hardly any cycles: looking took a quarter of a long listing."""


class LazyGroup(TyperGroup):
    """A group whose commands are imported when they run; help and completion see stubs."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {
            name: TyperCommand(name, help=entry.help) for name, entry in COMMANDS.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the real command for the word that is about to run."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name, COMMANDS[name]) if name in COMMANDS else command, rest


def load(name: str, entry: Entry) -> Any:
    """Import one command's module and return it as a runnable command."""
    module = import_module(f"bookra.commands.{entry.module}")
    command = typer.main.get_command(module.app)
    command.name = name
    _keep_lines_of_examples(command)
    return command


def _keep_lines_of_examples(command: Any) -> None:
    """Mark the examples as they stand in a docstring, which would be filled like a paragraph."""
    if command.help:
        command.help = command.help.replace("Examples:\n\n", "Examples:\n\n\b\n")
    for child in getattr(command, "commands", {}).values():
        _keep_lines_of_examples(child)


app = typer.Typer(
    cls=LazyGroup,
    name="bookra",
    help="Bookings, payments and payouts for salons and coaches, from the terminal.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def root() -> None:
    """Bookings, payments and payouts for salons and coaches, from the terminal."""


def run(arguments: Sequence[str]) -> int:
    """Run ``arguments`` and return the exit code; touches stdout, stderr and, for the whole
    process, how often garbage is collected.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    session: Session | None = None
    try:
        _check_text(arguments)
        flags, rest = extract_globals(arguments)
        if flags.version:
            from importlib.metadata import version

            sys.stdout.write(f"bookra {version('bookra')}\n")
            return 0
        if rest in ([], ["--help"], ["-h"]):
            sys.stdout.write(root_help())
            return 0
        session = Session.open(flags)
        with use(session):
            command = typer.main.get_command(app)
            result = command.main(list(rest), prog_name="bookra", standalone_mode=False)
            sys.stdout.flush()
            return result if isinstance(result, int) else 0
    except BaseException as error:  # noqa: BLE001 - the one edge where errors become words
        as_json = session.format == "json" if session else "--json" in arguments
        return failures.report(error, as_json=as_json)
    finally:
        if session is not None:
            session.close()


def _check_text(arguments: Sequence[str]) -> None:
    """Refuse bytes that are not UTF-8, which Python passes on as lone surrogates, and whole books.

    What is longer belongs into a file, whose reader says how much it takes.
    """
    for word in arguments:
        if len(word) > LONGEST_WORD:
            raise InvalidInputError(
                "too_long",
                f"A word of the command line has {len(word):,} characters",
                hint=f"{LONGEST_WORD:,} at most",
            )
        try:
            word.encode()
        except UnicodeEncodeError:
            shown = word.encode("utf-8", "replace").decode()
            raise InvalidInputError(
                "bad_text", f"'{shown}' is not UTF-8", hint="Check the terminal's encoding"
            ) from None
        if "\x00" in word:
            raise InvalidInputError("bad_text", "A text can't hold a NUL byte", hint="Leave it out")
