"""Customers: who a saved card belongs to."""

from __future__ import annotations

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import events
from bookra.sandbox.stripe.forms import Group, Items, Metadata, Shape, Text
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, list_parameters, page, save

_FIELDS: dict[str, Shape] = {
    "description": Text(),
    "email": Text(512),
    "expand": EXPAND,
    "metadata": Metadata(),
    "name": Text(256),
    "phone": Text(20),
    "preferred_locales": Items(Text()),
}
CREATE = Group(_FIELDS)
UPDATE = Group(_FIELDS)
RETRIEVE = Group({"expand": EXPAND})
LIST = list_parameters(email=Text(512))


def create(call: Call) -> Json:
    """POST /v1/customers."""
    return new(call, call.params)


def new(call: Call, given: Json) -> Json:
    """Store a customer for checked parameters."""
    identifier = random_id("cus_", 14)
    customer: Json = {
        "id": identifier,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": given.get("description"),
        "discount": None,
        "email": given.get("email"),
        "invoice_prefix": identifier[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "name": given.get("name"),
        "phone": given.get("phone"),
        "preferred_locales": given.get("preferred_locales", []),
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    add(call, customer)
    events.emit(call, "customer.created", customer)
    return customer


def update(call: Call, identifier: str) -> Json:
    """POST /v1/customers/{id}."""
    customer = find(call, "customer", identifier)
    given = {name: value for name, value in call.params.items() if name != "expand"}
    customer["metadata"].update(given.pop("metadata", {}))
    customer.update(given)
    save(call, customer)
    events.emit(call, "customer.updated", customer)
    return customer


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/customers/{id}."""
    return find(call, "customer", identifier)


def listed(call: Call) -> Json:
    """GET /v1/customers, by ``email``."""
    return page(call, "customer", "/v1/customers", equal={"email": call.params.get("email")})
