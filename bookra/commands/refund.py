"""``bookra refund``: give a booking's or an order's money back, all of it or a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key, single
from bookra.commands.session import current
from bookra.errors import UsageError
from bookra.money import Money, parse_amount

if TYPE_CHECKING:
    from bookra.engine.payments.refunding import Refunded
    from bookra.engine.runtime import Tx

app = single()

COLUMNS = ("way", "amount", "tip", "state")


@app.command()
def refund(
    code: Annotated[str, typer.Argument(help="A booking's or an order's code: LUN-7F3K.")],
    amount: Annotated[str | None, typer.Option(help="Only so much, such as 20.00.")] = None,
    tip: Annotated[bool, typer.Option("--tip", help="The tip too, after the price.")] = False,
    tip_only: Annotated[bool, typer.Option("--tip-only", help="Of the tip alone.")] = False,
    to: Annotated[
        str | None, typer.Option(help="card, gift-card, terminal or cash; as it was paid if left.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the books: no names.")] = "",
    owed: Annotated[
        bool, typer.Option("--owed", help="Pay out what a failed refund still owes.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Give money back: all that is left, by the ways in which it was paid.

    A card's refund is carried out by the relay. The tip stays unless --tip or --tip-only says
    otherwise; what was paid in cash never goes to a card.

    Examples:

      bookra refund LUN-7F3K
      bookra refund LUN-7F3K --amount 20.00 --reason 'colour was off'
      bookra refund LUN-7F3K --tip --dry-run
      bookra refund LUN-7F3K --owed --to cash
    """
    _check(amount, tip=tip, tip_only=tip_only, owed=owed)
    tips = "only" if tip_only else "too" if tip else "kept"

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.payments import refunding
        from bookra.engine.payments.refund_asked import Back

        if owed:
            return _document(tx, refunding.pay_owed(tx, code, to or "cash"))
        given = None if amount is None else parse_amount(amount, tx.tenant.currency)
        back = Back(given, tips, to, reason)
        return _document(tx, refunding.refund(tx, code, back))

    parameters = {
        "code": code,
        "amount": amount,
        "tips": tips,
        "to": to,
        "reason": reason,
        "owed": owed,
    }
    _show(current().write("refund", action, parameters=parameters, key=key, dry_run=dry_run))
    if dry_run:
        output.remark("A dry run: nothing was given back.")


def _check(amount: str | None, *, tip: bool, tip_only: bool, owed: bool) -> None:
    if tip and tip_only:
        raise UsageError("usage", "Either --tip or --tip-only", hint="bookra refund --help")
    if owed and (amount is not None or tip or tip_only):
        raise UsageError(
            "usage", "--owed pays all that is owed: it takes no amount and no tip", hint=""
        )


def _document(tx: Tx, done: Refunded) -> dict[str, Any]:
    """``code amount parts rest``; for a booking also its ``status price paid refunded due``."""
    currency = tx.tenant.currency
    document: dict[str, Any] = {
        "code": done.sold.code,
        "amount": documents.money(done.amount),
        "parts": [
            {
                "way": part.way,
                "amount": documents.money(Money(part.amount_minor, currency)),
                "tip": documents.money(Money(part.tip_minor, currency)),
                "state": "requested" if part.way == "card" else "done",
            }
            for part in done.parts
        ],
        "rest": documents.money(done.rest),
    }
    if done.sold.booking is not None:
        from bookra.engine.bookings.store import booking_by_id

        booking = documents.booking(booking_by_id(tx, done.sold.id), tx.tenant.zone)
        names = ("status", "price", "paid", "due", "refunded")
        document |= {name: booking[name] for name in names if name in booking}
    return document


def _show(document: dict[str, Any]) -> None:
    if current().format == "json":
        output.record(document)
        return
    output.rows(document["parts"], COLUMNS)
