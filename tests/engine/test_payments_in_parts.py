"""Payments in parts: deposits, the rest after the visit, several ways to pay, tips to whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import Salon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paying import charge_for, operation_of, operations, settle

from bookra.engine.bookings.actions import check_in
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.catalog.actions import set_service
from bookra.engine.ledger.store import entries
from bookra.engine.ledger.verify import verify
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.links import Wish, request_link
from bookra.engine.payments.operations import operation
from bookra.engine.payments.taking import book_with_link, complete, take, take_cash
from bookra.errors import BookraError, ConflictError, InvalidInputError, NotFoundError
from bookra.money import Money

SLOT = "2026-11-24 10:00"


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def pay_part(salon: Salon, booking: Booking, minor: int, method: str = "cash") -> Booking:
    asked = Asked(euros(minor))
    return salon.act(lambda tx: take(tx, booking.code, method, asked))


def topics(salon: Salon) -> list[str]:
    return sorted(row.topic for row in salon.ask(outbox_rows))


@pytest.fixture
def online(salon: Salon, tmp_path: Path) -> Salon:
    """A salon with a Stripe account, whose color asks for 20 % beforehand."""
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="1")
    salon.act(lambda tx: set_service(tx, "color", {"deposit_bps": 2000}))
    return salon


def test_a_part_is_a_deposit_until_the_rest_is_paid(salon: Salon) -> None:
    booked = salon.book(SLOT)
    part = pay_part(salon, booked, 2000)
    assert (part.paid.minor, part.due.minor, part.recognised_at) == (2000, 2500, None)
    assert salon.balances() == {"assets:cash:drawer": 2000, "liabilities:deposits": -2000}
    assert topics(salon) == []
    whole = salon.act(lambda tx: take(tx, booked.code, "terminal"))
    assert (whole.paid.minor, whole.due.minor) == (4500, 0)
    assert salon.balances() == {
        "assets:cash:drawer": 2000,
        "assets:card-terminal": 2500,
        "income:services": -3782,
        "liabilities:tax:19": -718,
    }
    assert topics(salon) == ["commission.split", "invoice.issue"]
    assert salon.ask(verify).ok


def test_the_rest_of_a_visit_that_is_done_is_owed_and_then_paid(salon: Salon) -> None:
    booked = salon.book(SLOT)
    pay_part(salon, booked, 3000)
    done = salon.act(lambda tx: complete(tx, booked.code))
    assert (done.status, done.due.minor) == (Status.COMPLETED, 1500)
    assert salon.balances()["assets:receivable:clients"] == 1500
    assert topics(salon) == ["commission.split", "invoice.issue"]
    paid = salon.act(lambda tx: take_cash(tx, booked.code, euros(200)))
    assert paid.due.minor == 0
    assert salon.balances() == {
        "assets:cash:drawer": 4700,
        "income:services": -3782,
        "liabilities:tax:19": -718,
        "liabilities:tips:ana": -200,
    }
    assert topics(salon) == ["commission.split", "invoice.issue"]
    assert salon.ask(verify).ok


def test_a_visit_of_which_nothing_was_paid_is_done_without_revenue(salon: Salon) -> None:
    booked = salon.book(SLOT)
    salon.act(lambda tx: complete(tx, booked.code))
    assert salon.balances() == {}
    salon.act(lambda tx: take_cash(tx, booked.code))
    assert salon.balances()["income:services"] == -3782


def test_a_part_of_a_visit_that_is_done_makes_it_revenue(salon: Salon) -> None:
    booked = salon.book(SLOT)
    salon.act(lambda tx: complete(tx, booked.code))
    pay_part(salon, booked, 2000)
    assert salon.balances()["assets:receivable:clients"] == 2500
    assert salon.balances()["income:services"] == -3782
    pay_part(salon, booked, 2500)
    assert "assets:receivable:clients" not in salon.balances()


def test_more_than_is_due_is_refused_and_says_what_is(salon: Salon) -> None:
    booked = salon.book(SLOT)
    pay_part(salon, booked, 4000)
    with pytest.raises(ConflictError) as refused:
        pay_part(salon, booked, 501)
    assert refused.value.code == "over_payment"
    assert refused.value.details["due"] == {"amount_minor": 500, "currency": "EUR"}
    assert salon.balances()["assets:cash:drawer"] == 4000


@pytest.mark.parametrize("asked", [Asked(Money(0, "EUR")), Asked(Money(100, "USD"))])
def test_an_amount_that_can_not_be_is_refused(salon: Salon, asked: Asked) -> None:
    booked = salon.book(SLOT)
    with pytest.raises(InvalidInputError) as refused:
        salon.act(lambda tx: take(tx, booked.code, "cash", asked))
    assert refused.value.code == "bad_amount"


def test_a_tip_goes_to_whom_it_is_meant_for(salon: Salon) -> None:
    booked = salon.book(SLOT)
    tips = {"ana": euros(300), "ben": euros(200)}
    salon.act(lambda tx: take(tx, booked.code, "cash", Asked(tips=tips)))
    assert salon.balances()["liabilities:tips:ana"] == -300
    assert salon.balances()["liabilities:tips:ben"] == -200
    salon.act(lambda tx: take_cash(tx, booked.code, euros(50)))
    assert salon.balances()["liabilities:tips:ana"] == -350
    assert salon.booking(booked.code).paid.minor == 4500
    assert topics(salon) == ["commission.split", "invoice.issue"]


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        (Asked(tips={"zoe": euros(300)}), NotFoundError, "unknown_staff"),
        (Asked(tip=euros(500), tips={"ana": euros(300)}), InvalidInputError, "bad_tip"),
        (Asked(tips={"ana": euros(-300)}), InvalidInputError, "bad_tip"),
    ],
)
def test_shares_of_a_tip_that_can_not_be_are_refused(
    salon: Salon, asked: Asked, error: type[BookraError], code: str
) -> None:
    booked = salon.book(SLOT)
    with pytest.raises(error) as refused:
        salon.act(lambda tx: take(tx, booked.code, "cash", asked))
    assert refused.value.code == code
    assert salon.balances() == {}


def test_a_terminals_receipt_is_kept_and_a_card_number_is_not(salon: Salon) -> None:
    booked = salon.book(SLOT)
    for number in ("4242424242424242", "4242 4242 4242 4242"):
        with pytest.raises(InvalidInputError):
            salon.act(lambda tx, ref=number: take(tx, booked.code, "terminal", reference=ref))
    salon.act(lambda tx: take(tx, booked.code, "terminal", reference=" Beleg 004711 "))
    (entry,) = salon.ask(lambda tx: entries(tx, booking_id=booked.id))
    assert (entry.kind, entry.memo) == ("terminal_payment", "Beleg 004711")


def test_a_deposit_by_link_confirms_and_the_rest_is_due_later(online: Salon) -> None:
    wanted = online.request(SLOT, service="color")
    held = online.act(lambda tx: book_with_link(tx, wanted))
    asked = online.ask(lambda tx: operation(tx, operation_of(online, held)))
    assert (asked.purpose, asked.amount.minor, asked.platform_fee.minor) == ("deposit", 1800, 18)
    assert settle(online, held, charge_for(online, held)) == "confirmed"
    booked = online.booking(held.code)
    assert (booked.status, booked.paid.minor, booked.due.minor) == (Status.CONFIRMED, 1800, 7200)
    assert online.balances() == {"assets:stripe:clearing": 1800, "liabilities:deposits": -1800}
    with pytest.raises(ConflictError) as refused:
        online.act(lambda tx: request_link(tx, held.code, Wish(deposit=True)))
    assert refused.value.code == "no_deposit"
    take_rest = online.act(lambda tx: take_cash(tx, held.code))
    assert take_rest.due.minor == 0
    assert online.balances()["income:services"] == -7563
    assert "liabilities:deposits" not in online.balances()


@pytest.mark.parametrize(
    ("parts", "fees"),
    [((3000, 2900, 3100), (30, 29, 17)), ((8800, 200), (76, 0)), ((9000,), (76,))],
)
def test_pages_that_wait_at_once_cost_the_platforms_share_of_the_price_without_tax(
    online: Salon, parts: tuple[int, ...], fees: tuple[int, ...]
) -> None:
    """1 % of the 75.63 in 90.00, which the parts come to first."""
    booked = online.book(SLOT, service="color")
    asked = []
    for minor in parts:
        wish = Wish(Asked(euros(minor)))
        online.act(lambda tx, wish=wish: request_link(tx, booked.code, wish))
        newest = operation_of(online, booked)
        asked.append(online.ask(lambda tx, newest=newest: operation(tx, newest).platform_fee.minor))
    assert tuple(asked) == fees


def test_who_wants_to_pays_all_at_once(online: Salon) -> None:
    wanted = online.request(SLOT, service="color")
    held = online.act(lambda tx: book_with_link(tx, wanted, full=True))
    asked = online.ask(lambda tx: operation(tx, operation_of(online, held)))
    assert (asked.purpose, asked.amount.minor) == ("balance", 9000)


def test_a_visit_is_split_between_two_cards_and_cash(online: Salon) -> None:
    booked = online.book(SLOT)
    for minor in (1000, 1500):
        wish = Wish(Asked(euros(minor)))
        online.act(lambda tx, wish=wish: request_link(tx, booked.code, wish))
        assert settle(online, booked, charge_for(online, booked)) == "paid"
    online.act(lambda tx: take_cash(tx, booked.code))
    assert online.booking(booked.code).due.minor == 0
    assert online.balances() == {
        "assets:stripe:clearing": 2500,
        "assets:cash:drawer": 2000,
        "income:services": -3782,
        "liabilities:tax:19": -718,
    }
    assert topics(online).count("invoice.issue") == 1
    assert online.ask(verify).ok


def test_links_never_ask_for_more_than_is_due(online: Salon) -> None:
    booked = online.book(SLOT)
    online.act(lambda tx: request_link(tx, booked.code, Wish(Asked(euros(2000)))))
    online.act(lambda tx: request_link(tx, booked.code, Wish(Asked(euros(2500)))))
    assert topics(online) == ["payment.request", "payment.request"]
    online.act(lambda tx: request_link(tx, booked.code, Wish(Asked(euros(500)))))
    assert topics(online).count("payment.cancel") == 1
    pay_part(online, booked, 4200)
    assert topics(online).count("payment.cancel") == 4


def test_a_part_by_card_that_is_more_than_is_due_by_now_is_given_back(online: Salon) -> None:
    booked = online.book(SLOT)
    online.act(lambda tx: request_link(tx, booked.code, Wish(Asked(euros(2000)))))
    charge = charge_for(online, booked)
    pay_part(online, booked, 3000)
    assert settle(online, booked, charge) == "refunding"
    assert operations(online, booked) == [("checkout", "succeeded"), ("refund", "new")]
    assert online.balances()["liabilities:refunds-owed"] == -2000
    assert online.booking(booked.code).due.minor == 1500


def test_a_tip_by_link_reaches_whom_it_is_meant_for(online: Salon) -> None:
    booked = online.book(SLOT)
    wish = Wish(Asked(tips={"ben": euros(700)}))
    online.act(lambda tx: request_link(tx, booked.code, wish))
    assert settle(online, booked, charge_for(online, booked)) == "paid"
    assert online.balances()["liabilities:tips:ben"] == -700
    assert online.booking(booked.code).paid.minor == 4500


def test_a_link_for_days_holds_its_slot_for_them_and_ends(online: Salon) -> None:
    wanted = online.request("2026-11-30 10:00")
    held = online.act(lambda tx: book_with_link(tx, wanted, Wish(days=3)))
    asked = online.ask(lambda tx: operation(tx, operation_of(online, held, "payment-link")))
    assert asked.expires_at == online.later(days=3).now
    assert held.hold_expires_at is not None
    assert held.hold_expires_at > online.later(days=3).now
    rows = {row.topic: row for row in online.ask(outbox_rows)}
    assert rows["payment.end"].due_at == asked.expires_at
    for wish in (Wish(days=0), Wish(days=366)):
        with pytest.raises(InvalidInputError):
            online.act(lambda tx, wish=wish: request_link(tx, held.code, wish))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["cash", "terminal", "link", "check-in", "complete"]),
        st.integers(1, 9000),
        st.integers(0, 700),
    ),
    min_size=2,
    max_size=8,
)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_however_a_visit_is_paid_its_tab_and_the_ledger_agree(
    online: Salon, steps: list[tuple[str, int, int]]
) -> None:
    """What came in is price and tips; revenue is recognised whole and once, or not at all."""
    free = online.slots("2026-12-01", days=300)[0].start.astimezone(online.zone)
    before = online.balances()
    booked = online.book(f"{free:%Y-%m-%d %H:%M}")
    tips = sum(took(online, booked, *step) for step in steps)
    ended, after = online.booking(booked.code), online.balances()

    def moved(*prefixes: str) -> int:
        return sum(
            after.get(code, 0) - before.get(code, 0)
            for code in {*before, *after}
            if code.startswith(prefixes)
        )

    known = ended.recognised_at is not None
    assert moved("assets:cash", "assets:card", "assets:stripe") == ended.paid.minor + tips
    assert moved("liabilities:tips") == -tips
    assert moved("income:", "liabilities:tax") == (-ended.price.minor if known else 0)
    assert moved("liabilities:deposits") == (0 if known else -ended.paid.minor)
    assert moved("assets:receivable") == (ended.due.minor if known else 0)
    assert known == (not ended.due or (bool(ended.paid) and ended.status is Status.COMPLETED))
    assert online.ask(verify).ok


def took(salon: Salon, booked: Booking, method: str, minor: int, tip: int) -> int:
    """Do one thing to a visit, if it can be done; returns the tip that came in."""
    asked = Asked(euros(minor), euros(tip))
    verbs = {"check-in": check_in, "complete": complete}
    try:
        if verb := verbs.get(method):
            salon.act(lambda tx: verb(tx, booked.code))
            return 0
        if method == "link":
            salon.act(lambda tx: request_link(tx, booked.code, Wish(asked)))
            assert settle(salon, booked, charge_for(salon, booked)) == "paid"
        else:
            salon.act(lambda tx: take(tx, booked.code, method, asked))
    except ConflictError:
        return 0
    return tip
