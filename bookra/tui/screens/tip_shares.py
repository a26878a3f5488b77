"""Who gets how much of a tip: what was typed, and the rest by the price of the work. Pure.

A person for whom nothing is typed shares what is left with the others like them, by the weights
that the engine goes by; with nothing typed at all this is the engine's own rule.
"""

from __future__ import annotations

from collections.abc import Sequence

from bookra.errors import InvalidInputError
from bookra.money import Money, allocate, parse_amount, rate_bps, share
from bookra.tui.desk.checkout import Performer


def shared(tip: Money, performers: Sequence[Performer], typed: Sequence[str]) -> list[Money]:
    """Return each performer's part of a tip; ``typed`` has ``3.00``, ``60%`` or nothing for each.

    Raises InvalidInputError: ``bad_amount``, ``bad_percent``, and ``bad_tip`` where the parts
    don't come to the tip.
    """
    texts = [*typed, *[""] * len(performers)][: len(performers)]
    said = [_read(text, tip) for text in texts]
    rest = tip.minor - sum(minor for minor in said if minor is not None)
    weights = [one.weight for one, minor in zip(performers, said, strict=True) if minor is None]
    if rest < 0 or (rest and not weights):
        given = Money(tip.minor - rest, tip.currency)
        raise InvalidInputError("bad_tip", f"The parts come to {given}, the tip is {tip}")
    others = iter(allocate(rest, weights) if weights else ())
    return [Money(next(others) if minor is None else minor, tip.currency) for minor in said]


def _read(text: str, tip: Money) -> int | None:
    text = text.strip()
    if not text:
        return None
    if text.endswith("%"):
        return share(tip.minor, rate_bps(text))
    return parse_amount(text, tip.currency).minor
