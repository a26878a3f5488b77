"""What goes into a mail: the message, the visit for the customer's calendar, the invoice."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bookra.engine.bookings.feed_text import FeedEvent, FeedState, feed_text
from bookra.engine.bookings.model import OCCUPYING, Booking
from bookra.engine.business import Brand
from bookra.engine.invoices import pdf
from bookra.engine.invoices.store import Invoice, Subject, invoice_of
from bookra.engine.messages.receipts import RECEIPT
from bookra.engine.messages.store import Message
from bookra.engine.messages.wording import Rendered
from bookra.engine.payments.telling import Told
from bookra.engine.runtime import Tx
from bookra.relay.providers.mail_message import Attachment, Mail

Ask = Callable[[Callable[[Tx], Any]], Any]

ABOUT_A_TIME = frozenset(
    {"booking_confirmed", "booking_moved", "booking_cancelled", "booking_reminder"}
)
"""Messages that bring the visit for the customer's calendar. Each names the same event."""


def mail_of(
    message: Message,
    told: Told,
    rendered: Rendered,
    sender: str,
    brand: Brand,
    files: tuple[Attachment, ...],
) -> Mail:
    """Return the mail of a message. Its id is the message's own, so that it is known again."""
    assert told.reader.email is not None
    return Mail(
        to=told.reader.email,
        subject=rendered.subject,
        text=rendered.text,
        html=_page(rendered.text, rendered.language, brand),
        message_id=f"{message.id}@{sender.rpartition('@')[2]}",
        reply_to=brand.email,
        booking_code=told.facts.code,
        attachments=files,
    )


def enclosed(ask: Ask, message: Message, told: Told) -> tuple[Attachment, ...]:
    """Return what goes with a message: a calendar file, or the invoice that it brings."""
    if message.template == RECEIPT:
        subject = Subject(message.booking_id, message.order_id)
        invoice: Invoice | None = ask(lambda tx: invoice_of(tx, subject))
        return () if invoice is None else (_invoice(invoice),)
    if message.template in ABOUT_A_TIME and told.booking is not None:
        now: datetime = ask(lambda tx: tx.now)
        return (_visit(told.booking, told, now),)
    return ()


def _invoice(invoice: Invoice) -> Attachment:
    return Attachment(f"{invoice.number}.pdf", "application/pdf", pdf.render(invoice.document))


def _visit(booking: Booking, told: Told, now: datetime) -> Attachment:
    """Return the visit's events as a file that a phone's calendar opens."""
    off = booking.status not in OCCUPYING
    business = told.facts.business
    events = [
        FeedEvent(
            id=line.id,
            code=booking.code,
            revision=booking.revision,
            start=line.starts_at,
            end=line.ends_at,
            state=FeedState.CANCELLED if off else FeedState.CONFIRMED,
            summary=f"{line.service_name} · {business}",
            location=" ".join(told.facts.address.split()) or None,
        )
        for line in booking.lines
    ]
    content = feed_text(events, name=business, now=now)
    return Attachment(f"{booking.code}.ics", "text/calendar", content)


def _page(text: str, language: str, brand: Brand) -> str:
    """Return the text as a plain page in the business's colours: no image, no script, no link out.

    But for the addresses that the text itself names, which can be followed.
    """
    paragraphs = "".join(
        f'<p style="margin:0 0 16px">{_linked(part)}</p>' for part in text.split("\n\n")
    )
    return (
        f'<!doctype html><html lang="{html.escape(language)}"><head><meta charset="utf-8"></head>'
        '<body style="margin:0;background:#f4f4f4">'
        '<div style="max-width:36em;margin:24px auto;background:#fff;color:#222;'
        "font:16px/1.5 system-ui,sans-serif;border-top:6px solid "
        f'{html.escape(brand.primary_color)};padding:24px">'
        f'<p style="margin:0 0 24px;font-weight:bold">{html.escape(brand.logo_text)}</p>'
        f"{paragraphs}</div></body></html>"
    )


def _linked(paragraph: str) -> str:
    words = [
        f'<a href="{html.escape(word)}">{html.escape(word)}</a>'
        if word.startswith("https://")
        else html.escape(word)
        for word in paragraph.replace("\n", " \n ").split(" ")
    ]
    return " ".join(words).replace(" \n ", "<br>")
