"""A relay dies at each step of each kind of effect, and every effect is there once.

Several kills in one salon. A run kills each kind at every second step; with
``BOOKRA_TEST_SWEEPS=2`` it does so at all of them.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from calendars import connected_diary
from connected import Connected
from relays import Relays, relays
from single_effects import outside, prove
from sqlalchemy import text

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.moving import move
from bookra.engine.payments import cards, disputes, saved_cards
from bookra.engine.payments.links import Wish, request_link
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import ProviderAccount, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.relay.crash import STEPS
from bookra.relay.routes import LOCAL, ROUTES
from bookra.sandbox import open_mail_account

SWEEPS = int(os.environ.get("BOOKRA_TEST_SWEEPS", "1"))
TURN = random.randrange(2)
SENDER = "hello@luna.example"
SETUP = text("SELECT url FROM operations WHERE tenant_id = :tenant_id AND kind = 'setup'")
OVER = text(
    "UPDATE operations SET expires_at = now() - interval '1 minute', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND booking_id = :booking_id"
)


@dataclass
class Story:
    """A salon in which one kind of effect after the other comes due, each when it is wanted."""

    luna: Connected
    held: list[Booking] = field(default_factory=list)
    paid: list[Booking] = field(default_factory=list)
    in_cash: list[Booking] = field(default_factory=list)
    linked: list[Booking] = field(default_factory=list)
    kept: list[Booking] = field(default_factory=list)
    disputed: str = ""

    def act(self, action: Callable[[Tx], object]) -> None:
        self.luna.salon.act(action)

    def begin(self) -> None:
        """Bring about what later effects need: pages that are paid, a saved card, a dispute."""
        rosa = self.luna.request().customer_id
        self.act(lambda tx: saved_cards.request_setup(tx, rosa))
        self.paid = [self.luna.book_with_link() for _ in range(2)]
        self.held = [self.luna.book_with_link()]
        self.kept = [self.luna.book() for _ in range(3)]
        self.linked = [self.luna.book()]
        self.act(lambda tx: request_link(tx, self.linked[0].code, Wish(days=2)))
        self.luna.drain()
        (page,) = self.luna.salon.ask(lambda tx: tx.rows(SETUP))
        self.luna.outside.pay(page.url)
        for booking in self.paid:
            self.luna.pay(booking)
        self.luna.drain()
        self.disputed = self.luna.outside.open_dispute(self.luna.stripe.id, self.paid[1].code)["id"]
        self.luna.drain()

    # Each of these makes one more effect of a topic due.

    def ask_for_a_page(self) -> None:
        self.luna.book_with_link()

    def book(self) -> None:
        self.luna.book()

    def book_by_mail(self) -> None:
        who = self.luna.salon.act(lambda tx: add_customer(tx, "Ida", email="ida@example.com")[0])
        start = self.luna.free().start
        self.act(lambda tx: book(tx, BookingRequest("cut", "ana", start, who.id)))

    def move(self) -> None:
        moved = self.kept[0]
        self.act(lambda tx: move(tx, moved.code, moved.starts_at, staff="ben"))

    def call_off(self) -> None:
        gone = self.kept.pop()
        self.act(lambda tx: cancel(tx, gone.code))

    def charge_card(self) -> None:
        visit = self.luna.book()
        self.act(lambda tx: saved_cards.pay(tx, visit.code))

    def forget_card(self) -> None:
        def action(tx: Tx) -> None:
            (saved,) = cards.cards_of(tx, self.paid[0].customer_id)
            cards.remove(tx, saved)

        self.act(action)

    def close_page(self) -> None:
        self.act(lambda tx: cancel(tx, self.held[0].code))

    def end_link(self) -> None:
        self.act(lambda tx: tx.run(OVER, booking_id=self.linked[0].id))
        self.luna.hurry()

    def refund(self) -> None:
        self.act(lambda tx: refund(tx, self.paid[0].code, Back()))

    def answer_dispute(self) -> None:
        said = "She was here, and signed."
        self.act(lambda tx: disputes.answer(tx, self.disputed, said, submit=False))

    def take_cash(self) -> None:
        visit = self.luna.book()
        self.luna.take_cash(visit)
        self.in_cash.append(visit)

    def refund_cash(self) -> None:
        back = self.in_cash.pop()
        self.act(lambda tx: refund(tx, back.code, Back()))


EFFECTS: tuple[tuple[str, Callable[[Story], None]], ...] = (
    ("payment.request", Story.ask_for_a_page),
    ("calendar.upsert", Story.book),
    ("calendar.upsert", Story.move),
    ("calendar.delete", Story.call_off),
    ("message.send", Story.book),
    ("mail.send", Story.book_by_mail),
    ("payment.charge", Story.charge_card),
    ("card.detach", Story.forget_card),
    ("payment.cancel", Story.close_page),
    ("payment.end", Story.end_link),
    ("payment.refund", Story.refund),
    ("dispute.answer", Story.answer_dispute),
    ("invoice.issue", Story.take_cash),
    ("commission.split", Story.take_cash),
    ("invoice.credit", Story.refund_cash),
    ("commission.clawback", Story.refund_cash),
)


@pytest.fixture
def story(luna: Connected) -> Story:
    """A salon with all providers, and a calendar of Ana's own."""
    opened = open_mail_account(luna.settings.sandbox_dir, sender=SENDER)
    mailbox = ProviderAccount("mail", sandbox=True, config={"sender": SENDER})
    vault = Vault(luna.settings.key_file)
    luna.salon.act(lambda tx: set_account(tx, vault, mailbox, {"token": opened.password}))
    connected_diary(luna, busy_only=False)
    return Story(luna)


@pytest.fixture
def paddock(luna: Connected) -> Iterator[Relays]:
    assert luna.settings.database_url is not None
    with relays(luna.settings.home, luna.settings.database_url) as opened:
        yield opened


def test_the_sweep_knows_every_topic() -> None:
    assert {topic for topic, _ in EFFECTS} == {*ROUTES, *LOCAL}


@pytest.mark.parametrize("sweep", range(SWEEPS))
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_of_any_effect_leaves_it_single(
    story: Story, paddock: Relays, step: str, sweep: int
) -> None:
    """Kill every second effect, and at the next step the others."""
    turn = TURN + sweep + STEPS.index(step)
    luna = story.luna
    story.begin()
    for number, (topic, make_due) in enumerate(EFFECTS):
        if topic in LOCAL and "call" in step:
            continue  # done in our own transaction: there is no call
        make_due(story)
        if (number + turn) % 2:
            luna.drain()
            continue
        assert paddock.drain(f"{step}:{topic}") == -signal.SIGKILL, topic
        luna.let_leases_lapse()
        luna.drain()  # what is under way in several kills is tried later, and then taken for poison
    luna.drain_past_failures()
    prove(luna)
    (there,) = luna.stripe_list("disputes")
    assert there["evidence"]["uncategorized_text"] == "She was here, and signed."
    assert outside(luna, "SELECT body FROM objects WHERE kind = 'payment_method'") != []
    # Another row's message may have been under way at the moment of any kill.
    assert {row.topic for row in luna.rows("unknown")} <= {"message.send", "mail.send"}
