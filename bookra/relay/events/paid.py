"""Hands a captured charge to whom its operation belongs: a booking's tab, or an order's."""

from __future__ import annotations

from bookra.engine.orders import paying
from bookra.engine.payments import operations, settling
from bookra.engine.payments.operations import Operation
from bookra.engine.payments.settling import Charge
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError


def settle(tx: Tx, operation: Operation, charge: Charge) -> str:
    """Settle a charge once; returns what was decided, ``known`` when it had been told before."""
    if operation.order_id is None:
        return settling.settle_payment(tx, operation.id, charge)
    return paying.settle(tx, operation, charge)


def named(tx: Tx, mark: str) -> Operation | None:
    """Return the operation that an object at Stripe names; None when it is none of ours."""
    operation_id = operations.operation_ref(mark)
    if operation_id is None:
        return None
    try:
        return operations.operation(tx, operation_id)
    except NotFoundError:
        return None
