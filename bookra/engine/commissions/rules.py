"""Commission rules: which one applies to a sale, and what it gives. Pure, in minor units.

A rule names whom it is for and what; ``Target.rank`` says which of several applies. Among rules for
the same target the one that took effect last applies, so a newer one takes over from its day on and
one that is ``ended`` leaves the sale to the next less specific target.

Tiers are computed on totals and posted as differences, so nothing is lost to rounding: 980.00 sold
at 40 % is 392.00; with 80.00 more and 50 % from 1000.00 on it is 430.00; the sale gives 38.00.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from bookra.errors import InvalidInputError
from bookra.money import BPS, share


class Kind(StrEnum):
    """How a rule says how much."""

    PERCENT = "percent"
    FIXED = "fixed"
    TIERED = "tiered"


class Mode(StrEnum):
    """What a tier that is reached changes: what comes after, or the period's sales before too."""

    PROGRESSIVE = "progressive"
    RETROACTIVE = "retroactive"


class Every(StrEnum):
    """How long tiers are counted before they begin anew."""

    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Base(StrEnum):
    """Of which price the commission is a share."""

    AFTER_DISCOUNT = "after-discount"
    BEFORE_DISCOUNT = "before-discount"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom and what a rule is for; None is everybody, or everything that is sold."""

    staff_id: UUID | None = None
    service_id: UUID | None = None
    product_id: UUID | None = None
    category: str | None = None

    @property
    def rank(self) -> int:
        """How specific it is: the sale counts more than the category, staff more than both.

        5 staff and service or product · 4 staff and category · 3 staff · 2 service or product ·
        1 category · 0 everything.
        """
        thing = 2 if self.service_id or self.product_id else 1 if self.category else 0
        return 3 * (self.staff_id is not None) + thing

    def covers(self, sale: Sold) -> bool:
        """Tell whether a sale is meant."""
        return all(
            wanted is None or wanted == found
            for wanted, found in (
                (self.staff_id, sale.staff_id),
                (self.service_id, sale.service_id),
                (self.product_id, sale.product_id),
                (self.category, sale.category),
            )
        )


@dataclass(frozen=True, slots=True)
class Tier:
    """From a total on, the share that is earned. The first tier of a rule begins at zero."""

    from_minor: int
    rate_bps: int


@dataclass(frozen=True, slots=True)
class Terms:
    """How much a rule gives: ``rate_bps``, ``amount_minor`` a piece, or ``tiers``, by its kind."""

    kind: Kind
    rate_bps: int = 0
    amount_minor: int = 0
    tiers: tuple[Tier, ...] = ()
    mode: Mode = Mode.PROGRESSIVE
    every: Every = Every.MONTH
    base: Base = Base.AFTER_DISCOUNT
    with_tax: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """Terms for a target from a day on; ``id`` is None for the rate that was agreed on the sale."""

    id: UUID | None
    target: Target
    terms: Terms
    effective_from: date
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Sold:
    """What commission is computed on: one line of a visit, or one item of a visit or an order.

    ``net_minor`` is after discount; ``agreed_bps`` applies when no rule does.
    """

    staff_id: UUID
    service_id: UUID | None
    product_id: UUID | None
    category: str
    net_minor: int
    tax_minor: int
    tax_bps: int
    discount_minor: int
    quantity: int
    agreed_bps: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What a person has sold and earned under a tiered rule so far in its period."""

    base_minor: int = 0
    earned_minor: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A commission: on what, at which rate, how much.

    ``catch_up_minor`` is what earlier sales of the period gain by a tier that reaches back.
    """

    base_minor: int
    rate_bps: int
    amount_minor: int
    catch_up_minor: int = 0


def rule_for(sale: Sold, rules: Iterable[Rule], day: date) -> Rule:
    """Return the rule that applies to a sale of a day; the agreed rate when none does.

    ``rules`` stand in the order in which they were written: of two from the same day the later
    one counts.
    """
    current: dict[Target, Rule] = {}
    for rule in rules:
        if rule.effective_from <= day and rule.target.covers(sale):
            known = current.get(rule.target)
            if known is None or known.effective_from <= rule.effective_from:
                current[rule.target] = rule
    standing = [rule for rule in current.values() if not rule.ended]
    if not standing:
        return Rule(None, Target(), Terms(Kind.PERCENT, rate_bps=sale.agreed_bps), day)
    return max(standing, key=lambda rule: rule.target.rank)


def commission(sale: Sold, terms: Terms, progress: Progress | None = None) -> Share:
    """Return what a sale gives; tiers need the period's ``progress`` before it."""
    base = base_of(sale, terms)
    if terms.kind is Kind.FIXED:
        return Share(base, 0, terms.amount_minor * sale.quantity)
    if terms.kind is Kind.PERCENT:
        return Share(base, terms.rate_bps, share(base, terms.rate_bps))
    before = progress or Progress()
    if terms.mode is Mode.PROGRESSIVE:
        return _progressive(terms.tiers, before.base_minor, base)
    return _retroactive(terms.tiers, before, base)


