"""``bookra payout``: what staff are owed for a period, sealed once, paid once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import local_day
from bookra.commands import output, payout_rent, payroll_documents
from bookra.commands.files import PRIVATE, write_whole
from bookra.commands.options import DryRun, Key, group
from bookra.commands.payout_rent import OneStaff
from bookra.commands.session import current
from bookra.errors import InvalidInputError
from bookra.money import format_minor

if TYPE_CHECKING:
    from bookra.engine.payouts.bank import Batch
    from bookra.engine.payouts.figures import Run
    from bookra.engine.payouts.period import Period
    from bookra.engine.runtime import Tx

app = group("Pay runs: run, approve, pay, export, list, show, rent, rent-paid.")
PERIODS = "2026-11, previous, current, 2026-W47 or 2026-11-01..2026-11-15."
PeriodOption = Annotated[str, typer.Option("--period", help=PERIODS)]
PeriodArgument = Annotated[str, typer.Argument(metavar="PERIOD", help=PERIODS)]
COLUMNS = ("staff", "commission", "tips", "gross", "clawback", "rent", "carried", "net", "status")


class Method(StrEnum):
    """How staff are paid."""

    BANK = "bank"
    CASH = "cash"
    PAYROLL = "payroll"


class FileFormat(StrEnum):
    """What a bank reads."""

    PAIN001 = "pain001"
    CSV = "csv"


@app.command()
def run(
    period: PeriodOption,
    staff: OneStaff = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="Seal the runs; the period must be over.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Compute what staff are owed for a period, also for one that goes on.

    A draft is computed again each time; what is sealed stays. For cron, any number of times:

    Examples:

      bookra payout run --period 2026-11 --dry-run
      bookra payout run --period previous --approve --json
      bookra payout run --period 2026-W47 --staff ana
    """
    _change("payout run", period, staff, approve=approve, key=key, dry_run=dry_run)


@app.command()
def approve(
    period: PeriodArgument, staff: OneStaff = None, key: Key = None, dry_run: DryRun = False
) -> None:
    """Compute a period's runs for the last time and seal them, once the period is over.

    Examples:

      bookra payout approve 2026-11
      bookra payout approve previous --staff ana
    """
    _change("payout approve", period, staff, approve=True, key=key, dry_run=dry_run)


def _change(
    command: str, period: str, staff: str | None, *, approve: bool, key: Key, dry_run: bool
) -> None:
    from bookra.engine.payouts import runs

    def action(tx: Tx) -> dict[str, Any]:
        wanted = _period(tx, period)
        return _document(tx, wanted, runs.run(tx, wanted, staff, approve=approve))

    parameters = {"period": period, "staff": staff, "approve": approve}
    session = current()
    with session.alone("payout run", dry_run=dry_run):
        done = session.write(command, action, parameters=parameters, key=key, dry_run=dry_run)
    _print(done)


