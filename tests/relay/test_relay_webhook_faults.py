"""Webhooks that come twice, in another order, late or never, from a stand-in to a receiver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from connected import Connected

from bookra.engine.bookings.model import Status
from bookra.engine.payments import inbox
from bookra.engine.tenancy.providers import open_account, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.relay.access import Clients
from bookra.relay.inbound import Inbound
from bookra.relay.webhooks.receiver import Receiver

SECRET = "whsec_of_both_sides"


@pytest.fixture
def receiving(luna: Connected) -> Iterator[Connected]:
    """A salon whose stand-in sends webhooks to a receiver; nobody polls."""
    vault = Vault(luna.settings.key_file)

    def seal(tx: object) -> None:
        account, token = open_account(tx, vault, "stripe")
        set_account(tx, vault, account, {**token, "webhook_secret": SECRET})

    luna.salon.act(seal)
    clients = Clients(luna.salon.engine, luna.settings)
    inbound = Inbound(luna.salon.engine, clients)
    receiver = Receiver(luna.salon.engine, clients, inbound, "127.0.0.1:0")
    receiver.start()
    luna.outside.register_webhook(f"{receiver.url}/stripe/{luna.slug}", SECRET)
    yield luna
    luna.outside.forget_webhooks("stripe")
    receiver.stop()
    inbound.close()
    clients.close()


def paid_once(luna: Connected) -> None:
    luna.drain_past_failures()
    shown = luna.outside.show(account=luna.stripe.id)["stripe"]
    assert (shown["charges"], shown["refunds"]) == (1, 0)
    assert luna.count("invoices") == luna.count("charges") == 1
    luna.prove_the_money()


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [("webhook-duplicate", None), ("webhook-reorder", 0.4), ("webhook-delay", 0.4)],
)
def test_webhooks_in_disorder_pay_a_visit_once(
    receiving: Connected, kind: str, seconds: float | None
) -> None:
    luna = receiving
    booking = luna.book_with_link()
    with luna.parts() as parts:
        parts.deliver()
    luna.outside.fault("stripe", kind, seconds=seconds)
    luna.pay(booking)
    luna.until(lambda: luna.booking(booking).status is Status.CONFIRMED)
    luna.until(lambda: not luna.salon.ask(inbox.open_events))
    told = luna.salon.ask(inbox.events)
    assert {event.via for event in told} == {"webhook"}
    assert len({event.event_ref for event in told}) == len(told)
    paid_once(luna)


def test_webhooks_that_are_lost_are_found_by_the_next_poll(receiving: Connected) -> None:
    luna = receiving
    booking = luna.book_with_link()
    with luna.parts() as parts:
        parts.deliver()
    luna.outside.fault("stripe", "webhook-drop")
    luna.pay(booking)
    luna.drain()
    assert luna.booking(booking).status is Status.CONFIRMED
    assert {event.via for event in luna.salon.ask(inbox.events)} == {"poll"}
    paid_once(luna)
