"""Operations: what is asked of Stripe, durable before any call, and how far each one came.

An operation's id is its idempotency key and its mark at Stripe (``metadata.op``), so whatever
comes back names the row that it belongs to. States only move forward: ``new`` (asked for), ``open``
(a page is there), then ``succeeded``, ``failed`` or ``cancelled``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Row

from bookra.engine.payments import store
from bookra.engine.payments.card_amounts import check_amount
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import ProviderAccount, account
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money, rate_bps, share

TAKING = frozenset({"checkout", "payment-link", "setup", "saved-card"})
"""Kinds for which the account must be allowed to take payments."""

NOT_READY = frozenset({"pending", "restricted"})
"""States of an account that may not take payments."""

PAGES = frozenset({"checkout", "payment-link", "setup"})
"""Kinds that give a customer a page to go to; the others are done between Stripe and us."""


@dataclass(frozen=True, slots=True)
class NewOperation:
    """What is to be asked of Stripe: of a booking or an order; a setup is a customer's alone.

    ``amount`` holds the tip; ``tips`` says by staff slug who gets it, where somebody said so.
    ``saves_card`` asks for the card to be kept for later payments.
    """

    kind: str
    amount: Money
    booking_id: UUID | None = None
    order_id: UUID | None = None
    customer_id: UUID | None = None
    saved_card_id: UUID | None = None
    charge_id: UUID | None = None
    purpose: str = "balance"
    tip_minor: int = 0
    tips: Mapping[str, int] = field(default_factory=dict)
    platform_fee: Money | None = None
    expires_at: datetime | None = None
    reason: str = ""
    external: bool = False
    saves_card: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """A durable intention and how far it came.

    ``subject`` is the code of the booking or the order, empty for a setup; ``order_state`` is the
    order's. ``amount`` holds the tip; ``failure`` is a code of Stripe's or of ours.
    """

    id: UUID
    kind: str
    purpose: str
    state: str
    subject: str
    booking_id: UUID | None
    order_id: UUID | None
    customer_id: UUID | None
    saved_card_id: UUID | None
    charge_id: UUID | None
    amount: Money
    tip: Money
    tips: Mapping[str, int]
    platform_fee: Money
    saves_card: bool
    provider_ref: str | None
    url: str | None
    failure: str | None
    reason: str
    external: bool
    expires_at: datetime | None
    created_at: datetime
    settled_at: datetime | None
    intent_ref: str | None
    charge_ref: str | None
    order_state: str | None

    @property
    def price(self) -> Money:
        """What of the amount is for the price: the tip left out."""
        return self.amount - self.tip

    @property
    def visit_id(self) -> UUID:
        """The booking, where there must be one."""
        assert self.booking_id is not None
        return self.booking_id


def begin(tx: Tx, new: NewOperation) -> UUID:
    """Write an operation in state ``new``; the caller emits the effect that carries it out.

    Raises ConflictError: ``not_by_card`` for an amount that Stripe would refuse to move,
    ``stripe_not_ready`` while the account may not take payments.
    """
    if not new.external and new.kind != "setup":
        # An order is paid whole.
        charges, whole = new.kind in TAKING, new.order_id is not None
        check_amount(new.amount, charges=charges, whole=whole)
    _check_ready(tx, new)
    operation_id = new_id()
    tx.run(
        store.INSERT_OPERATION,
        id=operation_id,
        kind=new.kind,
        purpose=new.purpose,
        booking_id=new.booking_id,
        order_id=new.order_id,
        customer_id=new.customer_id,
        saved_card_id=new.saved_card_id,
        charge_id=new.charge_id,
        amount_minor=new.amount.minor,
        tip_minor=new.tip_minor,
        tips=Jsonb(dict(new.tips)) if new.tips else None,
        platform_fee_minor=new.platform_fee.minor if new.platform_fee else 0,
        currency=new.amount.currency,
        expires_at=new.expires_at,
        reason=new.reason,
        external=new.external,
        saves_card=new.saves_card,
        now=tx.now,
    )
    tx.concerns("operation", operation_id)
    return operation_id


def _check_ready(tx: Tx, new: NewOperation) -> None:
    """Refuse it here, where somebody can take cash instead, and not later in the relay."""
    found = account(tx, "stripe")
    if new.external or new.kind not in TAKING or found is None:
        return
    if found.state not in NOT_READY:
        return
    pending = "is still being opened" if found.state == "pending" else "is restricted by Stripe"
    raise ConflictError(
        "stripe_not_ready",
        f"{tx.tenant.slug}'s Stripe account {pending}: it may not take payments",
        hint="See what Stripe wants: bookra tenant provider check stripe. Or take cash",
        details={"state": found.state, "why": found.state_why},
    )


def operation(tx: Tx, operation_id: UUID) -> Operation:
    """Return an operation; raises NotFoundError (``unknown_operation``)."""
    row = tx.row(store.OPERATION, id=operation_id)
    if row is None:
        raise NotFoundError("unknown_operation", f"There is no payment operation {operation_id}")
    return _operation(row)


def operations_of(
    tx: Tx, *, booking_id: UUID | None = None, order_id: UUID | None = None
) -> Sequence[Operation]:
    """Return what was asked of Stripe for a booking or an order, the oldest first."""
    rows = tx.rows(store.OPERATIONS_OF, booking_id=booking_id, order_id=order_id)
    return [_operation(row) for row in rows]


def operation_ref(text: str) -> UUID | None:
    """Return the operation id that an object at Stripe names; None when it names none of ours."""
    try:
        return UUID(text)
    except ValueError:
        return None


def opened(
    tx: Tx, operation_id: UUID, ref: str, url: str | None, expires_at: datetime | None
) -> None:
    """Store what Stripe made for an operation. Telling it twice changes nothing."""
    tx.run(store.OPENED, id=operation_id, ref=ref, url=url, expires_at=expires_at)
    tx.concerns("operation", operation_id)


def settled(
    tx: Tx, operation_id: UUID, state: str, *, failure: str | None = None, ref: str | None = None
) -> bool:
    """Bring an operation to its end; False when it had come to one before."""
    changed = tx.run(
        store.SETTLED, id=operation_id, state=state, failure=failure, ref=ref, now=tx.now
    )
    tx.concerns("operation", operation_id)
    return bool(changed)


def stripe_account(tx: Tx) -> ProviderAccount:
    """Return the business's Stripe account; raises ConflictError (``stripe_not_set``)."""
    found = account(tx, "stripe")
    if found is None:
        raise ConflictError(
            "stripe_not_set",
            f"{tx.tenant.slug} has no Stripe account, so no card can be charged",
            hint="Set one: bookra tenant provider set stripe, or take cash: bookra pay … --cash",
        )
    return found


