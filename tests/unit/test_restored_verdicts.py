"""What becomes of each row after a restore: it goes, is looked for, or waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bookra.engine.backups.holding_back import KEY_LIFE, Verdict, verdict_of

SINCE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""When it was restored."""
NOW = SINCE + timedelta(hours=1)
HOUR = timedelta(hours=1)
LEAD_MINUTES = 1440


@dataclass
class Line:
    destination: str = "whatsapp"
    state: str = "ready"
    created_at: datetime = SINCE - HOUR
    first_sent_at: datetime | None = None
    template: str | None = "booking_confirmed"
    once_key: str | None = "confirmed:1"
    by_person: bool = False


def reminder(due_at: datetime) -> Line:
    """A reminder that a relay wrote after the restore, and that was due at its own time."""
    starts = int((due_at + timedelta(minutes=LEAD_MINUTES)).timestamp())
    key = f"reminder:0192:{starts}:{LEAD_MINUTES}"
    return Line(created_at=SINCE + HOUR / 2, template="booking_reminder", once_key=key)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (Line("stripe", first_sent_at=NOW - KEY_LIFE + HOUR), Verdict.SAME_KEY),
        (Line("stripe", first_sent_at=NOW - KEY_LIFE), Verdict.LOOKED_FOR),
        (Line("google"), Verdict.CONVERGES),
        (Line("google", state="dead"), Verdict.WAITS),
        (Line(state="unknown"), Verdict.WAITS),
        (Line(), Verdict.NEW),
        (Line("mail", created_at=SINCE + HOUR / 2), Verdict.UNKNOWN),
        (Line("mail", created_at=SINCE + HOUR / 2, by_person=True), Verdict.NEW),
        (reminder(SINCE - HOUR), Verdict.UNKNOWN),
        (reminder(SINCE + HOUR / 2), Verdict.NEW),
    ],
)
def test_each_row_has_its_verdict(row: Line, expected: Verdict) -> None:
    assert verdict_of(row, SINCE, NOW) is expected
