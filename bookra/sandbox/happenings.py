"""What happens at Stripe without anybody's request: payouts, disputes, refunds that fail."""

from __future__ import annotations

import sqlite3

from bookra.errors import InvalidInputError, NotFoundError
from bookra.sandbox.state import Json, now
from bookra.sandbox.stripe import accounts, disputes, payouts, refunds
from bookra.sandbox.stripe.store import Call, every, public


def payout(tx: sqlite3.Connection, given: Json) -> Json:
    """Run the automatic payout of an account, or let one payout become ``paid`` or ``failed``."""
    call = _call(tx, given)
    if "payout" not in given:
        return {"payouts": public(payouts.run(call))}
    act = {"paid": payouts.arrive, "failed": payouts.fail}[_word(given, ("paid", "failed"))]
    return {"payouts": [public(act(call, str(given["payout"])))]}


def dispute(tx: sqlite3.Connection, given: Json) -> Json:
    """Open a dispute of a ``charge``, or let a ``dispute`` become ``won`` or ``lost``."""
    call = _call(tx, given)
    if "dispute" not in given:
        amount = given.get("amount")
        if amount is not None and (not isinstance(amount, int) or amount < 1):
            raise InvalidInputError("bad_amount", f"{amount} is not an amount in minor units")
        return {"dispute": public(disputes.open_dispute(call, str(given.get("charge")), amount))}
    won = _word(given, ("won", "lost")) == "won"
    return {"dispute": public(disputes.close(call, str(given["dispute"]), won=won))}


def refund_failure(tx: sqlite3.Connection, given: Json) -> Json:
    """Let a refund fail after the fact: its money comes back."""
    return {"refund": public(refunds.fail(_call(tx, given), str(given.get("refund"))))}


def _call(tx: sqlite3.Connection, given: Json) -> Call:
    call = Call(tx, str(given.get("account")), accounts.platform(tx), now(tx))
    if not every(call, "account"):
        raise NotFoundError("account_not_found", f"No Stripe account '{call.account}' here")
    return call


def _word(given: Json, words: tuple[str, str]) -> str:
    if given.get("becomes") not in words:
        raise InvalidInputError(
            "bad_state", f"'{given.get('becomes')}' can't be", hint=f"Use {' or '.join(words)}"
        )
    return str(given["becomes"])
