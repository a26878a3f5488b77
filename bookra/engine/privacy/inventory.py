"""Which tables hold something of a customer, how it is found, how long it stays and why.

The export reads by this list, the documentation shows it, and a test walks the schema against it:
a table that refers to a customer, or to what is a customer's, is in one of the two lists.
"""

from __future__ import annotations

from dataclasses import dataclass

BOOKINGS = "(SELECT id FROM bookings WHERE tenant_id = :tenant_id AND customer_id = :customer_id)"
ORDERS = "(SELECT id FROM orders WHERE tenant_id = :tenant_id AND customer_id = :customer_id)"
LINES = f"(SELECT id FROM booking_lines WHERE tenant_id = :tenant_id AND booking_id IN {BOOKINGS})"  # noqa: S608
CHARGES = (
    "(SELECT id FROM charges WHERE tenant_id = :tenant_id"  # noqa: S608
    f" AND (booking_id IN {BOOKINGS} OR order_id IN {ORDERS}))"
)
ENTRIES = (
    "(SELECT id FROM entries WHERE tenant_id = :tenant_id"  # noqa: S608
    f" AND (booking_id IN {BOOKINGS} OR order_id IN {ORDERS}))"
)
WISHES = "(SELECT id FROM wishes WHERE tenant_id = :tenant_id AND customer_id = :customer_id)"
PACKAGES = "(SELECT id FROM packages WHERE tenant_id = :tenant_id AND customer_id = :customer_id)"
MESSAGES = (
    "(SELECT provider_ref FROM messages"
    " WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND provider_ref IS NOT NULL)"
)

OWN = "t.customer_id = :customer_id"
OF_SALES = f"(t.booking_id IN {BOOKINGS} OR t.order_id IN {ORDERS})"

STAYS = "stays: no name in it"
LAW = "as long as the law asks for books"


@dataclass(frozen=True, slots=True)
class Held:
    """One table: ``where`` finds a customer's rows ``t``; the rest is in words.

    ``what`` is held, until when it is ``kept``, and what an erasure does to it.
    """

    table: str
    where: str
    what: str
    kept: str
    erasure: str


HELD: tuple[Held, ...] = (
    Held(
        "customers",
        "t.id = :customer_id",
        "name, phone, e-mail, language, notes, what they want no messages of",
        "until erased",
        "name replaced, everything else cleared",
    ),
    Held("consents", OWN, "what they agreed to, when, in which words", LAW, "stays: the proof"),
    Held("bookings", OWN, "visits: when, what state, a note", LAW, "note cleared"),
    Held("booking_lines", f"t.booking_id IN {BOOKINGS}", "services, people, prices", LAW, STAYS),
    Held("booking_items", OF_SALES, "goods with a visit or an order", LAW, STAYS),
    Held("booking_changes", f"t.booking_id IN {BOOKINGS}", "moves, cancellations", LAW, STAYS),
    Held("series", OWN, "visits that repeat", LAW, STAYS),
    Held("seats", f"t.booking_id IN {BOOKINGS}", "seats in classes", LAW, STAYS),
    Held("promo_uses", OWN, "which promo codes they used", LAW, STAYS),
    Held("wishes", OWN, "what they wait for", LAW, "open ones withdrawn"),
    Held("wish_windows", f"t.wish_id IN {WISHES}", "when they could come", LAW, STAYS),
    Held("wish_offers", f"t.wish_id IN {WISHES}", "what they were offered", LAW, STAYS),
    Held("orders", OWN, "what they bought without a visit", LAW, STAYS),
    Held("gift_cards", OWN, "gift cards they bought", LAW, "stay: who has the code may use it"),
    Held("packages", OWN, "packages and a member's periods", LAW, STAYS),
    Held("package_uses", f"t.package_id IN {PACKAGES}", "visits used of them", LAW, STAYS),
    Held("memberships", OWN, "memberships", LAW, STAYS),
    Held(
        "saved_cards",
        OWN,
        "Stripe's names of a card, its brand, last digits and expiry; never a number",
        "until removed or erased",
        "removed here and at Stripe; digits cleared",
    ),
    Held(
        "operations",
        f"({OWN} OR {OF_SALES})",
        "payments asked for: amounts, the page, reasons that staff wrote",
        LAW,
        "page and reason cleared",
    ),
    Held("charges", OF_SALES, "card payments: Stripe's references", LAW, STAYS),
    Held(
        "disputes",
        f"t.charge_id IN {CHARGES}",
        "disputed payments, and what was answered",
        LAW,
        "the answer cleared",
    ),
    Held(
        "entries",
        OF_SALES,
        "the ledger's entries, with the reason that staff wrote for a refund",
        LAW,
        "stay: ids, amounts, and that reason, in which no name belongs",
    ),
    Held("transfers", f"t.entry_id IN {ENTRIES}", "the amounts of those", LAW, STAYS),
    Held("movements", f"t.entry_id IN {ENTRIES}", "what Stripe moved for them", LAW, STAYS),
    Held(
        "invoices",
        OF_SALES,
        "invoices as they were issued, with name and e-mail",
        LAW,
        "stay: an issued invoice may not be changed",
    ),
    Held(
        "messages",
        f"({OWN} OR {OF_SALES})",
        "which message went out when, and whether it arrived; no text, no address",
        "until erased",
        "the provider's reference cleared, which holds a number",
    ),
    Held(
        "message_statuses",
        f"t.provider_ref IN {MESSAGES}",
        "what the provider said of them",
        "`keep_days`",
        "let go of; deleted with their age",
    ),
    Held(
        "calendar_events",
        f"t.event_id IN {LINES}",
        "which calendars show their visits",
        "until erased, then `keep_days`",
        "the event is written again, without the name",
    ),
    Held(
        "imported_rows",
        f"(t.target_id = :customer_id OR t.target_id IN {BOOKINGS})",
        "under which reference another program had them",
        LAW,
        "stays, so that importing the old file again doesn't bring their visits back",
    ),
    Held(
        "audit",
        "t.subjects @> jsonb_build_array('customer:' || CAST(:customer_id AS text))",
        "which operator did what to their record, and when",
        LAW,
        STAYS,
    ),
)
"""In the order in which a person would ask."""

NOT_HELD: dict[str, str] = {
    "outbox": "effects on their way: ids alone",
    "outbox_history": "effects that are done: ids alone",
    "allocations": "times that are taken, by visit",
    "day_places": "places in a day's limit, by visit",
    "commission_splits": "what staff earned with a visit: theirs, not the customer's",
    "drawer_events": "counts of the cash drawer",
    "invoice_counters": "numbers",
    "chair_rents": "rent that staff pay",
    "pay_runs": "pay of staff",
    "stripe_payouts": "payouts to the business's bank",
    "commission_rules": "terms of staff",
    "command_results": "answers to commands with a key, with what they showed: deleted after"
    " `keep_days`, whomever they are about",
}
"""Tables that refer to what is a customer's and hold nothing of the person, and why not."""
