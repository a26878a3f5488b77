"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

Key = Annotated[
    str | None,
    typer.Option("--idempotency-key", help="A second run with this key returns the first result."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the result, then take everything back.")
]
FromDay = Annotated[str, typer.Option("--from", help="A date, 'today', 'tomorrow' or a weekday.")]


def group(text: str) -> typer.Typer:
    """Return an app for a noun with verbs."""
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


def single() -> typer.Typer:
    """Return an app for one top-level verb."""
    return typer.Typer(rich_markup_mode=None, add_completion=False)