@app.command()
def pay(
    period: PeriodArgument,
    method: Annotated[Method, typer.Option(help="How the money leaves.")],
    reference: Annotated[str, typer.Option(help="Such as the bank's order number.")] = "",
    staff: OneStaff = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Say that a period's approved runs were paid, and post it. Each person is paid once.

    Examples:

      bookra payout pay 2026-11 --method bank --reference 4711
      bookra payout pay 2026-11 --method cash --staff ana
    """
    from bookra.engine.payouts import runs

    def action(tx: Tx) -> dict[str, Any]:
        wanted = _period(tx, period)
        return _document(tx, wanted, runs.pay(tx, wanted, method.value, reference, staff))

    parameters = {"period": period, "method": method, "reference": reference, "staff": staff}
    _print(current().write("payout pay", action, parameters=parameters, key=key, dry_run=dry_run))


@app.command("list")
def list_(staff: OneStaff = None) -> None:
    """List all pay runs, the newest period first.

    Examples:

      bookra payout list
      bookra payout list --staff ana --json
    """
    from bookra.engine.payouts import runs

    def question(tx: Tx) -> list[dict[str, Any]]:
        return [
            {"period": str(found.period), **payroll_documents.run(found, tx.tenant.zone)}
            for found in runs.history(tx, staff)
        ]

    output.rows(
        current().ask(question),
        ("period", *COLUMNS),
        empty="No pay runs yet: bookra payout run --period previous",
    )


@app.command()
def show(period: PeriodArgument, staff: OneStaff = None) -> None:
    """Show a period's runs as they stand.

    Examples:

      bookra payout show 2026-11
      bookra payout show previous --staff ana --json
    """
    from bookra.engine.payouts import runs

    def question(tx: Tx) -> dict[str, Any]:
        wanted = _period(tx, period)
        return _document(tx, wanted, runs.show(tx, wanted, staff))

    _print(current().ask(question))


@app.command()
def export(
    period: PeriodArgument,
    format_: Annotated[
        FileFormat, typer.Option("--format", help="pain001 is SEPA's, for euros alone.")
    ] = FileFormat.PAIN001,
    to: Annotated[Path | None, typer.Option(help="The file; pay-PERIOD by default.")] = None,
    staff: OneStaff = None,
    paid: Annotated[
        bool, typer.Option("--paid", help="What was paid by bank already, for the record.")
    ] = False,
) -> None:
    """Write what the bank is to pay of the approved runs to a file that only you may read.

    The same runs give a file with the same message id, so that a bank refuses the second one.

    Examples:

      bookra payout export 2026-11 --format pain001 --to pay.xml
      bookra payout export 2026-11 --format csv
    """
    from bookra.engine.payouts.bank import batch

    def question(tx: Tx) -> tuple[Period, Batch]:
        wanted = _period(tx, period)
        return wanted, batch(tx, wanted, staff, paid=paid)

    wanted, found = current().ask(question)
    ending = "xml" if format_ is FileFormat.PAIN001 else "csv"
    path = to or Path(f"pay-{wanted}.{ending}")
    content = _pain001(found) if format_ is FileFormat.PAIN001 else _csv(found)
    write_whole(path, [content], PRIVATE)
    currency = found.transfers[0].amount.currency
    total = sum(one.amount.minor for one in found.transfers)
    output.record(
        {
            "period": str(wanted),
            "file": str(path),
            "format": format_.value,
            "payments": len(found.transfers),
            "total": {"amount_minor": total, "currency": currency},
        }
    )


app.command()(payout_rent.rent)
app.command("rent-paid")(payout_rent.rent_paid)


def _period(tx: Tx, text: str) -> Period:
    from bookra.engine.payouts.period import parse_period

    return parse_period(text, local_day(tx.now, tx.tenant.zone))


def _document(tx: Tx, period: Period, found: list[Run]) -> dict[str, Any]:
    return payroll_documents.runs(period, found, tx.tenant.zone, tx.tenant.currency)


def _print(document: dict[str, Any]) -> None:
    """Print a period's runs: one document as JSON, else a table of the people."""
    if current().format == "json":
        output.record(document)
        return
    empty = f"Nobody is owed anything for {document['period']}."
    output.rows(document["runs"], COLUMNS, empty=empty)
    if document["runs"]:
        output.remark(f"{document['period']}: {output.cell(document['total'])} to pay in all.")


def _pain001(found: Batch) -> bytes:
    from bookra.engine.payouts.pain001 import credit_transfer

    if any(one.amount.currency != "EUR" for one in found.transfers):
        raise InvalidInputError(
            "not_euro",
            "A SEPA credit transfer is in euros",
            hint="Write --format csv, and enter the payments at the bank",
        )
    return credit_transfer(
        found.payer, found.transfers, written_at=found.written_at, execute_on=found.execute_on
    )


def _csv(found: Batch) -> bytes:
    rows = [
        {
            "id": one.id,
            "holder": one.to.holder,
            "iban": one.to.iban,
            "bic": one.to.bic,
            "amount": format_minor(one.amount.minor, one.amount.currency),
            "currency": one.amount.currency,
            "text": one.text,
        }
        for one in found.transfers
    ]
    return output.csv_text(rows).encode()
