"""Waiting for a payment link: the relay opens the session, the command only looks for it."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.session import current

WaitSeconds = Annotated[
    float, typer.Option("--wait", help="Wait so many seconds for the payment link.", min=0)
]

POLL_SECONDS = 0.1


def with_link(document: dict[str, Any], wait_seconds: float) -> dict[str, Any]:
    """Return the booking's document with its ``payment_url``, once the relay has made one."""
    deadline = time.monotonic() + wait_seconds
    try:
        while "payment_url" not in document and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            document = _again(document["code"])
    except KeyboardInterrupt:
        return document  # only the waiting is over: the booking stands, and its code is wanted
    if wait_seconds and "payment_url" not in document:
        output.remark("The link is not there yet. Is the relay running? bookra relay status")
    return document


def _again(code: str) -> dict[str, Any]:
    from bookra.engine.bookings.store import booking_by_code

    return current().ask(lambda tx: documents.booking(booking_by_code(tx, code), tx.tenant.zone))
