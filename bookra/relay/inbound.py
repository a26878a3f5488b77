"""What comes back from Stripe, for all businesses side by side: whose turn it is, and its trouble.

Each business has a turn of its own: one thread at a time reads its feeds (`StripeFeed`) or handles
what a webhook brought. An account that hangs or refuses its token delays nobody: it holds one
thread, those that were in trouble before share a few, and they are asked less and less often.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from uuid import UUID

from sqlalchemy import text

from bookra.clock import to_epoch
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.providers import connected
from bookra.errors import BookraError
from bookra.relay.access import Clients
from bookra.relay.events import accounts
from bookra.relay.log import log
from bookra.relay.providers.stripe import StripeGateway
from bookra.relay.providers.stripe_facts import Movement
from bookra.relay.stripe_feed import StripeFeed, is_refusal, reason
from bookra.relay.turns import Turns

POLL_SECONDS = 2.0
THREADS = 8
TROUBLED_THREADS = 2
"""How many threads may wait at once for accounts that failed when they were last asked."""

STANDING_SECONDS = 30.0
"""How often an account is asked what it may do, while it may not do everything."""

CLOSED_ACCESS = frozenset({"key_missing", "wrong_key", "provider_not_set"})
"""Codes of a token that can't be opened here: only a person can mend that."""

# By the primary key: an id begins with its moment, and a page is open for a day at most.
AWAITED = text(
    """
    SELECT EXISTS (
        SELECT FROM operations
         WHERE tenant_id = :tenant_id AND id > :since AND kind IN ('checkout', 'setup')
           AND state IN ('new', 'open') AND expires_at > :now) AS awaited
    """
)
LONGEST_PAGE_SECONDS = 24 * 3600


class Inbound:
    """Reads every business's account at Stripe. Its methods may be called from any thread."""

    def __init__(
        self,
        engine: Engine,
        clients: Clients,
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._engine = engine
        self._clients = clients
        self._feed = StripeFeed(engine)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="inbound")
        self._lock = threading.Lock()
        self._turns = Turns(poll_seconds)
        self._busy: set[str] = set()
        self._poked: set[str] = set()
        self._waiting_for_trouble = 0
        self._states: dict[str, str] = {}
        self._asked_at: dict[str, float] = {}
        self._reopened: set[str] = set()

    def once(self) -> int:
        """Read every account that is not in trouble, and wait; returns how many facts were new."""
        self._learn()
        with self._lock:
            slugs = self._turns.sound(time.monotonic())
        started = [self._start(slug, self._read) for slug in slugs]
        futures = [future for future in started if future is not None]
        wait(futures)
        return sum(future.result() for future in futures)

    def tick(self) -> int:
        """Start reading the accounts whose turn it is; waits for none, returns how many."""
        self._learn()
        with self._lock:
            slugs = self._turns.due(time.monotonic())
        return sum(self._start(slug, self._read) is not None for slug in slugs)

    def poke(self, slug: str) -> None:
        """Handle the business's open events soon: a webhook has brought one. Never waits."""
        with self._lock:
            self._turns.told(slug, time.monotonic())
            if slug in self._busy:
                self._poked.add(slug)
                return
        with suppress(RuntimeError):  # the pool is closed: the next relay finds the event
            self._start(slug, self._handle)

    def close(self) -> None:
        """Begin nothing more, and wait for what is at work."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def poll_events(self, slug: str, stripe: StripeGateway) -> int:
        """Keep and settle one account's events; returns how many were new."""
        return self._feed.poll_events(slug, stripe)

    def poll_movements(self, slug: str, stripe: StripeGateway) -> int:
        """Post one account's balance transactions; returns how many were new."""
        return self._feed.poll_movements(slug, stripe)

    def record(self, slug: str, movement: Movement) -> None:
        """Settle what is behind one balance transaction, and post it."""
        self._feed.record(slug, movement)

    def _learn(self) -> None:
        """Find out who is connected: one read across tenants."""
        found = self._engine.across_tenants(lambda connection: connected(connection, "stripe"))
        with self._lock:
            self._turns.known((each.slug, each.version) for each in found)
            self._states = {each.slug: each.state for each in found}

    def _start(self, slug: str, work: Callable[[str, StripeGateway], int]) -> Future[int] | None:
        """Give a business a thread, unless it has one or too many in trouble have theirs."""
        with self._lock:
            troubled = self._turns.troubled(slug)
            if slug in self._busy or (troubled and self._waiting_for_trouble >= TROUBLED_THREADS):
                return None
            future = self._pool.submit(self._turn, slug, work, troubled=troubled)
            self._busy.add(slug)
            self._waiting_for_trouble += troubled
            return future

    def _turn(self, slug: str, work: Callable[[str, StripeGateway], int], *, troubled: bool) -> int:
        """Work for one business until nobody has poked it meanwhile; its trouble ends here."""
        found = 0
        while True:
            found += self._worked(slug, work)
            with self._lock:
                if slug not in self._poked:
                    self._busy.discard(slug)
                    self._waiting_for_trouble -= troubled
                    return found
                self._poked.discard(slug)
            work = self._handle

    def _worked(self, slug: str, work: Callable[[str, StripeGateway], int]) -> int:
        try:
            _, stripe = self._clients.stripe(slug)
            return work(slug, stripe)
        except Exception as error:  # noqa: BLE001 - the other businesses must be read
            self._in_trouble(slug, error)
        return 0

    def _read(self, slug: str, stripe: StripeGateway) -> int:
        if slug not in self._reopened:
            self._feed.reopen(slug)
            self._reopened.add(slug)
        found = self._feed.poll_events(slug, stripe) + self._feed.poll_movements(slug, stripe)
        self._ask_standing(slug, stripe)
        awaited = not found and self._engine.ask(slug, _is_awaited)
        with self._lock:
            self._turns.ended(slug, time.monotonic(), found=found, awaited=awaited)
        return found

    def _handle(self, slug: str, stripe: StripeGateway) -> int:
        return self._feed.handle_open(slug, stripe)

    def _ask_standing(self, slug: str, stripe: StripeGateway) -> None:
        """Ask what an account may do that may not do everything yet; its answer ends a refusal."""
        now, state = time.monotonic(), self._states.get(slug, "active")
        due_at = self._asked_at.get(slug, float("-inf")) + STANDING_SECONDS
        if state == "active" or (state != "refused" and now < due_at):
            return
        self._asked_at[slug] = now
        standing = stripe.standing()
        became = self._engine.act(
            slug,
            lambda tx: accounts.asked(tx, standing, refused=state == "refused"),
            command=None,
        )
        log("stripe.account", tenant=slug, became=became, why=standing.why)

    def _in_trouble(self, slug: str, error: Exception) -> None:
        """Ask the account less often; note it where its token is refused."""
        refused = is_refusal(error)
        why = reason(error)
        closed = isinstance(error, BookraError) and error.code in CLOSED_ACCESS
        with self._lock:
            self._turns.failed(slug, time.monotonic(), refused=refused or closed)
        log("stripe.not_polled", level="warning", tenant=slug, error=why)
        if refused:
            with suppress(BookraError):  # the database is away too: the next turn notes it
                self._engine.act(slug, lambda tx: accounts.refused(tx, why), command=None)


def _is_awaited(tx: Tx) -> bool:
    """Tell whether a page is open on which somebody may be paying just now."""
    earliest = (to_epoch(tx.now) - LONGEST_PAGE_SECONDS) * 1000
    row = tx.row(AWAITED, since=UUID(int=earliest << 80), now=tx.now)
    return bool(row and row.awaited)
