"""``bookra report``: revenue, staff, taxes, liabilities and the close of a day, from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_day, parse_moment
from bookra.commands import output
from bookra.commands import report_documents as shown
from bookra.commands.charts import bars
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.money import format_minor

if TYPE_CHECKING:
    from datetime import datetime

    from bookra.engine.reports.period import Period
    from bookra.engine.runtime import Tx

app = group("Reports: revenue, staff, tax, liabilities, close-of-day.")

From = Annotated[str | None, typer.Option("--from", help="The first day; this month's by default.")]
To = Annotated[str | None, typer.Option("--to", help="The last day, which is included.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="What was known then, such as 2026-11-30T18:00.")
]
Plot = Annotated[bool, typer.Option("--plot", help="Draw bars instead of a table.")]


@app.command()
def revenue(
    first: From = None,
    last: To = None,
    by: Annotated[
        str,
        typer.Option(
            help="day, week, month, service, category, product, staff, location or method."
        ),
    ] = "day",
    as_of: AsOf = None,
    plot: Plot = False,
    opened: Annotated[
        str | None, typer.Option("--open", help="List the entries behind the row of this key.")
    ] = None,
) -> None:
    """Show what was sold, taken, taxed, paid in fees and earned.

    gross is income before discounts, net what is left after discounts and refunds; neither holds
    tax or tips. collected is money in less money back; payout what is left of the card's part.

    Examples:

      bookra report revenue
      bookra report revenue --by staff --from 2026-11-01 --to 2026-11-30 --json
      bookra report revenue --by service --plot
      bookra report revenue --by staff --open ana
      bookra report revenue --from 2026-10-01 --to 2026-10-31 --as-of 2026-11-05T12:00
    """
    from bookra.engine.reports import revenue as report

    def entries(tx: Tx) -> list[dict[str, Any]]:
        period, known = _asked(tx, first, last, as_of)
        found = report.opened(tx, period, by, opened or "", known)
        return [shown.revenue_entry(e, tx.tenant.currency, tx.tenant.zone) for e in found]

    if opened is not None:
        columns = ("effective_at", "kind", "subject", *_BRIEF, "entry")
        _list(current().report(entries), columns, shown.REVENUE)
        return
    document = current().report(
        lambda tx: shown.revenue(report.revenue(tx, *_ordered(tx, first, last, by, as_of)))
    )
    _print(document, ("key", "bookings", *shown.REVENUE), shown.REVENUE, plot and "net")


@app.command()
def staff(
    slug: Annotated[str | None, typer.Option("--staff", help="One of them alone.")] = None,
    first: From = None,
    last: To = None,
    as_of: AsOf = None,
    plot: Plot = False,
) -> None:
    """Show how everybody did: hours, utilisation, tickets, clients, no-shows, revenue, pay.

    Examples:

      bookra report staff
      bookra report staff --staff ana --from 2026-11-01 --to 2026-11-15 --json
    """
    from bookra.engine.people.staff import find_staff
    from bookra.engine.reports.performance import staff_report

    def question(tx: Tx) -> dict[str, Any]:
        one = find_staff(tx, slug).slug if slug else None
        period, known = _asked(tx, first, last, as_of)
        return shown.staff(staff_report(tx, period, one, known))

    amounts = ("average_ticket", "revenue", "commissions", "tips")
    document = current().report(question)
    if current().format == "table":
        document["rows"] = [
            {**row, "scheduled": _hours(row["scheduled_minutes"])}
            | {"booked": _hours(row["booked_minutes"])}
            for row in document["rows"]
        ]
    _print(document, _PEOPLE, amounts, plot and "revenue", label="staff")


@app.command()
def tax(
    first: From = None,
    last: To = None,
    by: Annotated[str | None, typer.Option(help="day, week or month; all as one.")] = None,
    as_of: AsOf = None,
    plot: Plot = False,
) -> None:
    """Show sales and tax by rate, what refunds took back, and what is payable.

    Examples:

      bookra report tax --from 2026-10-01 --to 2026-12-31 --by month
    """
    from bookra.engine.reports.taxes import taxes

    document = current().report(
        lambda tx: shown.taxes(taxes(tx, *_ordered(tx, first, last, by, as_of)))
    )
    amounts = ("sales", "tax", "refunds", "refunded", "net", "payable")
    _print(document, ("period", "rate", *amounts), amounts, plot and "payable", label="rate")


@app.command()
def liabilities(as_of: AsOf = None, plot: Plot = False) -> None:
    """Show what is owed, and to whom: deposits, gift cards, packages, tips, wages, refunds, tax.

    Examples:

      bookra report liabilities
      bookra report liabilities --as-of 2026-10-31T23:59 --json
    """
    from bookra.engine.reports.liabilities import liabilities as owed

    def question(tx: Tx) -> dict[str, Any]:
        return shown.liabilities(owed(tx, _moment(tx, as_of)), tx.tenant.zone)

    document = current().report(question)
    _print(document, ("key", "owner", "balance"), ("balance",), plot and "balance")


@app.command("close-of-day")
def close_of_day(
    day: Annotated[
        str, typer.Argument(metavar="[DATE]", help="A date, 'today' or a weekday.")
    ] = "today",
    as_of: AsOf = None,
    plot: Plot = False,
) -> None:
    """Show a day's end: sales by method, the drawer, deposits, gift cards, and what is open.

    Examples:

      bookra report close-of-day
      bookra report close-of-day 2026-11-24 --json
    """
    from bookra.engine.reports.closing import close_of_day as close

    def question(tx: Tx) -> dict[str, Any]:
        on = parse_day(day, tx.tenant.zone, tx.now)
        return shown.close_of_day(close(tx, on, _moment(tx, as_of)), tx.tenant.zone)

    document = current().report(question)
    if current().format != "table":
        output.record(document)
    elif plot:
        _draw(document["sales"], "net", "key")
    else:
        _print_close(document)


_PEOPLE = (
    *("staff", "scheduled", "booked", "utilisation_percent", "tickets"),
    *("average_ticket", "clients", "rebooked", "new_clients", "no_shows"),
    *("revenue", "commissions", "tips"),
)
_BRIEF = ("net", "tax", "tips", "collected", "stripe_fees", "platform_fees", "commissions")


def _ordered(
    tx: Tx, first: str | None, last: str | None, by: str | None, as_of: str | None
) -> tuple[Any, ...]:
    period, known = _asked(tx, first, last, as_of)
    return period, by, known


def _asked(
    tx: Tx, first: str | None, last: str | None, as_of: str | None
) -> tuple[Period, datetime | None]:
    from bookra.engine.reports.period import period_of

    return period_of(tx.tenant.zone, tx.now, first, last), _moment(tx, as_of)


def _moment(tx: Tx, as_of: str | None) -> datetime | None:
    return None if as_of is None else parse_moment(as_of, tx.tenant.zone, tx.now)


def _print(
    document: Mapping[str, Any],
    columns: Sequence[str],
    amounts: Sequence[str],
    drawn: str | bool,
    *,
    label: str = "key",
) -> None:
    """Print a report: its document, its rows as CSV, bars of the column ``drawn``, or a table."""
    rows = list(document["rows"])
    if current().format == "json":
        output.record(document)
    elif drawn and current().format == "table":
        _draw(rows, str(drawn), label)
    else:
        total = [document["total"]] if "total" in document else []
        _list(rows + total if rows else [], columns, amounts)
    if document["as_of"] and document["provisional"]:
        output.remark("Provisional: what is being posted just now may still be missing.")


def _list(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], amounts: Sequence[str]
) -> None:
    """Print rows, their amounts without the currency: one report has one, and many columns."""
    if current().format == "table":
        rows = [{**row, **{name: _bare(row[name]) for name in amounts}} for row in rows]
    output.rows(rows, columns, empty="Nothing was posted in these days.", right=amounts)


def _hours(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d} h"


def _bare(money: Mapping[str, Any]) -> str:
    return format_minor(money["amount_minor"], money["currency"])


def _draw(rows: Sequence[Mapping[str, Any]], column: str, label: str) -> None:
    points = [
        (_named(row, label), row[column]["amount_minor"], output.cell(row[column])) for row in rows
    ]
    output.lines(bars(points), empty="Nothing was posted in these days.")


def _named(row: Mapping[str, Any], label: str) -> str:
    return " ".join(str(row[name]) for name in ("period", label, "owner") if row.get(name))


def _print_close(document: Mapping[str, Any]) -> None:
    """Print the close of a day part by part; parts in which nothing happened are left out."""
    sold = ("key", "bookings", *shown.REVENUE[:7])
    _list([*document["sales"], document["total"]], sold, shown.REVENUE)
    output.rows(document["methods"], ("method", "taken", "given_back", "left"), empty="")
    values = {name: document[name] for name in ("deposits", "gift_cards", "packages")}
    output.record({name: value for name, value in values.items() if _any(value)}, title="")
    drawer = ("opened_at", "closed_at", "float", "expected", "counted", "difference", "left")
    output.rows(document["drawer"], drawer, empty="The drawer was not opened.")
    visits = ("code", "customer", "service", "staff", "status", "due")
    output.rows(document["open_tabs"], visits, empty="No open tabs.")
    output.rows(document["unpaid"], visits, empty="No unpaid visits.")


def _any(value: Mapping[str, Any]) -> bool:
    return any(amount["amount_minor"] for amount in value.values())
