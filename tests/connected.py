"""A salon that is connected to the stand-ins, the relay that serves it, and what came of it.

The salon goes by the database's clock: the relay, the stand-ins and the command line know no
other. What happened outside is read from the stand-ins, never from our own tables.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from databases import Database
from factories import Salon, open_salon
from relay.served_sandbox import serving
from sqlalchemy import Engine as Pool
from sqlalchemy import text
from trusting import NOBODY

from bookra.config import Settings
from bookra.engine.availability.actions import Slot, find_slots
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.ledger.verify import verify
from bookra.engine.messages.quiet import QuietHours
from bookra.engine.messages.rules import MessageRules, set_message_rules
from bookra.engine.outbox import inspect
from bookra.engine.payments.taking import book_with_link, take_cash
from bookra.engine.people.customers import add_customer
from bookra.engine.reports.reconcile_model import Reconciliation
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.providers import ProviderAccount, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.errors import ConflictError
from bookra.ids import new_id
from bookra.relay.access import Clients
from bookra.relay.daemon import Relay, RelayOptions
from bookra.relay.drain import Drain
from bookra.relay.facts import prove_stripe
from bookra.relay.inbound import Inbound
from bookra.relay.providers.stripe import StripeGateway
from bookra.sandbox import (
    SandboxClient,
    StripeAccount,
    open_google_calendar,
    open_stripe_account,
    open_whatsapp_sender,
)

PHONE = "+4930901820"

LAPSE = text(
    "UPDATE outbox SET leased_until = now() - interval '1 second'"
    " WHERE tenant_id = :tenant_id AND state IN ('leased', 'sending')"
)


@dataclass(frozen=True)
class Parts:
    """The relay's two halves, and the salon's way to Stripe."""

    drain: Drain
    inbound: Inbound
    gateway: StripeGateway

    def deliver(self) -> int:
        """Deliver what is due, to its end."""
        claimed = self.drain.once()
        self.drain.finish()
        return claimed


@dataclass(frozen=True)
class Connected:
    """A salon with accounts at all three stand-ins. ``outside`` steers and questions them."""

    salon: Salon
    settings: Settings
    outside: SandboxClient
    stripe: StripeAccount
    url: str

    @property
    def slug(self) -> str:
        return self.salon.slug

    # What people do

    def free(self, index: int = 0) -> Slot:
        """Return a free time of Ana's from tomorrow on."""
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        found = self.salon.ask(lambda tx: find_slots(tx, "cut", "ana", tomorrow, 9, index + 1))
        return found[index]

    def request(self, index: int = 0, *, phone: str | None = PHONE) -> BookingRequest:
        """Return a request of Rosa's for a free time."""
        rosa = self.salon.act(lambda tx: add_customer(tx, "Rosa Vega", phone=phone)[0])
        return BookingRequest("cut", "ana", self.free(index).start, rosa.id)

    def book(self, index: int = 0) -> Booking:
        """Book a confirmed visit, to be paid at the counter."""
        wanted = self.request(index)
        return self.salon.act(lambda tx: book(tx, wanted))

    def book_with_link(self, index: int = 0) -> Booking:
        """Hold a time and ask for a payment link."""
        wanted = self.request(index)
        return self.salon.act(lambda tx: book_with_link(tx, wanted))

    def take_cash(self, booking: Booking) -> Booking:
        """Take the whole price at the counter."""
        return self.salon.act(lambda tx: take_cash(tx, booking.code))

    def pay(self, booking: Booking) -> dict[str, Any]:
        """Pay the booking's link as its customer does."""
        return self.outside.pay(booking.code)

    def keep_quiet(self, *leads: int) -> None:
        """Let it be quiet for two hours from now, and since an hour ago; remind at ``leads``."""
        now = datetime.now(UTC).astimezone(self.salon.zone)
        minute = now.hour * 60 + now.minute
        quiet = QuietHours((minute - 60) % 1440, (minute + 120) % 1440)
        self.salon.act(lambda tx: set_message_rules(tx, MessageRules(quiet, leads)))

    def speak_again(self, *leads: int) -> None:
        """Let no hour be quiet."""
        self.salon.act(lambda tx: set_message_rules(tx, MessageRules(None, leads)))

    # What the relay does

    @contextmanager
    def relay(self, *, lease_seconds: float = 30.0, workers: int = 4) -> Iterator[Relay]:
        """Open a relay in this process; it is closed at the end."""
        options = RelayOptions(lease_seconds=lease_seconds, workers=workers)
        opened = Relay(self.salon.engine, self.settings, options)
        try:
            yield opened
        finally:
            opened.close()

    def drain(self) -> int:
        """Let a relay poll and deliver until nothing is due."""
        with self.relay() as relay:
            return relay.drain_until_idle()

    def poll(self) -> int:
        """Let a relay read what came back from Stripe, and deliver nothing."""
        with self.parts() as parts:
            return parts.inbound.once()

    def drain_past_failures(self, *, most_rounds: int = 12) -> None:
        """Drain until nothing is left that a relay would deliver sooner or later.

        What waits behind a dead or unknown row stays: only a person can let it go.
        """
        for _ in range(most_rounds):
            self.drain()
            if not self.hurry():
                return
        raise AssertionError(f"still not delivered: {self.rows()}")

    def hurry(self) -> int:
        """Make postponed rows due now, as ``bookra outbox retry`` does; returns how many."""
        postponed = self.rows("ready")
        for row in postponed:
            with suppress(ConflictError):  # on its way by now
                self.salon.act(lambda tx, row=row: inspect.retry(tx, row.id))
        return len(postponed)

    def let_leases_lapse(self) -> None:
        """End the leases of a relay that died, without the wait."""
        self.salon.act(lambda tx: tx.run(LAPSE))

    @contextmanager
    def parts(self) -> Iterator[Parts]:
        """Open the relay's two halves, to be moved one at a time."""
        clients = Clients(self.salon.engine, self.settings)
        options = RelayOptions(lease_seconds=30, workers=4)
        drain = Drain(self.salon.engine, clients, new_id(), options)
        try:
            yield Parts(drain, Inbound(self.salon.engine, clients), clients.stripe(self.slug)[1])
        finally:
            drain.stop()
            clients.close()

    def until(self, happened: Callable[[], bool], *, within_seconds: float = 20) -> None:
        """Wait for what a relay in another process does."""
        deadline = time.monotonic() + within_seconds
        while not happened():
            assert time.monotonic() < deadline, self.rows()
            time.sleep(0.1)

    # What came of it

    def rows(self, state: str | None = None) -> list[inspect.OutboxRow]:
        """Return what is in the outbox, or what was ``delivered``."""
        return self.salon.ask(lambda tx: inspect.outbox_rows(tx, state=state))

    def row(self, topic: str) -> inspect.OutboxRow:
        """Return the one row of a topic that is in the outbox."""
        (found,) = [row for row in self.rows() if row.topic == topic]
        return found

    def booking(self, booking: Booking) -> Booking:
        """Read a booking again."""
        return self.salon.booking(booking.code)

    def count(self, table: str) -> int:
        """Count the salon's rows of a table."""
        question = text(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant_id")
        found = self.salon.ask(lambda tx: tx.row(question))
        assert found is not None
        return int(found[0])

    def entries(self) -> Counter[str]:
        """Count ledger entries by kind."""
        question = text("SELECT kind FROM entries WHERE tenant_id = :tenant_id")
        return Counter(row.kind for row in self.salon.ask(lambda tx: tx.rows(question)))

    def seen(self, booking: Booking) -> dict[str, int]:
        """Count what the outside saw of a booking, and what it caused here, once each if right."""
        shown = self.outside.show()
        of_it = [m for m in shown["whatsapp"]["messages"] if m["booking"] == booking.code]
        events = [e for e in shown["calendar"]["events"] if e["booking"] == booking.code]
        return {
            "sessions": sum(s["client_reference_id"] == booking.code for s in self.sessions()),
            "charges": shown["stripe"]["charges"],
            "refunds": shown["stripe"]["refunds"],
            "events": len(events),
            "links": sum(m["template"] == "payment_link" for m in of_it),
            "messages": sum(m["template"] != "payment_link" for m in of_it),
            "invoices": self.count("invoices"),
            "splits": self.count("commission_splits"),
        }

    def seen_in_any_order(self, booking: Booking) -> dict[str, int]:
        """Return the same where the payment may come first: then nobody is sent a link to it."""
        found = self.seen(booking)
        assert found["links"] <= 1
        return {**found, "links": 1}

    def sessions(self) -> Sequence[dict[str, Any]]:
        """Return every Checkout Session of the account, as Stripe lists them."""
        return self.stripe_list("checkout/sessions")

    def stripe_list(self, path: str) -> list[dict[str, Any]]:
        """Return one of Stripe's lists of this account."""
        headers = {
            "Authorization": f"Bearer {self.stripe.secret_key}",
            "Stripe-Account": self.stripe.id,
            "Stripe-Version": "2026-10-28.endive",
        }
        with httpx.Client(
            base_url=self.url, trust_env=False, verify=NOBODY, headers=headers
        ) as http:
            reply = http.get(f"/v1/{path}", params={"limit": 100})
        reply.raise_for_status()
        return list(reply.json()["data"])

    def prove_the_money(self) -> None:
        """Check that the ledger stands, and equals what Stripe moved."""
        checked = self.salon.ask(verify)
        assert checked.ok, checked.problems
        if self.stripe_list("balance_transactions"):  # nothing at all proves nothing
            for proof in self.reconciled():
                assert proof.ok, proof

    def reconciled(self) -> tuple[Reconciliation, ...]:
        """Ask Stripe afresh and compare; one proof a currency."""
        return prove_stripe(self.salon.engine, self.settings, self.slug)


ONCE_PAID = {
    "sessions": 1,
    "charges": 1,
    "refunds": 0,
    "events": 1,
    "links": 1,
    "messages": 1,
    "invoices": 1,
    "splits": 1,
}
"""What a booking that was paid by link comes to."""


@contextmanager
def connected_salon(
    database: Database, pool: Pool, settings: Settings, slug: str = "luna"
) -> Iterator[Connected]:
    """Open a salon, serve stand-ins of its own, and connect it to all three."""
    with serving(settings.sandbox_dir) as url:
        yield connect(live_salon(database, pool, slug), settings, url)


def live_salon(database: Database, pool: Pool, slug: str = "luna") -> Salon:
    """Open a salon that goes by the database's clock, and is quiet at no hour, as tests run."""
    salon = open_salon(database, pool, slug, now=datetime.now(UTC))
    salon.act(lambda tx: set_message_rules(tx, MessageRules(None, (1440,))))
    return replace(salon, engine=Engine(pool))


def connect(salon: Salon, settings: Settings, url: str) -> Connected:
    """Give a salon accounts at the stand-ins that answer at ``url``."""
    folder, tenant = settings.sandbox_dir, salon.tenant
    stripe = open_stripe_account(
        folder, country=tenant.country, currency=tenant.currency, name=tenant.name
    )
    google = open_google_calendar(folder, name=tenant.name)
    sender = open_whatsapp_sender(folder, display_name=tenant.name)
    vault = Vault(settings.key_file)
    accounts = (
        ("stripe", {"account": stripe.id, "platform_fee_percent": "1"}, stripe.secret_key),
        ("google", {"calendar": google.id}, google.token),
        ("whatsapp", {"phone_number_id": sender.phone_number_id}, sender.token),
    )

    def store(tx: Tx) -> None:
        for provider, config, token in accounts:
            account = ProviderAccount(provider, sandbox=True, config=config)
            set_account(tx, vault, account, {"token": token})

    salon.act(store)
    return Connected(salon, settings, SandboxClient(url), stripe, url)
