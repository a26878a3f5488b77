"""The shape of a handler: one question to Stripe, then one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bookra.engine.runtime import Tx
from bookra.relay.providers.stripe import StripeGateway


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of event is handled.

    ``fetch`` asks Stripe for the object as it is now, with no transaction open; ``settle`` writes
    what it says, together with the event, and returns the decision in a word or two.
    """

    fetch: Callable[[StripeGateway, str], Any]
    settle: Callable[[Tx, Any], str]
