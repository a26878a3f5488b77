"""What Stripe's failures mean: for an effect an outcome, for a question an error to be shown.

The order of the tests matters: a lock time-out is a 429 by its status and a conflict by its
nature, and a key in use is called an ``idempotency_error`` though nothing is wrong with it.
See https://docs.stripe.com/error-low-level.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import stripe

from bookra.errors import BookraError, NotAllowedError, UnavailableError
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

TROUBLE = (stripe.StripeError, AttributeError, KeyError, TypeError, ValueError)
"""All that a call may end in: Stripe's own errors, and an answer that isn't one of Stripe's.

The SDK itself trips (AttributeError) over an error document that a proxy made.
"""

_CONFLICTS = frozenset({"lock_timeout", "idempotency_key_in_use"})


class UnprovenError(ValueError):
    """A look-up that found nothing, and was not complete enough to say that nothing is there."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed call. ``status`` is 0 when no answer came."""

    status: int
    code: str
    request_id: str
    replayed: bool
    after_seconds: float | None

    @property
    def why(self) -> str:
        """Codes and ids for an operator: ``stripe 500 api_error req_8Xk``."""
        parts = ("stripe", str(self.status or ""), self.code, self.request_id)
        return " ".join(part for part in parts if part)

    @property
    def by_stripe(self) -> bool:
        """Tell whether Stripe's side failed, so that the request may have been executed."""
        return self.status >= 500

    @property
    def reused(self) -> bool:
        """Tell whether Stripe knows the key with other parameters: it was executed before."""
        return self.status == 400 and self.code == "idempotency_error"

    @property
    def refused(self) -> bool:
        """Tell whether Stripe understood the request, and refused it."""
        return self.status in (400, 402, 404)


def read(error: Exception) -> Failure:
    """Return what is known of a failed call."""
    if not isinstance(error, stripe.StripeError):
        word = "unproven" if isinstance(error, UnprovenError) else "unreadable_answer"
        return Failure(0, word, type(error).__name__, replayed=False, after_seconds=None)
    if isinstance(error, stripe.APIConnectionError):
        return Failure(0, "no_answer", "", replayed=False, after_seconds=None)
    headers = error.headers or {}
    return Failure(
        status=error.http_status or 0,
        code=_code(error),
        request_id=plain(error.request_id or ""),
        replayed=headers.get("Idempotent-Replayed") == "true",
        after_seconds=wished_seconds(headers),
    )


def _code(error: stripe.StripeError) -> str:
    details = error.error
    decline = getattr(details, "decline_code", None)
    known = getattr(details, "code", None) or error.code or getattr(details, "type", None)
    words = [plain(word) for word in (known, decline) if word]
    return "/".join(words) or type(error).__name__


def outcome_of(failure: Failure) -> Outcome:
    """Return what a failed effect comes to. What isn't recognised is tried again."""
    wish = failure.after_seconds
    if failure.status == 409 or failure.code in _CONFLICTS:
        return Retry(failure.why, CONFLICT, wish)
    if failure.status == 429 or failure.code == "rate_limit":
        return Retry(failure.why, THROTTLE, wish, counts=False)
    if failure.status in (401, 403):
        return Retry(failure.why, ACCOUNT, wish)
    if failure.refused:
        if failure.reused:
            return Dead(f"{failure.why}: the key was used before with other parameters", PERMANENT)
        return Dead(failure.why, PERMANENT)
    return Retry(failure.why, TRANSIENT, wish)


@contextmanager
def explained() -> Iterator[None]:
    """Raise what a question to Stripe ends in as an error for people.

    Raises UnavailableError (``stripe_unavailable``) or NotAllowedError (``stripe_refused``).
    """
    try:
        yield
    except TROUBLE as error:
        raise _error_of(read(error)) from error


def _error_of(failure: Failure) -> BookraError:
    details = {"status": failure.status, "code": failure.code, "request": failure.request_id}
    if failure.status in (401, 403):
        return NotAllowedError(
            "stripe_refused",
            f"Stripe refuses this account's key ({failure.why})",
            hint="Set a valid key: bookra tenant provider set stripe",
            details=details,
        )
    if failure.refused:
        return NotAllowedError(
            "stripe_refused",
            f"Stripe refuses the question ({failure.why})",
            hint="Check that the account and the object belong together in Stripe's dashboard",
            details=details,
        )
    return UnavailableError(
        "stripe_unavailable",
        f"Stripe gave no usable answer ({failure.why})",
        hint="Try again in a minute; https://status.stripe.com tells whether it is down",
        details=details,
    )
