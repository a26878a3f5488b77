"""The endpoints of the Stripe stand-in: method, path, parameters, and what answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bookra.sandbox.state import Json
from bookra.sandbox.stripe import (
    accounts,
    accounts_v2,
    balance,
    captures,
    cards,
    charges,
    checkout,
    customers,
    disputes,
    events,
    links,
    payments,
    payouts,
    refunds,
    search,
    sessions,
    setups,
)
from bookra.sandbox.stripe.forms import Group
from bookra.sandbox.stripe.store import EXPAND


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. ``handler`` gets the call and the ids of the path."""

    method: str
    path: str
    parameters: Group
    handler: Callable[..., Json]


_EXPAND_ONLY = Group({"expand": EXPAND})

ROUTES = (
    Route("POST", "/v1/checkout/sessions", checkout.CREATE, checkout.create),
    Route("GET", "/v1/checkout/sessions", checkout.LIST, checkout.listed),
    Route("GET", "/v1/checkout/sessions/{}", checkout.RETRIEVE, checkout.retrieve),
    Route("GET", "/v1/checkout/sessions/{}/line_items", checkout.LINES, checkout.lines),
    Route("POST", "/v1/checkout/sessions/{}/expire", checkout.EXPIRE, sessions.expire),
    Route("POST", "/v1/payment_links", links.CREATE, links.create),
    Route("GET", "/v1/payment_links", links.LIST, links.listed),
    Route("GET", "/v1/payment_links/{}", links.RETRIEVE, links.retrieve),
    Route("POST", "/v1/payment_links/{}", links.UPDATE, links.update),
    Route("POST", "/v1/payment_intents", payments.CREATE, payments.create),
    Route("GET", "/v1/payment_intents", payments.LIST, payments.listed),
    Route("GET", "/v1/payment_intents/search", search.SEARCH, search.search),
    Route("GET", "/v1/payment_intents/{}", payments.RETRIEVE, payments.retrieve),
    Route("POST", "/v1/payment_intents/{}/confirm", payments.CONFIRM, payments.confirm),
    Route("POST", "/v1/payment_intents/{}/capture", captures.CAPTURE, captures.capture),
    Route("POST", "/v1/payment_intents/{}/cancel", captures.CANCEL, captures.cancel),
    Route("GET", "/v1/charges", charges.LIST, charges.listed),
    Route("GET", "/v1/charges/{}", charges.RETRIEVE, charges.retrieve),
    Route("POST", "/v1/refunds", refunds.CREATE, refunds.create),
    Route("GET", "/v1/refunds", refunds.LIST, refunds.listed),
    Route("GET", "/v1/refunds/{}", refunds.RETRIEVE, refunds.retrieve),
    Route("GET", "/v1/balance", _EXPAND_ONLY, balance.balance),
    Route("GET", "/v1/balance_transactions", balance.LIST, balance.listed),
    Route("GET", "/v1/balance_transactions/{}", balance.RETRIEVE, balance.retrieve),
    Route("GET", "/v1/events", events.LIST, events.listed),
    Route("GET", "/v1/events/{}", events.RETRIEVE, events.retrieve),
    Route("POST", "/v1/customers", customers.CREATE, customers.create),
    Route("GET", "/v1/customers", customers.LIST, customers.listed),
    Route("GET", "/v1/customers/{}", customers.RETRIEVE, customers.retrieve),
    Route("POST", "/v1/customers/{}", customers.UPDATE, customers.update),
    Route("GET", "/v1/customers/{}/payment_methods", cards.OF_CUSTOMER, cards.listed),
    Route("GET", "/v1/payment_methods", cards.LIST, cards.listed),
    Route("GET", "/v1/payment_methods/{}", _EXPAND_ONLY, cards.retrieve),
    Route("POST", "/v1/payment_methods/{}/attach", cards.ATTACH, cards.attach),
    Route("POST", "/v1/payment_methods/{}/detach", _EXPAND_ONLY, cards.detach),
    Route("GET", "/v1/setup_intents/{}", setups.RETRIEVE, setups.retrieve),
    Route("GET", "/v1/disputes", disputes.LIST, disputes.listed),
    Route("GET", "/v1/disputes/{}", disputes.RETRIEVE, disputes.retrieve),
    Route("POST", "/v1/disputes/{}", disputes.UPDATE, disputes.update),
    Route("POST", "/v1/disputes/{}/close", disputes.RETRIEVE, disputes.accept),
    Route("POST", "/v1/payouts", payouts.CREATE, payouts.create),
    Route("GET", "/v1/payouts", payouts.LIST, payouts.listed),
    Route("GET", "/v1/payouts/{}", payouts.RETRIEVE, payouts.retrieve),
    Route("POST", "/v1/payouts/{}/cancel", _EXPAND_ONLY, payouts.cancel),
    Route("GET", "/v1/account", accounts.RETRIEVE, accounts.own),
    Route("GET", "/v1/accounts/{}", accounts.RETRIEVE, accounts.retrieve),
    Route("POST", "/v2/core/accounts", accounts_v2.CREATE, accounts_v2.create),
    Route("GET", "/v2/core/accounts", accounts_v2.LIST, accounts_v2.listed),
    Route("GET", "/v2/core/accounts/{}", accounts_v2.RETRIEVE, accounts_v2.retrieve),
    Route("POST", "/v2/core/account_links", accounts_v2.LINK, accounts_v2.link),
)

TAKES_MONEY = frozenset({"/v1/checkout/sessions", "/v1/payment_links", "/v1/payment_intents"})
"""What only an account that may charge can be asked to make."""

_PATTERNS = tuple(
    (route, re.compile(route.path.replace("{}", "([A-Za-z0-9_]+)"))) for route in ROUTES
)


def match(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """Return the endpoint and the ids in its path; the first of the table wins."""
    for route, pattern in _PATTERNS:
        if route.method == method and (found := pattern.fullmatch(path)):
            return route, found.groups()
    return None
