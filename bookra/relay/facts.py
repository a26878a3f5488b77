"""The relay's read face: what Stripe holds now, fetched afresh and whole, for proofs.

The movements of an account may be many, so they wait in a temporary file until they are compared:
no transaction is open while Stripe is asked, and memory stays constant.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import IO

from bookra.clock import from_epoch, to_epoch
from bookra.config import Settings, sandbox_address
from bookra.engine.outbox.relays import relays
from bookra.engine.reports.reconcile import reconcile
from bookra.engine.reports.reconcile_model import (
    PayoutAnswer,
    Period,
    Reconciliation,
    StripeAnswer,
    StripeFact,
)
from bookra.engine.runtime import Engine
from bookra.engine.tenancy.providers import ProviderAccount
from bookra.errors import BookraError
from bookra.money import Money
from bookra.relay.access import Clients
from bookra.relay.providers.stripe import StripeAccess, StripeGateway
from bookra.relay.providers.stripe_facts import Movement
from bookra.relay.stripe_feed import OVERLAP

ROUNDS = 3
"""How often a list is read again because money moved meanwhile."""

MOVED_MEANWHILE = "not proven: money kept moving while Stripe was asked; try again"


def prove_stripe(
    engine: Engine, settings: Settings, tenant: str, period: Period | None = None
) -> tuple[Reconciliation, ...]:
    """Ask Stripe and compare: one proof a currency, the business's own first.

    Raises BookraError when Stripe can't be asked at all. An answer that is empty or breaks off is
    an answer that proves nothing: it says so, and is never taken for a zero.
    """
    with stripe_answer(engine, settings, tenant, period) as answer:
        return engine.ask(tenant, lambda tx: reconcile(tx, answer, period), consistent=True)


def settlement_currency(
    settings: Settings, account: ProviderAccount, token: Mapping[str, str]
) -> str:
    """Ask Stripe in which currency an account settles that is not connected yet.

    Raises BookraError when it can't be asked, or refuses the key.
    """
    url = sandbox_address(settings) if account.sandbox else None
    access = StripeAccess(token["token"], account.config.get("account"), url)
    with StripeGateway(access) as stripe:
        return stripe.settlement_currency()


@contextmanager
def stripe_answer(
    engine: Engine, settings: Settings, tenant: str, period: Period | None = None
) -> Iterator[StripeAnswer]:
    """Fetch all that Stripe says of a tenant's account; it can be read until the block ends."""
    with (
        closing(Clients(engine, settings)) as clients,
        tempfile.TemporaryFile("w+", encoding="utf-8") as file,
    ):
        account, stripe = clients.stripe(tenant)
        opened = engine.ask(tenant, lambda tx: tx.tenant.created_at)
        begun_at = datetime.now(UTC)
        held, count, failure = _written(stripe, file)
        payouts, why = _payouts(stripe, opened, period) if not failure else ([], "")
        settles_in = stripe.settlement_currency()
        yield StripeAnswer(
            account_ref=account.config.get("account", "own"),
            begun_at=begun_at,
            expected_from=from_epoch(to_epoch(opened - OVERLAP)),
            held={currency: money.minor for currency, money in held.items()},
            count=count,
            facts=lambda: _read(file),
            payouts=payouts,
            settles_in=settles_in,
            failure=failure or why,
            relay_at_work=any(relay.alive for relay in engine.across_tenants(relays)),
        )


def _written(stripe: StripeGateway, file: IO[str]) -> tuple[Mapping[str, Money], int, str]:
    """Write every movement to the file; returns the balances, how many, and why not all, if so.

    The balance must be the same before and after: otherwise money moved meanwhile. Raises
    BookraError when Stripe does not answer at all.
    """
    held = stripe.balances()
    for _ in range(ROUNDS):
        file.seek(0)
        file.truncate()
        count = 0
        try:
            for movement in stripe.history():
                if movement.amount or movement.fee:  # one that moves nothing makes no entry
                    file.write(_line(movement))
                    count += 1
            after = stripe.balances()
        except BookraError as error:
            return held, count, f"not proven: the answer broke off ({error.message})"
        if after == held:
            return held, count, ""
        held = after
    return held, count, MOVED_MEANWHILE


def _line(movement: Movement) -> str:
    told = {
        "txn_ref": movement.txn_ref,
        "type": movement.type,
        "category": movement.category,
        "source_ref": movement.source_ref,
        "operation": movement.operation_id,
        "charge": movement.charge_ref,
        "amount_minor": movement.amount.minor,
        "fee_minor": movement.fee.minor,
        "net_minor": movement.net.minor,
        "currency": movement.amount.currency,
        "moved_at": to_epoch(movement.created_at),
    }
    return json.dumps(told) + "\n"


def _read(file: IO[str]) -> Iterator[StripeFact]:
    file.seek(0)
    for line in file:
        told = json.loads(line)
        yield StripeFact(**{**told, "moved_at": from_epoch(told["moved_at"])})


def _payouts(
    stripe: StripeGateway, opened: datetime, period: Period | None
) -> tuple[list[PayoutAnswer], str]:
    """Return the payouts of the period, or of the business's whole life, with what they carry."""
    since = (period.start if period else None) or opened - timedelta(days=1)
    try:
        found = [
            PayoutAnswer(
                state.payout_ref,
                state.amount.currency,
                state.amount.minor,
                state.status,
                state.automatic,
                None if state.carried is None else state.carried.minor,
            )
            for state in stripe.payouts(to_epoch(since))
            if period is None or period.place(state.created_at) == 0
        ]
    except BookraError as error:
        return [], f"not proven: the payouts broke off ({error.message})"
    return found, ""
