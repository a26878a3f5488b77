"""What is sold besides a visit's time, and what a visit's price is made of, as JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bookra.commands.documents import instant, money, percent
from bookra.money import Money

if TYPE_CHECKING:
    from bookra.engine.bookings.model import Booking, Item
    from bookra.engine.bookings.pricing import Discount
    from bookra.engine.catalog.plans import Plan
    from bookra.engine.catalog.products import Product
    from bookra.engine.catalog.promos import Promo
    from bookra.engine.orders.memberships import Bill
    from bookra.engine.orders.model import GiftCard, Membership, Order, Package, Use
    from bookra.engine.prices.policy import Fee, Policy

SHOWN_OF_A_CARD = 4


def price_parts(found: Booking) -> dict[str, Any]:
    """``items discount discount_by policy_accepted_at``: those that a booking has."""
    document: dict[str, Any] = {}
    if found.items:
        document["items"] = [item(each) for each in found.items]
    if found.discount is not None:
        document["discount"] = money(found.off)
        document["discount_by"] = discount(found.discount, found.price.currency)
    return document


def item(found: Item) -> dict[str, Any]:
    """``item product quantity staff price``: goods or an extra on a booking or an order."""
    return {
        "item": found.position,
        "product": found.product,
        "kind": found.kind,
        "quantity": found.quantity,
        "staff": found.staff or None,
        "price": money(Money(found.net.minor + found.tax.minor, found.net.currency)),
    }


def discount(found: Discount, currency: str) -> dict[str, Any]:
    """``kind`` with ``percent`` or ``amount``, and the ``promo`` code that it came by."""
    document: dict[str, Any] = {"kind": found.kind}
    if found.bps is not None:
        document["percent"] = percent(found.bps)
    if found.amount_minor is not None:
        document["amount"] = money(Money(found.amount_minor, currency))
    if found.promo is not None:
        document["promo"] = found.promo
    return document


def product(found: Product) -> dict[str, Any]:
    """Return a product; ``tax_percent`` None is the business's own rate."""
    return {
        "slug": found.slug,
        "name": found.name,
        "kind": found.kind,
        "category": found.category,
        "price": money(found.price),
        "tax_percent": None if found.tax_bps is None else percent(found.tax_bps),
        "active": found.active,
    }


def promo(found: Promo) -> dict[str, Any]:
    """Return a promo code with how often it is in use; None is no limit."""
    return {
        "code": found.code,
        "percent": None if found.percent_bps is None else percent(found.percent_bps),
        "amount": money(found.amount) if found.amount else None,
        "service": found.service,
        "from": found.starts_on.isoformat() if found.starts_on else None,
        "until": found.ends_on.isoformat() if found.ends_on else None,
        "uses": found.uses,
        "max_uses": found.max_uses,
        "max_per_customer": found.max_uses_per_customer,
        "least": money(found.least_total) if found.least_total else None,
        "active": found.active,
    }


def order(found: Order, zone: ZoneInfo) -> dict[str, Any]:
    """``code kind state amount customer items bought created_at paid_at payment_url?``."""
    document = {
        "code": found.code,
        "kind": found.kind,
        "state": found.state,
        "amount": money(found.amount),
        "customer": found.customer,
        "items": [item(each) for each in found.items],
        "bought": masked(found.bought) if found.kind == "gift-card" else found.bought,
        "created_at": instant(found.created_at, zone),
        "paid_at": instant(found.paid_at, zone),
    }
    if found.payment_url is not None:
        document["payment_url"] = found.payment_url
    return document


def gift_card(found: GiftCard, zone: ZoneInfo, *, whole: bool = True) -> dict[str, Any]:
    """``code state balance initial expires_on order customer``; ``whole`` shows all of the code."""
    return {
        "code": found.code if whole else masked(found.code),
        "state": found.state,
        "balance": money(found.balance),
        "initial": money(found.initial),
        "expires_on": found.expires_on.isoformat() if found.expires_on else None,
        "order": found.order,
        "customer": found.customer,
        "created_at": instant(found.created_at, zone),
    }


def use(found: Use, zone: ZoneInfo) -> dict[str, Any]:
    """``at kind for amount``: plus is owed to who holds the card."""
    return {
        "at": instant(found.at, zone),
        "kind": found.kind,
        "for": found.subject,
        "amount": money(found.amount),
    }


def package(found: Package, zone: ZoneInfo) -> dict[str, Any]:
    """``code state service visits used value price``: ``value`` is what nobody has used."""
    return {
        "code": found.code,
        "state": found.state,
        "customer": found.customer,
        "service": found.service,
        "visits": found.visits,
        "used": found.used,
        "price": money(found.price),
        "value": money(found.value),
        "from": found.starts_on.isoformat() if found.starts_on else None,
        "expires_on": found.expires_on.isoformat() if found.expires_on else None,
        "order": found.order,
        "membership": found.membership,
        "created_at": instant(found.created_at, zone),
    }


def plan(found: Plan) -> dict[str, Any]:
    """Return what a member pays each period, and gets for it."""
    return {
        "slug": found.slug,
        "name": found.name,
        "price": money(found.price),
        "months": found.months,
        "service": found.service,
        "visits": found.visits,
        "discount_percent": percent(found.discount_bps),
        "active": found.active,
    }


def membership(found: Membership) -> dict[str, Any]:
    """``code state plan customer price started_on billed_until open_order``."""
    return {
        "code": found.code,
        "state": found.state,
        "plan": found.plan,
        "customer": found.customer,
        "price": money(found.price),
        "started_on": found.started_on.isoformat(),
        "billed_until": found.billed_until.isoformat(),
        "open_order": found.open_order,
    }


def bill(found: Bill) -> dict[str, Any]:
    """``membership customer from until order amount how``: one period that was billed."""
    return {
        "membership": found.membership,
        "customer": found.customer,
        "from": found.starts_on.isoformat(),
        "until": found.until.isoformat(),
        "order": found.order,
        "amount": money(found.amount),
        "how": found.how,
    }


def policy(found: Policy, zone: ZoneInfo, currency: str) -> dict[str, Any]:
    """Return one version of a policy; a fee of None is no fee."""
    return {
        "version": found.version,
        "cancel_window_minutes": found.cancel_window_minutes,
        "late_cancel_fee": _fee(found.late_cancel, currency),
        "no_show_fee": _fee(found.no_show, currency),
        "effective_at": instant(found.effective_at, zone),
        "text": found.body,
    }


def _fee(found: Fee | None, currency: str) -> dict[str, Any] | None:
    if found is None:
        return None
    if found.bps is not None:
        return {"percent": percent(found.bps)}
    return {"amount": money(Money(found.minor or 0, currency))}


def masked(code: str | None) -> str | None:
    """Return the end of a gift card's code: all of it is as good as money."""
    return None if code is None else f"…{code[-SHOWN_OF_A_CARD:]}"
