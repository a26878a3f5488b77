"""Stripe's search of PaymentIntents, as far as Bookra asks: equality, joined by AND.

The real index lags by up to a minute; this one doesn't, so a caller must not rely on it to prove
that something did not happen.
"""

from __future__ import annotations

import re

from bookra.sandbox.state import Json
from bookra.sandbox.stripe.errors import bad_parameter
from bookra.sandbox.stripe.forms import Group, Integer, Text
from bookra.sandbox.stripe.store import EXPAND, Call, every

SEARCH = Group({"limit": Integer(1, 100), "page": Text(), "expand": EXPAND}, {"query": Text()})

_CLAUSE = re.compile(r"""\s*(?:metadata\[(['"])(.+?)\1\]|(\w+))\s*:\s*(['"])(.*?)\4\s*""")


def search(call: Call) -> Json:
    """GET /v1/payment_intents/search, for clauses of ``field:'value'`` joined by AND."""
    wanted = _clauses(call.params["query"])
    found = [
        intent
        for intent in every(call, "payment_intent")
        if all(_field(intent, name, in_metadata=inside) == text for inside, name, text in wanted)
    ]
    limit = call.params.get("limit", 10)
    return {
        "object": "search_result",
        "data": found[:limit],
        "has_more": len(found) > limit,
        "next_page": None,
        "url": "/v1/payment_intents/search",
    }


def _clauses(query: str) -> list[tuple[bool, str, str]]:
    clauses = []
    for text in re.split(r"\s+AND\s+", query):
        match = _CLAUSE.fullmatch(text)
        field = match and match[3]
        if match is None or (field and field not in ("status", "currency", "customer", "amount")):
            raise bad_parameter(
                f"We were unable to parse your search query: {query}. See "
                "https://docs.stripe.com/search#search-query-language",
                "query",
            )
        clauses.append((field is None, match[3] or match[2], match[5]))
    return clauses


def _field(intent: Json, name: str, *, in_metadata: bool) -> str | None:
    value = (intent["metadata"] if in_metadata else intent).get(name)
    return None if value is None else str(value)
