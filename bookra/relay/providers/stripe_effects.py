"""An effect on Stripe: sent, and looked for when the answer leaves it in doubt.

On a server error Stripe has stored the answer under the key and replays it for a day, effect or
not. So the effect is looked for by its operation id (``metadata.op``): found, it is delivered;
absent from a complete look-up that began after a *replayed* answer (then the execution is over
for certain, and a first 500 may still be working), nothing happened, and the outcome asks for a
new generation of the key. Any less certain case is tried again with the same key.

What a page or a charge says of itself (the names of services, the terms) may change while its
answer is in doubt; then the same key comes back as one that is known with other parameters. That
is over for certain too, so it is looked for in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bookra.relay.outcome import CONFLICT, Dead, Delivered, Outcome, Retry, Unknown
from bookra.relay.providers.stripe_errors import TROUBLE, Failure, UnprovenError, outcome_of, read


def carried_out(
    send: Callable[[], Delivered],
    look: Callable[[], Delivered | None],
    *,
    looks_first: bool = False,
    looks_when_refused: bool = False,
    looks_when_reused: bool = False,
) -> Outcome:
    """Send once, and return what came of it; never raises for trouble with Stripe.

    ``look`` returns the effect if it exists, None if it provably doesn't. ``looks_when_refused``
    is for effects that Stripe refuses to make twice, ``looks_when_reused`` for those whose words
    may have changed since the key was first sent.
    """
    if looks_first and (known := _known_before(look)) is not None:
        return known
    try:
        return send()
    except TROUBLE as error:
        failure = read(error)
    reused = looks_when_reused and failure.reused
    refused = looks_when_refused and _may_be_done_already(failure)
    unclear = failure.by_stripe or refused or reused
    return _looked_for(failure, look) if unclear else outcome_of(failure)


def _known_before(look: Callable[[], Delivered | None]) -> Outcome | None:
    try:
        return look()
    except UnprovenError as unproven:
        return Unknown(f"stripe look-up: {unproven}")
    except TROUBLE as error:
        return outcome_of(read(error))


def _may_be_done_already(failure: Failure) -> bool:
    """Tell whether a refusal may only mean that the effect is there; other parameters never do."""
    return failure.refused and not failure.reused


def _looked_for(failure: Failure, look: Callable[[], Delivered | None]) -> Outcome:
    outcome = outcome_of(failure)
    try:
        found = look()
    except TROUBLE as error:
        # The refusal may only mean that the effect is there: without an answer that is open.
        return outcome_of(read(error)) if isinstance(outcome, Dead) else outcome
    if found is not None:
        return found
    if failure.reused:
        return Retry(failure.why, CONFLICT, new_generation=True)
    if failure.by_stripe and failure.replayed and isinstance(outcome, Retry):
        return replace(outcome, new_generation=True)
    return outcome
