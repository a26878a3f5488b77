"""``bookra ledger``: accounts, entries, balances, the proof that they stand, and the way out."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import from_epoch, opening, parse_day, parse_moment
from bookra.commands import documents, ledger_documents, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import CheckFailedError, NotAllowedError

if TYPE_CHECKING:
    from datetime import datetime

    from bookra.engine.ledger.reading import Filter
    from bookra.engine.runtime import Tx

app = group("The ledger: accounts, entries, balance, verify, export, reverse, close-day.")

AsOf = Annotated[
    str | None, typer.Option("--as-of", help="As it was known then: 2026-11-24T14:30, 'thu pm'.")
]
From = Annotated[str | None, typer.Option("--from", help="From this day on.")]
To = Annotated[str | None, typer.Option("--to", help="To this day, which is included.")]


@app.command()
def accounts(as_of: AsOf = None) -> None:
    """List the accounts with their balances: debit plus, credit minus.

    Examples:

      bookra ledger accounts
      bookra ledger accounts --as-of 2026-12-01T00:00
    """
    found, provisional = _balances(None, as_of)
    output.rows(found, ("account", "kind", "balance"), empty="Nothing was posted yet.")
    _say_if(provisional)


@app.command()
def balance(
    account: Annotated[str, typer.Argument(help="A code, such as assets:cash:drawer.")],
    as_of: AsOf = None,
) -> None:
    """Show the balance of one account.

    Examples:

      bookra ledger balance assets:stripe:available --json
      bookra ledger balance liabilities:deposits --as-of 2026-12-01T00:00
    """
    found, provisional = _balances(account, as_of)
    if len(found) == 1:
        output.record(found[0])
    else:
        output.rows(found, ("account", "kind", "balance"))
    _say_if(provisional)


def _balances(account: str | None, as_of: str | None) -> tuple[list[dict[str, Any]], bool]:
    from bookra.engine.ledger.reading import balances, is_provisional

    def question(tx: Tx) -> tuple[list[dict[str, Any]], bool]:
        moment = None if as_of is None else parse_moment(as_of, tx.tenant.zone, tx.now)
        found = [ledger_documents.account(item) for item in balances(tx, account, as_of=moment)]
        if moment is None:
            return found, False
        provisional = is_provisional(tx, moment)
        stamp = documents.instant(moment, tx.tenant.zone)
        return [{**item, "as_of": stamp, "provisional": provisional} for item in found], provisional

    return current().report(question)


def _say_if(provisional: bool) -> None:
    if provisional:
        output.remark("Provisional: more may still be posted for that moment.")


@app.command()
def entries(
    booking: Annotated[str | None, typer.Option(help="Only of this booking.")] = None,
    order: Annotated[str | None, typer.Option(help="Only of this order.")] = None,
    account: Annotated[str | None, typer.Option(help="Only what moves this account.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="Only the one with this key.")] = None,
    from_: From = None,
    to: To = None,
    limit: Annotated[int, typer.Option(help="The latest so many.", min=1)] = 200,
) -> None:
    """List entries, oldest first, with their postings.

    Examples:

      bookra ledger entries --booking LUN-7F3K --json
      bookra ledger entries --account assets:cash:drawer --from mon --to today
    """
    from bookra.engine.ledger.reading import entries as posted

    def question(tx: Tx) -> list[dict[str, Any]]:
        wanted = _filter(tx, booking, order, account, key, _period(tx, from_, to))
        found = posted(tx, wanted, limit=limit)
        return [ledger_documents.entry(item, tx.tenant.zone) for item in found]

    found = current().report(question)
    if current().format == "json":
        output.rows(found, ())
        return
    flat = [{**item, **posting} for item in found for posting in item["postings"]]
    columns = ("effective_at", "kind", "booking", "account", "amount", "service", "item", "staff")
    output.rows(flat, columns, empty="Nothing was posted.")


def _filter(
    tx: Tx,
    booking: str | None,
    order: str | None,
    account: str | None,
    key: str | None,
    period: tuple[datetime | None, datetime | None],
) -> Filter:
    from bookra.engine.bookings.store import booking_by_code
    from bookra.engine.ledger.reading import Filter, order_named

    return Filter(
        booking_id=booking_by_code(tx, booking).id if booking else None,
        order_id=order_named(tx, order) if order else None,
        key=key,
        account=account,
        since=period[0],
        until=period[1],
    )


def _period(tx: Tx, first: str | None, last: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the instants between which days of the business lie; the last day is included."""
    zone = tx.tenant.zone
    since = until = None
    if first is not None:
        since = from_epoch(opening(parse_day(first, zone, tx.now), 0, zone))
    if last is not None:
        until = from_epoch(opening(parse_day(last, zone, tx.now) + timedelta(days=1), 0, zone))
    return since, until


