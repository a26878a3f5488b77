"""Commission plans: rules written once, from a day on. A newer one takes over, history stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Row, text

from bookra.engine.catalog.actions import find_service
from bookra.engine.commissions.rules import (
    Base,
    Every,
    Kind,
    Mode,
    Rule,
    Sold,
    Target,
    Terms,
    Tier,
    checked_terms,
    rule_for,
)
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import new_id

RULES = text(
    """
    SELECT r.id, r.staff_id, r.service_id, r.product_id, r.category, r.kind, r.rate_bps,
           r.amount_minor, r.tiers, r.tier_mode, r.tier_period, r.base, r.with_tax,
           r.effective_from, r.ended, r.currency, k.slug AS staff, s.slug AS service,
           p.slug AS product
      FROM commission_rules r
      LEFT JOIN bookables k ON k.tenant_id = r.tenant_id AND k.id = r.staff_id
      LEFT JOIN services s ON s.tenant_id = r.tenant_id AND s.id = r.service_id
      LEFT JOIN products p ON p.tenant_id = r.tenant_id AND p.id = r.product_id
     WHERE r.tenant_id = :tenant_id
     ORDER BY r.created_at, r.id
    """
)
PRODUCT = text(
    "SELECT id, slug, category FROM products WHERE tenant_id = :tenant_id AND slug = :slug"
)
CATEGORY = text(
    "SELECT 1 FROM services WHERE tenant_id = :tenant_id AND category = :category"
    " UNION ALL SELECT 1 FROM products WHERE tenant_id = :tenant_id AND category = :category"
    " LIMIT 1"
)
INSERT = text(
    """
    INSERT INTO commission_rules (tenant_id, id, staff_id, service_id, product_id, category, kind,
                                  rate_bps, amount_minor, currency, tiers, tier_mode, tier_period,
                                  base, with_tax, effective_from, ended, created_at)
    VALUES (:tenant_id, :id, :staff_id, :service_id, :product_id, :category, :kind, :rate_bps,
            :amount_minor, :currency, :tiers, :tier_mode, :tier_period, :base, :with_tax,
            :effective_from, :ended, :now)
    """
)
READ = "commission_rules"


@dataclass(frozen=True, slots=True)
class Aim:
    """Whom and what a plan is for, by slug; None is everybody, or everything that is sold."""

    staff: str | None = None
    service: str | None = None
    product: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule as it is shown: with slugs in place of ids."""

    aim: Aim
    rule: Rule
    currency: str


def set_plan(tx: Tx, aim: Aim, terms: Terms, effective_from: date, *, ended: bool = False) -> Plan:
    """Write a rule that applies to sales from a day on; the same again changes nothing.

    ``ended`` says that no rule for this target applies any more: the next less specific one does.
    What was split before stays. Raises InvalidInputError (``bad_rate``, ``bad_tiers``,
    ``two_targets``), NotFoundError for a slug, or a category, that names nothing.
    """
    target = _target(tx, aim)
    rule = Rule(new_id(), target, checked_terms(terms), effective_from, ended)
    same = [plan for plan in plans(tx) if plan.rule.target == target]
    if same and _equal(same[-1].rule, rule):
        return same[-1]
    tx.run(INSERT, **_row(tx, rule))
    tx.memory.pop(READ, None)
    tx.concerns("commission-rule", rule.id)
    return Plan(aim, rule, tx.tenant.currency)


def plans(tx: Tx, *, day: date | None = None) -> list[Plan]:
    """Return every rule, in the order in which they were written; those of a day when it is given.

    Those of a day are without what has ended, or a later rule replaced, or is to come.
    """
    found = [_plan(row) for row in tx.rows(RULES)]
    if day is None:
        return found
    current: dict[Target, Plan] = {}
    for plan in found:
        known = current.get(plan.rule.target)
        newer = known is None or known.rule.effective_from <= plan.rule.effective_from
        if plan.rule.effective_from <= day and newer:
            current[plan.rule.target] = plan
    return [plan for plan in current.values() if not plan.rule.ended]


