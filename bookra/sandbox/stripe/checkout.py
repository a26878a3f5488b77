"""Checkout Sessions as the API makes and shows them: a page on which a person pays."""

from __future__ import annotations

from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe import setups
from bookra.sandbox.stripe.amounts import (
    AMOUNT,
    APPLICATION_FEE,
    check_application_fee,
    check_charge,
)
from bookra.sandbox.stripe.errors import bad_parameter
from bookra.sandbox.stripe.forms import Group, Integer, Items, Metadata, Text
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, list_parameters, page, save

SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = 24 * 3600

PRODUCT = Group(
    {"description": Text(40000), "metadata": Metadata(), "images": Items(Text(), most=8)},
    {"name": Text()},
)
PRICE = Group(
    {"tax_behavior": Text(choices=("exclusive", "inclusive", "unspecified"))},
    {"currency": Text(3), "product_data": PRODUCT, "unit_amount": AMOUNT},
)
CONSENT = Group(
    {
        "promotions": Text(choices=("auto", "none")),
        "terms_of_service": Text(choices=("none", "required")),
    }
)
_MESSAGE = Group({}, {"message": Text(1200)})
MESSAGES = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
CUSTOM_TEXT = Group(dict.fromkeys(MESSAGES, _MESSAGE))
_PAYMENT = Group(
    {
        "application_fee_amount": APPLICATION_FEE,
        "capture_method": Text(choices=("automatic", "automatic_async", "manual")),
        "description": Text(1000),
        "metadata": Metadata(),
        "receipt_email": Text(),
        "setup_future_usage": Text(choices=("off_session", "on_session")),
        "statement_descriptor_suffix": Text(22),
    }
)
CREATE = Group(
    {
        "cancel_url": Text(),
        "client_reference_id": Text(200),
        "consent_collection": CONSENT,
        "currency": Text(3),
        "custom_text": CUSTOM_TEXT,
        "customer": Text(),
        "customer_creation": Text(choices=("always", "if_required")),
        "customer_email": Text(800),
        "expand": EXPAND,
        "expires_at": Integer(0),
        "line_items": Items(Group({"quantity": Integer(1)}, {"price_data": PRICE})),
        "locale": Text(),
        "metadata": Metadata(),
        "payment_intent_data": _PAYMENT,
        "payment_method_types": Items(Text(choices=("card",))),
        "setup_intent_data": Group({"metadata": Metadata(), "description": Text(1000)}),
        "submit_type": Text(choices=("auto", "book", "donate", "pay")),
        "success_url": Text(),
        "ui_mode": Text(choices=("hosted_page",)),
    },
    {"mode": Text(choices=("payment", "setup"))},
)
EXPIRE = Group({"expand": EXPAND})
RETRIEVE = Group({"expand": EXPAND})
LIST = list_parameters(
    payment_intent=Text(),
    payment_link=Text(),
    customer=Text(),
    status=Text(choices=("open", "complete", "expired")),
)
LINES = Group({"limit": Integer(1, 100), "starting_after": Text(), "expand": EXPAND})


def create(call: Call) -> Json:
    """POST /v1/checkout/sessions."""
    given = call.params
    if "success_url" not in given:
        raise bad_parameter(
            "Missing required param: success_url.", "success_url", "parameter_missing"
        )
    expires_at = _checked_expiry(call)
    if customer := given.get("customer"):
        if "customer_email" in given or "customer_creation" in given:
            raise bad_parameter(
                "You may only specify one of these parameters: customer, customer_email.",
                "customer",
            )
        find(call, "customer", customer, param="customer")
    total, currency = _priced(call) if given["mode"] == "payment" else (None, _setup_currency(call))
    session = opened(call, total, currency, expires_at)
    if given["mode"] == "setup":
        data = given.get("setup_intent_data", {})
        session["setup_intent"] = setups.new(call, customer, data.get("metadata", {}))["id"]
        save(call, session)
    return session


def opened(call: Call, total: int | None, currency: str | None, expires_at: int) -> Json:
    """Store an open session for checked parameters."""
    identifier = random_id("cs_test_a1", 56)
    return add(call, _session(call, identifier, total, currency, expires_at))


def _checked_expiry(call: Call) -> int:
    expires_at = call.params.get("expires_at", call.now + LONGEST_SECONDS)
    age = expires_at - call.now
    # A few seconds of grace: both sides round to whole seconds, and the request itself takes time.
    if not SHORTEST_SECONDS - 5 <= age <= LONGEST_SECONDS + 5:
        raise bad_parameter(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout "
            "Session creation.",
            "expires_at",
        )
    return int(expires_at)


