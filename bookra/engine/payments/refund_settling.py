"""What Stripe said of a refund: accepted, pending, failed, or made in its dashboard. Posted once.

The API's answer, an event and a balance transaction come in any order, twice or not at all. A
refund that names an operation of ours is that operation's; any other was made at Stripe itself,
and becomes an operation here. Locks the booking or the order before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from bookra.engine.ledger.rules import refunds
from bookra.engine.ledger.store import BY_KEY, post
from bookra.engine.payments import operations
from bookra.engine.payments.operations import NewOperation, Operation, operation
from bookra.engine.payments.purses import LATE, charge_kind, purse_of
from bookra.engine.payments.refund_parts import tips_back
from bookra.engine.payments.refund_posting import Giving, post_refund
from bookra.engine.payments.sold import Sold, locked_by_id, restore_value, take_value, value_left
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.money import Money

GONE = frozenset({"failed", "canceled"})
"""What Stripe says of a refund that gave nobody anything."""

EXTERNAL = "made in Stripe's dashboard"

# What Stripe says counts, whatever was noted before: it is asked afresh each time.
STATE = text(
    """
    UPDATE operations SET state = :state, failure = :failure, settled_at = :now,
                          provider_ref = COALESCE(provider_ref, :ref), changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
       AND (state <> :state OR provider_ref IS NULL AND CAST(:ref AS text) IS NOT NULL)
    """
)
BY_REF = text(
    "SELECT id FROM operations"
    " WHERE tenant_id = :tenant_id AND provider_ref = :ref AND kind = 'refund'"
)
CHARGE = text(
    "SELECT id, booking_id, order_id FROM charges"
    " WHERE tenant_id = :tenant_id AND charge_ref = :charge_ref"
)
# All that counts against a charge: refunds asked for or posted. One made in the dashboard may
# come on top of what was reserved here; Stripe then refuses ours, and what it reserved is free.
RESERVED_AFRESH = text(
    """
    UPDATE charges c SET changed_by = session_user, refund_reserved_minor = LEAST(c.captured_minor,
      (SELECT COALESCE(sum(o.amount_minor), 0) FROM operations o
        WHERE o.tenant_id = c.tenant_id AND o.charge_id = c.id AND o.kind = 'refund'
          AND (o.state <> 'failed'
               OR EXISTS (SELECT FROM entries e WHERE e.tenant_id = o.tenant_id
                             AND e.key = 'refund:' || CAST(o.id AS text)))))
     WHERE c.tenant_id = :tenant_id AND c.id = :id
    """
)


@dataclass(frozen=True, slots=True)
class RefundFact:
    """A refund as Stripe tells it now. ``moved`` says that it left the balance."""

    refund_ref: str
    charge_ref: str
    operation_id: str
    amount: Money
    status: str
    moved: bool
    failure: str = ""


def settle_refund(tx: Tx, fact: RefundFact) -> str:
    """Settle a refund that Stripe tells of; returns what was decided, in a word or two."""
    known = _known(tx, fact)
    if known is None:
        if fact.status in GONE and not fact.moved:
            return "not ours"
        return _external(tx, fact)
    if fact.status in GONE:
        return refund_failed(
            tx, known, fact.refund_ref, fact.failure or fact.status, moved=fact.moved
        )
    return refund_accepted(tx, known, fact.refund_ref, fact.status)


def refund_accepted(tx: Tx, operation_id: UUID, refund_ref: str, status: str = "succeeded") -> str:
    """Post a refund that Stripe accepted; one that is pending is posted too, and shown as such."""
    sold, wanted = _locked(tx, operation_id)
    fresh = _post(tx, sold, wanted)
    if wanted.state == "failed" and not fresh:
        return "known"  # it failed after it was posted: what came first does not undo that
    state = "succeeded" if status == "succeeded" else "open"
    if wanted.state != "succeeded":
        tx.run(STATE, id=wanted.id, state=state, failure=None, ref=refund_ref, now=tx.now)
    if wanted.state == "failed":
        tx.run(RESERVED_AFRESH, id=wanted.charge_id)
    tx.concerns("operation", wanted.id)
    return "refunded" if fresh else "known"


def refund_failed(
    tx: Tx, operation_id: UUID, refund_ref: str | None, why: str, *, moved: bool
) -> str:
    """Note a refund that came to nothing; returns what was decided.

    What never left is free to be refunded again (``refused``). What was posted already is owed to
    the customer (``owed``): its movement back says so, or, where nothing ``moved``, an entry here.
    """
    sold, wanted = _locked(tx, operation_id)
    if wanted.state == "failed":
        return "known"
    if moved:
        _post(tx, sold, wanted)
    posted = tx.row(BY_KEY, key=_key(wanted)) is not None
    if posted and not moved:
        fact = sold.fact(tx, f"refund-failed:{wanted.id}")
        post(tx, refunds.refund_given_up(fact, wanted.amount.minor))
    tx.run(STATE, id=wanted.id, state="failed", failure=why, ref=refund_ref, now=tx.now)
    tx.concerns("operation", wanted.id)
    if posted:
        return "owed"
    tx.run(RESERVED_AFRESH, id=wanted.charge_id)
    if not wanted.external:
        restore_value(tx, sold, wanted.price.minor)
    return "refused"


def _known(tx: Tx, fact: RefundFact) -> UUID | None:
    """Return the operation that a refund belongs to: by its mark, else by its id at Stripe."""
    named = operations.operation_ref(fact.operation_id)
    if named is not None:
        try:
            if operation(tx, named).kind == "refund":
                return named
        except NotFoundError:
            pass
    row = tx.row(BY_REF, ref=fact.refund_ref)
    return None if row is None else row.id


def _external(tx: Tx, fact: RefundFact) -> str:
    """Take a refund on that was made at Stripe itself, as if it had been asked for here."""
    charge = tx.row(CHARGE, charge_ref=fact.charge_ref)
    if charge is None:
        return "charge unknown"
    sold = locked_by_id(tx, charge.booking_id, charge.order_id)
    known = tx.row(BY_REF, ref=fact.refund_ref)  # somebody may have been quicker to the lock
    if known is not None:
        return settle_refund(tx, fact)
    purse = purse_of(tx, sold)
    source = next((one for one in purse.sources if one.ref_id == charge.id), None)
    over = max(0, fact.amount.minor - (source.price_minor if source else fact.amount.minor))
    tip_minor = min(over, source.tip_minor if source else 0, sum(purse.pools.tips.values()))
    new = NewOperation(
        "refund",
        fact.amount,
        booking_id=charge.booking_id,
        order_id=charge.order_id,
        charge_id=charge.id,
        tip_minor=tip_minor,
        tips=tips_back(purse.pools.tips, tip_minor),
        reason=EXTERNAL,
        external=True,
    )
    operation_id = operations.begin(tx, new)
    tx.run(RESERVED_AFRESH, id=charge.id)
    refund_accepted(tx, operation_id, fact.refund_ref, fact.status)
    if fact.status in GONE:
        refund_failed(
            tx, operation_id, fact.refund_ref, fact.failure or fact.status, moved=fact.moved
        )
    return "external"


def _locked(tx: Tx, operation_id: UUID) -> tuple[Sold, Operation]:
    wanted = operation(tx, operation_id)
    sold = locked_by_id(tx, wanted.booking_id, wanted.order_id)
    return sold, operation(tx, operation_id)


def _post(tx: Tx, sold: Sold, wanted: Operation) -> bool:
    """Post the refund [C1, L3], once; False when it was posted before."""
    key, kind = _key(wanted), charge_kind(tx, wanted.charge_id)
    if tx.row(BY_KEY, key=key) is not None:
        return False
    if kind == LATE:
        post(tx, refunds.late_payment_refund(sold.fact(tx, key), wanted.amount.minor))
        return True
    value = wanted.price.minor
    if sold.value and wanted.external:
        value = min(value, value_left(tx, sold))
        take_value(tx, sold, value)
    giving = Giving(
        "card",
        wanted.price.minor,
        wanted.tips,
        key,
        wanted.reason,
        charge_kind=kind,
        value_minor=value,
    )
    return post_refund(tx, sold, purse_of(tx, sold), giving)


def _key(wanted: Operation) -> str:
    return f"refund:{wanted.id}"
