"""Payment Links: a lasting address that opens a Checkout Session whenever somebody visits it.

A session of a link lapses after a day like any other; the link itself stays, until it is switched
off or as many sessions as it allows are complete.
"""

from __future__ import annotations

from dataclasses import replace

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import checkout, events
from bookra.sandbox.stripe.amounts import (
    APPLICATION_FEE,
    check_application_fee,
    check_charge,
)
from bookra.sandbox.stripe.errors import bad_parameter
from bookra.sandbox.stripe.forms import Flag, Group, Integer, Items, Metadata, Text
from bookra.sandbox.stripe.store import (
    EXPAND,
    Call,
    add,
    every,
    find,
    list_parameters,
    page,
    save,
)

_AFTER = Group(
    {
        "hosted_confirmation": Group({"custom_message": Text(500)}),
        "redirect": Group({}, {"url": Text()}),
    },
    {"type": Text(choices=("hosted_confirmation", "redirect"))},
)
_PAYMENT = Group(
    {
        "capture_method": Text(choices=("automatic", "automatic_async", "manual")),
        "description": Text(1000),
        "metadata": Metadata(),
        "setup_future_usage": Text(choices=("off_session", "on_session")),
        "statement_descriptor_suffix": Text(22),
    }
)
CREATE = Group(
    {
        "after_completion": _AFTER,
        "application_fee_amount": APPLICATION_FEE,
        "consent_collection": checkout.CONSENT,
        "currency": Text(3),
        "custom_text": checkout.CUSTOM_TEXT,
        "customer_creation": Text(choices=("always", "if_required")),
        "expand": EXPAND,
        "inactive_message": Text(500),
        "metadata": Metadata(),
        "payment_intent_data": _PAYMENT,
        "payment_method_types": Items(Text(choices=("card",))),
        "restrictions": Group({}, {"completed_sessions": Group({}, {"limit": Integer(1)})}),
        "submit_type": Text(choices=("auto", "book", "donate", "pay")),
    },
    {
        "line_items": Items(
            Group({}, {"price_data": checkout.PRICE, "quantity": Integer(1)}), most=20
        )
    },
)
UPDATE = Group(
    {
        "active": Flag(),
        "expand": EXPAND,
        "inactive_message": Text(500),
        "metadata": Metadata(),
    }
)
RETRIEVE = Group({"expand": EXPAND})
LIST = list_parameters(active=Flag())
LIST = Group({name: shape for name, shape in LIST.optional.items() if name != "created"})


def create(call: Call) -> Json:
    """POST /v1/payment_links."""
    given = call.params
    lines = given["line_items"]
    currencies = {line["price_data"]["currency"] for line in lines}
    if len(currencies) != 1:
        raise bad_parameter("All prices must have the same currency.", "line_items")
    total = sum(line["price_data"]["unit_amount"] * line["quantity"] for line in lines)
    check_charge(call, total, min(currencies), "line_items[0][price_data][unit_amount]")
    check_application_fee(
        call, given.get("application_fee_amount"), total, "application_fee_amount"
    )
    link = add(call, _link(call, min(currencies)))
    events.emit(call, "payment_link.created", link)
    return link


