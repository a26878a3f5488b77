"""Splits the commission of a sale, gives it to another person, and claims it back after refunds.

A line or an item has one commission at a time: a split, less what refunds took of it. When
somebody else performs the visit by then, the split is reversed and made again. Everything here can
be done twice without effect. Locks: the booking or order, then a person's tiers, by person.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from bookra.clock import from_epoch, local_day, opening
from bookra.engine.commissions import store
from bookra.engine.commissions.plans import rules_known
from bookra.engine.commissions.rules import (
    Kind,
    Progress,
    Rule,
    clawed_back,
    commission,
    period_of,
    rule_for,
)
from bookra.engine.commissions.store import Part, Sale, Split, Standing
from bookra.engine.ledger.entry import Draft
from bookra.engine.ledger.rules import pay
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.runtime import Tx

_CommissionRule = Callable[..., Draft]


def split(tx: Tx, booking_id: UUID | None, order_id: UUID | None = None) -> int:
    """Give each line and item its commission; returns how many got one now.

    By the rules of the day on which the revenue was recognised: nothing happens before. Commission
    of somebody who does not perform a visit any more goes to who does. Locks the booking or order.
    """
    sale = store.locked_sale(tx, booking_id, order_id)
    if sale is None:
        return 0
    parts = store.parts_of(tx, sale)
    held = store.standing(tx, parts)
    done = 0
    for part in parts:
        known = held.get(part.id)
        if known is not None and known.staff_id == part.sold.staff_id:
            continue
        if known is not None:
            _reverse(tx, sale, part, known)
        _give(tx, sale, part, known.number + 1 if known else 1)
        done += 1
    if done:
        _claim_back(tx, sale, parts, "split", tx.now)
    return done


def claw_back(tx: Tx, booking_id: UUID | None, order_id: UUID | None, refund_key: str) -> int:
    """Claim back what all refunds so far take of the commission; returns it, in minor units.

    The ledger says what was refunded of each line, so refunds may be told late, twice or together.
    Dated as the refund's entry, ``refund_key``. Locks the booking or order.
    """
    sale = store.locked_sale(tx, booking_id, order_id)
    if sale is None:
        return 0
    at = store.effective_at(tx, refund_key) or tx.now
    return _claim_back(tx, sale, store.parts_of(tx, sale), refund_key, at)


def _give(tx: Tx, sale: Sale, part: Part, number: int) -> None:
    """Split a part: the first time as of its sale, later as of now."""
    rules, day = rules_known(tx), local_day(sale.at, tx.tenant.zone)
    rule = rule_for(part.sold, rules, day)
    at = sale.at if number == 1 else tx.now
    earned = commission(part.sold, rule.terms, _progress(tx, part, rule, rules, at))
    key = part.name if number == 1 else f"{part.name}:{number}"
    entry = f"commission:{part.id}" if number == 1 else f"commission:{part.id}:{number}"
    entry_id = None
    if earned.amount_minor:
        entry_id = _posted(
            tx,
            pay.commission(
                _fact(sale, entry, at),
                part.staff,
                earned.amount_minor,
                line_id=part.line_id,
                item_id=part.item_id,
            ),
        )
    split = Split(
        key,
        "split",
        part.sold.staff_id,
        earned.amount_minor,
        entry_id,
        at,
        earned.base_minor,
        earned.rate_bps,
        rule.id,
    )
    store.write(tx, sale, split, part)
    if earned.catch_up_minor:
        _catch_up(tx, sale, part, split, earned.catch_up_minor)


def _progress(
    tx: Tx, part: Part, rule: Rule, rules: tuple[Rule, ...], at: datetime
) -> Progress | None:
    """Return what counts towards a tiered rule: all that its target's rules gave in the period."""
    if rule.terms.kind is not Kind.TIERED:
        return None
    zone = tx.tenant.zone
    first, after = period_of(local_day(at, zone), rule.terms.every)
    same = [known.id for known in rules if known.target == rule.target and known.id]
    start, until = (from_epoch(opening(day, 0, zone)) for day in (first, after))
    return store.locked_progress(tx, part.sold.staff_id, same, start, until)


def _catch_up(tx: Tx, sale: Sale, part: Part, split: Split, amount: int) -> None:
    """Post what a tier that reaches back gives for earlier sales of the period; may be negative."""
    fact = _fact(sale, f"commission-tier:{split.key}", split.split_at)
    entry_id = _posted(tx, pay.correction(fact, part.staff, amount))
    row = Split(
        f"tier:{split.key}",
        "tier",
        split.staff_id,
        amount,
        entry_id,
        split.split_at,
        rate_bps=split.rate_bps,
        rule_id=split.rule_id,
    )
    store.write(tx, sale, row, None)


def _reverse(tx: Tx, sale: Sale, part: Part, held: Standing) -> None:
    """Take a commission back from who does not perform the visit any more."""
    store.hold_pay_runs(tx)
    key = f"{part.name}:{held.number}:reversal"
    entry_id = None
    if held.outstanding_minor:
        fact = _fact(sale, f"commission:{key}", tx.now)
        entry_id = _taken(tx, part, held, fact, held.outstanding_minor, pay.correction)
    row = Split(
        key,
        "reversal",
        held.staff_id,
        -held.outstanding_minor,
        entry_id,
        held.split_at,
        -held.base_minor,
        held.rate_bps,
        held.rule_id,
    )
    store.write(tx, sale, row, part)


def _claim_back(tx: Tx, sale: Sale, parts: list[Part], cause: str, at: datetime) -> int:
    refunded = store.refunded(tx, sale)
    if not refunded:
        return 0
    store.hold_pay_runs(tx)
    standing = store.standing(tx, parts)
    return sum(
        _claim_part(tx, sale, part, standing[part.id], cause, at, refunded[part.id])
        for part in parts
        if part.id in standing and part.id in refunded
    )


def _claim_part(
    tx: Tx, sale: Sale, part: Part, held: Standing, cause: str, at: datetime, refunded_minor: int
) -> int:
    """Claim back the rest of what refunds of one part take of its commission."""
    whole = clawed_back(held.amount_minor, refunded_minor, part.sold.net_minor)
    amount = whole - (held.amount_minor - held.outstanding_minor)
    key = f"clawback:{cause}:{part.name}:{held.number}"
    if not amount or store.is_known(tx, key):
        return 0
    fact = _fact(sale, f"commission:{key}", at)
    entry_id = _taken(tx, part, held, fact, amount, pay.commission)
    row = Split(
        key,
        "clawback",
        held.staff_id,
        -amount,
        entry_id,
        at,
        rate_bps=held.rate_bps,
        rule_id=held.rule_id,
    )
    store.write(tx, sale, row, part)
    return amount


def _taken(
    tx: Tx, part: Part, held: Standing, fact: Fact, amount: int, unpaid: _CommissionRule
) -> UUID:
    """Post what is taken back: from what is owed, or as a claim if a sealed pay run holds it."""
    where = {"line_id": part.line_id, "item_id": part.item_id}
    if amount > 0 and store.is_sealed(tx, held.staff_id, held.split_at):
        return _posted(tx, pay.clawback_of_paid(fact, held.staff, amount, **where))
    return _posted(tx, unpaid(fact, held.staff, -amount, **where))


def _posted(tx: Tx, draft: Draft) -> UUID:
    entry_id, _ = post(tx, draft)
    return entry_id


def _fact(sale: Sale, key: str, at: datetime) -> Fact:
    return Fact(key, at, sale.currency, sale.booking_id, sale.order_id)
