"""The kinds of effect, one frozen payload type each. Payloads hold ids, never personal data.

A stored row names its topic and version; ``load`` reads every version that was ever written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar
from uuid import UUID

from bookra.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Payload:
    """What an effect needs to find its facts again when it is delivered."""

    topic: ClassVar[str]
    destination: ClassVar[str]
    stream: ClassVar[str]
    version: ClassVar[int] = 1

    booking_id: UUID

    @property
    def aggregate(self) -> str:
        """Effects of one aggregate are delivered in the order in which they were written."""
        return f"{self.stream}:{self.booking_id}"


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
    """Open a Checkout Session for an operation."""

    topic: ClassVar[str] = "payment.request"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "payment"


@dataclass(frozen=True, slots=True)
class CancelPayment(OperationPayload):
    """Expire the Checkout Session of an operation, so that nobody pays for what is gone."""

    topic: ClassVar[str] = "payment.cancel"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "payment"


@dataclass(frozen=True, slots=True)
class RefundPayment(OperationPayload):
    """Give a charge back, as a refund operation says."""

    topic: ClassVar[str] = "payment.refund"
    destination: ClassVar[str] = "stripe"
    stream: ClassVar[str] = "payment"


@dataclass(frozen=True, slots=True)
class UpsertCalendar(Payload):
    """Make the calendar's event equal the booking, whatever it is by then."""

    topic: ClassVar[str] = "calendar.upsert"
    destination: ClassVar[str] = "google"
    stream: ClassVar[str] = "calendar"


@dataclass(frozen=True, slots=True)
class DeleteCalendar(Payload):
    """Take the booking's event out of the calendar."""

    topic: ClassVar[str] = "calendar.delete"
    destination: ClassVar[str] = "google"
    stream: ClassVar[str] = "calendar"


@dataclass(frozen=True, slots=True)
class SendMessage(Payload):
    """Send the customer a template message: at most once."""

    topic: ClassVar[str] = "message.send"
    destination: ClassVar[str] = "whatsapp"
    stream: ClassVar[str] = "message"

    template: str


@dataclass(frozen=True, slots=True)
class IssueInvoice(Payload):
    """Number and store the invoice of a paid booking: in the settling transaction."""

    topic: ClassVar[str] = "invoice.issue"
    destination: ClassVar[str] = "local"
    stream: ClassVar[str] = "invoice"


@dataclass(frozen=True, slots=True)
class SplitCommission(Payload):
    """Split the commission of a paid booking: in the settling transaction."""

    topic: ClassVar[str] = "commission.split"
    destination: ClassVar[str] = "local"
    stream: ClassVar[str] = "commission"


TOPICS: dict[str, type[Payload]] = {
    kind.topic: kind
    for kind in (
        RequestPayment,
        CancelPayment,
        RefundPayment,
        UpsertCalendar,
        DeleteCalendar,
        SendMessage,
        IssueInvoice,
        SplitCommission,
    )
}

AT_MOST_ONCE = frozenset({"whatsapp", "mail"})
"""Destinations without idempotency: ``sending`` is committed before the call."""


def dump(payload: Payload) -> dict[str, str]:
    """Return the JSON-ready fields of a payload."""
    return {name: str(value) for name, value in asdict(payload).items()}


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
    return kind(**values)
