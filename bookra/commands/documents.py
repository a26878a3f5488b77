"""Engine values as JSON documents, with the keys that scripts rely on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bookra.clock import rfc3339
from bookra.money import Money, format_minor

if TYPE_CHECKING:
    from bookra.engine.availability.actions import Slot
    from bookra.engine.availability.why import Reason
    from bookra.engine.bookings.history import Change
    from bookra.engine.bookings.model import Booking, Line
    from bookra.engine.business import Brand, Tenant
    from bookra.engine.outbox.inspect import OutboxRow
    from bookra.engine.people.customers import Customer
    from bookra.engine.people.staff import Staff


def money(amount: Money) -> dict[str, Any]:
    """``{"amount_minor": 4500, "currency": "EUR"}``."""
    return {"amount_minor": amount.minor, "currency": amount.currency}


def instant(moment: datetime | None, zone: ZoneInfo) -> str | None:
    """RFC 3339 with the zone's offset; None stays None."""
    return None if moment is None else rfc3339(moment, zone)


def percent(bps: int) -> str:
    """``19`` or ``7.5``."""
    return format_minor(bps, "EUR").rstrip("0").rstrip(".") or "0"


def slot(found: Slot, zone: ZoneInfo) -> dict[str, Any]:
    """``start end staff service price``; lines for several services, seats for a class."""
    document: dict[str, Any] = {
        "start": instant(found.start, zone),
        "end": instant(found.end, zone),
        "staff": found.staff,
        "service": found.service,
        "price": money(found.price),
    }
    if found.lines:
        document["lines"] = [
            {
                "service": line.service,
                "staff": line.staff,
                "start": instant(line.start, zone),
                "end": instant(line.end, zone),
                "price": money(line.price),
            }
            for line in found.lines
        ]
    if found.seats_free is not None:
        document["seats_free"] = found.seats_free
    if found.hole is not None:
        document["gap_cost"] = money(found.hole)
    return document


def reason(found: Reason) -> dict[str, Any]:
    """``rule message opens_if`` and the code of the booking in the way."""
    document = {"rule": found.rule, "message": found.message, "opens_if": found.opens_if}
    return document if found.booking is None else {**document, "booking": found.booking}


def line(found: Line, zone: ZoneInfo) -> dict[str, Any]:
    """Return one service of a booking."""
    return {
        "line": found.position,
        "service": found.service,
        "staff": found.staff,
        "start": instant(found.starts_at, zone),
        "end": instant(found.ends_at, zone),
        "price": money(Money(found.net.minor + found.tax.minor, found.net.currency)),
        "requested": found.requested,
    }


def booking(found: Booking, zone: ZoneInfo) -> dict[str, Any]:
    """``code status start end staff service customer price paid due payment_url?`` and lines."""
    first = found.lines[0]
    document: dict[str, Any] = {
        "code": found.code,
        "status": found.status.value,
        "start": instant(found.starts_at, zone),
        "end": instant(found.ends_at, zone),
        "staff": first.staff,
        "service": first.service,
        "customer": found.customer,
        "customer_id": str(found.customer_id),
        "price": money(found.price),
        "paid": money(found.paid),
        "due": money(found.due),
    }
    if found.refunded:
        document["refunded"] = money(found.refunded)
    if len(found.lines) > 1:
        document["lines"] = [line(each, zone) for each in found.lines]
    document |= _price_parts(found)
    if found.series_id is not None:
        document["series"] = str(found.series_id)
    if found.note:
        document["note"] = found.note
    if found.hold_expires_at is not None:
        document["held_until"] = instant(found.hold_expires_at, zone)
    if found.payment_url is not None:
        document["payment_url"] = found.payment_url
    return document


def _price_parts(found: Booking) -> dict[str, Any]:
    from bookra.commands.sale_documents import price_parts

    return price_parts(found)


def change(found: Change, zone: ZoneInfo) -> dict[str, Any]:
    """Return one change in a booking's history; instants in the zone of the business."""
    facts = {
        name: instant(datetime.fromisoformat(fact), zone) if name.endswith("_start") else fact
        for name, fact in found.facts.items()
    }
    at = instant(found.recorded_at, zone)
    return {"at": at, "by": found.recorded_by, "change": found.kind, **facts}


def tenant(found: Tenant) -> dict[str, Any]:
    """Return a business with its rules and its brand."""
    return {
        "slug": found.slug,
        "name": found.name,
        "timezone": found.zone.key,
        "currency": found.currency,
        "country": found.country,
        "tax_percent": percent(found.tax_bps),
        "tax_inclusive": found.tax_inclusive,
        "granularity_minutes": found.granularity_minutes,
        "notice_minutes": found.notice_minutes,
        "horizon_days": found.horizon_days,
        "brand": brand(found.brand),
        "created_at": instant(found.created_at, found.zone),
    }


def brand(found: Brand) -> dict[str, Any]:
    """Return how a business presents itself."""
    return {name: getattr(found, name) for name in type(found).__dataclass_fields__}


def staff(found: Staff) -> dict[str, Any]:
    """Return a staff member; an empty ``services`` means every service."""
    return {
        "slug": found.slug,
        "name": found.name,
        "commission_percent": percent(found.commission_bps),
        "services": list(found.services),
        "active": found.active,
        "level": found.level,
        "timezone": found.timezone,
        "location": found.location,
        "daily_limit": found.daily_limit,
        "calendar": found.calendar_id,
    }


def customer(found: Customer) -> dict[str, Any]:
    """Return a customer."""
    return {
        "id": str(found.id),
        "name": found.name,
        "phone": found.phone,
        "email": found.email,
        "visits": found.visits,
        "notes": found.notes,
        "opted_out_of": found.opted_out_of,
    }


def outbox_row(found: OutboxRow, zone: ZoneInfo) -> dict[str, Any]:
    """``id topic state attempts last_error due_at`` and where it goes."""
    return {
        "id": str(found.id),
        "topic": found.topic,
        "destination": found.destination,
        "booking": found.booking,
        "state": found.state,
        "attempts": found.attempts,
        "error_class": found.error_class,
        "last_error": found.last_error,
        "due_at": instant(found.due_at, zone),
        "created_at": instant(found.created_at, zone),
        "generation": found.generation,
        "reference": found.reference,
    }
