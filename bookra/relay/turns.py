"""When a business's account is read next: soon where something happens, seldom where nothing does.

Pure but for the jitter: moments are monotonic seconds that the caller gives. An account that does
not answer or refuses its token is asked less and less often; setting it anew ends that at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

LIVELY_SECONDS = 60.0
"""How long after the last news an account counts as one where something happens."""

IDLE_SECONDS = 15.0
"""The longest pause of a quiet account that is polled."""

TOLD_SECONDS = 60.0
"""The longest pause of one that sends webhooks: polling only finds what they lost."""

WEBHOOKS_FLOW_SECONDS = 900.0
"""How long after the last webhook they are believed to flow."""

SILENT_SECONDS = 300.0
"""The longest pause of an account that does not answer."""

REFUSED_SECONDS = (60.0, 3600.0)
"""The first and the longest pause of an account that refuses its token: a person must act."""

_NEVER = float("-inf")


@dataclass(slots=True)
class Turn:
    """What is known of one business's account."""

    next_at: float = _NEVER
    version: int = 0
    failures: int = 0
    quiet: int = 0
    news_at: float = _NEVER
    told_at: float = _NEVER


class Turns:
    """The turns of all businesses, kept under the caller's lock. ``poll_seconds`` is the least."""

    def __init__(self, poll_seconds: float, draw: Callable[[], float] = random.random) -> None:
        self._poll_seconds = poll_seconds
        self._draw = draw
        self._turns: dict[str, Turn] = {}

    def known(self, accounts: Iterable[tuple[str, int]]) -> None:
        """Take over who is connected, as slug and version; a new version starts afresh."""
        self._turns = {
            slug: turn
            if (turn := self._turns.get(slug)) is not None and turn.version == version
            else Turn(version=version)
            for slug, version in accounts
        }

    def due(self, now: float) -> list[str]:
        """Return whose turn it is, who has waited longest first.

        Half a pause early is in time: who asks each ``poll_seconds`` must not skip every other.
        """
        until = now + self._poll_seconds / 2
        waiting = [(turn.next_at, slug) for slug, turn in self._turns.items()]
        return [slug for next_at, slug in sorted(waiting) if next_at <= until]

    def sound(self, now: float) -> list[str]:
        """Return all whose account is not in trouble, and those whose wait for that is over."""
        return [
            slug for slug, turn in self._turns.items() if not turn.failures or turn.next_at <= now
        ]

    def troubled(self, slug: str) -> bool:
        """Tell whether the account failed when it was last asked."""
        return self._turn(slug).failures > 0

    def told(self, slug: str, now: float) -> None:
        """Note a webhook."""
        turn = self._turn(slug)
        turn.told_at = turn.news_at = now

    def ended(self, slug: str, now: float, *, found: int, awaited: bool) -> None:
        """Note a turn that went well; ``awaited``: somebody may be paying on a page just now."""
        turn = self._turn(slug)
        turn.failures = 0
        turn.news_at = now if found else turn.news_at
        turn.quiet = 0 if found else turn.quiet + 1
        turn.next_at = now + self._pause_seconds(turn, now, awaited=awaited)

    def failed(self, slug: str, now: float, *, refused: bool) -> None:
        """Note a turn that did not: the account gave no answer, or ``refused`` its token."""
        turn = self._turn(slug)
        turn.failures += 1
        first, most = REFUSED_SECONDS if refused else (self._poll_seconds, SILENT_SECONDS)
        ceiling = min(first * 2 ** min(turn.failures - 1, 20), most)
        # Half of it at least: who is in trouble must not be asked again at once.
        turn.next_at = now + ceiling * (0.5 + self._draw() / 2)

    def _pause_seconds(self, turn: Turn, now: float, *, awaited: bool) -> float:
        flowing = now - turn.told_at < WEBHOOKS_FLOW_SECONDS
        lively = now - turn.news_at < LIVELY_SECONDS
        if (lively or awaited) and not flowing:
            return self._poll_seconds
        longest = TOLD_SECONDS if flowing else max(IDLE_SECONDS, self._poll_seconds)
        return float(min(self._poll_seconds * 2 ** min(turn.quiet, 20), longest))

    def _turn(self, slug: str) -> Turn:
        return self._turns.setdefault(slug, Turn())
