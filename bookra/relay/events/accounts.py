"""What a business's account at Stripe may do: told by event, or asked while it may not do all."""

from __future__ import annotations

from bookra.engine.outbox import breakers
from bookra.engine.runtime import Tx
from bookra.engine.tenancy import auditing
from bookra.engine.tenancy.providers import account, set_state
from bookra.relay.events.handler import Handler
from bookra.relay.providers.stripe_account import Standing

KINDS = ("account.updated",)


def settled(tx: Tx, standing: Standing) -> str:
    """Note what the account may do now; returns its state, "no change" where that is known."""
    known = account(tx, "stripe")
    if known is None or known.config.get("account", standing.account_ref) != standing.account_ref:
        return "not ours"
    changed = set_state(tx, "stripe", standing.state, standing.why)
    return standing.state if changed else "no change"


def refused(tx: Tx, why: str) -> None:
    """Note that Stripe refuses the account's token: nothing is sent there until that is mended."""
    breakers.failed(tx, "stripe", breakers.ACCOUNT, why)


def answered(tx: Tx, standing: Standing) -> str:
    """Note what an account may do whose token was refused, and is not any more."""
    breakers.close(tx, "stripe")
    return settled(tx, standing)


def asked(tx: Tx, standing: Standing, *, refused: bool) -> str:
    """Note what was answered to a question of the relay's own; what is new is audited."""
    became = (answered if refused else settled)(tx, standing)
    auditing.note(tx, "relay.account", tx.subjects)
    return became


HANDLER = Handler(lambda stripe, _: stripe.standing(), settled)