def applying(tx: Tx, aim: Aim, day: date) -> Plan:
    """Return what applies to a sale: ``aim`` names the staff member, and a service or product.

    The plan of the rate that is agreed with the person aims at nobody: its rule has no id.
    """
    staff = find_staff(tx, aim.staff or "")
    target, category = _target(tx, aim), aim.category or ""
    if aim.service:
        category = find_service(tx, aim.service).category
    elif aim.product:
        category = _product(tx, aim.product).category
    sale = Sold(
        staff.id,
        target.service_id,
        target.product_id,
        category,
        0,
        0,
        0,
        0,
        1,
        staff.commission_bps,
    )
    known = plans(tx)
    rule = rule_for(sale, [plan.rule for plan in known], day)
    found = [plan for plan in known if plan.rule is rule]
    return found[0] if found else Plan(Aim(aim.staff), rule, tx.tenant.currency)


def rules_known(tx: Tx) -> tuple[Rule, ...]:
    """Return all rules in the order in which they were written; read once a transaction."""
    if READ not in tx.memory:
        tx.memory[READ] = tuple(plan.rule for plan in plans(tx))
    known: tuple[Rule, ...] = tx.memory[READ]
    return known


def _target(tx: Tx, aim: Aim) -> Target:
    things = [thing for thing in (aim.service, aim.product, aim.category) if thing is not None]
    if len(things) > 1:
        raise InvalidInputError(
            "two_targets",
            "A plan is for a service, a product or a category: for one of them",
            hint="Write a plan for each",
        )
    if aim.category is not None and tx.row(CATEGORY, category=aim.category) is None:
        raise NotFoundError(
            "unknown_category",
            f"No service and no product is in the category '{aim.category}'",
            hint="See them: bookra service list",
        )
    return Target(
        find_staff(tx, aim.staff).id if aim.staff is not None else None,
        find_service(tx, aim.service).id if aim.service is not None else None,
        _product(tx, aim.product).id if aim.product is not None else None,
        aim.category,
    )


def _product(tx: Tx, slug: str) -> Row[Any]:
    row = tx.row(PRODUCT, slug=slug)
    if row is None:
        raise NotFoundError(
            "unknown_product",
            f"There is no product '{slug}'",
            hint="List them: bookra product list",
            details={"product": slug},
        )
    return row


def _equal(one: Rule, other: Rule) -> bool:
    facts = (one.effective_from, one.ended)
    return facts == (other.effective_from, other.ended) and (one.ended or one.terms == other.terms)


def _row(tx: Tx, rule: Rule) -> dict[str, Any]:
    terms, target = rule.terms, rule.target
    tiered = terms.kind is Kind.TIERED
    tiers = [[tier.from_minor, tier.rate_bps] for tier in terms.tiers]
    return {
        "id": rule.id,
        "staff_id": target.staff_id,
        "service_id": target.service_id,
        "product_id": target.product_id,
        "category": target.category,
        "kind": terms.kind.value,
        "rate_bps": terms.rate_bps if terms.kind is Kind.PERCENT else None,
        "amount_minor": terms.amount_minor if terms.kind is Kind.FIXED else None,
        "currency": tx.tenant.currency,
        "tiers": Jsonb(tiers) if tiered else None,
        "tier_mode": terms.mode.value if tiered else None,
        "tier_period": terms.every.value,
        "base": terms.base.value,
        "with_tax": terms.with_tax,
        "effective_from": rule.effective_from,
        "ended": rule.ended,
        "now": tx.now,
    }


def _plan(row: Row[Any]) -> Plan:
    tiers: Sequence[Sequence[int]] = row.tiers or ()
    terms = Terms(
        Kind(row.kind),
        row.rate_bps or 0,
        row.amount_minor or 0,
        tuple(Tier(start, rate) for start, rate in tiers),
        Mode(row.tier_mode or Mode.PROGRESSIVE),
        Every(row.tier_period),
        Base(row.base),
        row.with_tax,
    )
    target = Target(row.staff_id, row.service_id, row.product_id, row.category)
    aim = Aim(row.staff, row.service, row.product, row.category)
    return Plan(aim, _rule(row.id, target, terms, row), row.currency)


def _rule(rule_id: UUID, target: Target, terms: Terms, row: Row[Any]) -> Rule:
    return Rule(rule_id, target, terms, row.effective_from, row.ended)
