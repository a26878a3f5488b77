"""``bookra calendar``: bookings out to other calendars, and their busy times in."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra import clock
from bookra.commands import calendar_feeds, output
from bookra.commands.files import write_whole
from bookra.commands.options import DryRun, FromDay, Key, group
from bookra.commands.session import current
from bookra.errors import CheckFailedError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from bookra.engine.availability.calendars.external import Replaced
    from bookra.engine.runtime import Tx

app = group("Other calendars: Google's, read and written; iCalendar files out and in.")
for _command in (
    calendar_feeds.connect,
    calendar_feeds.disconnect,
    calendar_feeds.feeds,
    calendar_feeds.resend,
):
    app.command()(_command)

SHOWN_SKIPPED = 10


@app.command()
def export(
    staff: Annotated[str | None, typer.Option(help="Only this person's visits.")] = None,
    from_day: FromDay = "today",
    days: Annotated[
        int | None, typer.Option(help="So many days; up to the horizon by default.", min=1)
    ] = None,
    file: Annotated[Path | None, typer.Option(help="The file; stdout by default.")] = None,
) -> None:
    """Write bookings and classes as an iCalendar feed, on stdout or into a file.

    Examples:

      bookra calendar export --staff ana --file ana.ics
      bookra calendar export --from 2026-11-01 --days 30
    """
    from bookra.engine.bookings.feed import feed_events
    from bookra.engine.bookings.feed_text import feed_text

    def question(tx: Tx) -> tuple[int, bytes]:
        first = clock.parse_day(from_day, tx.tenant.zone, tx.now)
        events = feed_events(tx, staff, first, days)
        return len(events), feed_text(events, name=tx.tenant.name, now=tx.now)

    count, content = current().ask(question)
    if file is None:
        sys.stdout.buffer.write(content)
        return
    write_whole(file, [content])
    output.record({"file": str(file), "events": count})


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An iCalendar file (.ics).")],
    staff: Annotated[str, typer.Option(help="Whose busy times these are.")],
    source: Annotated[
        str | None, typer.Option(help="The calendar's name; the file's by default.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Read the busy times of another calendar, in place of what its source said before.

    Slots leave these times out. Bookings that they overlap are named, and stay. What can't be read
    is named and left out; then the exit code is 8.

    Examples:

      bookra calendar import ana.ics --staff ana
      bookra calendar import basic.ics --staff ana --source google
    """
    from bookra.engine.availability.calendars.busy import busy_times
    from bookra.engine.availability.calendars.external import frame_of, replace_source
    from bookra.engine.availability.calendars.file import read_calendar

    content = _read(file)
    calendar = read_calendar(content)
    name = source if source is not None else file.name
    frame = current().ask(lambda tx: frame_of(tx, staff))
    # Outside of any transaction: following a big file's rules takes its time.
    times = busy_times(calendar, frame.zone, frame.start, frame.until)
    document = current().write(
        "calendar import",
        lambda tx: _document(replace_source(tx, staff, name, times, frame)),
        parameters={
            "staff": staff,
            "source": name,
            "content": hashlib.sha256(content).hexdigest(),
        },
        key=key,
        dry_run=dry_run,
    )
    _show(document)


def _document(found: Replaced) -> dict[str, Any]:
    """``source staff events added unchanged removed skipped conflicts``, and ``own kept``."""
    return {
        "source": found.source,
        "staff": found.staff,
        "events": found.events,
        "own": found.own,
        "added": found.added,
        "unchanged": found.unchanged,
        "kept": found.kept,
        "removed": found.removed,
        "skipped": [
            {"component": part.component, "uid": part.uid, "reason": part.reason}
            for part in found.skipped
        ],
        "conflicts": list(found.conflicts),
    }


def _show(document: dict[str, Any]) -> None:
    """Print the result; raises CheckFailedError when something was left out."""
    skipped, conflicts = document["skipped"], document["conflicts"]
    if current().format == "table":
        output.record({**document, "skipped": len(skipped)})
        for part in skipped[:SHOWN_SKIPPED]:
            output.remark(f"skipped {part['component']}: {part['reason']}")
        if len(skipped) > SHOWN_SKIPPED:
            output.remark(f"and {len(skipped) - SHOWN_SKIPPED} more: add --json")
        if conflicts:
            output.remark(f"Booked in these times already, and left so: {', '.join(conflicts)}")
    else:
        output.record(document)
    if skipped:
        count = "1 part was" if len(skipped) == 1 else f"{len(skipped)} parts were"
        raise CheckFailedError(
            "skipped",
            f"{count} left out: {skipped[0]['component']}: {skipped[0]['reason']}",
            hint="The rest is imported. Mend the file and import it again",
        )


def _read(path: Path) -> bytes:
    """Return what a file holds, and no more of it than any calendar fills."""
    from bookra.engine.availability.calendars.file import MAX_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(
            "no_file", f"There is no file {path}", hint="Export the calendar as .ics first"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable name"
        raise InvalidInputError(
            "cannot_read", f"{path} can't be read: {reason}", hint="Name a file you may read"
        ) from None
