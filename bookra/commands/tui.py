"""``bookra tui``: the front desk, by keyboard."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bookra.commands import output
from bookra.commands.options import single
from bookra.commands.session import current
from bookra.errors import InvalidInputError, UsageError

if TYPE_CHECKING:
    from bookra.tui.engine_desk import EngineDesk

app = single()


@app.command()
def tui(
    read_only: Annotated[bool, typer.Option("--read-only", help="Look, change nothing.")] = False,
    light: Annotated[bool, typer.Option("--light", help="Dark on light.")] = False,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="Plain characters only.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines and numbered questions, for a screen reader.")
    ] = False,
    list_keys: Annotated[
        bool, typer.Option("--list-keys", help="List every action with its key, and end.")
    ] = False,
    screenshot: Annotated[
        Path | None, typer.Option(help="Write a picture (SVG) instead of running.")
    ] = None,
    size: Annotated[str, typer.Option(help="The picture's columns and rows.")] = "120x36",
    keys: Annotated[str, typer.Option(help="Keys to press first, with commas.")] = "",
) -> None:
    """Open the front desk: the day by staff, bookings and check-out from the keyboard.

    Other keys stand in the section [keys] of your config.toml, by the ids that --list-keys shows:
    "booking.new" = "b". NO_COLOR switches colours off.

    Examples:

      bookra tui
      bookra tui --plain
      bookra tui --list-keys
      bookra tui --screenshot day.svg --size 120x36
    """
    from bookra.preferences import wished_keys
    from bookra.tui.actions.remap import checked

    wished = checked(wished_keys())
    if list_keys:
        _list_keys(wished, ascii_only=ascii_only)
    elif plain:
        from bookra.tui.plain.desk import run as run_plain

        run_plain(_desk(), sys.stdin, sys.stdout, read_only=read_only, ascii_only=ascii_only)
    elif screenshot is not None:
        from bookra.tui.picture import screenshot as draw

        pressed = tuple(key for key in keys.split(",") if key)
        lines = _size(size)
        draw(_desk(), lines, screenshot, pressed, light=light, ascii_only=ascii_only, wished=wished)
        output.record({"file": str(screenshot), "size": size})
    else:
        _require_terminal()
        from bookra.tui.app import run

        run(_desk(), read_only=read_only, light=light, ascii_only=ascii_only, keys=wished)


def _desk() -> EngineDesk:
    from bookra.commands.schedule import run_now
    from bookra.tui.engine_desk import EngineDesk

    session = current()
    return EngineDesk(session.engine, session.tenant, lambda name: run_now(session, name))


def _require_terminal() -> None:
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError(
            "no_terminal",
            "The front desk needs a terminal",
            hint="In a script use the commands, or: bookra tui --plain",
        )


def _list_keys(wished: dict[str, str], *, ascii_only: bool) -> None:
    """List the actions of every screen with their keys as they are now."""
    from bookra.tui import actions
    from bookra.tui.actions.remap import key_of

    places = {action.id: name for name, table in actions.TABLES.items() for action in table.actions}
    places |= {action.id: "day" for action in actions.GRID}
    rows = [
        {
            "action": action.id,
            "key": key_of(action, wished, ascii_only=ascii_only),
            "screen": places.get(action.id, "every"),
            "does": action.help,
        }
        for action in actions.by_id().values()
    ]
    output.rows(rows, ("action", "key", "screen", "does"))


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{2,3})x(\d{2,3})", text)
    if found is None:
        raise InvalidInputError("bad_size", f"'{text}' is not a size", hint="Such as 120x36")
    return int(found[1]), int(found[2])
