"""Membership plans: what a member pays a period, and gets for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.catalog.actions import find_service
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.ids import checked_name, checked_slug, new_id
from bookra.money import BPS, Money

LONGEST_MONTHS = 12
MOST_VISITS = 1000

SELECT = """
    SELECT p.id, p.slug, p.name, p.price_minor, p.currency, p.months, p.service_id,
           s.slug AS service, p.visits, p.discount_bps, p.active
      FROM membership_plans p
      LEFT JOIN services s ON s.tenant_id = p.tenant_id AND s.id = p.service_id
     WHERE p.tenant_id = :tenant_id
"""
ONE = text(SELECT + " AND p.slug = :slug")
ALL = text(SELECT + " AND (p.active OR :retired) ORDER BY p.name, p.slug")
INSERT = text(
    """
    INSERT INTO membership_plans (tenant_id, id, slug, name, price_minor, currency, months,
                                  service_id, visits, discount_bps, created_at)
    VALUES (:tenant_id, :id, :slug, :name, :price_minor, :currency, :months, :service_id, :visits,
            :discount_bps, :now)
    ON CONFLICT (tenant_id, slug) DO NOTHING
    """
)
END = text(
    "UPDATE membership_plans SET active = false, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND slug = :slug"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan: ``price`` (tax included) every ``months``, for ``visits`` of ``service`` in each.

    ``discount_bps`` is what members get off every visit. Visits of zero earn the price by time.
    """

    slug: str
    name: str
    price: Money
    months: int = 1
    service: str | None = None
    visits: int = 0
    discount_bps: int = 0
    id: UUID | None = None
    service_id: UUID | None = None
    active: bool = True


def add_plan(tx: Tx, new: Plan) -> tuple[Plan, bool]:
    """Add a plan. The same again changes nothing (False); another one raises ConflictError."""
    plan = _checked(tx, new)
    written = tx.run(
        INSERT,
        id=plan.id,
        slug=plan.slug,
        name=plan.name,
        price_minor=plan.price.minor,
        currency=plan.price.currency,
        months=plan.months,
        service_id=plan.service_id,
        visits=plan.visits,
        discount_bps=plan.discount_bps,
        now=tx.now,
    )
    if not written:
        existing = find_plan(tx, plan.slug)
        if replace(existing, id=plan.id) != plan:
            raise ConflictError(
                "exists",
                f"The plan '{plan.slug}' exists with other settings",
                hint="Members keep what they bought: add a plan with another name",
            )
        return existing, False
    tx.concerns("plan", plan.id)
    return plan, True


def end_plan(tx: Tx, slug: str) -> Plan:
    """Stop selling a plan; its members stay members."""
    if not tx.run(END, slug=slug):
        raise unknown_plan(slug)
    plan = find_plan(tx, slug)
    tx.concerns("plan", plan.id)
    return plan


def find_plan(tx: Tx, slug: str) -> Plan:
    """Return a plan; raises NotFoundError (``unknown_plan``)."""
    row = tx.row(ONE, slug=slug)
    if row is None:
        raise unknown_plan(slug)
    return _plan(row)


def plans(tx: Tx, *, retired: bool = False) -> list[Plan]:
    """Return the plans that are sold, by name; with ``retired`` the others too."""
    return [_plan(row) for row in tx.rows(ALL, retired=retired)]


def unknown_plan(slug: str) -> NotFoundError:
    """Return the error for a slug that names no plan."""
    return NotFoundError(
        "unknown_plan",
        f"There is no membership plan '{slug}'",
        hint="List them: bookra membership plan list",
        details={"plan": slug},
    )


def _checked(tx: Tx, new: Plan) -> Plan:
    checked_slug(new.slug, "plan")
    if new.price.minor <= 0 or new.price.currency != tx.tenant.currency:
        raise InvalidInputError("bad_amount", f"{new.price} is not a price of a plan")
    if not 1 <= new.months <= LONGEST_MONTHS:
        raise InvalidInputError("bad_period", f"A period has 1 to {LONGEST_MONTHS} months")
    if not 0 <= new.visits <= MOST_VISITS:
        raise InvalidInputError("bad_visits", f"A period has 0 to {MOST_VISITS} visits")
    if new.visits and not new.service:
        raise InvalidInputError("bad_visits", "Visits are of a service", hint="--service cut")
    if not 0 <= new.discount_bps <= BPS:
        raise InvalidInputError("bad_percent", "A discount is at most 100 percent")
    service_id = find_service(tx, new.service).id if new.service else None
    name = checked_name(new.name, "plan")
    return replace(new, name=name, id=new_id(), service_id=service_id, active=True)


def _plan(row: Row[Any]) -> Plan:
    return Plan(
        row.slug,
        row.name,
        Money(row.price_minor, row.currency),
        row.months,
        row.service,
        row.visits,
        row.discount_bps,
        row.id,
        row.service_id,
        row.active,
    )
