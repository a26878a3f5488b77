"""The kinds of effect, one frozen payload type each. Payloads hold ids, never personal data.

A stored row names its topic and version; ``load`` reads every version that was ever written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar
from uuid import UUID

from bookra.errors import InvalidInputError

REMINDER = "booking_reminder"
"""The template that the program sends by the clock, and nobody's act causes."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What an effect needs to find its facts again when it is delivered."""

    topic: ClassVar[str]
    destination: ClassVar[str]
    stream: ClassVar[str]
    version: ClassVar[int] = 1
    converges: ClassVar[bool] = False
    """It makes the other side equal the facts as they are by then: once does for several."""

    booking_id: UUID | None

    @property
    def aggregate(self) -> str:
        """Effects of one aggregate are delivered in the order in which they were written."""
        return f"{self.stream}:{self.booking_id}"

    @property
    def visit_id(self) -> UUID:
        """The booking, for the kinds of effect that always have one."""
        assert self.booking_id is not None
        return self.booking_id


@dataclass(frozen=True, slots=True)
class SalePayload(Payload):
    """What a sale causes: of a booking, or of an order, whose ``booking_id`` is None."""

    order_id: UUID | None = None

    @property
    def aggregate(self) -> str:
        """The effects of one sale keep their order."""
        return f"{self.stream}:{self.booking_id or self.order_id}"


@dataclass(frozen=True, slots=True)
class RefundedPayload(SalePayload):
    """What a refund causes; ``refund_key`` is the key of the refund's ledger entry."""

    refund_key: str = ""


@dataclass(frozen=True, slots=True)
class OperationPayload(Payload):
    """What is asked of Stripe. An operation that is stuck holds up no other of its booking."""

    operation_id: UUID

    @property
    def aggregate(self) -> str:
        """Requesting and cancelling one operation keep their order."""
        return f"{self.stream}:{self.operation_id}"


@dataclass(frozen=True, slots=True)
class RequestPayment(OperationPayload):
    """Open the page of an operation: a Checkout Session, or a payment link that lives longer."""

    topic: ClassVar[str] = "payment.request"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "payment"


@dataclass(frozen=True, slots=True)
class CancelPayment(OperationPayload):
    """Close the page of an operation, so that nobody pays for what is gone."""

    topic: ClassVar[str] = "payment.cancel"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "payment"


@dataclass(frozen=True, slots=True)
class EndPayment(OperationPayload):
    """Close a payment link when its days are over: it knows no end of its own."""

    topic: ClassVar[str] = "payment.end"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "payment-end"


@dataclass(frozen=True, slots=True)
class ChargeCard(OperationPayload):
    """Charge a saved card, as an operation says: the customer is not there."""

    topic: ClassVar[str] = "payment.charge"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "payment"


@dataclass(frozen=True, slots=True)
class DetachCard(Payload):
    """Make Stripe forget a saved card."""

    topic: ClassVar[str] = "card.detach"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "card"

    card_id: UUID

    @property
    def aggregate(self) -> str:
        """Each card is a matter of its own."""
        return f"{self.stream}:{self.card_id}"


@dataclass(frozen=True, slots=True)
class RefundPayment(OperationPayload):
    """Give a charge back, as a refund operation says."""

    topic: ClassVar[str] = "payment.refund"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "payment"


@dataclass(frozen=True, slots=True)
class AnswerDispute(Payload):
    """Hand in what the business says to a dispute; the answer itself stays in its row."""

    topic: ClassVar[str] = "dispute.answer"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "dispute"

    dispute_id: UUID

    @property
    def aggregate(self) -> str:
        """Answers to one dispute keep their order."""
        return f"{self.stream}:{self.dispute_id}"


@dataclass(frozen=True, slots=True)
class UpsertCalendar(Payload):
    """Make the calendar's event equal the booking, whatever it is by then."""

    topic: ClassVar[str] = "calendar.upsert"
    destination: ClassVar[str] = "google"
    stream: ClassVar[str] = "calendar"
    converges: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class DeleteCalendar(Payload):
    """Take the booking's event out of the calendar."""

    topic: ClassVar[str] = "calendar.delete"
    destination: ClassVar[str] = "google"
    stream: ClassVar[str] = "calendar"


