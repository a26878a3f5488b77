"""What was known when: a cut-off by when entries were posted, and whether it can still change.

An entry's ``posted_at`` is when its transaction began, and a slow one may commit after a report
has looked. What was posted longer ago than any transaction may last is settled for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bookra.engine.database import SETTLED_AFTER_SECONDS
from bookra.engine.runtime import Tx


@dataclass(frozen=True, slots=True)
class Cutoff:
    """``posted_by`` None is everything. ``provisional``: the same question may be answered
    otherwise later on.
    """

    posted_by: datetime | None
    provisional: bool


def cutoff(tx: Tx, as_of: datetime | None) -> Cutoff:
    """Return the cut-off of a report that was asked for ``as_of`` an instant, or for now."""
    settled = tx.now - timedelta(seconds=SETTLED_AFTER_SECONDS)
    return Cutoff(as_of, as_of is None or as_of > settled)
