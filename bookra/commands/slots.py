"""``bookra slots``: free times of a service, or of a visit of several."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_day
from bookra.commands import documents, output
from bookra.commands.options import FromDay, single
from bookra.commands.session import current
from bookra.commands.visit import (
    WAIT_MINUTES,
    HoldCode,
    MaxWait,
    More,
    Parallel,
    Staff,
    visit,
)

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = single()
COLUMNS = ("start", "end", "staff", "price")


class Rank(StrEnum):
    """What the slots are ordered by."""

    TIME = "time"
    GAPS = "gaps"


@app.command()
def slots(
    service: Annotated[str, typer.Argument(help="The service's slug.")],
    staff: Staff = "any",
    from_day: FromDay = "today",
    days: Annotated[int, typer.Option(help="How many days to look at.")] = 1,
    limit: Annotated[
        int | None, typer.Option(help="At most so many slots.", min=1, max=100_000)
    ] = None,
    more: More = None,
    parallel: Parallel = False,
    max_wait: MaxWait = WAIT_MINUTES,
    rank: Annotated[
        Rank, typer.Option(help="By time, or by the unusable gaps that a start would leave.")
    ] = Rank.TIME,
    hold_code: HoldCode = None,
) -> None:
    """List the free times of a service, or of a visit of several services.

    Examples:

      bookra slots cut --from tomorrow --days 7 --limit 5
      bookra slots cut --staff ana --json
      bookra slots color --staff ben --with cut:ana --max-wait 10 --days 7
      bookra slots cut --rank gaps --limit 3
    """
    from bookra.engine.availability.actions import find_visits, ranked_visits

    def question(tx: Tx) -> list[dict[str, Any]]:
        first = parse_day(from_day, tx.tenant.zone, tx.now)
        wanted = visit(
            tx, service, staff, more, parallel=parallel, max_wait=max_wait, hold_code=hold_code
        )
        find = ranked_visits if rank is Rank.GAPS else find_visits
        found = find(tx, wanted, first, days, limit)
        return [documents.slot(slot, tx.tenant.zone) for slot in found]

    found = current().ask(question)
    first = found[0] if found else {}
    extra = tuple(name for name in ("seats_free", "gap_cost", "lines") if name in first)
    shown = [{**each, "lines": _in_words(each)} for each in found] if "lines" in extra else found
    if current().format != "table":
        shown = found
    output.rows(shown, (*COLUMNS, *extra), empty="Nothing is free. Look further: --days 14")


def _in_words(slot: dict[str, Any]) -> str:
    """Return who does what when in a visit of several services, on one line."""
    return ", ".join(
        f"{line['start'][11:16]} {line['service']} {line['staff']}" for line in slot["lines"]
    )