@dataclass(frozen=True, slots=True)
class MessagePayload(Payload):
    """One message to a customer, or to the business itself: at most once.

    ``message_id`` names its row. Version 1 had none: such a row gets one when it is sent.
    """

    version: ClassVar[int] = 2

    template: str
    message_id: UUID | None = None

    @property
    def aggregate(self) -> str:
        """What is said of a visit keeps its order; a reminder, and what is of no visit, is alone.

        A reminder may wait for the morning, and must not hold up that the visit was cancelled.
        """
        alone = self.booking_id is None or self.template == REMINDER
        if alone and self.message_id is not None:
            return f"{self.stream}:{self.message_id}"
        return f"{self.stream}:{self.booking_id}"


@dataclass(frozen=True, slots=True)
class SendMessage(MessagePayload):
    """Send the customer a template message by WhatsApp."""

    topic: ClassVar[str] = "message.send"
    destination: ClassVar[str] = "whatsapp"
    stream: ClassVar[str] = "message"


@dataclass(frozen=True, slots=True)
class SendMail(MessagePayload):
    """Send the customer, or the business, an e-mail."""

    topic: ClassVar[str] = "mail.send"
    destination: ClassVar[str] = "mail"
    stream: ClassVar[str] = "mail"


@dataclass(frozen=True, slots=True)
class IssueInvoice(SalePayload):
    """Number and store the invoice of a paid booking or order: in the settling transaction."""

    topic: ClassVar[str] = "invoice.issue"
    destination: ClassVar[str] = "local"
    stream: ClassVar[str] = "invoice"


@dataclass(frozen=True, slots=True)
class CreditInvoice(RefundedPayload):
    """Number and store the credit note of a refund: in the settling transaction."""

    topic: ClassVar[str] = "invoice.credit"
    destination: ClassVar[str] = "local"
    stream: ClassVar[str] = "invoice"


@dataclass(frozen=True, slots=True)
class SplitCommission(SalePayload):
    """Bring a sale's commission up to date: split it, or give it to whoever performs it by now."""

    topic: ClassVar[str] = "commission.split"
    destination: ClassVar[str] = "local"
    stream: ClassVar[str] = "commission"


@dataclass(frozen=True, slots=True)
class ClawBackCommission(RefundedPayload):
    """Claim back the commission on what was refunded: in the settling transaction."""

    topic: ClassVar[str] = "commission.clawback"
    destination: ClassVar[str] = "local"
    stream: ClassVar[str] = "commission"


TOPICS: dict[str, type[Payload]] = {
    kind.topic: kind
    for kind in (
        RequestPayment,
        CancelPayment,
        EndPayment,
        ChargeCard,
        DetachCard,
        RefundPayment,
        AnswerDispute,
        UpsertCalendar,
        DeleteCalendar,
        SendMessage,
        SendMail,
        IssueInvoice,
        CreditInvoice,
        SplitCommission,
        ClawBackCommission,
    )
}

AT_MOST_ONCE = frozenset({"whatsapp", "mail"})
"""Destinations without idempotency: ``sending`` is committed before the call."""


def dump(payload: Payload) -> dict[str, str]:
    """Return the JSON-ready fields of a payload."""
    return {name: str(value) for name, value in asdict(payload).items() if value is not None}


def load(topic: str, version: int, fields: Mapping[str, Any]) -> Payload:
    """Return the payload of a stored row; raises InvalidInputError for one from the future."""
    kind = TOPICS.get(topic)
    if kind is None or version > kind.version:
        raise InvalidInputError(
            "unknown_topic",
            f"This version of Bookra does not know {topic} version {version}",
            hint="Upgrade the relay",
        )
    values = {
        name: UUID(value) if name.endswith("_id") else value for name, value in fields.items()
    }
    return kind(**{"booking_id": None, **values})
