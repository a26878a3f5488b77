"""What Google's answers mean for an effect on a calendar.

Calendar effects converge ("make the event equal the booking"), so that whatever is in doubt may
be sent again. See https://developers.google.com/workspace/calendar/api/guides/errors.
"""

from __future__ import annotations

import httpx

from bookra.relay.outcome import (
    ACCOUNT,
    CONFLICT,
    PERMANENT,
    THROTTLE,
    TRANSIENT,
    Dead,
    Outcome,
    Retry,
)
from bookra.relay.providers.wire import plain, wished_seconds

UNREADABLE = (httpx.HTTPError, AttributeError, KeyError, TypeError, ValueError)
"""What a call ends in without an answer, or with one that isn't Google's."""

_LIMITS = frozenset(
    {
        "rateLimitExceeded",
        "userRateLimitExceeded",
        "quotaExceeded",
        "dailyLimitExceeded",
        "calendarUsageLimitsExceeded",
    }
)
_NOT_ALLOWED = frozenset({"accessNotConfigured", "insufficientPermissions"})
"""The whole access is at fault: the API is switched off, or the token lacks the scope."""

_REFUSALS = frozenset({400, 403, 404, 413})


def reason_of(reply: httpx.Response) -> str:
    """Return Google's word for an error (``rateLimitExceeded``), empty when it gives none."""
    try:
        error = reply.json()["error"]
        return plain(error["errors"][0]["reason"] if "errors" in error else error["status"])
    except (ValueError, KeyError, TypeError, IndexError):
        return ""


def outcome_of(reply: httpx.Response) -> Outcome:
    """Return what an answer that isn't a success comes to.

    What isn't recognised is tried again, and so is a refusal that doesn't speak as Google does:
    a proxy on the way may have made it.
    """
    reason, wish = reason_of(reply), wished_seconds(reply.headers)
    why = f"google {reply.status_code} {reason}".rstrip()
    if reply.status_code == 429 or (reply.status_code == 403 and reason in _LIMITS):
        return Retry(why, THROTTLE, wish, counts=False)
    if reply.status_code == 401 or (reply.status_code == 403 and reason in _NOT_ALLOWED):
        return Retry(why, ACCOUNT, wish)
    if reply.status_code in (409, 410, 412):
        return Retry(why, CONFLICT, wish)
    if reply.status_code in _REFUSALS and reason:
        return Dead(why, PERMANENT)
    return Retry(why, TRANSIENT, wish)


def no_answer(error: Exception) -> Retry:
    """Return what a call without a usable answer comes to."""
    return Retry(f"google no_answer {type(error).__name__}", TRANSIENT)