def takes_payments(tx: Tx) -> bool:
    """Tell whether the business has a Stripe account that may take payments now."""
    found = account(tx, "stripe")
    return found is not None and found.state not in NOT_READY


def platform_fee(stripe: ProviderAccount, net: Money) -> Money:
    """Return the platform's share of a net amount, as the account's settings say."""
    fee_bps = rate_bps(stripe.config.get("platform_fee_percent", "0"))
    return Money(share(net.minor, fee_bps), net.currency)


def _operation(row: Row[Any]) -> Operation:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    return Operation(
        id=row.id,
        kind=row.kind,
        purpose=row.purpose,
        state=row.state,
        subject=row.subject,
        booking_id=row.booking_id,
        order_id=row.order_id,
        customer_id=row.customer_id,
        saved_card_id=row.saved_card_id,
        charge_id=row.charge_id,
        amount=money(row.amount_minor),
        tip=money(row.tip_minor),
        tips=row.tips or {},
        platform_fee=money(row.platform_fee_minor),
        saves_card=row.saves_card,
        provider_ref=row.provider_ref,
        url=row.url,
        failure=row.failure,
        reason=row.reason,
        external=row.external,
        expires_at=row.expires_at,
        created_at=row.created_at,
        settled_at=row.settled_at,
        intent_ref=row.intent_ref,
        charge_ref=row.charge_ref,
        order_state=row.order_state,
    )
