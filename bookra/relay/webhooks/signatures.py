"""Whether a webhook comes from whom it claims to: HMACs over the raw body. Pure.

Stripe signs ``t.body`` and its library lets a signature of the future pass; here the moment must
be near on both sides, so that a body signed with a wrong clock can't be kept for later. Meta signs
the body alone: its moments are within.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

TOLERANCE_SECONDS = 300
"""How far a signature's moment may be from now, in the past or in the future."""

MOST_SIGNATURES = 16
"""Signatures of one header that are looked at; Stripe sends one a secret."""


def stripe_signed(header: str, body: bytes, secrets: Iterable[str], now: float) -> bool:
    """Tell whether ``Stripe-Signature`` signs ``body`` with one of ``secrets`` at about ``now``.

    Several secrets are good while one is being replaced by another. ``now`` is in epoch seconds.
    """
    parts = [part.partition("=")[::2] for part in header.split(",")]
    moments = [value for name, value in parts if name.strip() == "t"]
    given = [value.strip() for name, value in parts if name.strip() == "v1"][:MOST_SIGNATURES]
    if len(moments) != 1 or not (moments[0].isascii() and moments[0].isdigit()):
        return False
    if len(moments[0]) > 12 or abs(now - int(moments[0])) > TOLERANCE_SECONDS:
        return False
    signed = moments[0].encode() + b"." + body
    return _any_equal((_digest(secret, signed) for secret in secrets), given)


def meta_signed(header: str, body: bytes, secrets: Iterable[str]) -> bool:
    """Tell whether ``X-Hub-Signature-256`` signs ``body`` with one of the app's ``secrets``."""
    scheme, _, given = header.partition("=")
    if scheme.strip() != "sha256":
        return False
    return _any_equal((_digest(secret, body) for secret in secrets), [given.strip()])


def same(given: str, expected: Iterable[str]) -> bool:
    """Tell whether a word equals one of the expected, in a time that tells nothing about them."""
    return _any_equal(expected, [given])


def _digest(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _any_equal(expected: Iterable[str], given: Iterable[str]) -> bool:
    wanted = [word.encode() for word in expected]
    found = [word.encode("utf-8", "replace") for word in given]
    return any(hmac.compare_digest(a, b) for a in wanted for b in found)
