"""A day at a salon at which everything goes wrong at once, and the verdict afterwards.

People book, pay, move, cancel and refund through the engine; relays are killed at random moments
and started again; providers fail in every way that the stand-ins know; database sessions are
ended. Then the faults stop, everything drains, and the judge looks (``single_effects``). The seed
fixes what is done; when it happens is the machine's.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import psycopg
from connected import Connected
from psycopg.conninfo import make_conninfo
from relay.webhook_sender import WEBHOOK_SECRET, seal
from relays import Relays

from bookra.engine.availability.actions import find_slots
from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.moving import move
from bookra.engine.outbox import breakers, inspect
from bookra.engine.outbox.rescuing import MAX_RESCUES
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.payments.taking import book_with_link, take_cash
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import ProviderAccount, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.errors import BookraError
from bookra.sandbox import open_mail_account

SENDER = "hello@luna.example"
RELAYS = 2
EVERYWHERE = ("drop-before", "drop-after", "500", "500-after", "429", "html", "slow", "revoked")
FAULTS: dict[str, tuple[str, ...]] = {
    "stripe": (*EVERYWHERE, "409", "rate-limit"),
    "google": (*EVERYWHERE, "rate-limit"),
    "whatsapp": (*EVERYWHERE, "rate-limit"),
    "mail": ("drop-before", "drop-after", "500", "429", "slow", "revoked"),
}
OF_WEBHOOKS = ("webhook-duplicate", "webhook-reorder", "webhook-delay", "webhook-drop")
BACKENDS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND application_name = 'bookra' ORDER BY random() LIMIT 2"
)


@dataclass
class Torment:
    """One salon, its relays, and what is done to them. ``counts`` says how much of each."""

    luna: Connected
    paddock: Relays
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    codes: list[str] = field(default_factory=list)
    _running: dict[int, int] = field(default_factory=dict)
    _ports: list[int] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    VERBS: ClassVar[tuple[str, ...]] = (
        *("book", "book_by_mail", "book_by_link", "book_by_link", "pay", "pay", "pay"),
        *("cash", "move", "move", "cancel", "refund"),
    )

    def connect_mail(self) -> None:
        """Let the salon send mails as well."""
        opened = open_mail_account(self.luna.settings.sandbox_dir, sender=SENDER)
        mailbox = ProviderAccount("mail", sandbox=True, config={"sender": SENDER})
        vault = Vault(self.luna.settings.key_file)
        self.luna.salon.act(lambda tx: set_account(tx, vault, mailbox, {"token": opened.password}))

    def connect_webhooks(self) -> None:
        """Have Stripe tell each relay of its events, at an address of the relay's own."""
        seal(self.luna, "stripe", webhook_secret=WEBHOOK_SECRET)
        for _ in range(RELAYS):
            with socket.create_server(("127.0.0.1", 0)) as free:
                self._ports.append(free.getsockname()[1])
            url = f"http://127.0.0.1:{self._ports[-1]}/stripe/{self.luna.slug}"
            self.luna.outside.register_webhook(url, WEBHOOK_SECRET)

    def go(
        self,
        goes_on: Callable[[Torment], bool],
        *,
        pause_seconds: float = 0.6,
        faults: bool = False,
        backends: bool = False,
        harm: Callable[[], None] | None = None,
    ) -> list[int]:
        """Work on, and break things meanwhile, as long as ``goes_on`` says.

        ``harm`` is done in place of all else. Returns how the last relays ended: -9 by our hand.
        """
        dice = random.Random(self.seed)
        for slot in range(RELAYS):
            self._start(slot)
        desk = threading.Thread(target=self._front_desk, name="front-desk", daemon=True)
        desk.start()
        try:
            while goes_on(self):
                time.sleep(dice.uniform(0.05, pause_seconds))
                if harm is None:
                    self._break(dice, faults=faults, backends=backends)
                else:
                    harm()
        finally:
            self._over.set()
            desk.join(60)
            ended = [self.paddock.kill(pid) for pid in self._running.values()]
        return ended

    def settle(self) -> None:
        """Let all faults be over, and everything that is to be delivered be delivered."""
        for provider in FAULTS:
            self.luna.outside.fault(provider, off=True)
        self.luna.let_leases_lapse()
        for _ in range(3):  # what is delivered may bring about more
            for provider in FAULTS:
                self.luna.salon.act(lambda tx, provider=provider: breakers.close(tx, provider))
            self.luna.drain_past_failures()
            self._try_poison_again()

    def _try_poison_again(self) -> None:
        """Do what an operator does for rows that happened to be under way in three kills."""
        for row in self.luna.rows("dead"):
            if row.rescues >= MAX_RESCUES:
                self.counts["taken for poison"] += 1
                self.luna.salon.act(lambda tx, row=row: inspect.retry(tx, row.id))

    def _break(self, dice: random.Random, *, faults: bool, backends: bool) -> None:
        slot = dice.randrange(RELAYS)
        harm = dice.random()
        if not faults or harm < 0.3:
            self.counts["kills"] += 1
            self.paddock.kill(self._running.pop(slot))
            self._start(slot)
        elif backends and harm < 0.4:
            self.counts["sessions ended"] += 1
            admin = make_conninfo(**self.luna.salon.database.administrator)
            with psycopg.connect(admin, autocommit=True) as session:
                session.execute(BACKENDS)
        elif harm < 0.55:
            for provider in FAULTS:  # nothing lasts
                self.luna.outside.fault(provider, off=True)
            self.luna.salon.act(_mend)
        else:
            provider = dice.choice(sorted(FAULTS))
            kinds = FAULTS[provider] + (OF_WEBHOOKS if provider == "stripe" else ())
            kind = dice.choice(kinds)
            many = None if kind == "rate-limit" else dice.randint(1, 4)
            self.luna.outside.fault(provider, kind, count=many)
            self.counts[f"{provider} {kind}"] += 1

    def _start(self, slot: int) -> None:
        address = f"127.0.0.1:{self._ports[slot]}" if self._ports else None
        self._running[slot] = self.paddock.run(address)

    # What people do

    def _front_desk(self) -> None:
        dice = random.Random(self.seed + 1)
        while not self._over.is_set():
            verb = dice.choice(self.VERBS)
            try:
                getattr(self, f"_{verb}")(dice)
                self.counts[verb] += 1
            except (BookraError, IndexError):
                self.counts["refused"] += 1
            self._over.wait(dice.uniform(0.0, 0.15))

    def _wanted(self, dice: random.Random, *, phone: str | None, email: str = "") -> BookingRequest:
        name = f"Customer {dice.randrange(1000)}"
        who = self.luna.salon.act(
            lambda tx: add_customer(tx, name, phone=phone, email=email or None)[0]
        )
        staff = dice.choice(("ana", "ben"))
        day = self.luna.free().start.date()
        slots = self.luna.salon.ask(lambda tx: find_slots(tx, "cut", staff, day, 20, 40))
        return BookingRequest("cut", staff, dice.choice(slots).start, who.id)

    def _book(self, dice: random.Random) -> None:
        wanted = self._wanted(dice, phone=_phone(dice))
        self.codes.append(self.luna.salon.act(lambda tx: book(tx, wanted)).code)

    def _book_by_mail(self, dice: random.Random) -> None:
        wanted = self._wanted(dice, phone=None, email=f"c{dice.randrange(10**9)}@example.com")
        self.codes.append(self.luna.salon.act(lambda tx: book(tx, wanted)).code)

    def _book_by_link(self, dice: random.Random) -> None:
        wanted = self._wanted(dice, phone=_phone(dice))
        self.codes.append(self.luna.salon.act(lambda tx: book_with_link(tx, wanted)).code)

    def _pay(self, dice: random.Random) -> None:
        self.luna.outside.pay(dice.choice(self.codes))

    def _cash(self, dice: random.Random) -> None:
        code = dice.choice(self.codes)
        self.luna.salon.act(lambda tx: take_cash(tx, code))

    def _move(self, dice: random.Random) -> None:
        code, staff = dice.choice(self.codes), dice.choice(("ana", "ben"))
        day = self.luna.free().start.date()
        slots = self.luna.salon.ask(lambda tx: find_slots(tx, "cut", staff, day, 20, 40))
        start = dice.choice(slots).start
        self.luna.salon.act(lambda tx: move(tx, code, start, staff=staff))

    def _cancel(self, dice: random.Random) -> None:
        code = dice.choice(self.codes)
        self.luna.salon.act(lambda tx: cancel(tx, code))

    def _refund(self, dice: random.Random) -> None:
        code = dice.choice(self.codes)
        self.luna.salon.act(lambda tx: refund(tx, code, Back()))


def _phone(dice: random.Random) -> str:
    return f"+49309{dice.randrange(10**6, 10**7)}"


def _mend(tx: Tx) -> None:
    for provider in FAULTS:
        breakers.close(tx, provider)
