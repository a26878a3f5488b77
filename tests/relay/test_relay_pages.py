"""Payment links that live for days, and the policy on the pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from connected import Connected
from sqlalchemy import text

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.payments.links import Wish, request_link
from bookra.engine.payments.taking import book_with_link, take_cash
from bookra.engine.prices.policies import set_policy
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

THREE_DAYS = Wish(days=3)
DAYS_LATER = text("UPDATE operations SET expires_at = now() WHERE tenant_id = :tenant_id")


def linked(luna: Connected, booking: Booking) -> Booking:
    luna.salon.act(lambda tx: request_link(tx, booking.code, THREE_DAYS))
    luna.drain()
    return luna.booking(booking)


def links(luna: Connected) -> list[bool]:
    return [link["active"] for link in luna.stripe_list("payment_links")]


def test_a_link_for_days_is_paid_once_and_closes(luna: Connected) -> None:
    wanted = luna.request()
    held = luna.salon.act(lambda tx: book_with_link(tx, wanted, THREE_DAYS))
    luna.drain()
    url = luna.booking(held).payment_url
    assert url is not None
    luna.outside.pay(url)
    luna.drain()
    assert luna.booking(held).status is Status.CONFIRMED
    assert luna.booking(held).due.minor == 0
    assert links(luna) == [False]
    with pytest.raises(ConflictError):
        luna.outside.pay(url)
    assert luna.outside.show()["stripe"]["charges"] == 1
    luna.prove_the_money()


@pytest.mark.parametrize("fault", ["drop-after", "500-after"])
def test_a_link_for_days_whose_answer_was_lost_is_made_once(luna: Connected, fault: str) -> None:
    visit = luna.book()
    luna.outside.fault("stripe", fault)
    luna.salon.act(lambda tx: request_link(tx, visit.code, THREE_DAYS))
    for _ in range(3):
        luna.drain()
        luna.hurry()
    assert len(links(luna)) == 1
    assert luna.booking(visit).payment_url is not None


@pytest.mark.parametrize("ending", [cancel, take_cash])
def test_a_link_closes_with_its_visit_and_so_does_a_page_that_it_opened(
    luna: Connected, ending: Callable[[Tx, str], Booking]
) -> None:
    visit = linked(luna, luna.book())
    assert visit.payment_url is not None
    luna.outside.pay(visit.payment_url, "declined")  # somebody looks at it: a session is open
    luna.salon.act(lambda tx: ending(tx, visit.code))
    luna.drain()
    assert links(luna) == [False]
    assert {session["status"] for session in luna.sessions()} == {"expired"}
    with pytest.raises(ConflictError):
        luna.outside.pay(visit.payment_url)


def test_a_link_ends_when_its_days_are_over(luna: Connected) -> None:
    visit = linked(luna, luna.book())
    luna.drain()
    assert links(luna) == [True]
    luna.hurry()
    luna.drain()
    assert links(luna) == [True]
    luna.salon.act(lambda tx: tx.run(DAYS_LATER))
    luna.hurry()
    luna.drain()
    assert links(luna) == [False]
    assert luna.booking(visit).payment_url is None


def test_a_page_that_lapses_leaves_its_link_to_be_paid(luna: Connected) -> None:
    visit = linked(luna, luna.book())
    assert visit.payment_url is not None
    luna.outside.pay(visit.payment_url, "declined")
    luna.outside.advance(25 * 3600)
    luna.drain()
    assert luna.booking(visit).payment_url == visit.payment_url
    luna.outside.pay(visit.payment_url)
    luna.drain()
    assert luna.booking(visit).due.minor == 0


@pytest.mark.parametrize("wish", [Wish(), THREE_DAYS], ids=["session", "link"])
def test_who_pays_on_a_page_accepts_the_policy_that_it_shows(luna: Connected, wish: Wish) -> None:
    luna.salon.act(lambda tx: set_policy(tx, "A no-show costs half.", 1440, None, None))
    visit = luna.book()
    luna.salon.act(lambda tx: request_link(tx, visit.code, wish))
    luna.drain()
    assert luna.booking(visit).policy_accepted_at is None
    url = luna.booking(visit).payment_url
    assert url is not None
    luna.outside.pay(url)
    (session,) = luna.sessions()
    assert "A no-show costs half." in session["custom_text"]["submit"]["message"]
    luna.drain()
    assert luna.booking(visit).policy_accepted_at is not None


def test_a_policy_too_long_for_the_page_is_not_accepted_by_paying(luna: Connected) -> None:
    luna.salon.act(lambda tx: set_policy(tx, "Mind this. " * 200, 1440, None, None))
    visit = luna.book()
    luna.salon.act(lambda tx: request_link(tx, visit.code))
    luna.drain()
    luna.pay(visit)
    luna.drain()
    after = luna.booking(visit)
    assert (after.due.minor, after.policy_accepted_at) == (0, None)


def test_a_visit_without_a_policy_falls_under_the_one_that_its_page_shows(luna: Connected) -> None:
    visit = luna.book()
    luna.salon.act(lambda tx: set_policy(tx, "A no-show costs half.", 1440, None, None))
    luna.salon.act(lambda tx: request_link(tx, visit.code))
    luna.drain()
    luna.pay(visit)
    luna.drain()
    assert luna.booking(visit).policy_id is not None
    assert luna.booking(visit).policy_accepted_at is not None
