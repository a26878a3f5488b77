"""What ``time-off`` and ``block`` share: both are absences, read, shown and removed alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.documents import instant
from bookra.commands.session import current

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bookra.engine.availability.away import Absence
    from bookra.engine.bookings.displacement.displacing import Recorded
    from bookra.engine.runtime import Tx

From = Annotated[str, typer.Option("--from", help="A day, or '2026-12-24 14:00', 'thu pm'.")]
To = Annotated[str, typer.Option("--to", help="A day (included whole), or a time.")]
Displace = Annotated[
    bool, typer.Option("--displace", help="Put the visits in the way into a queue.")
]
Ids = Annotated[list[str], typer.Argument(help="An id from the list, or its last letters.")]


def add(
    kind: str,
    slug: str,
    given: tuple[str, str, str],
    *,
    displace: bool,
    key: str | None,
    dry_run: bool,
) -> None:
    """Record an absence; ``given`` is its first and last moment and its reason, as typed."""
    first, last, reason = given

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.availability.absences import find_bookable
        from bookra.engine.availability.away import TIME_OFF, new_absence
        from bookra.engine.bookings.displacement.displacing import add_absence

        bookable = find_bookable(tx, slug, staff_only=kind == TIME_OFF)
        wanted = new_absence(bookable, kind, first, last, tx.now, reason=reason)
        done = add_absence(tx, bookable, wanted, displace=displace)
        return _recorded(done, tx.tenant.zone)

    parameters = {"slug": slug, "from": first, "to": last, "reason": reason, "displace": displace}
    document = current().write(
        f"{kind} add", action, parameters=parameters, key=key, dry_run=dry_run
    )
    output.record(document)
    if dry_run:
        output.remark("A dry run: nothing was written.")
    elif document["displaced"]:
        output.remark("Nobody was told yet. Find them another time: bookra displaced list")


def show(kind: str, slug: str | None, from_day: str) -> None:
    """List absences that end after the beginning of a day."""

    def question(tx: Tx) -> list[dict[str, Any]]:
        from bookra import clock
        from bookra.engine.availability.absences import absences, find_bookable

        day = clock.parse_day(from_day, tx.tenant.zone, tx.now)
        start = clock.from_epoch(clock.opening(day, 0, tx.tenant.zone))
        bookable_id = find_bookable(tx, slug).id if slug else None
        found = absences(tx, kind, start, bookable_id=bookable_id)
        return [_absence(one, tx.tenant.zone) for one in found]

    columns = ("id", "bookable", "start", "end", "reason")
    output.rows(current().ask(question), columns, empty="Nobody is away then.")


def remove(kind: str, ids: list[str], *, key: str | None, dry_run: bool) -> None:
    """Remove absences, all of them or none."""

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.bookings.displacement.displacing import remove_absence

        gone = [remove_absence(tx, words, kind) for words in dict.fromkeys(ids)]
        return {"removed": [_absence(one, tx.tenant.zone) for one in gone]}

    document = current().write(
        f"{kind} remove", action, parameters={"ids": ids}, key=key, dry_run=dry_run
    )
    if current().format == "table":
        output.rows(document["removed"], ("id", "bookable", "start", "end", "reason"))
    else:
        output.record(document)


def _recorded(done: Recorded, zone: ZoneInfo) -> dict[str, Any]:
    return {
        **_absence(done.absence, zone),
        "new": done.new,
        "displaced": list(done.displaced),
        "reseated": list(done.reseated),
        "expired": list(done.expired),
    }


def _absence(found: Absence, zone: ZoneInfo) -> dict[str, Any]:
    """``id bookable name kind start end reason``."""
    return {
        "id": str(found.id),
        "bookable": found.bookable,
        "name": found.name,
        "kind": found.kind,
        "start": instant(found.starts_at, zone),
        "end": instant(found.ends_at, zone),
        "reason": found.reason,
    }
