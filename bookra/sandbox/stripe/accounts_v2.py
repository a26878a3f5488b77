"""Accounts by Stripe's second API: opened, read and listed as JSON, and the links to onboard them.

They are the accounts of the first API, which tells what they may do.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import accounts
from bookra.sandbox.stripe.errors import RefusedError, bad_parameter, missing_object
from bookra.sandbox.stripe.forms import Flag, Group, Integer, Items, Metadata, Text
from bookra.sandbox.stripe.store import Call, every, find, save

LINK_SECONDS = 300
LONGEST_PAGE = 100

CURRENCY_OF = {
    "AT": "eur", "BE": "eur", "DE": "eur", "ES": "eur", "FI": "eur", "FR": "eur", "IE": "eur",
    "IT": "eur", "NL": "eur", "PT": "eur", "GR": "eur", "GB": "gbp", "CH": "chf", "US": "usd",
    "CA": "cad", "AU": "aud", "NZ": "nzd", "JP": "jpy", "SE": "sek", "NO": "nok", "DK": "dkk",
    "PL": "pln", "CZ": "czk", "SG": "sgd", "HK": "hkd", "MX": "mxn", "BR": "brl", "IN": "inr",
}  # fmt: skip
"""The settlement currency of an account that is created through the API."""

_CAPABILITY = Group({}, {"requested": Flag()})
CREATE = Group(
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


RETRIEVE = Group({"include": Items(Text())})
LIST = Group(
    {
        "applied_configurations": Items(Text()),
        "closed": Flag(),
        "limit": Integer(1, LONGEST_PAGE),
        "page": Text(),
    }
)
_REDIRECTS = Group(
    {
        "collection_options": Group({"fields": Text(), "future_requirements": Text()}),
        "return_url": Text(),
    },
    {"refresh_url": Text()},
)
LINK = Group(
    {},
    {
        "account": Text(),
        "use_case": Group(
            {"account_onboarding": _REDIRECTS, "account_update": _REDIRECTS},
            {"type": Text(choices=("account_onboarding", "account_update"))},
        ),
    },
)


def create(call: Call) -> Json:
    """POST /v2/core/accounts: an account that nobody has filled in the forms for yet."""
    _platform_alone(call)
    given = call.params
    country = given.get("identity", {}).get("country", "us").upper()
    currency = given.get("defaults", {}).get("currency") or CURRENCY_OF.get(country, "usd")
    name = given.get("display_name") or "Account"
    account = accounts.open_account(
        call.tx, country=country, currency=currency, name=name, ready=False
    )
    told = {
        "applied_configurations": sorted(given.get("configuration", {})),
        "contact_email": given.get("contact_email"),
        "dashboard": given.get("dashboard"),
        "metadata": given.get("metadata", {}),
    }
    own = Call(call.tx, account["id"], call.platform, call.now)
    return _document(save(own, {**account, "email": given.get("contact_email"), "_v2": told}))


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v2/core/accounts/{id}."""
    _platform_alone(call)
    return _document(
        find(Call(call.tx, identifier, call.platform, call.now), "account", identifier)
    )


def listed(call: Call) -> Json:
    """GET /v2/core/accounts: the newest first, by pages that name the next."""
    _platform_alone(call)
    limit, after = call.params.get("limit", 20), call.params.get("page")
    rows = call.tx.execute(
        "SELECT account FROM objects WHERE kind = 'account' AND account <> ? "
        "AND (? IS NULL OR sequence < CAST(? AS INTEGER)) ORDER BY sequence DESC LIMIT ?",
        (call.platform, after, after, limit + 1),
    ).fetchall()
    owners = [Call(call.tx, row["account"], call.platform, call.now) for row in rows[:limit]]
    found = [_document(every(own, "account")[0]) for own in owners]
    return {
        "data": found,
        "next_page_url": _next_page(call, found, limit) if len(rows) > limit else None,
        "previous_page_url": None,
    }


def link(call: Call) -> Json:
    """POST /v2/core/account_links: a page for the account's owner, good for minutes and one use."""
    _platform_alone(call)
    identifier, use = call.params["account"], call.params["use_case"]
    own = Call(call.tx, identifier, call.platform, call.now)
    if not every(own, "account"):
        raise missing_object("account", identifier, "account")
    if use["type"] not in use:
        raise bad_parameter(f"Missing required param: use_case[{use['type']}].", "use_case")
    return {
        "object": "v2.core.account_link",
        "account": identifier,
        "created": _stamp(call.now),
        "expires_at": _stamp(call.now + LINK_SECONDS),
        "livemode": False,
        "url": f"{call.base_url}/onboard/{identifier}/{random_id('', 16)}",
        "use_case": use,
    }


def _document(account: Json) -> Json:
    told = account.get("_v2", {})
    return {
        "id": account["id"],
        "object": "v2.core.account",
        "applied_configurations": told.get("applied_configurations", ["merchant"]),
        "closed": False,
        "contact_email": told.get("contact_email"),
        "created": _stamp(account["created"]),
        "dashboard": told.get("dashboard"),
        "display_name": account["business_profile"]["name"],
        "livemode": False,
        "metadata": told.get("metadata", {}),
    }


def _next_page(call: Call, found: list[Json], limit: int) -> str:
    row = call.tx.execute(
        "SELECT sequence FROM objects WHERE id = ?", (found[-1]["id"],)
    ).fetchone()
    return f"/v2/core/accounts?limit={limit}&page={row['sequence']}"


def _platform_alone(call: Call) -> None:
    if call.connected:
        raise RefusedError("Only a platform has accounts of others.", status=403, executed=False)


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
