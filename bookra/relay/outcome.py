"""What became of one delivery, as data: the drain decides by it, nobody raises it.

A provider's client returns one of the five shapes below. ``why`` is shown to operators and kept
in the outbox: provider codes and ids only, never a name, a number, a token or a body.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

THROTTLE: Final = "throttle"
"""Too many requests for the account: wait, it is nobody's failure."""
RECIPIENT_THROTTLE: Final = "recipient_throttle"
"""Too many messages to one recipient: the others may go on."""
CONFLICT: Final = "conflict"
"""Another request is working on the same thing."""
TRANSIENT: Final = "transient"
"""The network, or a provider that is ill: it may pass."""
ACCOUNT: Final = "account"
"""The tenant's access is revoked, blocked or unpaid: only the tenant can mend it."""
PERMANENT: Final = "permanent"
"""The provider understood, and refuses: sending the same again is useless."""
UNDELIVERABLE: Final = "undeliverable"
"""This recipient can't be reached on this channel: another channel may do."""

NEWER: Final = "newer"
"""A later release wrote the row: this relay leaves it as it is, however long."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The effect exists outside. ``reference`` is its id there, ``facts`` what was learned."""

    reference: str
    facts: object | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now. ``after_seconds`` is the provider's own wish; None leaves it to the backoff.

    ``counts`` is False when no attempt was consumed (throttling). ``new_generation`` is True only
    when it is proven that nothing happened and that the present idempotency key can never bring
    anything but its stored failure: the next attempt then needs another key.
    """

    why: str
    error_class: str
    after_seconds: float | None = None
    counts: bool = True
    new_generation: bool = False


@dataclass(frozen=True, slots=True)
class Dead:
    """Never: the provider refuses this effect as it stands."""

    why: str
    error_class: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have happened, and sending again could do it twice."""

    why: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """Not before ``until``, by our own choice."""

    until: datetime
    why: str


Outcome: TypeAlias = Delivered | Retry | Dead | Unknown | Snooze
