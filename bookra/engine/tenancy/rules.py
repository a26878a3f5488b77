"""The rules of a business for slots, holds and waitlist, and how long it keeps what is done.

A service may have a granularity, notice and horizon of its own; the limits are the same there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, TypedDict

from sqlalchemy import text

from bookra.clock import DAY_MINUTES
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError
from bookra.money import BPS

LONGEST_GRANULARITY_MINUTES = 240
WAITLIST_RULES = ("first", "best-fit", "highest-value")

LIMITS = {
    "notice_minutes": (0, 365 * DAY_MINUTES),
    "horizon_days": (1, 3650),
    "hold_minutes": (1, DAY_MINUTES),
    "waitlist_hold_minutes": (1, DAY_MINUTES),
    "keep_days": (7, 36_500),
    "erase_after_days": (30, 36_500),
    "front_desk_discount_bps": (0, BPS),
    "daily_limit": (1, 1000),
    "capacity": (1, 1000),
}
"""The lowest and the highest value of each number that a rule may have."""

COLUMNS = (
    "granularity_minutes, notice_minutes, horizon_days, hold_minutes, waitlist_rule,"
    " waitlist_hold_minutes, keep_days, erase_after_days, front_desk_discount_bps"
)
RULES = text(f"SELECT {COLUMNS} FROM tenants WHERE id = :tenant_id")  # noqa: S608 - a constant
LOCKED = text(f"SELECT {COLUMNS} FROM tenants WHERE id = :tenant_id FOR NO KEY UPDATE")  # noqa: S608
UPDATE = text(
    """
    UPDATE tenants
       SET granularity_minutes = :granularity_minutes, notice_minutes = :notice_minutes,
           horizon_days = :horizon_days, hold_minutes = :hold_minutes,
           waitlist_rule = :waitlist_rule, waitlist_hold_minutes = :waitlist_hold_minutes,
           keep_days = :keep_days, erase_after_days = :erase_after_days,
           front_desk_discount_bps = :front_desk_discount_bps, changed_by = session_user
     WHERE id = :tenant_id
    """
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for every service that has no rule of its own, and for holds and offers.

    ``keep_days`` is how long effects that are done, answers to commands and runs are kept;
    ``erase_after_days`` is after how long customers who don't come are erased, None is never.
    ``front_desk_discount_bps`` is the most that a front desk may take off a price by hand.
    """

    granularity_minutes: int
    notice_minutes: int
    horizon_days: int
    hold_minutes: int
    waitlist_rule: str
    waitlist_hold_minutes: int
    keep_days: int = 400
    erase_after_days: int | None = None
    front_desk_discount_bps: int = BPS


class RuleChanges(TypedDict, total=False):
    """The rules to change; those left out stay."""

    granularity_minutes: int
    notice_minutes: int
    horizon_days: int
    hold_minutes: int
    waitlist_rule: str
    waitlist_hold_minutes: int
    keep_days: int
    erase_after_days: int | None
    front_desk_discount_bps: int


def rules(tx: Tx) -> Rules:
    """Return the rules of the business."""
    return Rules(**tx.rows(RULES)[0]._asdict())


def set_rules(tx: Tx, changes: RuleChanges) -> Rules:
    """Change the named rules, for bookings from now on; raises InvalidInputError (``bad_rule``)."""
    found = Rules(**tx.rows(LOCKED)[0]._asdict())
    wanted = _checked(replace(found, **changes))
    if wanted != found:
        tx.run(UPDATE, **asdict(wanted))
        tx.concerns("tenant", tx.tenant.id)
    return wanted


def check_granularity(minutes: int) -> None:
    """Raise InvalidInputError (``bad_rule``) unless a day is a whole number of such steps."""
    if not 1 <= minutes <= LONGEST_GRANULARITY_MINUTES or DAY_MINUTES % minutes:
        raise InvalidInputError(
            "bad_rule",
            f"Starts on every {minutes} minutes do not divide a day",
            hint="Such as 5, 10, 15, 20, 30 or 60, and 240 at most",
            details={"rule": "granularity_minutes", "value": minutes},
        )


def check_limit(name: str, value: int) -> None:
    """Raise InvalidInputError (``bad_rule``) unless the rule ``name`` may be ``value``."""
    lowest, highest = LIMITS[name]
    if not lowest <= value <= highest:
        raise InvalidInputError(
            "bad_rule",
            f"The {name.replace('_', ' ')} can't be {value}",
            hint=f"From {lowest} to {highest}",
            details={"rule": name, "value": value},
        )


def _checked(wanted: Rules) -> Rules:
    values: dict[str, Any] = asdict(wanted)
    check_granularity(wanted.granularity_minutes)
    for name in values.keys() & LIMITS.keys():
        if values[name] is not None:
            check_limit(name, values[name])
    if wanted.waitlist_rule not in WAITLIST_RULES:
        raise InvalidInputError(
            "bad_rule",
            f"'{wanted.waitlist_rule}' is not a rule of the waitlist",
            hint=f"One of: {', '.join(WAITLIST_RULES)}",
        )
    return wanted
