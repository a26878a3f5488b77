"""What a customer does on the Checkout page, for the page itself and for ``sandbox pay``."""

from __future__ import annotations

import json
import sqlite3
from urllib.parse import parse_qs, urlsplit

from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.sandbox.state import Json, now
from bookra.sandbox.stripe import accounts, links, sessions
from bookra.sandbox.stripe.cards import CARDS
from bookra.sandbox.stripe.store import Call, find

_BY_ID = "SELECT id, account, body FROM objects WHERE kind = 'checkout.session' AND id = ?"
_BY_CODE = """
SELECT id, account, body FROM objects
WHERE kind = 'checkout.session'
  AND upper(json_extract(body, '$.client_reference_id')) = upper(?)
ORDER BY json_extract(body, '$.status') = 'open' DESC,
  json_extract(body, '$.status') = 'complete' DESC, sequence DESC LIMIT 1
"""
_LINK_BY_ID = "SELECT account, body FROM objects WHERE kind = 'payment_link' AND id = ?"
_LINK_BY_CODE = """
SELECT account, body FROM objects
WHERE kind = 'payment_link' AND upper(json_extract(body, '$.metadata.booking')) = upper(?)
  AND json_extract(body, '$.active')
ORDER BY sequence DESC LIMIT 1
"""


def session_named(tx: sqlite3.Connection, reference: str) -> tuple[Json, str]:
    """Return ``(session, account)`` of a Checkout URL, a session id, a link or a booking code.

    A code means its open session, else its active Payment Link (visiting one opens a session),
    else the paid session, else the newest. Raises NotFoundError (``session_not_found``) or
    ConflictError (``link_inactive``).
    """
    sessions.lapse(tx, accounts.platform(tx), now(tx))
    address = urlsplit(reference.strip())
    name = address.path.rstrip("/").rpartition("/")[2]
    row = tx.execute(_BY_ID, (name,)).fetchone() or tx.execute(_BY_CODE, (name,)).fetchone()
    link = _link_named(tx, name, row)
    if link is not None:
        wanted = parse_qs(address.query).get("client_reference_id")
        return _visited(tx, link, wanted[-1] if wanted else None), str(link["account"])
    if row is None:
        raise NotFoundError(
            "session_not_found",
            f"No Checkout Session is known for '{reference}'",
            hint="Ask for a payment link first, and let the relay deliver it: bookra relay drain",
        )
    return json.loads(row["body"]), str(row["account"])


def _link_named(
    tx: sqlite3.Connection, name: str, session: sqlite3.Row | None
) -> sqlite3.Row | None:
    """Return the link that is meant rather than ``session``, which was found by the same name."""
    if session is not None and session["id"] == name:
        return None
    if session is not None and json.loads(session["body"])["status"] == "open":
        return None
    by_id: sqlite3.Row | None = tx.execute(_LINK_BY_ID, (name,)).fetchone()
    return by_id or tx.execute(_LINK_BY_CODE, (name,)).fetchone()


def _visited(tx: sqlite3.Connection, row: sqlite3.Row, reference: str | None) -> Json:
    link = json.loads(row["body"])
    if not link["active"]:
        raise ConflictError(
            "link_inactive", f"The payment link {link['id']} has been switched off or used up"
        )
    call = Call(tx, str(row["account"]), accounts.platform(tx), now(tx))
    return links.visit(call, link, reference)


def pay(tx: sqlite3.Connection, reference: str, card: str, *, authenticated: bool = True) -> Json:
    """Pay a session with a test card, and say what came of it.

    ``authenticated`` is whether 3-D Secure has been passed; without it a ``3ds`` card stops at
    ``requires_action``. Raises NotFoundError, ConflictError (``already_paid``,
    ``session_expired``) or InvalidInputError (``card_unknown``).
    """
    if card not in CARDS:
        raise InvalidInputError(
            "card_unknown", f"'{card}' is not a test card", hint=f"Use one of {', '.join(CARDS)}"
        )
    session, account = session_named(tx, reference)
    _check_open(session)
    call = Call(tx, account, accounts.platform(tx), now(tx))
    chosen = CARDS[card]
    if chosen.asks_3ds and authenticated and _untouched(call, session):
        session = sessions.pay(call, session, chosen, authenticated=False)
    return _outcome(call, sessions.pay(call, session, chosen, authenticated=authenticated))


def _untouched(call: Call, session: Json) -> bool:
    """Tell whether the bank has not yet asked for authentication: then it asks first."""
    if session["mode"] != "payment":
        return False
    if session["payment_intent"] is None:
        return True
    intent = find(call, "payment_intent", session["payment_intent"])
    return bool(intent["status"] != "requires_action")


def _check_open(session: Json) -> None:
    named = _code(session) or session["id"]
    if session["status"] == "complete":
        raise ConflictError("already_paid", f"{named} has been paid", hint="There is nothing to do")
    if session["status"] == "expired":
        raise ConflictError(
            "session_expired",
            f"The payment link of {named} has expired",
            hint="Ask for a new one: bookra pay CODE --link",
        )


def _code(session: Json) -> str | None:
    code: str | None = session["client_reference_id"] or session["metadata"].get("booking")
    return code


def _outcome(call: Call, session: Json) -> Json:
    intent: Json = {}
    if session["payment_intent"] is not None:
        intent = find(call, "payment_intent", session["payment_intent"])
    error = intent.get("last_payment_error") or {}
    return {
        "session": session["id"],
        "booking": _code(session),
        "account": call.account,
        "status": session["status"],
        "payment_status": session["payment_status"],
        "paid": session["payment_status"] == "paid",
        "payment_intent": session["payment_intent"],
        "intent_status": intent.get("status"),
        "charge": intent.get("latest_charge"),
        "decline_code": error.get("decline_code"),
        "amount": session["amount_total"],
        "currency": session["currency"],
        "success_url": session["success_url"],
    }
