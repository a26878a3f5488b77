"""``bookra commission``: plans by date, and what somebody earned, line by line."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra import clock
from bookra.commands import output, payroll_documents, statement_documents
from bookra.commands.files import PRIVATE, write_whole
from bookra.commands.options import DryRun, FromDay, Key, group
from bookra.commands.session import current
from bookra.engine.commissions.rules import Base, Every, Kind, Mode, Terms, Tier
from bookra.errors import InvalidInputError, UsageError
from bookra.money import parse_amount, rate_bps

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Commission: plan, statement.")
plan = group("Commission plans: set, list, show.")
app.add_typer(plan, name="plan")

Staff = Annotated[str | None, typer.Option(help="One member of staff, by slug.")]
Service = Annotated[str | None, typer.Option(help="One service, by slug.")]
Category = Annotated[str | None, typer.Option(help="A category of services or products.")]
Product = Annotated[str | None, typer.Option(help="One product, by slug.")]
COLUMNS = ("staff", "service", "category", "product", "kind", "percent", "amount", "tiers", "from")
EVERYTHING = Terms(Kind.PERCENT)


class Format(StrEnum):
    """What a statement is written as."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PDF = "pdf"


@plan.command("set")
def set_(
    staff: Staff = None,
    service: Service = None,
    category: Category = None,
    product: Product = None,
    percent: Annotated[str | None, typer.Option(help="Of what was sold, such as 40.")] = None,
    fixed: Annotated[str | None, typer.Option(help="For each one sold, such as 5.00.")] = None,
    tier: Annotated[
        list[str] | None, typer.Option(help="FROM:PERCENT, such as 1000.00:50; repeated.")
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="Whether a tier reaches back to the period's earlier sales.")
    ] = Mode.PROGRESSIVE,
    per: Annotated[Every, typer.Option(help="How long tiers are counted.")] = Every.MONTH,
    base: Annotated[Base, typer.Option(help="Of which price.")] = Base.AFTER_DISCOUNT,
    with_tax: Annotated[bool, typer.Option("--with-tax", help="Of the price with tax.")] = False,
    end: Annotated[bool, typer.Option("--end", help="End the plan for this target.")] = False,
    from_day: FromDay = "today",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Say what is earned on sales from a day on. What was earned before never changes.

    The most specific plan applies: staff with service or product, staff with category, staff,
    service or product, category, everything; else the staff member's own --commission-percent.

    Examples:

      bookra commission plan set --staff ana --service cut --percent 45 --from 2026-12-01
      bookra commission plan set --staff ana --tier 0:40 --tier 1000.00:50 --per month
      bookra commission plan set --category care --fixed 2.50
      bookra commission plan set --staff ana --service cut --end --from 2027-01-01
    """
    from bookra.engine.commissions.plans import Aim, set_plan

    ways = [percent is not None, fixed is not None, bool(tier), end]
    if sum(ways) != 1:
        raise UsageError("no_rate", "Say how much", hint="--percent, --fixed, --tier … or --end")

    def action(tx: Tx) -> dict[str, Any]:
        currency = tx.tenant.currency
        day = clock.parse_day(from_day, tx.tenant.zone, tx.now)
        terms = _terms(percent, fixed, tier or (), mode, per, currency)
        terms = replace(terms, base=base, with_tax=with_tax)
        aim = Aim(staff, service, product, category)
        return payroll_documents.plan(set_plan(tx, aim, terms, day, ended=end))

    parameters = {
        "target": [staff, service, product, category],
        "terms": [percent, fixed, tier, mode, per, base, with_tax, end],
        "from": from_day,
    }
    output.record(
        current().write(
            "commission plan set", action, parameters=parameters, key=key, dry_run=dry_run
        )
    )


def _terms(
    percent: str | None,
    fixed: str | None,
    tiers: list[str] | tuple[str, ...],
    mode: Mode,
    per: Every,
    currency: str,
) -> Terms:
    if percent is not None:
        return Terms(Kind.PERCENT, rate_bps=rate_bps(percent))
    if fixed is not None:
        return Terms(Kind.FIXED, amount_minor=parse_amount(fixed, currency).minor)
    if tiers:
        steps = tuple(_tier(text, currency) for text in tiers)
        return Terms(Kind.TIERED, tiers=steps, mode=mode, every=per)
    return EVERYTHING


def _tier(text: str, currency: str) -> Tier:
    start, colon, rate = text.partition(":")
    if not colon:
        raise InvalidInputError(
            "bad_tiers", f"'{text}' is not a tier", hint="Write FROM:PERCENT, such as 1000.00:50"
        )
    return Tier(parse_amount(start, currency).minor, rate_bps(rate))


@plan.command("list")
def list_(
    at: Annotated[str | None, typer.Option(help="What applies on that day alone.")] = None,
) -> None:
    """List all plans ever written, the oldest first, or those of a day.

    Examples:

      bookra commission plan list
      bookra commission plan list --at today --json
    """
    from bookra.engine.commissions.plans import plans

    def question(tx: Tx) -> list[dict[str, Any]]:
        day = clock.parse_day(at, tx.tenant.zone, tx.now) if at else None
        return [payroll_documents.plan(found) for found in plans(tx, day=day)]

    output.rows(
        current().ask(question),
        COLUMNS,
        empty="No plans: everybody earns their own --commission-percent.",
    )


@plan.command()
def show(
    staff: Annotated[str, typer.Option(help="Who performs or sells it.")],
    service: Service = None,
    product: Product = None,
    at: Annotated[str, typer.Option(help="The day of the sale.")] = "today",
) -> None:
    """Show the plan that applies when somebody sells a service or a product on a day.

    Examples:

      bookra commission plan show --staff ana --service cut
      bookra commission plan show --staff ana --product oil --at 2026-12-01 --json
    """
    from bookra.engine.commissions.plans import Aim, applying

    def question(tx: Tx) -> dict[str, Any]:
        day = clock.parse_day(at, tx.tenant.zone, tx.now)
        return payroll_documents.plan(applying(tx, Aim(staff, service, product), day))

    output.record(current().ask(question))


@app.command()
def statement(
    staff: Annotated[str, typer.Argument(help="The staff member's slug.")],
    period: Annotated[
        str, typer.Option(help="2026-11, previous, current, 2026-W47 or two days with '..'.")
    ] = "current",
    format_: Annotated[
        Format | None, typer.Option("--format", help="A PDF is written to a file.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="The file of a PDF.")] = None,
) -> None:
    """Show what somebody earned in a period, line by line, and what they are paid.

    Examples:

      bookra commission statement ana --period 2026-11
      bookra commission statement ana --period previous --format pdf --to ana.pdf
      bookra commission statement ana --json
    """
    from bookra.engine.payouts.period import parse_period
    from bookra.engine.payouts.statement import Statement, statement_of

    def question(tx: Tx) -> Statement:
        wanted = parse_period(period, clock.local_day(tx.now, tx.tenant.zone))
        return statement_of(tx, staff, wanted)

    found = current().report(question)
    if format_ is Format.PDF:
        from bookra.engine.payouts.statement_pdf import render

        path = to or Path(f"statement-{staff}-{found.period}.pdf")
        write_whole(path, [render(found)], PRIVATE)
        output.record({"staff": staff, "period": str(found.period), "file": str(path)})
        return
    if format_ is not None:
        current().format = format_.value
    statement_documents.print_statement(found)
