"""The control API at ``/_sandbox/``: what the outside saw, who pays, what fails.

Only `SandboxClient` speaks to it. Errors carry Bookra's own code, message and hint.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from urllib.parse import parse_qs

from bookra.errors import BookraError, ConflictError, InvalidInputError, NotFoundError
from bookra.sandbox import calendar_lists, faults, happenings, mails, paying, webhooks
from bookra.sandbox.state import Json, State, now, remember, setting
from bookra.sandbox.stripe import accounts, sessions
from bookra.sandbox.stripe.balance import totals
from bookra.sandbox.stripe.errors import RefusedError
from bookra.sandbox.stripe.store import Call, every
from bookra.sandbox.wire import Reply, Request

STATUS = ((NotFoundError, 404), (ConflictError, 409), (InvalidInputError, 400))


class Control:
    """The control API over one state file."""

    def __init__(self, state: State) -> None:
        self._state = state

    def answer(self, request: Request) -> Reply:
        """Return the answer as JSON, an error with its code, message and hint."""
        name = request.path.removeprefix("/_sandbox/")
        handler = _HANDLERS.get((request.method, name))
        try:
            if handler is None:
                raise NotFoundError("control_unknown", f"No control '{name}' by {request.method}")
            given = _given(request)
            with self._state.reading() if request.method == "GET" else self._state.writing() as tx:
                return Reply.of_json(200, handler(tx, given))
        except BookraError as error:
            status = next((s for kind, s in STATUS if isinstance(error, kind)), 500)
            body = {"code": error.code, "message": error.message, "hint": error.hint}
            return Reply.of_json(status, {"error": body})
        except RefusedError as refusal:
            body = {"code": refusal.code or "refused", "message": refusal.message, "hint": ""}
            return Reply.of_json(409, {"error": body})


def _given(request: Request) -> Json:
    if request.method == "GET":
        return {name: values[-1] for name, values in parse_qs(request.query).items()}
    try:
        given = request.json() if request.body else {}
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise InvalidInputError("bad_json", "The body is not a JSON object")
    return given


def _show(tx: sqlite3.Connection, given: Json) -> Json:
    return {
        "stripe": _stripe(tx, given.get("account")),
        "calendar": {"events": _calendar(tx)},
        "whatsapp": {"messages": _messages(tx)},
        "mail": {"messages": mails.shown(tx)},
        "faults": faults.active(tx),
    }


def _stripe(tx: sqlite3.Connection, only: str | None) -> Json:
    platform = accounts.platform(tx)
    rows = tx.execute("SELECT id FROM objects WHERE kind = 'account' ORDER BY sequence").fetchall()
    if only is not None and only not in {row["id"] for row in rows}:
        raise NotFoundError("account_not_found", f"No Stripe account '{only}' in this sandbox")
    every_account = [_account(tx, row["id"], platform) for row in rows]
    shown = [
        account
        for account in every_account
        if account["id"] == only or (only is None and account["id"] != platform)
    ]
    sums: Json = {
        name: sum(account[name] for account in shown) for name in ("charges", "refunds", "net")
    }
    own = next(account for account in every_account if account["id"] == platform)
    return {**sums, "accounts": shown, "platform": own}


def _account(tx: sqlite3.Connection, identifier: str, platform: str) -> Json:
    call = Call(tx, identifier, platform, now(tx))
    account = every(call, "account")[0]
    movements = every(call, "balance_transaction")
    balances = totals(call)
    succeeded = [charge for charge in every(call, "charge") if charge["captured"]]
    return {
        "id": identifier,
        "name": account["business_profile"]["name"],
        "currency": account["default_currency"].upper(),
        "charges": len(succeeded),
        "refunds": len(every(call, "refund")),
        "gross": sum(charge["amount_captured"] for charge in succeeded),
        "fees": sum(movement["fee"] for movement in movements),
        "net": sum(movement["net"] for movement in movements),
        "available": sum(available for available, _ in balances.values()),
        "pending": sum(pending for _, pending in balances.values()),
        "balance_transactions": len(movements),
    }


def _calendar(tx: sqlite3.Connection) -> list[Json]:
    rows = tx.execute("SELECT calendar, body FROM calendar_events ORDER BY calendar, changed")
    return [
        {
            "id": event["id"],
            "booking": event.get("extendedProperties", {}).get("private", {}).get("booking"),
            "calendar": calendar,
            "summary": event.get("summary"),
            "start": event["start"],
            "end": event["end"],
        }
        for calendar, event in ((row["calendar"], json.loads(row["body"])) for row in rows)
        if event["status"] != "cancelled"
    ]


def _messages(tx: sqlite3.Connection) -> list[Json]:
    rows = tx.execute("SELECT id, recipient, template, booking FROM messages ORDER BY sequence")
    return [
        {
            "to": row["recipient"],
            "template": row["template"],
            "booking": row["booking"],
            "id": row["id"],
        }
        for row in rows
    ]


def _pay(tx: sqlite3.Connection, given: Json) -> Json:
    return paying.pay(tx, str(given.get("reference", "")), str(given.get("card", "visa")))


def _fault(tx: sqlite3.Connection, given: Json) -> Json:
    provider, kind = str(given.get("provider")), given.get("kind")
    if given.get("off"):
        faults.end(tx, provider, kind)
    else:
        names = ("count", "rate", "per_second", "seconds", "account")
        wished = {name: given.get(name) for name in names}
        faults.plan(tx, provider, faults.Fault(str(kind), **wished))
    return {"faults": faults.active(tx)}


def _advance(tx: sqlite3.Connection, given: Json) -> Json:
    """Move the sandbox's clock on: links lapse, pending money becomes available."""
    seconds = given.get("seconds")
    if not isinstance(seconds, int) or seconds < 0:
        raise InvalidInputError("bad_seconds", f"{seconds} is not a number of seconds to wait")
    ahead = int(setting(tx, "clock_ahead_seconds") or 0) + seconds
    remember(tx, "clock_ahead_seconds", str(ahead))
    sessions.lapse(tx, accounts.platform(tx), now(tx))
    return {"now": now(tx), "ahead_seconds": ahead}


