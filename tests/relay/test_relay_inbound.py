"""What Stripe tells: read for each business in turn, kept once, retried, and never in the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from connected import ONCE_PAID, Connected, connect, live_salon
from databases import Database
from relay.scripted_wire import Reply, Stall, scripted
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.payments import inbox
from bookra.engine.payments.inbox import Event, InboxEvent
from bookra.engine.runtime import Engine
from bookra.engine.tenancy.providers import ProviderAccount, account, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.relay.access import Clients
from bookra.relay.inbound import Inbound
from bookra.relay.providers.stripe import StripeAccess, StripeGateway

RECEIVED_BEFORE = text(
    "UPDATE inbox SET received_at = received_at - make_interval(secs => :seconds)"
    " WHERE tenant_id = :tenant_id AND event_ref = :ref"
)


@pytest.fixture
def sol(luna: Connected, database: Database, pool: Pool, settings: Settings) -> Connected:
    """Another salon beside Luna, with accounts of its own at the same stand-ins."""
    return connect(live_salon(database, pool, "sol"), settings, luna.url)


@contextmanager
def reading(luna: Connected, clients: Clients | None = None) -> Iterator[Inbound]:
    """Open what reads the accounts; closed at the end."""
    used = clients or Clients(luna.salon.engine, luna.settings)
    inbound = Inbound(luna.salon.engine, used, poll_seconds=0.05)
    try:
        yield inbound
    finally:
        inbound.close()
        used.close()


def paid(luna: Connected) -> Booking:
    """Book with a link that is opened and paid; nothing of the payment is read yet."""
    booking = luna.book_with_link()
    with luna.parts() as parts:
        parts.deliver()
    luna.pay(booking)
    return booking


def told(luna: Connected, ref: str, kind: str = "checkout.session.completed") -> None:
    """Keep an event about nothing, as a webhook would."""
    event = Event("stripe", ref, kind, "cs_test_a1" + "x" * 56, datetime.now(UTC))
    luna.salon.act(lambda tx: inbox.receive(tx, [event], via="webhook"))


def event(luna: Connected, ref: str) -> InboxEvent:
    return luna.salon.ask(lambda tx: inbox.event(tx, ref))


def state(luna: Connected) -> tuple[str, str]:
    """Return what is noted of the business's account at Stripe, and why."""
    found = luna.salon.ask(lambda tx: account(tx, "stripe"))
    assert found is not None
    return found.state, found.state_why


class Hanging(Clients):
    """Clients of which one business's Stripe never answers."""

    def __init__(self, engine: Engine, settings: Settings, slug: str, url: str) -> None:
        super().__init__(engine, settings)
        self._slug = slug
        self._silent = StripeGateway(
            StripeAccess("sk_test_x", "acct_1", url), timeout_seconds=(2, 15)
        )

    def stripe(self, tenant: str) -> tuple[ProviderAccount, StripeGateway]:
        known, gateway = super().stripe(tenant)
        return known, self._silent if tenant == self._slug else gateway


def test_an_account_that_hangs_delays_nobody(luna: Connected, sol: Connected) -> None:
    booking = paid(luna)
    engine = luna.salon.engine
    with scripted(*[Stall()] * 4) as silence:
        clients = Hanging(engine, luna.settings, "sol", silence.url)
        inbound = Inbound(engine, clients, poll_seconds=0.05)
        # A tick again and again, as the daemon's: who hangs keeps one thread, and no more.
        luna.until(lambda: inbound.tick() >= 0 and bool(silence.seen))
        luna.until(lambda: inbound.tick() >= 0 and luna.booking(booking).status is Status.CONFIRMED)
        assert len(silence.seen) == 1
    inbound.close()  # the silence is over: nobody is waited for
    clients.close()
    sol.prove_the_money()


def test_a_revoked_token_is_noted_and_asked_seldom_and_setting_it_anew_mends_it(
    luna: Connected, sol: Connected
) -> None:
    booking, other = paid(luna), paid(sol)
    luna.outside.fault("stripe", "revoked", account=luna.stripe.id)
    with reading(luna) as inbound:
        assert inbound.once() > 0
        assert sol.booking(other).status is Status.CONFIRMED
        assert state(luna) == ("refused", "stripe_refused 401 invalid_request_error")
        assert state(sol) == ("active", "")
        inbound.once()  # takes the note over as a change of the account: one more question
        luna.outside.fault("stripe", off=True)
        assert inbound.once() == 0  # Luna's turn is not for minutes
        assert luna.booking(booking).status is Status.HELD
        set_anew(luna)
        assert state(luna) == ("active", "")
        assert inbound.once() > 0
    assert luna.booking(booking).status is Status.CONFIRMED


def set_anew(luna: Connected) -> None:
    """Set the same account again, as ``bookra tenant provider set`` does."""
    config = {"account": luna.stripe.id, "platform_fee_percent": "1"}
    chosen = ProviderAccount("stripe", sandbox=True, config=config)
    vault = Vault(luna.settings.key_file)
    luna.salon.act(lambda tx: set_account(tx, vault, chosen, {"token": luna.stripe.secret_key}))


def test_a_token_that_is_good_again_ends_the_refusal_by_itself(luna: Connected) -> None:
    luna.outside.fault("stripe", "revoked")
    luna.poll()
    assert state(luna)[0] == "refused"
    luna.outside.fault("stripe", off=True)
    luna.poll()
    assert state(luna) == ("active", "")


