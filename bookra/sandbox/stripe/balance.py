"""Balance transactions, the facts of money: what came in, what it cost, when it may be used.

Fees are deterministic: 2.9 % + 30 minor units, rounded half up, and the platform's application
fee on top. Stripe keeps its own fee when a charge is refunded.
"""

from __future__ import annotations

from collections.abc import Iterable

from bookra.money import share
from bookra.sandbox.state import Json, random_id
from bookra.sandbox.stripe.forms import Group, Text
from bookra.sandbox.stripe.store import EXPAND, Call, add, find, list_parameters, page

FEE_BPS = 290
FEE_FIXED_MINOR = 30
PENDING_SECONDS = 2 * 24 * 3600

CATEGORIES = {
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
}

# Added up where they lie: an account may have had a million movements.
_TOTALS = """
SELECT json_extract(body, '$.currency') AS currency,
       sum(CASE WHEN json_extract(body, '$.available_on') <= :now
                THEN json_extract(body, '$.net') ELSE 0 END) AS available,
       sum(CASE WHEN json_extract(body, '$.available_on') > :now
                THEN json_extract(body, '$.net') ELSE 0 END) AS pending
FROM objects WHERE account = :account AND kind = 'balance_transaction' GROUP BY 1
"""

LIST = list_parameters(type=Text(), source=Text(), payout=Text(), currency=Text(3))
RETRIEVE = Group({"expand": EXPAND})


def stripe_fee(amount: int) -> int:
    """Return Stripe's fee for a card charge, in minor units."""
    return share(amount, FEE_BPS) + FEE_FIXED_MINOR


def fee_detail(kind: str, amount: int, currency: str) -> Json:
    """Return one row of ``fee_details``; negative amounts are fees given back."""
    texts = {"stripe_fee": "Stripe processing fees", "application_fee": "Bookra application fee"}
    return {
        "amount": amount,
        "application": None,
        "currency": currency,
        "description": texts[kind],
        "type": kind,
    }


def book(
    call: Call,
    kind: str,
    source: Json,
    amount: int,
    *,
    fees: Iterable[Json] = (),
    available_on: int | None = None,
    account: str | None = None,
    category: str | None = None,
) -> Json:
    """Store a balance transaction of ``amount`` less ``fees`` in the source's currency."""
    details = [detail for detail in fees if detail["amount"]]
    fee = sum(detail["amount"] for detail in details)
    when = call.now if available_on is None else available_on
    movement: Json = {
        "id": random_id("txn_1"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": when,
        "balance_type": "payments",
        "created": call.now,
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details,
        "net": amount - fee,
        "reporting_category": category or CATEGORIES.get(kind, kind),
        "source": source["id"],
        "status": "available" if when <= call.now else "pending",
        "type": kind,
    }
    return add(call, movement, account)


def totals(call: Call) -> dict[str, tuple[int, int]]:
    """Return ``{currency: (available, pending)}`` of the account, in minor units."""
    binds = {"account": call.account, "now": call.now}
    return {
        row["currency"]: (row["available"], row["pending"])
        for row in call.tx.execute(_TOTALS, binds)
    }


def balance(call: Call) -> Json:
    """GET /v1/balance."""
    own = find(call, "account", call.account)
    sums = totals(call) or {own["default_currency"]: (0, 0)}

    def side(index: int) -> list[Json]:
        return [
            {"amount": both[index], "currency": currency, "source_types": {"card": both[index]}}
            for currency, both in sorted(sums.items())
        ]

    return {"object": "balance", "available": side(0), "livemode": False, "pending": side(1)}


def retrieve(call: Call, identifier: str) -> Json:
    """GET /v1/balance_transactions/{id}."""
    return find(call, "balance_transaction", identifier)


def listed(call: Call) -> Json:
    """GET /v1/balance_transactions, by ``type``, ``source``, ``currency`` or ``payout``."""
    equal = {name: call.params.get(name) for name in ("type", "source", "currency")}
    if payout := call.params.get("payout"):
        find(call, "payout", payout, param="payout")
        equal["_payout"] = payout
    return page(call, "balance_transaction", "/v1/balance_transactions", equal=equal)