def _register(tx: sqlite3.Connection, given: Json) -> Json:
    provider = str(given.get("provider", "stripe"))
    if provider not in faults.SENDERS:
        raise InvalidInputError(
            "provider_unknown",
            f"'{provider}' sends no webhooks here",
            hint=f"Use one of {', '.join(faults.SENDERS)}",
        )
    if given.get("off"):
        webhooks.forget(tx, provider, given.get("url"))
        return {"webhooks": webhooks.receivers(tx)}
    secret = str(given.get("secret", ""))
    if not secret:
        raise InvalidInputError("bad_secret", "A webhook needs a secret to be signed with")
    identifier = webhooks.register(tx, provider, str(given.get("url", "")), secret)
    return {"id": identifier, "webhooks": webhooks.receivers(tx)}


def _receivers(tx: sqlite3.Connection, _: Json) -> Json:
    return {"webhooks": webhooks.receivers(tx)}


def _statuses(tx: sqlite3.Connection, given: Json) -> Json:
    after = int(given.get("after", 0))
    rows = tx.execute(
        "SELECT sequence, body FROM message_statuses WHERE sequence > ? ORDER BY sequence", (after,)
    ).fetchall()
    return {
        "statuses": [json.loads(row["body"]) for row in rows],
        "last": rows[-1]["sequence"] if rows else after,
    }


def _expire_sync(tx: sqlite3.Connection, _: Json) -> Json:
    calendar_lists.expire_sync_tokens(tx)
    return {"expired": True}


_HANDLERS: dict[tuple[str, str], Callable[[sqlite3.Connection, Json], Json]] = {
    ("GET", "show"): _show,
    ("POST", "pay"): _pay,
    ("POST", "fault"): _fault,
    ("POST", "clock"): _advance,
    ("GET", "webhooks"): _receivers,
    ("POST", "webhooks"): _register,
    ("POST", "stripe/onboarding"): happenings.onboarding,
    ("GET", "whatsapp/statuses"): _statuses,
    ("POST", "stripe/payouts"): happenings.payout,
    ("POST", "stripe/disputes"): happenings.dispute,
    ("POST", "stripe/refunds"): happenings.refund,
    ("POST", "stripe/refund-failures"): happenings.refund_failure,
    ("POST", "stripe/refund-settlements"): happenings.refund_settled,
    ("POST", "google/expire-sync-tokens"): _expire_sync,
}
