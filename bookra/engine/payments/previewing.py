"""What a message would say now, and sending one by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from bookra import clock
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.store import booking_by_code
from bookra.engine.messages.model import ANSWER, Channel, Template
from bookra.engine.messages.own_words import own_languages, own_words
from bookra.engine.messages.planning import plan
from bookra.engine.messages.receipts import RECEIPT
from bookra.engine.messages.recipients import Recipient, channel_for, language_of, recipient
from bookra.engine.messages.reminders import reminder_key
from bookra.engine.messages.wording import (
    LANGUAGES,
    Facts,
    Rendered,
    base_language,
    render,
    the_template,
)
from bookra.engine.outbox.topics import REMINDER
from bookra.engine.payments.telling import still_true, visit_facts
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.money import Money

BY_HAND = 0
"""The lead, in a reminder's key, of one that somebody sent."""

SOMEBODY = Recipient(None, "Rosa Vega", "+490000000", "rosa@example.com")


@dataclass(frozen=True, slots=True)
class Preview:
    """A message that is not sent. ``own`` says that it is in the business's own words."""

    channel: Channel
    language: str
    rendered: Rendered
    own: bool


def preview(
    tx: Tx,
    template: str,
    *,
    booking: str | None = None,
    language: str | None = None,
    channel: Channel | None = None,
) -> Preview:
    """Return a message as it would be written now, of a booking or with made-up facts.

    Raises NotFoundError (``unknown_template``, ``unknown_booking``) and InvalidInputError
    (``unknown_language``, ``bad_template``).
    """
    known, reader, facts = the_template(template), SOMEBODY, _made_up(tx)
    if booking is not None:
        found = booking_by_code(tx, booking)
        reader = recipient(tx, found.customer_id)
        facts = visit_facts(tx, found, reader)
    by = channel or channel_for(tx, known, reader) or known.channels[0]
    if by not in known.channels:
        raise InvalidInputError("bad_template", f"{template} does not go by {by}")
    spoken = language_of(tx, template, by, reader)
    if language is not None:
        spoken = _language(tx, language, template, by)
    own = own_words(tx, template, by, spoken)
    return Preview(by, spoken, render(template, spoken, by, facts, own), own is not None)


def send_by_hand(tx: Tx, template: str, code: str, *, again: bool = False) -> UUID:
    """Plan a message that somebody wants sent; returns its id.

    Raises ConflictError ``message_sent`` (it was sent so before, and ``again`` is False),
    ``not_true`` (it would tell what is not so) and ``not_reachable``.
    """
    known, booking = the_template(template), booking_by_code(tx, code)
    _check_by_hand(known, booking)
    key = _key(tx, known, booking, again=again)
    if not still_true(tx, template, key, booking):
        raise ConflictError(
            "not_true",
            f"{template} would tell what is not so: {booking.code} is"
            f" {booking.status.value.replace('_', ' ')}",
            hint=f"Look at it: bookra booking show {booking.code}",
        )
    if channel_for(tx, known, recipient(tx, booking.customer_id)) is None:
        raise ConflictError(
            "not_reachable",
            f"The customer of {booking.code} can't be reached, or wants no such message",
            hint="See their phone and e-mail: bookra customer show; and bookra tenant provider",
        )
    planned = plan(tx, booking, template, once_key=key)
    if planned is None:
        raise ConflictError(
            "message_sent",
            f"{template} was sent by hand for {booking.code} as it is",
            hint="Send it again: --again",
        )
    return planned


def _check_by_hand(known: Template, booking: Booking) -> None:
    if known.to_business or known.name in (ANSWER, RECEIPT):
        raise ConflictError(
            "not_by_hand",
            f"{known.name} is not about a visit",
            hint=f"An invoice: bookra invoice pdf {booking.code}",
        )


def _key(tx: Tx, known: Template, booking: Booking, *, again: bool) -> str:
    moment = f":{clock.to_epoch(tx.now)}" if again else ""
    if known.name == REMINDER:
        return f"{reminder_key(booking.id, booking.starts_at, BY_HAND)}{moment}"
    return f"hand:{known.name}:{booking.id}:{booking.revision}{moment}"


def _language(tx: Tx, tag: str, template: str, channel: Channel) -> str:
    code = base_language(tag)
    spoken = (*LANGUAGES, *sorted(own_languages(tx, template, channel)))
    if code not in spoken:
        raise InvalidInputError(
            "unknown_language",
            f"There are no words for {template} in '{tag}'",
            hint=f"One of: {', '.join(dict.fromkeys(spoken))}; your own: bookra message template",
        )
    return code


def _made_up(tx: Tx) -> Facts:
    """Return facts of nobody: tomorrow at half past two."""
    tenant = tx.tenant
    tomorrow = clock.local_day(tx.now, tenant.zone) + timedelta(days=1)
    return Facts(
        SOMEBODY.name,
        tenant.name,
        tenant.zone,
        country=tenant.country,
        services="Cut & finish",
        starts_at=clock.from_epoch(clock.opening(tomorrow, 14 * 60 + 30, tenant.zone)),
        code=f"{tenant.code_prefix}-7F3K",
        amount=Money(4_500, tenant.currency),
        link="https://checkout.stripe.com/c/pay/cs_example",
        staff="Ana",
        address=tenant.brand.address,
        account="WhatsApp",
        why="190",
    )
