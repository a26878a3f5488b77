"""``bookra pay``: take what a booking or an order owes, all of it or a part, in many ways."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import counter, documents, output, sale_documents
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
from bookra.commands.payment_documents import shown
from bookra.commands.session import current
from bookra.errors import InvalidInputError, UsageError
from bookra.money import Money, parse_amount

if TYPE_CHECKING:
    from bookra.engine.bookings.model import Booking
    from bookra.engine.payments.asked import Asked
    from bookra.engine.runtime import Tx

app = single()

Days = Annotated[
    int | None, typer.Option(help="A link that lives so many days, instead of one.", min=1)
]
SaveCard = Annotated[
    bool, typer.Option("--save-card", help="Keep the card that pays the link for later.")
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line, as it was written."""

    code: str
    method: str
    amount: str | None
    tip: str | None
    to_staff: str | None
    deposit: bool
    days: int | None
    save_card: bool
    card: str | None
    reference: str
    token: str


@app.command()
def pay(
    code: Annotated[str, typer.Argument(help="A booking's code, such as LUN-7F3K, or an order's.")],
    cash: Annotated[bool, typer.Option("--cash", help="Taken in cash.")] = False,
    terminal: Annotated[
        bool, typer.Option("--terminal", help="Taken by a card terminal of your own.")
    ] = False,
    link: Annotated[bool, typer.Option("--link", help="By a payment link.")] = False,
    saved_card: Annotated[
        bool, typer.Option("--saved-card", help="By the customer's saved card.")
    ] = False,
    gift_card: Annotated[str | None, typer.Option(help="By this gift card.")] = None,
    package: Annotated[str | None, typer.Option(help="By a visit of this package.")] = None,
    amount: Annotated[str | None, typer.Option(help="Only so much, such as 20.00.")] = None,
    tip: Annotated[str | None, typer.Option(help="A tip on top, such as 5.00.")] = None,
    to_staff: Annotated[
        str | None, typer.Option(help="Who gets the tip: 'ana=3.00,ben=2.00'.")
    ] = None,
    deposit: Annotated[
        bool, typer.Option("--deposit", help="Only the deposit (link, saved card).")
    ] = False,
    days: Days = None,
    save_card: SaveCard = False,
    card: Annotated[
        str | None, typer.Option(help="Which saved card: its last four digits.")
    ] = None,
    reference: Annotated[str, typer.Option(help="The terminal's receipt number.")] = "",
    qr: Qr = False,
    qr_file: QrFile = None,
    wait: WaitSeconds = 0,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Take what a booking or an order owes: all of it, or --amount of it.

    Less than the price is kept as a deposit until the visit is paid or done.

    Examples:

      bookra pay LUN-7F3K --cash --tip 5.00 --to-staff ana=3.00,ben=2.00
      bookra pay LUN-7F3K --terminal --amount 20.00 --reference 004711
      bookra pay LUN-7F3K --link --wait 5 --qr
      bookra pay LUN-7F3K --link --deposit --days 3
      bookra pay LUN-7F3K --saved-card --wait 10
      bookra pay LUN-7F3K --gift-card GC-7F3K-9Q2M-XW4P-6HRT
      bookra pay LUN-O9Q2 --cash
    """
    ways = {"cash": cash, "terminal": terminal, "link": link, "saved-card": saved_card}
    tokens = {"gift-card": gift_card, "package": package}
    method = _method({**ways, **tokens})
    wanted = Wanted(
        code,
        method,
        amount,
        tip,
        to_staff,
        deposit,
        days,
        save_card,
        card,
        reference,
        tokens.get(method) or "",
    )
    _check_fits(wanted)
    check_qr(qr_file)
    document = current().write(
        "pay", lambda tx: _pay(tx, wanted), parameters=asdict(wanted), key=key, dry_run=dry_run
    )
    _show(document, wait, qr=qr, qr_file=qr_file, dry_run=dry_run)


def _show(
    document: dict[str, Any], wait: float, *, qr: bool, qr_file: Path | None, dry_run: bool
) -> None:
    """Print what was paid or asked for, after the wait; draw the link."""
    if dry_run:
        output.record(shown(document))
        output.remark("A dry run: nothing was taken.")
        return
    drawn = qr or qr_file is not None
    seconds = wait or (QR_WAIT_SECONDS if drawn else 0)
    wait_for = counter.awaited_order if "kind" in document else awaited
    document = wait_for(document, seconds)
    output.record(shown(document))
    if drawn:
        show_qr(document.get("payment_url"), qr_file, shown=qr)


def _method(ways: dict[str, Any]) -> str:
    chosen = [way for way, given in ways.items() if given]
    if len(chosen) != 1:
        listed = ", ".join(f"--{way}" for way in ways)
        raise UsageError(
            "usage", f"Say in one way how it is paid: {listed}", hint="bookra pay --help"
        )
    return chosen[0]


def _check_fits(wanted: Wanted) -> None:
    """Refuse options that mean nothing for the way in which it is paid."""
    only_for = {
        "--deposit": (wanted.deposit, ("link", "saved-card")),
        "--days": (wanted.days is not None, ("link",)),
        "--save-card": (wanted.save_card, ("link",)),
        "--card": (wanted.card is not None, ("saved-card",)),
        "--reference": (bool(wanted.reference), ("terminal",)),
        "--tip": (wanted.tip is not None, ("cash", "terminal", "link", "saved-card")),
        "--to-staff": (wanted.to_staff is not None, ("cash", "terminal", "link", "saved-card")),
        "--amount": (
            wanted.amount is not None,
            ("cash", "terminal", "link", "saved-card", "gift-card"),
        ),
    }
    for option, (given, methods) in only_for.items():
        if given and wanted.method not in methods:
            raise UsageError(
                "usage", f"{option} does not go with --{wanted.method}", hint="bookra pay --help"
            )
    if wanted.deposit and wanted.amount is not None:
        raise UsageError("usage", "--deposit and --amount exclude each other")


def _pay(tx: Tx, wanted: Wanted) -> dict[str, Any]:
    from bookra.engine.orders.store import is_order

    if is_order(tx, wanted.code):
        return _order_paid(tx, wanted)
    paid = _booking_paid(tx, wanted)
    if wanted.method in ("link", "saved-card"):
        return asked_for(tx, paid)
    return documents.booking(paid, tx.tenant.zone)


def _order_paid(tx: Tx, wanted: Wanted) -> dict[str, Any]:
    """Take a whole order's amount; an order knows no parts and no deposit."""
    from bookra.engine.orders.redeeming import pay_order_with_gift_card
    from bookra.engine.orders.selling import pay_by

    options = {
        "--amount": wanted.amount,
        "--to-staff": wanted.to_staff,
        "--deposit": wanted.deposit,
        "--days": wanted.days,
        "--save-card": wanted.save_card,
        "--card": wanted.card,
        "--package": wanted.method == "package",
    }
    for option, given in options.items():
        if given:
            raise UsageError("usage", f"{option} does not go with an order, which is paid whole")
    if wanted.method == "gift-card":
        return sale_documents.order(
            pay_order_with_gift_card(tx, wanted.code, wanted.token), tx.tenant.zone
        )
    tip = parse_amount(wanted.tip, tx.tenant.currency) if wanted.tip is not None else None
    return sale_documents.order(pay_by(tx, wanted.code, wanted.method, tip), tx.tenant.zone)


def _booking_paid(tx: Tx, wanted: Wanted) -> Booking:
    from bookra.engine.payments import saved_cards, taking
    from bookra.engine.payments.links import Wish, request_link

    asked = _asked(wanted, tx.tenant.currency)
    match wanted.method:
        case "link":
            wish = Wish(asked, wanted.deposit, wanted.days, wanted.save_card)
            return request_link(tx, wanted.code, wish)
        case "saved-card":
            return saved_cards.pay(
                tx, wanted.code, asked, last4=wanted.card, deposit=wanted.deposit
            )
        case "gift-card" | "package":
            return _redeemed(tx, wanted, asked.amount)
        case _:
            return taking.take(tx, wanted.code, wanted.method, asked, reference=wanted.reference)


def _redeemed(tx: Tx, wanted: Wanted, amount: Money | None) -> Booking:
    from bookra.engine.orders import redeeming

    if wanted.method == "package":
        return redeeming.redeem_package(tx, wanted.code, wanted.token)
    return redeeming.redeem_gift_card(tx, wanted.code, wanted.token, amount)


def _asked(wanted: Wanted, currency: str) -> Asked:
    from bookra.engine.payments.asked import Asked

    return Asked(
        parse_amount(wanted.amount, currency) if wanted.amount is not None else None,
        parse_amount(wanted.tip, currency) if wanted.tip is not None else None,
        _shares(wanted.to_staff, currency) if wanted.to_staff is not None else None,
    )


def _shares(text: str, currency: str) -> dict[str, Money]:
    """Read ``ana=3.00,ben=2.00``; raises InvalidInputError (``bad_tip``)."""
    shares: dict[str, Money] = {}
    for part in text.split(","):
        slug, equals, share = (piece.strip() for piece in part.partition("="))
        if not slug or not equals or slug in shares:
            raise InvalidInputError(
                "bad_tip", f"'{part}' is not STAFF=AMOUNT", hint="Such as ana=3.00,ben=2.00"
            )
        shares[slug] = parse_amount(share, currency)
    return shares
