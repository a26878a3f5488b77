"""How long to wait before a delivery is tried again, and when to stop trying. Pure.

Full jitter (a uniform draw between a floor and a ceiling that grows with each attempt) spreads
out clients that failed together; see Brooker, "Exponential Backoff And Jitter", 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookra.relay import outcome

_HOPELESS = frozenset({outcome.PERMANENT, outcome.UNDELIVERABLE})


@dataclass(frozen=True, slots=True)
class _Wait:
    """A ceiling of ``base_seconds × growth^n``, up to ``most_seconds``, never below the floor."""

    base_seconds: float
    most_seconds: float
    growth: int = 2
    floor_seconds: float = 0.0

    def ceiling_seconds(self, doublings: int) -> float:
        # Integer powers: a float power overflows at an attempt count that an operator can reach.
        grown = self.base_seconds * min(int(self.growth**doublings), 2**20)
        return max(self.floor_seconds, min(self.most_seconds, grown))


_WAITS = {
    outcome.THROTTLE: _Wait(5, 300),
    # Meta asks for 4^n seconds for one recipient; less than the first second never helps.
    outcome.RECIPIENT_THROTTLE: _Wait(4, 3600, growth=4, floor_seconds=1),
    outcome.CONFLICT: _Wait(0.5, 30),
    outcome.TRANSIENT: _Wait(2, 3600),
    # A person has to act: asking again within five minutes only adds noise.
    outcome.ACCOUNT: _Wait(600, 3600, floor_seconds=300),
}

_LONGEST = {
    # Stripe may forget a key after 24 h; the margin leaves room for the last delivery itself.
    "stripe": timedelta(hours=20),
    "google": timedelta(hours=72),
    # A confirmation or a reminder that comes a day late is worse than none.
    "whatsapp": timedelta(hours=24),
}
_LONGEST_ELSEWHERE = timedelta(hours=72)
_KEY_IS_KNOWN = timedelta(hours=23)


def delay_seconds(error_class: str, attempt: int, random: Callable[[], float]) -> float:
    """Return the wait after failed delivery number ``attempt`` (1 is the first).

    ``random`` returns a float in ``[0, 1)``. A class that isn't known waits like ``transient``.
    """
    wait = _WAITS.get(error_class, _WAITS[outcome.TRANSIENT])
    ceiling = wait.ceiling_seconds(min(max(attempt - 1, 0), 64))
    return wait.floor_seconds + random() * (ceiling - wait.floor_seconds)


def gives_up(error_class: str, destination: str, first_sent_at: datetime, now: datetime) -> bool:
    """Tell whether a row that failed again is done with: too old, or refused for good.

    A calendar whose access is revoked is the exception: its effects converge and are safe at any
    age, so they wait until the tenant connects it again.
    """
    if error_class in _HOPELESS:
        return True
    if error_class == outcome.ACCOUNT and destination == "google":
        return False
    return now - first_sent_at >= _LONGEST.get(destination, _LONGEST_ELSEWHERE)


def key_may_be_forgotten(first_sent_at: datetime, now: datetime) -> bool:
    """Tell whether Stripe may no longer know a key that was first sent at ``first_sent_at``.

    From then on the same key could do the same thing twice: look first.
    """
    return now - first_sent_at >= _KEY_IS_KNOWN