def base_of(sale: Sold, terms: Terms) -> int:
    """Return the price that a commission is a share of."""
    net, tax = sale.net_minor, sale.tax_minor
    if terms.base is Base.BEFORE_DISCOUNT:
        net += sale.discount_minor
        tax += share(sale.discount_minor, sale.tax_bps)
    return net + tax if terms.with_tax else net


def _progressive(tiers: tuple[Tier, ...], before: int, base: int) -> Share:
    after = before + base
    amount = _summed(tiers, after) - _summed(tiers, before)
    return Share(base, _reached(tiers, after).rate_bps, amount)


def _summed(tiers: tuple[Tier, ...], total: int) -> int:
    """Return what a total earns, each part of it at its own tier; rounded once."""
    ends = [tier.from_minor for tier in tiers[1:]] + [max(total, 0)]
    parts = sum(
        max(0, min(total, end) - tier.from_minor) * tier.rate_bps
        for tier, end in zip(tiers, ends, strict=True)
    )
    return ratio(1, parts, BPS)


def _retroactive(tiers: tuple[Tier, ...], before: Progress, base: int) -> Share:
    reached = _reached(tiers, before.base_minor + base)
    amount = share(base, reached.rate_bps)
    if reached == _reached(tiers, before.base_minor):
        return Share(base, reached.rate_bps, amount)
    whole = share(before.base_minor + base, reached.rate_bps)
    return Share(base, reached.rate_bps, amount, whole - before.earned_minor - amount)


def _reached(tiers: tuple[Tier, ...], total: int) -> Tier:
    return next((tier for tier in reversed(tiers) if total >= tier.from_minor), tiers[0])


def clawed_back(commission_minor: int, refunded_minor: int, net_minor: int) -> int:
    """Return what a refund of so much of a net price takes of its commission in all.

    Cumulative: what was taken for earlier refunds is subtracted by the caller, so that any sequence
    of refunds ends at exactly the whole.
    """
    if refunded_minor >= net_minor:
        return commission_minor if refunded_minor else 0
    return ratio(commission_minor, refunded_minor, net_minor)


def ratio(minor: int, part: int, whole: int) -> int:
    """Return ``minor × part / whole``, rounded half away from zero, sign-symmetrically."""
    product = abs(minor * part)
    rounded = (2 * product + whole) // (2 * whole)
    return rounded if minor * part >= 0 else -rounded


def period_of(day: date, every: Every) -> tuple[date, date]:
    """Return the first day of a tier's period, and the first day after it."""
    if every is Every.WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    first = day.replace(day=1, month=1 if every is Every.YEAR else day.month)
    if every is Every.YEAR:
        return first, first.replace(year=first.year + 1)
    return first, (first + timedelta(days=31)).replace(day=1)


def checked_terms(terms: Terms) -> Terms:
    """Return terms that make sense; raises InvalidInputError (``bad_rate``, ``bad_tiers``)."""
    rates = [terms.rate_bps, *(tier.rate_bps for tier in terms.tiers)]
    if any(not 0 <= rate <= BPS for rate in rates):
        raise InvalidInputError("bad_rate", "A commission is 0 to 100 % of what was sold")
    if terms.kind is not Kind.TIERED:
        return terms
    tiers = tuple(sorted(terms.tiers, key=lambda tier: tier.from_minor))
    if len(tiers) < 2 or tiers[0].from_minor != 0:
        raise InvalidInputError(
            "bad_tiers",
            "Tiers need a rate from 0 on, and at least one more",
            hint="Such as: --tier 0:40 --tier 1000.00:50",
        )
    if len({tier.from_minor for tier in tiers}) < len(tiers):
        raise InvalidInputError("bad_tiers", "Two tiers begin at the same total")
    return replace(terms, tiers=tiers)
