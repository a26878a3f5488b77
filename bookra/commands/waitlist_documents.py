"""Wishes and offers as documents: what ``bookra waitlist`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bookra.commands import documents

if TYPE_CHECKING:
    from datetime import datetime

    from bookra.engine.bookings.waitlist.actions import Added
    from bookra.engine.bookings.waitlist.openings import Offered
    from bookra.engine.bookings.waitlist.store import Offer, Wish


def wish(found: Wish, zone: ZoneInfo) -> dict[str, Any]:
    """``code status customer service staff windows offer offers``; the offer is the newest one."""
    made = [_offer(each, zone) for each in found.offers]
    return {
        "code": found.code,
        "status": found.status.value,
        "customer": found.customer,
        "customer_id": str(found.customer_id),
        "service": found.service,
        "staff": found.staff,
        "created_at": documents.instant(found.created_at, zone),
        "windows": [_window(each, zone) for each in found.windows],
        "offer": made[-1] if made and found.status.value == "offered" else None,
        "offers": made,
    }


def _window(span: tuple[datetime, datetime], zone: ZoneInfo) -> dict[str, Any]:
    start, end = span
    return {"start": documents.instant(start, zone), "end": documents.instant(end, zone)}


def _offer(found: Offer, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "booking": found.booking,
        "status": found.status.value,
        "staff": found.staff,
        "start": documents.instant(found.start, zone),
        "held_until": documents.instant(found.held_until, zone),
        "offered_at": documents.instant(found.offered_at, zone),
    }


def added(made: Added, zone: ZoneInfo) -> dict[str, Any]:
    """Return a wish with what could be booked for it at once."""
    opening = documents.slot(made.opening, zone) if made.opening else None
    return {**wish(made.wish, zone), "opening": opening}


def offered(made: Offered, zone: ZoneInfo) -> dict[str, Any]:
    """``wish booking start end staff service customer price held_until``."""
    booking = documents.booking(made.booking, zone)
    keys = ("start", "end", "staff", "service", "customer", "customer_id", "price", "held_until")
    return {
        "wish": made.wish.code,
        "booking": booking["code"],
        **{name: booking[name] for name in keys},
    }
