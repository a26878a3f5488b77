"""Accounts: one platform, and the connected accounts of the businesses that it serves."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from bookra.sandbox.state import Json, issue_token, now, random_id, remember, setting
from bookra.sandbox.stripe.errors import RefusedError, masked, missing_object
from bookra.sandbox.stripe.forms import Flag, Group, Items, Metadata, Text
from bookra.sandbox.stripe.store import EXPAND, Call, add, find

CURRENCY_OF = {
    "AT": "eur", "BE": "eur", "DE": "eur", "ES": "eur", "FI": "eur", "FR": "eur", "IE": "eur",
    "IT": "eur", "NL": "eur", "PT": "eur", "GR": "eur", "GB": "gbp", "CH": "chf", "US": "usd",
    "CA": "cad", "AU": "aud", "NZ": "nzd", "JP": "jpy", "SE": "sek", "NO": "nok", "DK": "dkk",
    "PL": "pln", "CZ": "czk", "SG": "sgd", "HK": "hkd", "MX": "mxn", "BR": "brl", "IN": "inr",
}  # fmt: skip
"""The settlement currency of an account that is created through the API."""

RETRIEVE = Group({"expand": EXPAND})
_CAPABILITY = Group({}, {"requested": Flag()})
CREATE_V2 = Group(
    {
        "configuration": Group(
            {
                "merchant": Group({"capabilities": Group({"card_payments": _CAPABILITY})}),
                "customer": Group(),
            }
        ),
        "contact_email": Text(),
        "dashboard": Text(choices=("express", "full", "none")),
        "defaults": Group(
            {
                "currency": Text(3),
                "locales": Items(Text()),
                "responsibilities": Group(
                    {},
                    {
                        "fees_collector": Text(choices=("application", "stripe")),
                        "losses_collector": Text(choices=("application", "stripe")),
                    },
                ),
            }
        ),
        "display_name": Text(),
        "identity": Group(
            {"entity_type": Text(choices=("company", "individual"))}, {"country": Text(2)}
        ),
        "include": Items(Text()),
        "metadata": Metadata(),
    }
)


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


def open_account(tx: sqlite3.Connection, *, country: str, currency: str, name: str) -> Json:
    """Store a connected account that may take cards, and return it."""
    owner = platform(tx)
    identifier = random_id("acct_1", 15)
    call = Call(tx, identifier, owner, now(tx))
    return add(call, _account(call, identifier, country=country, currency=currency, name=name))


def _account(call: Call, identifier: str, *, country: str, currency: str, name: str) -> Json:
    return {
        "id": identifier,
        "object": "account",
        "business_profile": {"mcc": "7230", "name": name, "support_email": None, "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": country.upper(),
        "created": call.now,
        "default_currency": currency.lower(),
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }


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


def create_v2(call: Call) -> Json:
    """POST /v2/core/accounts: JSON in, and a document of the second API out."""
    given = call.params
    country = given.get("identity", {}).get("country", "us").upper()
    currency = given.get("defaults", {}).get("currency") or CURRENCY_OF.get(country, "usd")
    name = given.get("display_name") or "Account"
    account = open_account(call.tx, country=country, currency=currency, name=name)
    created = datetime.fromtimestamp(call.now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "id": account["id"],
        "object": "v2.core.account",
        "applied_configurations": sorted(given.get("configuration", {})),
        "closed": False,
        "contact_email": given.get("contact_email"),
        "created": created,
        "dashboard": given.get("dashboard"),
        "display_name": name,
        "livemode": False,
        "metadata": given.get("metadata", {}),
    }