def _priced(call: Call) -> tuple[int, str]:
    lines = call.params.get("line_items")
    if not lines:
        raise bad_parameter(
            "Missing required param: line_items.", "line_items", "parameter_missing"
        )
    if "setup_intent_data" in call.params:
        raise bad_parameter(
            "You can not pass `setup_intent_data` in `payment` mode.", "setup_intent_data"
        )
    currencies = {line["price_data"]["currency"] for line in lines}
    if len(currencies) > 1 or call.params.get("currency", min(currencies)) not in currencies:
        raise bad_parameter("All prices must have the same currency.", "line_items")
    total = sum(line["price_data"]["unit_amount"] * line.get("quantity", 1) for line in lines)
    check_charge(call, total, min(currencies), "line_items[0][price_data][unit_amount]")
    fee = call.params.get("payment_intent_data", {}).get("application_fee_amount")
    check_application_fee(call, fee, total, "payment_intent_data[application_fee_amount]")
    return total, min(currencies)


def _setup_currency(call: Call) -> str | None:
    for name in ("line_items", "payment_intent_data"):
        if name in call.params:
            raise bad_parameter(f"You can not pass `{name}` in `setup` mode.", name)
    if "currency" not in call.params and "payment_method_types" not in call.params:
        raise bad_parameter("Missing required param: currency.", "currency", "parameter_missing")
    currency: str | None = call.params.get("currency")
    return currency


def _session(
    call: Call, identifier: str, total: int | None, currency: str | None, expires_at: int
) -> Json:
    given = call.params
    customer = given.get("customer")
    email = given.get("customer_email")
    details = {"email": email, "name": None, "phone": None, "address": None}
    details |= {
        "tax_exempt": "none",
        "tax_ids": None,
        "business_name": None,
        "individual_name": None,
    }
    return {
        "id": identifier,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": given.get("cancel_url"),
        "client_reference_id": given.get("client_reference_id"),
        "client_secret": None,
        "consent": None,
        "consent_collection": consent_collection(given),
        "created": call.now,
        "currency": currency,
        "custom_fields": [],
        "custom_text": {name: given.get("custom_text", {}).get(name) for name in MESSAGES},
        "customer": customer,
        "customer_creation": given.get("customer_creation", None if customer else "if_required"),
        "customer_details": details if email else None,
        "customer_email": email,
        "discounts": [],
        "expires_at": expires_at,
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": given.get("locale"),
        "metadata": given.get("metadata", {}),
        "mode": given["mode"],
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required" if total is not None else "always",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required" if total is None else "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": given.get("submit_type"),
        "subscription": None,
        "success_url": given.get("success_url"),
        "total_details": None
        if total is None
        else {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{call.base_url}/pay/{identifier}",
        "_intent": given.get("payment_intent_data", {}),
        "_lines": given.get("line_items", []),
    }


def consent_collection(given: Json) -> Json | None:
    """Return what a session or a link asks its customer to agree to."""
    wanted = given.get("consent_collection")
    if wanted is None:
        return None
    nothing = dict.fromkeys(("payment_method_reuse_agreement", "promotions", "terms_of_service"))
    return {**nothing, **wanted}


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/checkout/sessions/{id}."""
    return find(call, "checkout.session", identifier)


def listed(call: Call) -> Json:
    """GET /v1/checkout/sessions, by intent, link, customer or status."""
    filters = ("payment_intent", "payment_link", "customer", "status")
    equal = {name: call.params.get(name) for name in filters}
    return page(call, "checkout.session", "/v1/checkout/sessions", equal=equal)


def lines(call: Call, identifier: str) -> Json:
    """GET /v1/checkout/sessions/{id}/line_items."""
    session = find(call, "checkout.session", identifier)
    data = [_line(session, index, line) for index, line in enumerate(session["_lines"], start=1)]
    url = f"/v1/checkout/sessions/{identifier}/line_items"
    return {"object": "list", "data": data, "has_more": False, "url": url}


def _line(session: Json, index: int, line: Json) -> Json:
    price, quantity = line["price_data"], line.get("quantity", 1)
    total = price["unit_amount"] * quantity
    return {
        "id": f"li_{index}{session['id'][-16:]}",
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": price["product_data"]["name"],
        "metadata": {},
        "price": None,
        "quantity": quantity,
    }
