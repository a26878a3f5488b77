"""``bookra displaced``: visits that have lost their time, with proposals, and their approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.documents import instant, money
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import CheckFailedError, ConflictError, UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bookra.engine.bookings.displacement.proposals import Proposal
    from bookra.engine.bookings.displacement.queue import Waiting
    from bookra.engine.runtime import Tx

app = group("Visits that lost their time: list, show, resolve.")

Code = Annotated[str, typer.Argument(help="The booking's code, such as LUN-7F3K.")]
AnyPrice = Annotated[
    bool, typer.Option("--any-price", help="Also people who cost more or less than agreed.")
]
COLUMNS = ("code", "start", "customer", "service", "staff", "reason", "best")
RESOLVED = ("code", "start", "staff", "service", "customer")
PROPOSAL = ("number", "start", "staff", "kind", "price", "difference")


@app.command("list")
def list_(
    from_day: Annotated[
        str | None, typer.Option("--from", help="Visits from this day on; a month back.")
    ] = None,
    any_price: AnyPrice = False,
) -> None:
    """List the visits that wait for another time or person, with what could be instead.

    Examples:

      bookra displaced list
      bookra displaced list --any-price --json
    """
    from bookra import clock
    from bookra.engine.bookings.displacement.queue import waiting

    def question(tx: Tx) -> list[dict[str, Any]]:
        since = None
        if from_day is not None:
            day = clock.parse_day(from_day, tx.tenant.zone, tx.now)
            since = clock.from_epoch(clock.opening(day, 0, tx.tenant.zone))
        found = waiting(tx, since=since, any_price=any_price)
        return [_waiting(one, tx.tenant.zone) for one in found]

    found = current().ask(question)
    if current().format == "table":
        found = [{**one, "best": _best(one["proposals"])} for one in found]
    output.rows(found, COLUMNS, empty="Nobody waits for another time.")


@app.command()
def show(code: Code, any_price: AnyPrice = False) -> None:
    """Show what could become of one displaced visit: proposals, the best first.

    Examples:

      bookra displaced show LUN-7F3K
    """
    from bookra.engine.bookings.displacement.queue import waiting_by_code

    found = current().ask(
        lambda tx: _waiting(waiting_by_code(tx, code, any_price=any_price), tx.tenant.zone)
    )
    if current().format != "table":
        output.record(found)
        return
    output.remark(f"{found['code']}: {found['customer']}, {found['service']} ({found['reason']})")
    output.rows(found["proposals"], PROPOSAL, empty="Nothing is free for it.")


@app.command()
def resolve(
    code: Annotated[str | None, typer.Argument(help="The booking's code.")] = None,
    choose: Annotated[
        int | None, typer.Option(help="The proposal's number; the best one if left out.", min=1)
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every visit in the queue.")] = False,
    any_price: AnyPrice = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Approve a proposal: the visit moves, its customer is told.

    With --all each visit gets its best proposal, the earliest visit first, one transaction each;
    exits 8 when something is left that nothing is free for.

    Examples:

      bookra displaced resolve LUN-7F3K
      bookra displaced resolve LUN-7F3K --choose 2
      bookra displaced resolve --all
    """
    if (code is None) is not all_ or (all_ and (choose is not None or key is not None)):
        raise UsageError(
            "usage",
            "Name one booking, or say --all, which takes neither --choose nor a key",
            hint="bookra displaced resolve --help",
        )
    if code is not None:
        output.record(_resolve(code, choose, any_price=any_price, key=key, dry_run=dry_run))
    else:
        _resolve_all(any_price=any_price, dry_run=dry_run)
    if dry_run:
        output.remark("A dry run: nothing was moved, nobody is told.")


def _resolve(
    code: str, choose: int | None, *, any_price: bool, key: str | None = None, dry_run: bool
) -> dict[str, Any]:
    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.bookings.displacement.queue import resolve as approve

        booking, taken = approve(tx, code, choose=choose, any_price=any_price)
        zone = tx.tenant.zone
        document = documents.booking(booking, zone)
        return {**document, "taken": [_proposal(one, zone) for one in taken]}

    parameters = {"code": code, "choose": choose, "any_price": any_price}
    return current().write(
        "displaced resolve", action, parameters=parameters, key=key, dry_run=dry_run
    )


def _resolve_all(*, any_price: bool, dry_run: bool) -> None:
    """Resolve the queue visit by visit; what is left is told, and ends in exit 8."""
    from bookra.engine.bookings.displacement.queue import codes

    resolved, left = [], []
    for code in current().ask(codes):
        try:
            resolved.append(_resolve(code, None, any_price=any_price, dry_run=dry_run))
        except ConflictError as error:
            left.append({"code": code, "error": error.code, "message": error.message})
    if current().format == "table":
        output.rows(resolved, RESOLVED, empty="Nothing was resolved.")
    else:
        output.record({"resolved": resolved, "left": left})
    if left:
        raise CheckFailedError(
            "left_displaced",
            "Still displaced: " + "; ".join(one["message"] for one in left),
            hint="Look at them: bookra displaced list --any-price",
            details={"left": left},
        )


def _waiting(found: Waiting, zone: ZoneInfo) -> dict[str, Any]:
    """``code start customer service staff reason proposals``, of the lines that are lost."""
    lines = found.lines or found.booking.lines
    return {
        "code": found.booking.code,
        "start": instant(lines[0].starts_at, zone),
        "end": instant(lines[-1].ends_at, zone),
        "customer": found.booking.customer,
        "service": ", ".join(dict.fromkeys(line.service for line in lines)),
        "staff": ", ".join(dict.fromkeys(line.staff for line in lines)),
        "requested": any(line.requested for line in lines),
        "price": money(found.booking.price),
        "reason": found.reason,
        "proposals": [_proposal(one, zone) for one in found.proposals],
    }


def _proposal(found: Proposal, zone: ZoneInfo) -> dict[str, Any]:
    """``number start staff kind price``; the visit keeps the price that was agreed on."""
    from bookra.clock import from_epoch

    return {
        "number": found.number,
        "line": found.line,
        "start": instant(from_epoch(found.start), zone),
        "staff": found.staff,
        "kind": found.kind.value,
        "price": money(found.price),
        "difference": money(found.difference),
    }


def _best(proposals: list[dict[str, Any]]) -> str:
    if not proposals:
        return "nothing is free"
    first = proposals[0]
    return f"{output.cell(first['start'])} {first['staff']} ({first['kind'].replace('_', ' ')})"
