"""Messages on their way: by WhatsApp or mail, true when they go out, and out at most once.

What a message says is found just before it goes, in the transaction that marks it as on its way:
nothing is told of a visit that was cancelled, moved or paid meanwhile. What certainly did not get
through by WhatsApp goes by mail, where there is an address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bookra.engine.bookings.store import booking_by_id
from bookra.engine.business import Tenant
from bookra.engine.messages import store
from bookra.engine.messages.model import ANSWER, OUT, Channel, MessageStatus
from bookra.engine.messages.own_words import own_words
from bookra.engine.messages.planning import fall_back
from bookra.engine.messages.quiet import next_allowed
from bookra.engine.messages.recipients import language_of
from bookra.engine.messages.rules import message_rules
from bookra.engine.messages.statuses import merge_kept, opaque_of
from bookra.engine.messages.store import Message
from bookra.engine.messages.wording import Rendered, render
from bookra.engine.outbox import topics
from bookra.engine.payments.telling import Told, told
from bookra.engine.runtime import Tx
from bookra.relay.delivery import SKIPPED, Delivery, Route
from bookra.relay.mails import enclosed, mail_of
from bookra.relay.outcome import UNDELIVERABLE, Dead, Delivered, Outcome, Snooze
from bookra.relay.providers.whatsapp import TemplateMessage, TextMessage

BY_MAIL = Delivered("sent by mail instead")
"""This channel does not reach the customer, and the other one is on its way."""

OVER = OUT | {MessageStatus.SKIPPED}


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that is marked as on its way: what it says, and to whom."""

    message: Message
    told: Told
    rendered: Rendered
    tenant: Tenant


def send_message(delivery: Delivery) -> Outcome:
    """Send a WhatsApp message, unless it is not true, not wanted or not due any more."""
    prepared = _prepared(delivery)
    if not isinstance(prepared, Ready):
        return prepared
    account, whatsapp = delivery.clients.whatsapp(delivery.item.tenant)
    phone, rendered = prepared.told.reader.phone, prepared.rendered
    assert phone is not None
    opaque = opaque_of(prepared.told.facts.code, prepared.message.id)
    if prepared.message.template == ANSWER:
        answer = TextMessage(phone, rendered.text, opaque)
        answered = delivery.called(account, lambda: whatsapp.send(answer))
        return SKIPPED if _unreachable(answered) else answered
    message = TemplateMessage(phone, rendered.name, rendered.language, rendered.parameters, opaque)
    outcome = delivery.called(account, lambda: whatsapp.send(message))
    return _other_channel(delivery, prepared.message, outcome) if _unreachable(outcome) else outcome


def send_mail(delivery: Delivery) -> Outcome:
    """Send an e-mail, unless it is not true or not wanted any more."""
    prepared = _prepared(delivery)
    if not isinstance(prepared, Ready):
        return prepared
    account, client = delivery.clients.mail(delivery.item.tenant)
    message, found = prepared.message, prepared.told
    files = enclosed(delivery.ask, message, found)
    brand = prepared.tenant.brand
    mail = mail_of(message, found, prepared.rendered, account.config["sender"], brand, files)
    return delivery.called(account, lambda: client.send(mail))


def sent(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Note that the provider has a message, or that none was to be sent."""
    message = _locked(tx, payload)
    if message is None:
        return
    if delivered == SKIPPED:
        store.advance(tx, message, MessageStatus.SKIPPED)
    elif delivered != BY_MAIL:
        reference = delivered.reference
        store.advance(tx, message, MessageStatus.SENT, provider_ref=reference)
        merge_kept(tx, message.id, reference)
    tx.concerns("message", message.id)


def refused(tx: Tx, payload: topics.Payload, why: str) -> None:
    """Note that a message will not get through so, and try the other channel."""
    message = _locked(tx, payload)
    if message is not None and store.advance(tx, message, MessageStatus.FAILED, error_code=why):
        fall_back(tx, message)


def in_doubt(tx: Tx, payload: topics.Payload, why: str) -> None:
    """Note that nobody knows whether a message went out."""
    message = _locked(tx, payload)
    if message is not None:
        store.advance(tx, message, MessageStatus.UNKNOWN, error_code=why)


def _prepared(delivery: Delivery) -> Ready | Outcome:
    """Find what a message says and mark it as on its way, in one transaction."""
    prepare: Callable[[Tx], Ready | Outcome] = lambda tx: _prepare(tx, delivery)  # noqa: E731
    return delivery.engine.act(delivery.item.tenant, prepare, command=None)


def _prepare(tx: Tx, delivery: Delivery) -> Ready | Outcome:
    payload = delivery.payload
    assert isinstance(payload, topics.MessagePayload)
    message = _its_row(tx, delivery, payload)
    if message.status in OVER or _told_otherwise(tx, message):
        return SKIPPED
    found = told(tx, message)
    if not found.true or not found.reader.takes(message.kind, message.channel):
        return SKIPPED
    if message.kind.unasked:
        allowed = next_allowed(tx.now, message_rules(tx).quiet, tx.tenant.zone)
        if allowed > tx.now:
            return Snooze(allowed, "quiet hours")
    language = language_of(tx, message.template, message.channel, found.reader)
    own = own_words(tx, message.template, message.channel, language)
    rendered = render(message.template, language, message.channel, found.facts, own)
    store.try_again(tx, message)
    return Ready(message, found, rendered, tx.tenant)


def _told_otherwise(tx: Tx, message: Message) -> bool:
    """Tell whether another message stands in for this one, or the one that this stands in for
    has arrived after all.
    """
    if store.sent_instead(tx, message) is not None:
        return True
    if message.instead_of is None:
        return False
    return store.message_by_id(tx, message.instead_of).status in OUT


def _its_row(tx: Tx, delivery: Delivery, payload: topics.MessagePayload) -> Message:
    """Return the message of an outbox row; what an older version wrote has none, and needs none."""
    if payload.message_id is not None:
        return store.locked(tx, payload.message_id)
    assert payload.booking_id is not None
    booking, now = booking_by_id(tx, payload.booking_id), tx.now
    return Message(
        id=delivery.item.id,
        once_key=f"outbox:{delivery.item.id}",
        template=payload.template,
        channel=Channel(payload.destination),
        booking_id=booking.id,
        order_id=None,
        customer_id=booking.customer_id,
        status=MessageStatus.PLANNED,
        provider_ref=None,
        error_code=None,
        instead_of=None,
        created_at=now,
        status_at=now,
        booking=booking.code,
        order=None,
    )


def _unreachable(outcome: Outcome) -> bool:
    """Tell whether WhatsApp does not reach this customer, or not now."""
    return isinstance(outcome, Dead) and outcome.error_class == UNDELIVERABLE


def _other_channel(delivery: Delivery, message: Message, outcome: Outcome) -> Outcome:
    """Send by mail what can't be sent by WhatsApp; the row is done then, and no dead letter."""
    assert isinstance(outcome, Dead)

    def instead(tx: Tx) -> bool:
        found = store.locked(tx, message.id)
        store.advance(tx, found, MessageStatus.FAILED, error_code=outcome.why)
        return fall_back(tx, found) is not None

    turned = delivery.engine.act(delivery.item.tenant, instead, command=None)
    return BY_MAIL if turned else outcome


def _locked(tx: Tx, payload: topics.Payload) -> Message | None:
    assert isinstance(payload, topics.MessagePayload)
    return None if payload.message_id is None else store.locked(tx, payload.message_id)


ROUTES: dict[str, Route] = {
    "message.send": Route(send_message, sent, refused, in_doubt),
    "mail.send": Route(send_mail, sent, refused, in_doubt),
}
