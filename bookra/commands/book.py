"""``bookra book``: book a visit, confirmed, held, or paid by link or in cash."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_moment
from bookra.commands import documents, output
from bookra.commands.linked import WaitSeconds, with_link
from bookra.commands.options import DryRun, Key, single
from bookra.commands.session import current
from bookra.commands.visit import (
    WAIT_MINUTES,
    HoldCode,
    MaxWait,
    More,
    Parallel,
    Staff,
    further,
    person,
)
from bookra.errors import UsageError

if TYPE_CHECKING:
    from bookra.engine.bookings.booking import BookingRequest
    from bookra.engine.bookings.model import Booking
    from bookra.engine.runtime import Tx

app = single()


class PayBy(StrEnum):
    """How a booking is paid when it is made."""

    LINK = "link"
    CASH = "cash"


class Accepted(StrEnum):
    """How a customer accepted the policy when somebody booked for them."""

    COUNTER = "counter"
    PHONE = "phone"


@app.command()
def book(
    service: Annotated[str, typer.Argument(help="The service's slug.")],
    at: Annotated[str, typer.Option(help="'2026-11-24T14:30', 'tomorrow 14:30', 'thu pm'.")],
    customer: Annotated[str, typer.Option(help="Phone, e-mail, name or id.")],
    staff: Staff = "any",
    more: More = None,
    parallel: Parallel = False,
    max_wait: MaxWait = WAIT_MINUTES,
    seats: Annotated[int, typer.Option(help="Seats in a class.", min=1, max=50)] = 1,
    hold_code: HoldCode = None,
    hold: Annotated[int | None, typer.Option(help="Hold for so many minutes, unpaid.")] = None,
    pay: Annotated[PayBy | None, typer.Option(help="Pay by link or in cash.")] = None,
    promo: Annotated[str | None, typer.Option(help="A promo code.")] = None,
    policy_accepted: Annotated[
        Accepted | None, typer.Option(help="The customer has accepted the policy: how.")
    ] = None,
    wait: WaitSeconds = 0,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Book a visit. Without --hold or --pay it is confirmed, and due at the counter.

    Examples:

      bookra book cut --staff any --at 'tomorrow 14:30' --customer 'Rosa Vega'
      bookra book cut --staff ana --at 2026-11-24T14:30 --customer +4930901820 --pay link
      bookra book color --staff ben --with cut:ana --at 'fri 10:00' --customer 'Rosa Vega'
      bookra book yoga --seats 2 --at 'sat 09:00' --customer rosa@example.com
      bookra book cut --at 'fri 10:00' --customer 'Rosa Vega' --promo AUTUMN --policy-accepted phone
    """
    if hold is not None and pay is not None:
        raise UsageError("usage", "--hold and --pay exclude each other", hint="bookra book --help")

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.bookings.booking import BookingRequest
        from bookra.engine.people.customers import the_customer

        request = BookingRequest(
            service,
            person(staff),
            parse_moment(at, tx.tenant.zone, tx.now),
            the_customer(tx, customer).id,
            hold,
            further(more),
            parallel,
            max_wait,
            hold_code,
            seats=seats,
            promo=promo,
            policy_accepted=policy_accepted.value if policy_accepted else None,
        )
        return documents.booking(_book(tx, request, pay), tx.tenant.zone)

    document = current().write(
        "book",
        action,
        parameters={
            "service": service,
            "staff": staff,
            "at": at,
            "customer": customer,
            "hold": hold,
            "pay": pay,
            "more": more,
            "parallel": parallel,
            "max_wait": max_wait,
            "hold_code": hold_code,
            "seats": seats,
            "promo": promo,
            "policy_accepted": policy_accepted,
        },
        key=key,
        dry_run=dry_run,
    )
    output.record(with_link(document, wait if pay is PayBy.LINK and not dry_run else 0))
    if dry_run:
        output.remark("A dry run: nothing was booked.")


def _book(tx: Tx, request: BookingRequest, pay: PayBy | None) -> Booking:
    from bookra.engine.payments import taking
    from bookra.engine.prices import booking

    if pay is PayBy.LINK:
        return taking.book_with_link(tx, request)
    if pay is PayBy.CASH:
        return taking.book_paid_in_cash(tx, request)
    return booking.book(tx, request)
