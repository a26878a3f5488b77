"""When a business tells its customers things by itself: its quiet hours and its reminders."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import text

from bookra.clock import DAY_MINUTES
from bookra.engine.messages.quiet import QuietHours, next_allowed
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError

MOST_REMINDERS = 4
LONGEST_LEAD_MINUTES = 30 * DAY_MINUTES
SHORTEST_LEAD_MINUTES = 15

_LEAD = re.compile(r"(\d{1,5})([mhd])")
_MINUTES = {"m": 1, "h": 60, "d": DAY_MINUTES}

COLUMNS = "quiet_from_minute, quiet_until_minute, reminder_minutes"
RULES = text(f"SELECT {COLUMNS} FROM tenants WHERE id = :tenant_id")  # noqa: S608 - a constant
UPDATE = text(
    """
    UPDATE tenants
       SET quiet_from_minute = :quiet_from, quiet_until_minute = :quiet_until,
           reminder_minutes = :leads, changed_by = session_user
     WHERE id = :tenant_id
    """
)


@dataclass(frozen=True, slots=True)
class MessageRules:
    """``reminder_minutes``: how long before a visit it is brought to mind, the longest first."""

    quiet: QuietHours | None
    reminder_minutes: tuple[int, ...]


def message_rules(tx: Tx) -> MessageRules:
    """Return the business's rules."""
    row = tx.rows(RULES)[0]
    quiet = None
    if row.quiet_from_minute is not None:
        quiet = QuietHours(row.quiet_from_minute, row.quiet_until_minute)
    return MessageRules(quiet, tuple(sorted(row.reminder_minutes, reverse=True)))


def is_quiet(tx: Tx) -> bool:
    """Tell whether nothing may go out now that nobody's act has just caused."""
    return next_allowed(tx.now, message_rules(tx).quiet, tx.tenant.zone) > tx.now


def set_message_rules(tx: Tx, rules: MessageRules) -> MessageRules:
    """Put rules in force, for messages from now on."""
    if rules != message_rules(tx):
        tx.run(
            UPDATE,
            quiet_from=rules.quiet.from_minute if rules.quiet else None,
            quiet_until=rules.quiet.until_minute if rules.quiet else None,
            leads=list(rules.reminder_minutes),
        )
        tx.concerns("tenant", tx.tenant.id)
    return rules


def parse_leads(text_: str) -> tuple[int, ...]:
    """Read ``24h,2h`` or ``none`` into minutes; raises InvalidInputError (``bad_reminders``)."""
    if text_.strip().lower() == "none":
        return ()
    leads = {_lead(part.strip().lower(), text_) for part in text_.split(",")}
    if len(leads) > MOST_REMINDERS:
        raise _bad(f"{len(leads)} reminders of one visit are too many")
    return tuple(sorted(leads, reverse=True))


def lead_text(minutes: int) -> str:
    """Return a lead as it is written: ``24h``, ``2d`` from two days on, ``90m``."""
    if minutes % DAY_MINUTES == 0 and minutes > DAY_MINUTES:
        return f"{minutes // DAY_MINUTES}d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _lead(part: str, whole: str) -> int:
    found = _LEAD.fullmatch(part)
    if found is None:
        raise _bad(f"'{whole}' are not reminders")
    minutes = int(found[1]) * _MINUTES[found[2]]
    if not SHORTEST_LEAD_MINUTES <= minutes <= LONGEST_LEAD_MINUTES:
        raise _bad(f"A reminder {part} before a visit is of no use")
    return minutes


def _bad(message: str) -> InvalidInputError:
    return InvalidInputError(
        "bad_reminders",
        message,
        hint=f"Such as 24h,2h or none; {MOST_REMINDERS} at most, from 15m to 30d",
    )
