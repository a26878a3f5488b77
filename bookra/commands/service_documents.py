"""Services and working hours as JSON documents, in the notation in which they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bookra.clock import WEEKDAYS
from bookra.commands.documents import money, percent
from bookra.money import format_minor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bookra.engine.availability.hours import Shift
    from bookra.engine.catalog.model import Segment, Service


def service(found: Service) -> dict[str, Any]:
    """Return a service with its segments in the command line's notation.

    None in a rule means that the business's own holds; ``offered`` empty means always.
    """
    return {
        "slug": found.slug,
        "name": found.name,
        "short_name": found.short_name,
        "category": found.category,
        "minutes": found.minutes,
        "price": money(found.price),
        "segments": segments(found.segments),
        "buffer_before_minutes": found.buffer_before_minutes,
        "buffer_after_minutes": found.buffer_after_minutes,
        "granularity_minutes": found.granularity_minutes,
        "alignment": found.alignment,
        "notice_minutes": found.notice_minutes,
        "horizon_days": found.horizon_days,
        "daily_limit": found.daily_limit,
        "capacity": found.capacity,
        "levels": [
            {
                "level": level.level,
                "price": money(level.price),
                "segments": segments(level.segments or found.segments),
            }
            for level in found.levels
        ],
        "resources": [{"pool": need.pool, "span": need.span} for need in found.needs],
        "offered": [
            {"day": WEEKDAYS[hours.weekday], "shifts": shifts([hours[1:]])}
            for hours in found.offered
        ],
        "tax_percent": None if found.tax_bps is None else percent(found.tax_bps),
        "deposit": deposit(found),
        "active": found.active,
    }


def deposit(found: Service) -> str | None:
    """``20%`` or ``10.00``: what a service demands beforehand; None is nothing."""
    if found.deposit_bps is not None:
        return f"{percent(found.deposit_bps)}%"
    if found.deposit_minor is not None:
        return format_minor(found.deposit_minor, found.price.currency)
    return None


def segments(found: Sequence[Segment]) -> str:
    """``busy 30,gap 20,busy 15``."""
    return ",".join(str(segment) for segment in found)


def shifts(found: Sequence[Shift]) -> str:
    """``09:00-13:00,14:00-18:00``, or ``closed``."""
    from bookra.engine.availability.hours import format_shifts

    return format_shifts(tuple(found))