@app.command()
def verify(
    noted: Annotated[
        str | None, typer.Option(help="A digest noted before: it must still be in the chain.")
    ] = None,
) -> None:
    """Check the whole ledger; exits 8 when a problem is found.

    Days that are over are closed first. Note the head somewhere else: it proves later that
    nothing of the past was written anew.

    Examples:

      bookra ledger verify --json
      bookra ledger verify --noted 9f2c…
    """
    from bookra.engine.ledger.days import close_all
    from bookra.engine.ledger.verify import verify as check

    session = current()
    try:
        close_all(session.engine, session.tenant, command="ledger close-day")
    except NotAllowedError:
        output.remark("This login may not close days; those that are closed are checked.")
    found = session.report(lambda tx: check(tx, noted=noted), consistent=True)
    output.record(
        {
            "ok": found.ok,
            "entries": found.entries,
            "transfers": found.transfers,
            "accounts": found.accounts,
            "days": found.days,
            "closed_until": found.closed_until and found.closed_until.isoformat(),
            "head": found.head,
            "problems": list(found.problems),
        }
    )
    if not found.ok:
        raise CheckFailedError(
            "ledger_broken",
            f"The ledger has {len(found.problems)} problems: {found.problems[0]}",
            hint="See them all: bookra ledger verify --json",
        )


@app.command("close-day")
def close_day() -> None:
    """Close each posted day that is over: its snapshot, and its digest chained to the day before.

    The relay does the same by itself. A day ends at midnight UTC, and a few minutes later nothing
    can be posted in it any more.

    Examples:

      bookra ledger close-day --json
    """
    from bookra.engine.ledger.days import close_all

    session = current()
    with session.alone("ledger close-day"):
        closed = close_all(session.engine, session.tenant, command="ledger close-day")
    found = [
        {
            "day": each.day.isoformat(),
            "entries": each.entries,
            "transfers": each.transfers,
            "hash": each.hash,
        }
        for each in closed
    ]
    output.rows(found, ("day", "entries", "transfers", "hash"), empty="No day is left to close.")


@app.command()
def export(
    format_: Annotated[
        str, typer.Option("--format", help="beancount, hledger or csv.")
    ] = "beancount",
    from_: From = None,
    to: To = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="The file; stdout by default.")
    ] = None,
) -> None:
    """Write the ledger for another program to read, with every closing balance asserted.

    A period begins with the balances from before it.

    Examples:

      bookra ledger export --format beancount --file luna.beancount
      bookra ledger export --format csv --from 2026-11-01 --to 2026-11-30
    """
    from bookra.commands.files import written
    from bookra.engine.ledger.export import export as pieces

    def question(tx: Tx) -> int:
        days = [parse_day(day, tx.tenant.zone, tx.now) if day else None for day in (from_, to)]
        with closing(pieces(tx, format_, *days)) as text:
            return written(file, text)

    session = current()
    count = session.report(question, consistent=True)
    if file is not None:
        output.record({"format": format_, "file": str(file), "bytes": count})


@app.command()
def reverse(
    entry: Annotated[str, typer.Argument(help="The entry's id, or its beginning.")],
    reason: Annotated[str, typer.Option(help="Why; kept for good, so it names nobody.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Reverse what was posted by hand by mistake: petty cash, the drawer, the bank.

    What a booking caused is undone by its own command: bookra refund.

    Examples:

      bookra ledger reverse 0192f4c1 --reason 'Typed 50.00 for 5.00'
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.ledger.reading import Filter
        from bookra.engine.ledger.reading import entries as posted
        from bookra.engine.ledger.reversing import reverse as undo

        (found,) = posted(tx, Filter(entry_id=undo(tx, entry, reason)))
        return ledger_documents.entry(found, tx.tenant.zone)

    document = current().write(
        "ledger reverse",
        action,
        parameters={"entry": entry, "reason": reason},
        key=key,
        dry_run=dry_run,
    )
    output.record(document)
    if dry_run:
        output.remark("A dry run: nothing was reversed.")
