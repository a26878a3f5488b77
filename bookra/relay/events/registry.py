"""Which handler each kind of event has, and what a movement settles besides itself."""

from __future__ import annotations

from collections.abc import Callable

from bookra.engine.runtime import Tx
from bookra.relay.events import accounts, checkouts, disputes, intents, payouts, refunds
from bookra.relay.events.handler import Handler
from bookra.relay.providers.stripe_facts import Movement

HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(checkouts.KINDS, checkouts.HANDLER),
    **dict.fromkeys(intents.KINDS, intents.HANDLER),
    **dict.fromkeys(payouts.KINDS, payouts.HANDLER),
    **dict.fromkeys(refunds.KINDS, refunds.HANDLER),
    **dict.fromkeys(disputes.KINDS, disputes.HANDLER),
    **dict.fromkeys(accounts.KINDS, accounts.HANDLER),
}

POLLED = tuple(kind for kind in HANDLERS if kind != "payout.created")
"""The kinds that are asked for: as many as one question takes.

A payout that begins is left out, since its movement tells of it; a webhook may bring it.
"""

BEHIND: dict[str, Callable[[Tx, Movement], None]] = {
    "charge": checkouts.settle_charge,
    "payment": checkouts.settle_charge,
    "adjustment": disputes.settle_behind,
    "refund": refunds.settle_refund,
    "payment_refund": refunds.settle_refund,
    "refund_failure": refunds.settle_failure,
    "payment_failure_refund": refunds.settle_failure,
    "payout": payouts.settle_behind,
    "payout_failure": payouts.settle_behind,
    "payout_cancel": payouts.settle_behind,
}
"""By a movement's type: settles the object behind it, in case its event is late or lost."""
