"""``bookra explain CODE --effects``: from a booking to everything that came of it."""

from __future__ import annotations

import pytest
from command_line import CommandLine
from connected import PHONE, Connected

from bookra.engine.orders.gift_cards import sell_gift_card
from bookra.engine.orders.selling import pay_by
from bookra.engine.orders.store import order_by_code
from bookra.engine.reports.explain_effects import Trace, trace
from bookra.errors import ConflictError, NotFoundError
from bookra.money import Money


def traced(luna: Connected, name: str) -> Trace:
    """Trace what is named."""
    return luna.salon.ask(lambda tx: trace(tx, name))


def test_a_paid_booking_is_traced_from_its_link_to_its_papers(
    luna: Connected, bookra: CommandLine
) -> None:
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    luna.drain()
    found = traced(luna, booking.code)
    assert found.kind == "booking"
    assert {row["state"] for row in found.effects} == {"delivered"}
    assert all(row["reference"] for row in found.effects)
    sent = [row for row in found.effects if row["destination"] != "local"]
    assert all(row["created_at"] <= row["first_sent_at"] <= row["settled_at"] for row in sent)
    told = [f"{step.source} {step.what}" for step in found.timeline]
    in_turn = (
        "stripe checkout for balance asked for",
        "outbox payment.request planned",
        "outbox payment.request first sent",
        "outbox payment.request delivered",
        "inbox checkout.session.completed received",
        "inbox checkout.session.completed handled",
        "outbox calendar.upsert delivered",
    )
    assert [told.index(each) for each in in_turn] == sorted(told.index(each) for each in in_turn)
    assert {"invoice invoice issued", "commission split for ana"} <= set(told)
    assert any(each.startswith("message ") for each in told)
    assert len(found.calendar) == 1
    ran = bookra("explain", booking.code, "--effects", "--tenant", "luna", "--json", check=True)
    assert [step["what"] for step in ran.json["timeline"]] == [s.what for s in found.timeline]
    shown = bookra("explain", booking.code, "--effects", "--tenant", "luna", check=True).stdout
    assert len(shown.splitlines()) >= len(found.timeline)
    for personal in ("Rosa", "Vega", PHONE, "http"):
        assert personal not in ran.stdout + shown


def test_what_is_stuck_says_why(luna: Connected) -> None:
    luna.outside.fault("google", "500", count=100)
    booking = luna.book()
    luna.drain()
    (stuck,) = [row for row in traced(luna, booking.code).effects if row["state"] == "ready"]
    assert (stuck["topic"], stuck["error_class"]) == ("calendar.upsert", "transient")
    (step,) = [s for s in traced(luna, booking.code).timeline if s.what == "calendar.upsert ready"]
    assert step.more["attempts"] >= 1
    assert step.more["why"]


def test_what_belongs_to_no_booking_has_no_effects(luna: Connected) -> None:
    with pytest.raises(NotFoundError):
        traced(luna, "LUN-0000")
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    luna.drain()
    luna.outside.run_payouts(luna.stripe.id, early=True)
    luna.drain()
    (payout,) = luna.stripe_list("payouts")
    with pytest.raises(ConflictError, match="no booking"):
        traced(luna, payout["id"])


def test_an_order_is_traced_as_well(luna: Connected) -> None:
    card = luna.salon.act(lambda tx: sell_gift_card(tx, Money(5000, "EUR")))
    luna.salon.act(lambda tx: pay_by(tx, card.order, "link"))
    luna.drain()
    order = luna.salon.ask(lambda tx: order_by_code(tx, card.order))
    luna.outside.pay(str(order.payment_url))
    luna.drain()
    found = traced(luna, card.order)
    assert found.kind == "order"
    assert "payment.request" in {row["topic"] for row in found.effects}
    assert any(step.what.endswith("handled") for step in found.timeline)
    assert traced(luna, card.code).effects == found.effects
