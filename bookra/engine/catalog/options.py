"""What a service may be sold with: the notation of levels and needs, and every limit, checked once.

Pure: adding and changing a service go through the same ``checked``, so that no change makes what
could not have been added.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from bookra.clock import DAY_MINUTES, MINUTE, WEEKDAY_NAMES
from bookra.engine.catalog.model import (
    SPANS,
    Need,
    Offered,
    Service,
    ServiceLevel,
    checked_segments,
    parse_segments,
)
from bookra.engine.tenancy.rules import check_granularity, check_limit
from bookra.errors import InvalidInputError
from bookra.ids import checked_name, checked_slug
from bookra.money import BPS, parse_amount, rate_bps

MAX_BUFFER_MINUTES = 480
ALIGNMENTS = ("clock", "shift")
MAX_SHORT_NAME = 12
"""Letters of a short name: what a narrow column of the day has room for."""
LIMITED = ("notice_minutes", "horizon_days", "daily_limit", "capacity")


def parse_level(text: str, currency: str) -> ServiceLevel:
    """Read ``senior:55.00`` or ``junior:35.00:busy 60,gap 10,busy 5``: level, price, segments."""
    level, colon, rest = text.partition(":")
    price, more, segments = rest.partition(":")
    if not colon or not level.strip() or not price.strip():
        raise InvalidInputError(
            "bad_level",
            f"'{text}' is not LEVEL:PRICE",
            hint="Write 'senior:55.00', or 'junior:35.00:busy 60,gap 10,busy 5'",
        )
    name = checked_slug(level.strip(), "level")
    parts = parse_segments(segments) if more else ()
    return ServiceLevel(name, parse_amount(price, currency), parts)


def parse_need(text: str) -> Need:
    """Read ``chair`` or ``chair:busy``: a pool, and for which part of the visit a unit is taken."""
    pool, colon, span = (part.strip() for part in text.partition(":"))
    if colon and span not in SPANS:
        ways = [f"{pool or 'POOL'}:{known}" for known in SPANS]
        raise InvalidInputError(
            "bad_resource",
            f"'{text}' does not say when a unit of '{pool}' is needed",
            hint=f"Write {', '.join(ways)}",
        )
    return Need(checked_slug(pool, "pool"), span or SPANS[0])


def parse_deposit(text: str, currency: str) -> tuple[int | None, int | None]:
    """Read ``20%``, ``10.00`` or ``none``: basis points or minor units, of which one is None."""
    wanted = text.strip()
    if wanted in ("", "none"):
        return None, None
    if wanted.endswith("%"):
        return rate_bps(wanted) or None, None
    return None, parse_amount(wanted, currency).minor or None


def checked(service: Service, currency: str) -> Service:
    """Return ``service`` with its parts in order; raises InvalidInputError for what can't be."""
    checked_slug(service.slug, "service")
    if service.price.currency != currency:
        raise InvalidInputError("wrong_currency", f"The business sells in {currency}")
    ordered = replace(
        service,
        name=checked_name(service.name, "service"),
        category=service.category.strip(),
        short_name=_checked_short_name(service.short_name),
        levels=tuple(sorted(service.levels, key=lambda level: level.level)),
        needs=tuple(sorted(service.needs)),
        offered=tuple(sorted(service.offered)),
    )
    _check_rules(ordered)
    _check_lengths(ordered)
    _check_levels(ordered)
    _check_needs(ordered)
    _check_offered(ordered.offered)
    return ordered


def _checked_short_name(written: str) -> str:
    """Return a short name without blanks at its ends; raises ``bad_short_name``."""
    short = written.strip()
    if len(short) > MAX_SHORT_NAME or not short.isprintable():
        raise InvalidInputError(
            "bad_short_name",
            f"A short name has at most {MAX_SHORT_NAME} letters, on one line",
            hint="Such as 'Cut'; '' removes it",
        )
    return short


def _check_rules(service: Service) -> None:
    if service.granularity_minutes is not None:
        check_granularity(service.granularity_minutes)
    if service.alignment not in ALIGNMENTS:
        raise InvalidInputError(
            "bad_rule", f"'{service.alignment}' is not an alignment", hint="clock or shift"
        )
    for name in LIMITED:
        value = getattr(service, name)
        if value is not None:
            check_limit(name, value)
    for name in ("tax_bps", "deposit_bps"):
        value = getattr(service, name)
        if value is not None and not 0 <= value <= BPS:
            raise InvalidInputError("bad_percent", f"{value} is not 0 to {BPS} basis points")
    if service.deposit_bps is not None and service.deposit_minor is not None:
        raise InvalidInputError("bad_deposit", "A deposit is a share or an amount, not both")


def _check_lengths(service: Service) -> None:
    for minutes in (service.buffer_before_minutes, service.buffer_after_minutes):
        if not 0 <= minutes <= MAX_BUFFER_MINUTES:
            raise InvalidInputError(
                "bad_buffer",
                f"A buffer of {minutes} minutes is not between 0 and {MAX_BUFFER_MINUTES}",
            )
    for variant in _variants(service):
        checked_segments(variant.segments)
        if any(length > DAY_MINUTES * MINUTE for _, length in variant.busy_blocks()):
            raise InvalidInputError(
                "bad_segments", "A busy stretch with its buffers can't be longer than a day"
            )


def _check_levels(service: Service) -> None:
    for before, after in pairwise(service.levels):
        if before.level == after.level:
            raise InvalidInputError("bad_level", f"The level '{after.level}' is given twice")
    for level in service.levels:
        if level.price.currency != service.price.currency:
            raise InvalidInputError(
                "wrong_currency", f"The business sells in {service.price.currency}"
            )


def _check_needs(service: Service) -> None:
    for before, after in pairwise(service.needs):
        if before.pool == after.pool:
            raise InvalidInputError("bad_resource", f"The pool '{after.pool}' is given twice")
    for need in service.needs:
        if need.span == "gap" and not any(variant.gaps() for variant in _variants(service)):
            raise InvalidInputError(
                "bad_resource",
                f"'{service.slug}' has no gap in which it would need '{need.pool}'",
                hint=f"Write {need.pool} for the whole visit, or {need.pool}:busy",
            )
        for variant in _variants(service):
            if any(length > DAY_MINUTES * MINUTE for _, length in variant.blocks_of(need.span)):
                raise InvalidInputError(
                    "bad_resource",
                    f"A visit with its buffers can't take '{need.pool}' for longer than a day",
                )


def _check_offered(offered: tuple[Offered, ...]) -> None:
    for before, after in pairwise(offered):
        if before.weekday == after.weekday and after.opens_minute < before.closes_minute:
            raise InvalidInputError(
                "bad_hours",
                f"What is offered on {WEEKDAY_NAMES[after.weekday].capitalize()} overlaps",
                hint="Write each day once: 'mon-fri 09:00-12:00,14:00-18:00'",
            )


def _variants(service: Service) -> list[Service]:
    """Return the service as each level performs it, and as those without a level do."""
    return [service, *(service.at_level(level.level) for level in service.levels)]
