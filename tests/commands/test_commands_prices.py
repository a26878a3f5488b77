"""Prices and orders from the command line: what scripts read, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from command_line import Ran
from front_desk import Desk
from moments import monday_at
from selling import proven

BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--at")


def booked(desk: Desk, hour: str, *words: str) -> Any:
    return desk(*BOOK, monday_at(hour), *words, "--json", check=True).json


def minor(document: Any) -> int:
    return int(document["amount_minor"])


def refused(ran: Ran, exit_code: int, code: str) -> None:
    assert (ran.code, ran.error["code"]) == (exit_code, code), ran.stderr


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """A desk with goods, a code and a service that demands a deposit."""
    desk("product", "add", "oil", "--name", "Oil", "--price", "11.90", check=True)
    desk("promo", "add", "AUTUMN", "--percent", "10", "--max-uses", "1", check=True)
    return desk


def test_a_visit_is_discounted_sold_with_goods_and_paid(stocked: Desk) -> None:
    code = booked(stocked, "10:00", "--promo", "autumn")["code"]
    with_oil = stocked(
        "booking", "item", code, "oil:2", "--staff", "ben", "--json", check=True
    ).json
    assert minor(with_oil["price"]) == 6192
    assert minor(with_oil["discount"]) == 688
    assert with_oil["discount_by"] == {"kind": "promo", "percent": "10", "promo": "AUTUMN"}
    (item,) = with_oil["items"]
    assert (item["item"], item["product"], item["quantity"], item["staff"]) == (1, "oil", 2, "ben")
    words = ("booking", "discount", code, "--amount", "5.00", "--reason", "late", "--json")
    dry = stocked(*words, "--dry-run", check=True).json
    assert minor(dry["price"]) == 6380
    assert stocked(*words, "--idempotency-key", "k", check=True).json == dry
    assert stocked(*words, "--idempotency-key", "k", check=True).json == dry
    shown = stocked("booking", "show", code, "--json", check=True).json
    changes = [(change["change"], change.get("reason")) for change in shown["history"]]
    assert changes == [("discount", "promo"), ("item", None), ("discount", "late")]
    stocked("booking", "item", code, "--remove", "1", check=True)
    stocked("booking", "discount", code, "--none", check=True)
    paid = stocked("pay", code, "--cash", "--json", check=True).json
    assert minor(paid["paid"]) == 4500
    assert "discount" not in paid
    refused(
        stocked("booking", "discount", code, "--percent", "5", "--json"), 4, "already_recognised"
    )
    assert proven(stocked.salon)


def test_what_can_not_be_discounted_or_sold_exits_as_documented(stocked: Desk) -> None:
    first, second = (booked(stocked, hour)["code"] for hour in ("10:00", "12:00"))
    stocked("booking", "discount", first, "--promo", "AUTUMN", check=True)
    for exit_code, word, words in (
        (4, "promo_used_up", ("booking", "discount", second, "--promo", "AUTUMN")),
        (3, "unknown_promo", ("booking", "discount", second, "--promo", "NEVER")),
        (6, "bad_percent", ("booking", "discount", second, "--percent", "101")),
        (6, "bad_amount", ("booking", "discount", second, "--amount", "5,00")),
        (2, "usage", ("booking", "discount", second)),
        (2, "usage", ("booking", "discount", second, "--none", "--percent", "1")),
        (3, "unknown_product", ("booking", "item", second, "wig")),
        (6, "bad_quantity", ("booking", "item", second, "oil:many")),
        (3, "unknown_item", ("booking", "item", second, "--remove", "9")),
        (2, "usage", ("booking", "item", second)),
        (4, "promo_used_up", (*BOOK, monday_at("14:00"), "--promo", "AUTUMN")),
        (4, "no_policy", (*BOOK, monday_at("14:00"), "--policy-accepted", "phone")),
        (6, "bad_percent", ("promo", "add", "X", "--percent", "101")),
        (6, "bad_discount", ("promo", "add", "X")),
        (4, "exists", ("promo", "add", "AUTUMN", "--percent", "11")),
        (4, "exists", ("product", "add", "oil", "--name", "Oil", "--price", "12")),
        (2, "nothing_given", ("product", "set", "oil")),
        (6, "bad_percent", ("service", "set", "cut", "--deposit", "101%")),
        (2, "usage", ("order", "sell", "oil", "--cash", "--terminal")),
        (3, "unknown_gift_card", ("pay", second, "--gift-card", "GC-2222")),
        (3, "unknown_order", ("order", "show", "LUN-OZZZZ")),
        (3, "unknown_policy", ("tenant", "policy", "show")),
        (6, "bad_window", ("tenant", "policy", "set", "--text", "-", "--cancel-window", "soon")),
    ):
        ran = stocked(*words, "--json")
        assert (ran.code, ran.error["code"]) == (exit_code, word), (words, ran.stderr)


def test_goods_are_sold_paid_later_listed_and_cancelled(stocked: Desk) -> None:
    stocked("product", "set", "oil", "--price", "10.00", "--tax-percent", "7", check=True)
    sold = stocked("order", "sell", "oil:3", "--cash", "--staff", "ana", "--json", check=True).json
    assert (sold["state"], sold["kind"], minor(sold["amount"])) == ("paid", "retail", 3000)
    later = stocked("order", "sell", "oil", "--customer", "Rosa Vega", "--json", check=True).json
    refused(stocked("pay", later["code"], "--cash", "--amount", "1", "--json"), 2, "usage")
    words = ("pay", later["code"], "--terminal", "--json", "--idempotency-key", "k")
    paid = stocked(*words, check=True).json
    assert paid["state"] == "paid"
    assert stocked(*words, check=True).json == paid
    third = stocked("order", "sell", "oil", "--json", check=True).json["code"]
    assert stocked("order", "cancel", third, "--json", check=True).json["state"] == "cancelled"
    refused(stocked("pay", third, "--cash", "--json"), 4, "illegal_state")
    listed = stocked("order", "list", "--json", check=True).json
    assert [row["state"] for row in listed] == ["cancelled", "paid", "paid"]
    dry = stocked("order", "sell", "oil", "--cash", "--dry-run", "--json", check=True).json
    refused(stocked("order", "show", dry["code"], "--json"), 3, "unknown_order")


def test_a_gift_card_is_sold_spent_and_shown_with_its_uses(stocked: Desk) -> None:
    card = stocked("gift-card", "sell", "60", "--cash", "--json", check=True).json
    assert (card["state"], minor(card["balance"])) == ("active", 6000)
    code = booked(stocked, "10:00")["code"]
    paid = stocked("pay", code, "--gift-card", card["code"], "--json", check=True).json
    assert minor(paid["due"]) == 0
    shown = stocked("gift-card", "show", card["code"], "--json", check=True).json
    assert minor(shown["balance"]) == 1500
    assert [(use["for"], minor(use["amount"])) for use in shown["uses"]] == [
        (card["order"], 6000),
        (code, -4500),
    ]
    (row,) = stocked("gift-card", "list", "--json", check=True).json
    assert card["code"] not in str(row)
    assert row["code"] == f"…{card['code'][-4:]}"
    assert stocked("gift-card", "expire", "--json", check=True).json == {"expired": []}
    assert proven(stocked.salon)


def test_packages_and_memberships_are_sold_used_and_billed(stocked: Desk) -> None:
    words = ("--service", "cut", "--visits", "3", "--price", "100", "--customer", "Rosa Vega")
    bought = stocked("package", "sell", *words, "--cash", "--json", check=True).json
    first = booked(stocked, "10:00")["code"]
    used = stocked("pay", first, "--package", bought["code"], "--json", check=True).json
    assert (minor(used["price"]), minor(used["due"])) == (3334, 0)
    shown = stocked("package", "show", bought["code"], "--json", check=True).json
    assert (shown["used"], minor(shown["value"])) == (1, 6666)
    plan = ("--name", "Gold", "--price", "70", "--service", "cut", "--visits", "2")
    stocked("membership", "plan", "add", "gold", *plan, "--discount-percent", "10", check=True)
    sold = stocked(
        "membership", "sell", "gold", "--customer", "Rosa Vega", "--json", check=True
    ).json
    assert sold["state"] == "pending"
    stocked("pay", sold["order"], "--cash", check=True)
    cheaper = booked(stocked, "12:00")
    assert (minor(cheaper["price"]), cheaper["discount_by"]["kind"]) == (4050, "member")
    assert stocked("membership", "bill", "--json", check=True).json == {"billed": []}
    (member,) = stocked("membership", "list", "--state", "active", "--json", check=True).json
    ended = stocked("membership", "cancel", member["code"], "--json", check=True).json
    assert ended["state"] == "cancelled"
    stocked("membership", "plan", "end", "gold", check=True)
    assert stocked("membership", "plan", "list", "--json", check=True).json == []
    assert len(stocked("package", "list", "--json", check=True).json) == 2
    assert stocked("package", "expire", "--json", check=True).json == {"expired": []}
    assert proven(stocked.salon)


def test_a_policy_is_set_shown_by_version_and_accepted(stocked: Desk, tmp_path: Any) -> None:
    text = tmp_path / "policy.txt"
    text.write_text("Cancel a day before.")
    words = ("--cancel-window", "24h", "--late-cancel-fee", "50%", "--no-show-fee", "20.00")
    first = stocked("tenant", "policy", "set", "--text", str(text), *words, "--json", check=True)
    assert first.json["late_cancel_fee"] == {"percent": "50"}
    assert minor(first.json["no_show_fee"]["amount"]) == 2000
    text.write_text("Cancel two days before.")
    stocked("tenant", "policy", "set", "--text", str(text), "--cancel-window", "2d", check=True)
    shown = stocked("tenant", "policy", "show", "--json", check=True).json
    assert (shown["version"], shown["cancel_window_minutes"]) == (2, 2880)
    old = stocked("tenant", "policy", "show", "1", "--json", check=True).json
    assert old["text"] == "Cancel a day before."
    booked(stocked, "10:00", "--policy-accepted", "counter")


def test_a_service_has_its_own_tax_and_deposit(stocked: Desk) -> None:
    words = ("service", "set", "cut", "--tax-percent", "7", "--deposit", "20%", "--json")
    changed = stocked(*words, check=True).json
    assert (changed["tax_percent"], changed["deposit"]) == ("7", "20%")
    amount = stocked("service", "set", "cut", "--deposit", "10.00", "--json", check=True).json
    assert (amount["tax_percent"], amount["deposit"]) == ("7", "10.00")
    nothing = ("--deposit", "none", "--tax-percent", "none")
    cleared = stocked("service", "set", "cut", *nothing, "--json", check=True).json
    assert (cleared["tax_percent"], cleared["deposit"]) == (None, None)