def _link(call: Call, currency: str) -> Json:
    given = call.params
    identifier = random_id("plink_1")
    restrictions = given.get("restrictions")
    if restrictions is not None:
        restrictions = {"completed_sessions": {**restrictions["completed_sessions"], "count": 0}}
    return {
        "id": identifier,
        "object": "payment_link",
        "active": True,
        "after_completion": _after(given),
        "allow_promotion_codes": False,
        "application": "ca_sandbox" if call.connected else None,
        "application_fee_amount": given.get("application_fee_amount"),
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_address_collection": "auto",
        "consent_collection": checkout.consent_collection(given),
        "currency": currency,
        "custom_fields": [],
        "custom_text": {name: given.get("custom_text", {}).get(name) for name in checkout.MESSAGES},
        "customer_creation": given.get("customer_creation", "if_required"),
        "inactive_message": given.get("inactive_message"),
        "invoice_creation": None,
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "on_behalf_of": None,
        "optional_items": None,
        "payment_intent_data": _payment_data(given.get("payment_intent_data")),
        "payment_method_collection": "always",
        "payment_method_options": None,
        "payment_method_types": given.get("payment_method_types"),
        "phone_number_collection": {"enabled": False},
        "restrictions": restrictions,
        "shipping_address_collection": None,
        "shipping_options": [],
        "submit_type": given.get("submit_type", "auto"),
        "subscription_data": None,
        "tax_id_collection": {"enabled": False, "required": "never"},
        "transfer_data": None,
        "url": f"{call.base_url}/pay/{identifier}",
        "_intent": given.get("payment_intent_data", {}),
        "_lines": given["line_items"],
    }


def _after(given: Json) -> Json:
    wanted = given.get("after_completion", {"type": "hosted_confirmation"})
    if wanted["type"] == "redirect":
        return {"redirect": wanted.get("redirect"), "type": "redirect"}
    confirmation = {"custom_message": None, **wanted.get("hosted_confirmation", {})}
    return {"hosted_confirmation": confirmation, "type": "hosted_confirmation"}


def _payment_data(given: Json | None) -> Json | None:
    if given is None:
        return None
    names = (
        "capture_method description setup_future_usage statement_descriptor "
        "statement_descriptor_suffix transfer_group"
    )
    return {
        **{name: given.get(name) for name in names.split()},
        "metadata": given.get("metadata", {}),
    }


def update(call: Call, identifier: str) -> Json:
    """POST /v1/payment_links/{id}: switch it off or on, change what it tells."""
    link = find(call, "payment_link", identifier)
    given = {name: value for name, value in call.params.items() if name != "expand"}
    link["metadata"].update(given.pop("metadata", {}))
    link.update(given)
    save(call, link)
    events.emit(call, "payment_link.updated", link)
    return link


def visit(call: Call, link: Json, reference: str | None = None) -> Json:
    """Return the open session of an active link, made now when there is none.

    ``reference`` is the ``client_reference_id`` of the address that was visited.
    """
    known = every(call, "checkout.session", payment_link=link["id"], status="open")
    if known:
        return known[0]
    lines = link["_lines"]
    data = dict(link["_intent"])
    if link["application_fee_amount"]:
        data["application_fee_amount"] = link["application_fee_amount"]
    redirect = link["after_completion"].get("redirect") or {}
    wanted = {
        "mode": "payment",
        "line_items": lines,
        "metadata": dict(link["metadata"]),
        "payment_intent_data": data,
        "customer_creation": link["customer_creation"],
        "success_url": redirect.get("url"),
        "client_reference_id": reference,
        "consent_collection": link["consent_collection"],
        "custom_text": link["custom_text"],
    }
    total = sum(line["price_data"]["unit_amount"] * line["quantity"] for line in lines)
    until = call.now + checkout.LONGEST_SECONDS
    session = checkout.opened(replace(call, params=wanted), total, link["currency"], until)
    session.update(payment_link=link["id"], url=None)
    return save(call, session)


def completed(call: Call, identifier: str) -> None:
    """Count a session that was completed; the last one allowed switches the link off."""
    link = find(call, "payment_link", identifier)
    if link["restrictions"] is None:
        return
    sessions = link["restrictions"]["completed_sessions"]
    sessions["count"] += 1
    link["active"] = link["active"] and sessions["count"] < sessions["limit"]
    save(call, link)
    events.emit(call, "payment_link.updated", link)


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/payment_links/{id}."""
    return find(call, "payment_link", identifier)


def listed(call: Call) -> Json:
    """GET /v1/payment_links, by ``active``."""
    return page(
        call, "payment_link", "/v1/payment_links", equal={"active": call.params.get("active")}
    )
