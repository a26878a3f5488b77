"""What a message is: its template, its channel, its life. Values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bookra.engine.outbox.topics import REMINDER


class Channel(StrEnum):
    """How a message travels."""

    WHATSAPP = "whatsapp"
    MAIL = "mail"


class MessageStatus(StrEnum):
    """The life of a message. ``unknown``: it may or may not have gone out."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


_RANK = {
    MessageStatus.PLANNED: 0,
    MessageStatus.SENDING: 1,
    MessageStatus.UNKNOWN: 2,
    MessageStatus.SENT: 3,
    MessageStatus.DELIVERED: 4,
    MessageStatus.READ: 5,
    MessageStatus.FAILED: 6,
    MessageStatus.SKIPPED: 6,
}

OUT = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ})
"""States of a message that the provider has."""


def goes_forward(before: MessageStatus, after: MessageStatus) -> bool:
    """Tell whether a status may follow another: only forward, and nothing follows an end."""
    return _RANK[after] > _RANK[before]


VISIT = ("customer", "business", "services", "when", "code")
"""The parameters that every message about a visit has, in this order, from the first release on."""

PLACEHOLDERS = (*VISIT, "amount", "link", "staff", "address")
"""What a business may write in words of its own."""


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of message.

    ``parameters`` are those that WhatsApp's template has, in order. ``stands`` says that it tells
    when a visit takes place: untrue once it doesn't. ``unasked`` is what nobody's act has just
    caused: it keeps to the quiet hours, and is not for those who want no reminders.
    ``to_business`` goes to the business itself.
    """

    name: str
    parameters: tuple[str, ...] = VISIT
    channels: tuple[Channel, ...] = (Channel.WHATSAPP, Channel.MAIL)
    stands: bool = False
    unasked: bool = False
    to_business: bool = False


TEMPLATES: dict[str, Template] = {
    each.name: each
    for each in (
        Template("booking_confirmed", stands=True),
        Template("booking_moved", stands=True),
        Template("booking_cancelled"),
        Template("series_confirmed", stands=True),
        Template(REMINDER, stands=True, unasked=True),
        Template("payment_link", (*VISIT, "amount", "link")),
        Template("payment_refunded"),
        Template("waitlist_offer"),
        Template("receipt", channels=(Channel.MAIL,)),
        Template("opted_out", ("business",), channels=(Channel.WHATSAPP,)),
        Template("account_trouble", (), channels=(Channel.MAIL,), to_business=True),
    )
}

ANSWER = "opted_out"
"""The one message that WhatsApp takes as plain text: an answer within a day of a customer's own."""
