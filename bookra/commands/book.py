"""``bookra book``: book a visit: confirmed, held, or paid by link, by saved card or in cash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_moment
from bookra.commands import documents, output
from bookra.commands.linked import (
    QR_WAIT_SECONDS,
    Qr,
    QrFile,
    WaitSeconds,
    asked_for,
    awaited,
    check_qr,
    show_qr,
)
from bookra.commands.options import DryRun, Key, single
from bookra.commands.pay import Days, SaveCard
from bookra.commands.payment_documents import shown
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
    SAVED_CARD = "saved-card"


@dataclass(frozen=True, slots=True)
class Payment:
    """How a booking is paid when it is made; ``full`` asks for all, deposit rule or not."""

    by: PayBy | None
    full: bool
    days: int | None
    save_card: bool


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
    pay: Annotated[
        PayBy | None, typer.Option(help="Pay by link, by the saved card or in cash.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Ask for all, also where a deposit would do.")
    ] = False,
    days: Days = None,
    save_card: SaveCard = False,
    promo: Annotated[str | None, typer.Option(help="A promo code.")] = None,
    policy_accepted: Annotated[
        Accepted | None, typer.Option(help="The customer has accepted the policy: how.")
    ] = None,
    note: Annotated[str, typer.Option(help="What to know of this visit.")] = "",
    qr: Qr = False,
    qr_file: QrFile = None,
    wait: WaitSeconds = 0,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Book a visit. Without --hold or --pay it is confirmed, and due at the counter.

    Examples:

      bookra book cut --staff any --at 'tomorrow 14:30' --customer 'Rosa Vega'
      bookra book cut --staff ana --at 2026-11-24T14:30 --customer +4930901820 --pay link
      bookra book color --staff ben --with cut:ana --at 'fri 10:00' --customer 'Rosa Vega'
      bookra book color --at 'fri 10:00' --customer 'Rosa Vega' --pay link --days 2 --qr
      bookra book yoga --seats 2 --at 'sat 09:00' --customer rosa@example.com
      bookra book cut --at 'fri 10:00' --customer 'Rosa Vega' --promo AUTUMN --policy-accepted phone
    """
    if hold is not None and pay is not None:
        raise UsageError("usage", "--hold and --pay exclude each other", hint="bookra book --help")
    payment = Payment(pay, full, days, save_card)
    _check_fits(payment, drawn=qr or qr_file is not None)
    check_qr(qr_file)

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
            note=note,
        )
        return _document(tx, _book(tx, request, payment), payment)

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
            "full": full,
            "days": days,
            "save_card": save_card,
            "more": more,
            "parallel": parallel,
            "max_wait": max_wait,
            "hold_code": hold_code,
            "seats": seats,
            "promo": promo,
            "policy_accepted": policy_accepted,
            **({"note": note} if note else {}),
        },
        key=key,
        dry_run=dry_run,
    )
    _show(document, wait, qr=qr, qr_file=qr_file, dry_run=dry_run)


def _show(
    document: dict[str, Any], wait: float, *, qr: bool, qr_file: Path | None, dry_run: bool
) -> None:
    """Print the booking, after the wait for its payment; draw the link."""
    drawn = qr or qr_file is not None
    if not dry_run:
        document = awaited(document, wait or (QR_WAIT_SECONDS if drawn else 0))
    output.record(shown(document))
    if dry_run:
        output.remark("A dry run: nothing was booked.")
    elif drawn:
        show_qr(document.get("payment_url"), qr_file, shown=qr)


def _check_fits(payment: Payment, *, drawn: bool) -> None:
    """Refuse options that mean nothing for the way in which it is paid."""
    only_for = {
        "--full": (payment.full, (PayBy.LINK, PayBy.SAVED_CARD)),
        "--days": (payment.days is not None, (PayBy.LINK,)),
        "--save-card": (payment.save_card, (PayBy.LINK,)),
        "--qr": (drawn, (PayBy.LINK,)),
    }
    for option, (given, ways) in only_for.items():
        if given and payment.by not in ways:
            listed = " or ".join(f"--pay {way}" for way in ways)
            raise UsageError("usage", f"{option} goes with {listed}", hint="bookra book --help")


def _document(tx: Tx, booked: Booking, payment: Payment) -> dict[str, Any]:
    if payment.by in (PayBy.LINK, PayBy.SAVED_CARD):
        return asked_for(tx, booked)
    return documents.booking(booked, tx.tenant.zone)


def _book(tx: Tx, request: BookingRequest, payment: Payment) -> Booking:
    from bookra.engine.payments import taking
    from bookra.engine.payments.links import Wish
    from bookra.engine.prices import booking

    match payment.by:
        case PayBy.LINK:
            wish = Wish(days=payment.days, saves_card=payment.save_card)
            return taking.book_with_link(tx, request, wish, full=payment.full)
        case PayBy.SAVED_CARD:
            return taking.book_with_saved_card(tx, request, full=payment.full)
        case PayBy.CASH:
            return taking.book_paid_in_cash(tx, request)
        case None:
            return booking.book(tx, request)
