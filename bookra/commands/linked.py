"""Waiting for what the relay does about a payment: a link that it opens, a card that it charges."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output, payment_documents
from bookra.commands.failures import printable
from bookra.commands.session import current
from bookra.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from bookra.engine.bookings.model import Booking
    from bookra.engine.runtime import Tx

WaitSeconds = Annotated[
    float,
    typer.Option("--wait", help="Wait so many seconds for the link, or for the card.", min=0),
]
Qr = Annotated[bool, typer.Option("--qr", help="Show the link as a QR code.")]
QrFile = Annotated[
    Path | None, typer.Option("--qr-file", help="Write the QR code to a file: .svg or .png.")
]

POLL_SECONDS = 0.1
QR_WAIT_SECONDS = 10.0
"""How long a QR code waits for its link where nobody said how long."""

QR_KINDS = (".svg", ".png")


def asked_for(tx: Tx, booking: Booking) -> dict[str, Any]:
    """Return a booking's document with ``payment``, the newest that was asked of Stripe."""
    from bookra.engine.payments.operations import operations_of

    zone = tx.tenant.zone
    document = documents.booking(booking, zone)
    asked = [each for each in operations_of(tx, booking_id=booking.id) if each.kind != "refund"]
    if not asked:
        return document
    document["payment"] = payment = payment_documents.payment(asked[-1], zone)
    document.pop("payment_url", None)
    if "url" in payment:
        document["payment_url"] = payment["url"]
    return document


def awaited(document: dict[str, Any], wait_seconds: float) -> dict[str, Any]:
    """Return the document again once its payment has a page or an end, or after the wait.

    Raises ConflictError (``payment_failed``) for a saved card that was declined meanwhile.
    """
    deadline = time.monotonic() + wait_seconds
    try:
        while _is_new(document) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            document = _again(document)
    except KeyboardInterrupt:
        return document  # only the waiting is over: the booking stands, and its code is wanted
    if wait_seconds and _is_new(document):
        output.remark("Nothing came of it yet. Is the relay running? bookra relay status")
    if wait_seconds:
        _check_not_declined(document)
    return document


def check_qr(file: Path | None) -> None:
    """Raise InvalidInputError (``bad_file``) unless a QR code can be written into such a file."""
    if file is not None and file.suffix.lower() not in QR_KINDS:
        raise InvalidInputError(
            "bad_file", f"{file} is neither {' nor '.join(QR_KINDS)}", hint="Such as link.svg"
        )


def show_qr(url: str | None, file: Path | None, *, shown: bool) -> None:
    """Draw a link for a phone's camera: on the terminal, into a file, or both.

    Raises InvalidInputError (``cannot_write``).
    """
    if url is None:
        return
    import segno

    code = segno.make(url, error="m", micro=False)
    if file is not None:
        try:
            code.save(str(file), scale=8)
        except OSError as error:
            raise InvalidInputError(
                "cannot_write", f"{file} can't be written: {error.strerror}"
            ) from None
    if shown and current().format == "table":
        drawn = io.StringIO()
        code.terminal(out=drawn, compact=True)
        sys.stderr.write(printable(drawn.getvalue()) + "\n")


def _is_new(document: dict[str, Any]) -> bool:
    return bool(document.get("payment", {}).get("state") == "new")


def _again(document: dict[str, Any]) -> dict[str, Any]:
    from uuid import UUID

    from bookra.engine.bookings.store import booking_by_code
    from bookra.engine.payments.operations import operation

    def question(tx: Tx) -> dict[str, Any]:
        zone = tx.tenant.zone
        wanted = operation(tx, UUID(document["payment"]["id"]))
        now = documents.booking(booking_by_code(tx, document["code"]), zone)
        now.pop("payment_url", None)
        payment = payment_documents.payment(wanted, zone)
        link = {"payment_url": payment["url"]} if "url" in payment else {}
        return {**now, "payment": payment, **link}

    return current().ask(question)


def _check_not_declined(document: dict[str, Any]) -> None:
    payment = document.get("payment", {})
    if payment.get("state") != "failed":
        return
    code, released = document["code"], document["status"] == "expired"
    raise ConflictError(
        "payment_failed",
        f"The payment of {code} failed: {payment.get('failure')}"
        + (", and its time is free again" if released else ""),
        hint=_another_way(payment, code, released=released),
        details={"code": code, "failure": payment.get("failure"), "status": document["status"]},
    )


def _another_way(payment: dict[str, Any], code: str, *, released: bool) -> str:
    if payment.get("kind") != "saved-card":
        return f"Take it in another way: bookra pay {code} --cash; see bookra outbox list"
    link = "bookra book … --pay link" if released else f"bookra pay {code} --link"
    return f"Send a link instead: {link}"
