"""``bookra tui``: the front desk, by keyboard."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from bookra.commands import output
from bookra.commands.options import single
from bookra.commands.session import current
from bookra.errors import InvalidInputError, UsageError

app = single()


@app.command()
def tui(
    read_only: Annotated[bool, typer.Option("--read-only", help="Look, change nothing.")] = False,
    light: Annotated[bool, typer.Option("--light", help="Dark on light.")] = False,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Plain characters only.")] = False,
    screenshot: Annotated[
        Path | None, typer.Option(help="Write a picture (SVG) instead of running.")
    ] = None,
    size: Annotated[str, typer.Option(help="The picture's columns and rows.")] = "120x36",
    keys: Annotated[str, typer.Option(help="Keys to press first, with commas.")] = "",
) -> None:
    """Open the front desk: the day by staff, bookings and check-out from the keyboard.

    Examples:

      bookra tui
      bookra tui --screenshot day.svg --size 120x36
    """
    from bookra.commands.schedule import run_now
    from bookra.tui.engine_desk import EngineDesk

    session = current()
    desk = EngineDesk(session.engine, session.tenant, lambda name: run_now(session, name))
    if screenshot is not None:
        from bookra.tui.picture import screenshot as draw

        pressed = tuple(key for key in keys.split(",") if key)
        draw(desk, _size(size), screenshot, pressed, light=light, ascii_only=ascii_only)
        output.record({"file": str(screenshot), "size": size})
        return
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError(
            "no_terminal",
            "The front desk needs a terminal",
            hint="In a script use the commands, or: bookra tui --screenshot FILE",
        )
    from bookra.tui.app import run

    run(desk, read_only=read_only, light=light, ascii_only=ascii_only)


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{2,3})x(\d{2,3})", text)
    if found is None:
        raise InvalidInputError("bad_size", f"'{text}' is not a size", hint="Such as 120x36")
    return int(found[1]), int(found[2])
