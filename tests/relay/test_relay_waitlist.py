"""The relay and the waitlist: it offers and cascades, also when it is killed between ticks.

A short lease makes a relay sweep each second, so that lapsed holds don't wait for it.
"""

from __future__ import annotations

import time

from command_line import CommandLine
from connected import Connected
from sqlalchemy import text

from bookra.engine.bookings.waitlist.actions import WishRequest, add_wish
from bookra.engine.bookings.waitlist.store import Wish, wish_by_code
from bookra.engine.people.customers import add_customer

COUNT = text("SELECT count(*) AS n FROM wish_offers WHERE tenant_id = :tenant_id")
LAPSE = text(
    """
    WITH held AS (
      UPDATE allocations SET held_until = now() - interval '1 second', changed_by = session_user
       WHERE tenant_id = :tenant_id AND held_until IS NOT NULL
    )
    UPDATE bookings SET hold_expires_at = now() - interval '1 second', changed_by = session_user
     WHERE tenant_id = :tenant_id AND status = 'held'
    """
)


def wish(luna: Connected, name: str, *, phone: str | None = None) -> Wish:
    """Put somebody on the list for one and the same free time of Ana's."""
    start = luna.free().start
    customer = luna.salon.act(lambda tx: add_customer(tx, name, phone=phone)[0])
    request = WishRequest("cut", "ana", customer.id, [(start, start.replace(second=1))])
    return luna.salon.act(lambda tx: add_wish(tx, request)).wish


def offers(luna: Connected, one: Wish) -> int:
    return len(luna.salon.ask(lambda tx: wish_by_code(tx, one.code)).offers)


def total(luna: Connected) -> int:
    row = luna.salon.ask(lambda tx: tx.row(COUNT))
    assert row is not None
    return int(row.n)


def test_a_drain_offers_and_tells_the_customer(luna: Connected) -> None:
    one = wish(luna, "Rosa Vega", phone="+4930901820")
    assert luna.drain() == 2  # the offer, and the message about it
    (offer,) = luna.salon.ask(lambda tx: wish_by_code(tx, one.code)).offers
    sent = luna.outside.show()["whatsapp"]["messages"]
    assert [(each["template"], each["booking"]) for each in sent] == [
        ("waitlist_offer", offer.booking)
    ]
    assert luna.drain() == 0


def test_nobody_is_offered_anything_in_quiet_hours(luna: Connected) -> None:
    """An offer stands for an hour: whoever is asleep would be passed over, one after the other."""
    one = wish(luna, "Rosa Vega", phone="+4930901820")
    luna.keep_quiet()
    assert luna.drain() == 0
    luna.speak_again()
    luna.drain()
    assert offers(luna, one) == 1


def test_a_relay_killed_between_ticks_leaves_the_cascade_to_the_next(
    luna: Connected, bookra: CommandLine
) -> None:
    rosa, mia = wish(luna, "Rosa Vega"), wish(luna, "Mia Kern")
    with bookra.start("relay", "run", "--lease", "1") as first:
        luna.until(lambda: offers(luna, rosa) == 1)
        first.kill()
        first.wait()
    luna.salon.act(lambda tx: tx.run(LAPSE))
    assert (offers(luna, rosa), offers(luna, mia)) == (1, 0)
    with bookra.start("relay", "run", "--lease", "1"):
        luna.until(lambda: offers(luna, mia) == 1)
    assert (offers(luna, rosa), offers(luna, mia)) == (1, 1)


def test_two_relays_at_work_offer_one_opening_once(luna: Connected, bookra: CommandLine) -> None:
    for name in ("Rosa Vega", "Mia Kern", "Emil Berg"):
        wish(luna, name)
    relay = ("relay", "run", "--lease", "1")
    with bookra.start(*relay), bookra.start(*relay):
        luna.until(lambda: total(luna) > 0)
        time.sleep(1)
        luna.salon.act(lambda tx: tx.run(LAPSE))
        luna.until(lambda: total(luna) > 1)
        time.sleep(1)
    assert total(luna) == 2


def test_a_business_in_which_nobody_waits_writes_nothing(luna: Connected) -> None:
    audited = text("SELECT count(*) AS n FROM audit WHERE tenant_id = :tenant_id")
    before = luna.salon.ask(lambda tx: tx.rows(audited))
    luna.drain()
    assert luna.salon.ask(lambda tx: tx.rows(audited)) == before
