"""``bookra booking discount`` and ``item``: what a visit costs, while that is still open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key
from bookra.commands.session import current
from bookra.errors import UsageError
from bookra.money import parse_amount, rate_bps

if TYPE_CHECKING:
    from bookra.engine.bookings.model import Booking
    from bookra.engine.runtime import Tx

Code = Annotated[str, typer.Argument(help="The booking's code, such as LUN-7F3K.")]


def discount(
    code: Code,
    percent: Annotated[str | None, typer.Option(help="Such as 10: a share of the price.")] = None,
    amount: Annotated[str | None, typer.Option(help="Such as 20.00.")] = None,
    promo: Annotated[str | None, typer.Option(help="A promo code.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Take the discount away.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept in the booking's history.")] = "",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Take something off a visit that is not paid in full yet. The last discount holds alone.

    Examples:

      bookra booking discount LUN-7F3K --percent 10 --reason 'late start'
      bookra booking discount LUN-7F3K --promo AUTUMN
      bookra booking discount LUN-7F3K --none
    """
    given = [way for way in (percent, amount, promo, none or None) if way is not None]
    if len(given) != 1:
        raise UsageError("usage", "Say one of --percent, --amount, --promo and --none")

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.prices import discounts

        if promo is not None:
            found = discounts.discount_by_promo(tx, code, promo)
        elif none:
            found = discounts.no_discount(tx, code)
        else:
            bps = rate_bps(percent) if percent is not None else None
            off = parse_amount(amount, tx.tenant.currency) if amount is not None else None
            found = discounts.discount_by_hand(tx, code, bps=bps, amount=off, reason=reason)
        return _finished(tx, found)

    parameters = {
        "code": code,
        "percent": percent,
        "amount": amount,
        "promo": promo,
        "none": none,
        "reason": reason,
    }
    output.record(
        current().write("booking discount", action, parameters=parameters, key=key, dry_run=dry_run)
    )


def item(
    code: Code,
    product: Annotated[str | None, typer.Argument(help="PRODUCT or PRODUCT:QUANTITY.")] = None,
    staff: Annotated[str | None, typer.Option(help="Who sells it.")] = None,
    price: Annotated[str | None, typer.Option(help="Of one, instead of the catalogue's.")] = None,
    remove: Annotated[int | None, typer.Option(help="Take this item off again.", min=1)] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Put goods or an extra on a visit, or take an item off it.

    Examples:

      bookra booking item LUN-7F3K oil:2 --staff ana
      bookra booking item LUN-7F3K gloss --price 12.00
      bookra booking item LUN-7F3K --remove 1
    """
    if (product is None) == (remove is None):
        raise UsageError("usage", "Say PRODUCT, or --remove with an item's number")
    if remove is not None and (staff is not None or price is not None):
        raise UsageError("usage", "--staff and --price go with a product")

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.prices import items

        if remove is not None:
            return _finished(tx, items.remove_item(tx, code, remove))
        each = parse_amount(price, tx.tenant.currency) if price is not None else None
        wanted = replace(items.parse_wanted(product or ""), staff=staff, price=each)
        return _finished(tx, items.add_item(tx, code, wanted))

    parameters = {
        "code": code,
        "product": product,
        "staff": staff,
        "price": price,
        "remove": remove,
    }
    output.record(
        current().write("booking item", action, parameters=parameters, key=key, dry_run=dry_run)
    )


def _finished(tx: Tx, booking: Booking) -> dict[str, Any]:
    """Return the booking; one whose new price is paid already is revenue by now."""
    from bookra.engine.payments.tab import settle_up

    return documents.booking(settle_up(tx, booking), tx.tenant.zone)
