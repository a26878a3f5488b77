"""What happens at Stripe without our request: payouts, disputes, refunds by hand or that fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace

from bookra.errors import InvalidInputError, NotFoundError
from bookra.sandbox.state import Json, now
from bookra.sandbox.stripe import accounts, disputes, payouts, refunds
from bookra.sandbox.stripe.store import Call, every, public

_OWNER = "SELECT account FROM objects WHERE id = ?"
_CHARGE_OF_CODE = """
SELECT id, account FROM objects
WHERE kind = 'charge' AND json_extract(body, '$.status') = 'succeeded'
  AND upper(json_extract(body, '$.metadata.booking')) = upper(?)
ORDER BY sequence DESC LIMIT 1
"""


def payout(tx: sqlite3.Connection, given: Json) -> Json:
    """Run the automatic payout of an account, or let one payout become ``paid`` or ``failed``.

    ``early`` doesn't wait for pending money.
    """
    if "payout" not in given:
        made = payouts.run(_call(tx, given, ""), early=bool(given.get("early")))
        return {"payouts": public(made)}
    act = {"paid": payouts.arrive, "failed": payouts.fail}[_word(given, ("paid", "failed"))]
    identifier = str(given["payout"])
    return {"payouts": [public(act(_call(tx, given, identifier), identifier))]}


def dispute(tx: sqlite3.Connection, given: Json) -> Json:
    """Open a dispute of a ``charge``, or let a ``dispute`` become ``won`` or ``lost``."""
    if "dispute" not in given:
        charge, call = _charge(tx, given)
        return {"dispute": public(disputes.open_dispute(call, charge, _amount(given)))}
    won = _word(given, ("won", "lost")) == "won"
    identifier = str(given["dispute"])
    return {"dispute": public(disputes.close(_call(tx, given, identifier), identifier, won=won))}


def refund(tx: sqlite3.Connection, given: Json) -> Json:
    """Give a ``charge`` back as in Stripe's dashboard: nobody's operation is named."""
    charge, call = _charge(tx, given)
    amount = _amount(given)
    params = {"charge": charge} if amount is None else {"charge": charge, "amount": amount}
    return {"refund": public(refunds.create(replace(call, params=params)))}


def refund_settled(tx: sqlite3.Connection, given: Json) -> Json:
    """Let a pending refund succeed."""
    return _of_refund(tx, given, refunds.settle)


def refund_failure(tx: sqlite3.Connection, given: Json) -> Json:
    """Let a refund fail: its money comes back, if it had moved."""
    return _of_refund(tx, given, refunds.fail)


def onboarding(tx: sqlite3.Connection, given: Json) -> Json:
    """Let an account's owner fill in the forms; ``due`` is what Stripe then still wants."""
    due = given.get("due") or []
    if not isinstance(due, list) or not all(isinstance(name, str) and name for name in due):
        raise InvalidInputError("bad_due", "What is still wanted is a list of names")
    return {"account": public(accounts.onboard(_call(tx, given, ""), due))}


def _of_refund(tx: sqlite3.Connection, given: Json, act: Callable[[Call, str], Json]) -> Json:
    identifier = str(given.get("refund"))
    return {"refund": public(act(_call(tx, given, identifier), identifier))}


def _charge(tx: sqlite3.Connection, given: Json) -> tuple[str, Call]:
    """Return the charge that is named by its id or by a booking's code, and its account's call."""
    named = str(given.get("charge"))
    row = tx.execute(_CHARGE_OF_CODE, (named,)).fetchone()
    if row is not None:
        named, given = str(row["id"]), {**given, "account": str(row["account"])}
    return named, _call(tx, given, named)


def _call(tx: sqlite3.Connection, given: Json, subject: str) -> Call:
    """Return a call for the account that is named, or that owns ``subject``."""
    named = given.get("account")
    if named is None:
        row = tx.execute(_OWNER, (subject,)).fetchone()
        if row is None:
            raise NotFoundError("not_at_stripe", f"The sandbox's Stripe knows no '{subject}'")
        named = row["account"]
    call = Call(tx, str(named), accounts.platform(tx), now(tx))
    if not every(call, "account"):
        raise NotFoundError("account_not_found", f"No Stripe account '{call.account}' here")
    return call


def _amount(given: Json) -> int | None:
    amount = given.get("amount")
    if amount is not None and (not isinstance(amount, int) or amount < 1):
        raise InvalidInputError("bad_amount", f"{amount} is not an amount in minor units")
    return amount


def _word(given: Json, words: tuple[str, str]) -> str:
    if given.get("becomes") not in words:
        raise InvalidInputError(
            "bad_state", f"'{given.get('becomes')}' can't be", hint=f"Use {' or '.join(words)}"
        )
    return str(given["becomes"])