def test_answers_that_are_not_json_are_read_again_and_nothing_is_lost(luna: Connected) -> None:
    booking = paid(luna)
    luna.outside.fault("stripe", "html", rate=1.0)
    assert luna.poll() == 0
    assert luna.booking(booking).status is Status.HELD
    luna.outside.fault("stripe", off=True)
    luna.drain()
    assert luna.booking(booking).status is Status.CONFIRMED
    luna.prove_the_money()


def test_a_webhook_that_pokes_is_handled_without_a_poll(luna: Connected) -> None:
    booking = paid(luna)
    session = luna.sessions()[0]["id"]
    kept = Event("stripe", "evt_1", "checkout.session.completed", session, datetime.now(UTC))
    luna.salon.act(lambda tx: inbox.receive(tx, [kept], via="webhook"))
    with reading(luna) as inbound:
        inbound.poke(luna.slug)
        luna.until(lambda: luna.booking(booking).status is Status.CONFIRMED)
        assert event(luna, "evt_1").outcome == "confirmed"
        assert luna.count("movements") == 0
    luna.drain()
    luna.prove_the_money()


def test_ten_pokes_and_polls_at_once_settle_an_event_once(luna: Connected) -> None:
    booking = paid(luna)
    luna.poll()
    refs = [each.event_ref for each in luna.salon.ask(inbox.events)]
    for ref in refs:
        luna.salon.act(lambda tx, ref=ref: inbox.retry(tx, ref))
    with reading(luna) as one, reading(luna) as two:
        for _ in range(5):
            one.poke(luna.slug)
            two.poke(luna.slug)
        luna.until(lambda: not luna.salon.ask(inbox.open_events))
    luna.drain()
    seen = luna.seen(booking)
    assert {name: seen[name] for name in ("charges", "invoices", "splits", "refunds")} == {
        name: ONCE_PAID[name] for name in ("charges", "invoices", "splits", "refunds")
    }
    luna.prove_the_money()


def test_an_event_that_fails_says_why_and_is_tried_less_and_less_often(luna: Connected) -> None:
    told(luna, "evt_of_nobody")
    luna.poll()
    failed = event(luna, "evt_of_nobody")
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert failed.last_error == "stripe_refused 404 resource_missing"
    luna.poll()
    assert event(luna, "evt_of_nobody").attempts == 1
    for seconds in (2 + 2, 4 + 2, 8 + 2):
        luna.salon.act(
            lambda tx, seconds=seconds: tx.run(
                RECEIVED_BEFORE, seconds=seconds, ref="evt_of_nobody"
            )
        )
        luna.poll()
    assert event(luna, "evt_of_nobody").attempts == 4
    luna.salon.act(lambda tx: inbox.retry(tx, "evt_of_nobody"))
    assert event(luna, "evt_of_nobody").state == "open"


def test_an_event_that_failed_for_a_day_is_still_tried_each_hour(luna: Connected) -> None:
    told(luna, "evt_old")
    luna.poll()
    day = timedelta(days=1).total_seconds()
    luna.salon.act(lambda tx: tx.run(RECEIVED_BEFORE, seconds=day, ref="evt_old"))
    tries = 0
    while luna.salon.ask(inbox.due_events):
        (waiting,) = luna.salon.ask(inbox.due_events)
        luna.salon.act(lambda tx, waiting=waiting: inbox.failed(tx, waiting, "x"))
        tries += 1
        assert tries < 60
    assert 20 < tries < 50


def test_an_event_of_a_kind_that_this_release_does_not_know_is_kept_for_one_that_does(
    luna: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(luna, "evt_new", kind="invoice.paid")
    luna.poll()
    kept = event(luna, "evt_new")
    assert (kept.state, kept.outcome, kept.last_error) == ("handled", "unknown kind", None)
    from bookra.relay.events import checkouts
    from bookra.relay.events.registry import HANDLERS

    monkeypatch.setitem(HANDLERS, "invoice.paid", checkouts.HANDLER)
    luna.poll()
    assert event(luna, "evt_new").state == "failed"  # opened again, and about nothing


def test_a_silent_stripe_is_the_accounts_trouble_and_not_each_events(luna: Connected) -> None:
    for number in range(8):
        told(luna, f"evt_{number}")
    luna.outside.fault("stripe", "down")
    clients = Clients(luna.salon.engine, luna.settings)
    with reading(luna, clients) as inbound:
        inbound.poke(luna.slug)
        luna.until(lambda: sum(e.attempts for e in luna.salon.ask(inbox.events)) >= 3)
        inbound.close()
    assert sum(each.attempts for each in luna.salon.ask(inbox.events)) == 3


def test_a_poke_for_a_business_that_is_not_there_harms_nobody(luna: Connected) -> None:
    booking = paid(luna)
    with reading(luna) as inbound:
        inbound.poke("nobody")
        assert inbound.once() > 0
    assert luna.booking(booking).status is Status.CONFIRMED


def test_an_answer_of_another_shape_holds_up_no_other_business(
    luna: Connected, sol: Connected
) -> None:
    other = paid(luna)
    odd = [Reply(200, {"object": "list", "data": [{"id": 7}], "has_more": False})] * 4
    with (
        scripted(*odd) as script,
        reading(luna, Hanging(luna.salon.engine, luna.settings, "sol", script.url)) as inbound,
    ):
        inbound.once()
    assert script.seen
    assert luna.booking(other).status is Status.CONFIRMED
    assert state(sol) == ("active", "")
