"""Accounts: one platform, and the connected accounts of the businesses that it serves."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from bookra.sandbox.state import Json, issue_token, now, random_id, remember, setting
from bookra.sandbox.stripe.errors import RefusedError, masked, missing_object
from bookra.sandbox.stripe.events import emit
from bookra.sandbox.stripe.forms import Group
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, save

FIRST_DUE = (
    "business_type",
    "external_account",
    "representative.first_name",
    "tos_acceptance.date",
)
"""What Stripe wants of everybody who opens an account."""

RETRIEVE = Group({"expand": EXPAND})


def platform(tx: sqlite3.Connection) -> str:
    """Return the platform's own account, made with its key at the first call."""
    known = setting(tx, "stripe_platform")
    if known is not None:
        return known
    identifier = random_id("acct_1", 15)
    remember(tx, "stripe_platform", identifier)
    secret = random_id("sk_test_51", 89)
    remember(
        tx,
        "stripe_key",
        issue_token(tx, secret, provider="stripe", kind="access", owner=identifier),
    )
    call = Call(tx, identifier, identifier, now(tx))
    add(call, _account(call, identifier, country="US", currency="usd", name="Bookra (sandbox)"))
    return identifier


def platform_key(tx: sqlite3.Connection) -> str:
    """Return the platform's secret key, which may act for every account of this sandbox."""
    platform(tx)
    key = setting(tx, "stripe_key")
    assert key is not None
    return key


def open_account(
    tx: sqlite3.Connection, *, country: str, currency: str, name: str, ready: bool = True
) -> Json:
    """Store a connected account, and return it; one that is not ``ready`` is still to onboard."""
    owner = platform(tx)
    identifier = random_id("acct_1", 15)
    call = Call(tx, identifier, owner, now(tx))
    body = _account(call, identifier, country=country, currency=currency, name=name)
    return add(call, body if ready else {**body, **_standing(submitted=False, due=FIRST_DUE)})


def _account(call: Call, identifier: str, *, country: str, currency: str, name: str) -> Json:
    return {
        "id": identifier,
        "object": "account",
        "business_profile": {"mcc": "7230", "name": name, "support_email": None, "url": None},
        "business_type": "company",
        "country": country.upper(),
        "created": call.now,
        "default_currency": currency.lower(),
        "email": None,
        "metadata": {},
        "type": "standard",
        **_standing(submitted=True, due=()),
    }


def _standing(*, submitted: bool, due: Sequence[str]) -> Json:
    """Return the fields that say what an account may do, and what Stripe wants first."""
    able = submitted and not due
    return {
        "capabilities": dict.fromkeys(
            ("card_payments", "transfers"), "active" if able else "inactive"
        ),
        "charges_enabled": able,
        "details_submitted": submitted,
        "payouts_enabled": able,
        "requirements": {
            "alternatives": [],
            "current_deadline": None,
            "currently_due": list(due),
            "disabled_reason": "requirements.past_due" if due else None,
            "errors": [],
            "eventually_due": list(due),
            "past_due": list(due),
            "pending_verification": [],
        },
    }


def onboard(call: Call, due: Sequence[str] = ()) -> Json:
    """Let the account's owner fill in the forms; ``due`` is what Stripe then still wants."""
    account = find(call, "account", call.account)
    account = save(call, {**account, **_standing(submitted=True, due=due)})
    emit(call, "account.updated", account)
    return account


def check_charges(call: Call) -> None:
    """Refuse to take money for an account that may not."""
    if call.connected and not find(call, "account", call.account)["charges_enabled"]:
        raise RefusedError(
            "Your account cannot currently make charges. Please complete your account's "
            "onboarding at https://dashboard.stripe.com/account.",
            executed=False,
        )


def acting_account(tx: sqlite3.Connection, secret: str, header: str | None, *, own: str) -> str:
    """Return the account that a key acts for; refuses one that isn't of this sandbox (403)."""
    if header is None or header == own:
        return own
    row = tx.execute(
        "SELECT id FROM objects WHERE id = ? AND kind = 'account'", (header,)
    ).fetchone()
    if row is None:
        raise RefusedError(
            f"The provided key '{masked(secret)}' does not have access to "
            f"account '{header}' (or that account does not exist). Application access may have "
            "been revoked.",
            status=403,
            code="account_invalid",
            executed=False,
        )
    return header


def own(call: Call) -> Json:
    """GET /v1/account."""
    return find(call, "account", call.account)


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/accounts/{id}: the platform reads its connected accounts, others themselves."""
    if identifier != call.account and call.connected:
        raise missing_object("account", identifier)
    return find(Call(call.tx, identifier, call.platform, call.now), "account", identifier)
