"""Money that is not so simple: gift cards, payments in parts, a refund, a dispute, payday."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bookra.commands.story.fortnight import Fortnight
from bookra.engine.bookings.model import Status
from bookra.engine.bookings.store import booking_by_code, bookings_between
from bookra.engine.ledger import chart
from bookra.engine.ledger.store import balances
from bookra.engine.orders.gift_cards import sell_gift_card
from bookra.engine.orders.redeeming import redeem_gift_card
from bookra.engine.orders.selling import pay_by
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.payments.taking import take
from bookra.engine.payouts import runs
from bookra.engine.payouts.figures import Run
from bookra.engine.payouts.period import month_of
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.providers import account
from bookra.money import Money
from bookra.sandbox import SandboxClient

GIFT_MINOR = 10_000
PARTS = 3
"""How many visits are paid in parts, and how many with the gift card's help."""


@dataclass(slots=True)
class Purse:
    """What was done with a business's money, in words, and what Stripe is asked about later."""

    notes: list[str] = field(default_factory=list)
    disputes: list[str] = field(default_factory=list)


def spend(engine: Engine, client: SandboxClient, story: Fortnight) -> Purse:
    """Sell and redeem a gift card, pay visits in parts, give half back, and have one disputed."""
    purse, slug = Purse(), story.business.slug
    done = engine.act(slug, _at_the_counter, command="demo money")
    purse.notes.append(f"a gift card of {done['sold']} sold, {done['redeemed']} of it redeemed")
    purse.notes.append(f"{done['parts']} visits paid by terminal and cash")
    returned, disputed = story.links[0], story.links[1]
    back = engine.act(slug, lambda tx: _half_back(tx, returned), command="demo refund")
    purse.notes.append(f"{back} of {returned} refunded to its card")
    opened = client.open_dispute(_account_ref(engine, slug), disputed)
    purse.disputes.append(opened["id"])
    return purse


def follow(engine: Engine, client: SandboxClient, story: Fortnight, purse: Purse) -> None:
    """Let the bank decide the disputes, and Stripe pay out what is available."""
    account_ref = _account_ref(engine, story.business.slug)
    for dispute in purse.disputes:
        client.close_dispute(account_ref, dispute, "won")
    for payout in client.run_payouts(account_ref, early=True):
        client.settle_payout(account_ref, payout["id"], "paid")
        paid = Money(payout["amount"], story.business.currency)
        purse.notes.append(f"a dispute won, and {paid} paid out to the bank")


def payday(engine: Engine, story: Fortnight) -> list[Run]:
    """Compute this month's pay of everybody, as a draft: the month goes on."""
    return engine.act(
        story.business.slug,
        lambda tx: runs.run(tx, month_of(tx.now.astimezone(tx.tenant.zone).date())),
        command="demo payday",
    )


def owed(tx: Tx) -> Money:
    """Return what the ledger owes to staff: commission and tips."""
    prefixes = (chart.COMMISSION_PREFIX, chart.TIPS_PREFIX, chart.CLAWBACK_PREFIX)
    total = sum(a.balance.minor for a in balances(tx) if a.code.startswith(prefixes))
    return Money(-total, tx.tenant.currency)


def unsettled(tx: Tx) -> int:
    """Return how many minor units are on their way: in clearing, disputed, or owed back."""
    waiting = (chart.CLEARING, chart.DISPUTED, chart.REFUNDS_OWED)
    return sum(abs(a.balance.minor) for a in balances(tx) if a.code in waiting)


def _at_the_counter(tx: Tx) -> dict[str, Any]:
    visits = [
        visit
        for visit in bookings_between(tx, tx.now, None, status=Status.CONFIRMED)
        if visit.due and not visit.paid
    ]
    for visit in visits[:PARTS]:
        part = Money(visit.due.minor // 3, visit.due.currency)
        take(tx, visit.code, "terminal", Asked(amount=part))
        take(tx, visit.code, "cash", Asked(tip=Money(part.minor // 5, part.currency)))
    card = sell_gift_card(tx, Money(GIFT_MINOR, tx.tenant.currency))
    pay_by(tx, card.order, "cash")
    redeemed = 0
    for visit in visits[PARTS : 2 * PARTS]:
        share = min(visit.due.minor, GIFT_MINOR - redeemed)
        if share:
            redeem_gift_card(tx, visit.code, card.code, Money(share, tx.tenant.currency))
            redeemed += share
    return {
        "sold": card.initial,
        "redeemed": Money(redeemed, tx.tenant.currency),
        "parts": len(visits[:PARTS]),
    }


def _half_back(tx: Tx, code: str) -> Money:
    half = Money(booking_by_code(tx, code).paid.minor // 2, tx.tenant.currency)
    return refund(tx, code, Back(amount=half, reason="not quite what was wished for")).amount


def _account_ref(engine: Engine, slug: str) -> str:
    def question(tx: Tx) -> str:
        stripe = account(tx, "stripe")
        assert stripe is not None
        return stripe.config["account"]

    return engine.ask(slug, question)
