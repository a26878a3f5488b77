"""What a policy says of late cancellations and no-shows, and what its fees come to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bookra.engine.bookings.model import Booking
from bookra.errors import InvalidInputError
from bookra.money import Money, parse_amount, rate_bps, share

LATE_CANCEL, NO_SHOW = "late-cancel", "no-show"
LONGEST_WINDOW_MINUTES = 525_600
LONGEST_BODY = 20_000

_WINDOW = re.compile(r"(\d{1,6})\s*(m|min|h|d)?")
_UNIT_MINUTES = {"m": 1, "min": 1, "h": 60, "d": 1440}


@dataclass(frozen=True, slots=True)
class Fee:
    """A share of the price or an amount of minor units; one of them is None."""

    bps: int | None = None
    minor: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of what customers are told. A fee of None is no fee.

    Within ``cancel_window_minutes`` before the visit it can only be cancelled late.
    """

    id: UUID
    version: int
    body: str
    cancel_window_minutes: int
    late_cancel: Fee | None
    no_show: Fee | None
    effective_at: datetime

    def is_late(self, starts_at: datetime, now: datetime) -> bool:
        """Tell whether cancelling now a visit that starts then is late."""
        return now > starts_at - timedelta(minutes=self.cancel_window_minutes)


def fee(policy: Policy, kind: str, booking: Booking) -> Money:
    """Return what a late cancellation or a no-show (``kind``) costs: at most the price."""
    rule = policy.late_cancel if kind == LATE_CANCEL else policy.no_show
    price = booking.price.minor
    if rule is None:
        wanted = 0
    elif rule.bps is not None:
        wanted = share(price, rule.bps)
    else:
        wanted = min(price, rule.minor or 0)
    return Money(wanted, booking.price.currency)


def parse_fee(text: str, currency: str) -> Fee | None:
    """Read ``50%``, ``20.00`` or ``none``."""
    words = text.strip()
    if words in ("", "none"):
        return None
    if words.endswith("%"):
        bps = rate_bps(words)
        return Fee(bps=bps) if bps else None
    amount = parse_amount(words, currency)
    return Fee(minor=amount.minor) if amount else None


def parse_window(text: str) -> int:
    """Read ``24h``, ``90m`` or ``2d`` into minutes; a bare number is hours."""
    found = _WINDOW.fullmatch(text.strip().lower())
    minutes = int(found[1]) * _UNIT_MINUTES[found[2] or "h"] if found else -1
    if not 0 <= minutes <= LONGEST_WINDOW_MINUTES:
        raise InvalidInputError(
            "bad_window", f"'{text}' is not a time before a visit", hint="24h, 90m or 2d"
        )
    return minutes
