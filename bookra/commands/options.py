"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

Key = Annotated[
    str | None,
    typer.Option("--idempotency-key", help="A second run with this key returns the first result."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the result, then take everything back.")
]
FromDay = Annotated[str, typer.Option("--from", help="A date, 'today', 'tomorrow' or a weekday.")]


MOST_EXAMPLES = 6


class Noun(TyperGroup):
    """A noun whose help ends with an example of each of its first verbs."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (the base's)
        """Write the first example of each verb that has one on a single line."""
        shown = [line for line in map(_first_example, self.commands.values()) if line]
        formatter.write("\nExamples:\n\n")
        formatter.write("".join(f"  {line}\n" for line in shown[:MOST_EXAMPLES]))


def _first_example(command: Any) -> str | None:
    """Return an example of a command's; of a noun below a noun, that of its first verb."""
    for child in getattr(command, "commands", {}).values():
        return _first_example(child)
    return next(_examples(command.help or ""), None)


def _examples(text: str) -> Iterator[str]:
    lines = text.splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if line.strip().startswith("bookra ") and "\\" not in (before.strip()[-1:], line[-1:]):
            yield line.strip()


def group(text: str) -> typer.Typer:
    """Return an app for a noun with verbs."""
    return typer.Typer(
        cls=Noun, help=text, no_args_is_help=True, rich_markup_mode=None, add_completion=False
    )


def single() -> typer.Typer:
    """Return an app for one top-level verb."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)
