"""What somebody wants to have given back, checked against what can be."""

from __future__ import annotations

from dataclasses import dataclass

from bookra.engine.ledger.chart import PACKAGES
from bookra.engine.payments.purses import Purse
from bookra.engine.payments.refund_parts import WAYS
from bookra.engine.payments.sold import Sold
from bookra.errors import ConflictError, InvalidInputError
from bookra.money import Money


@dataclass(frozen=True, slots=True)
class Back:
    """A wish: ``amount`` None is all that is left, ``to`` None goes back as it was paid.

    ``tips``: ``kept``, ``too`` (after the price), or ``only``.
    """

    amount: Money | None = None
    tips: str = "kept"
    to: str | None = None
    reason: str = ""


def checked(item: Sold, purse: Purse, back: Back) -> tuple[int, int]:
    """Return what of the price and of the tips is to go back, in minor units.

    Raises ConflictError ``over_refund``, ``wrong_way``, ``disputed``, ``nothing_to_refund`` or
    ``whole_only``; InvalidInputError ``bad_amount`` or ``unknown_way``.
    """
    _check_words(item, back)
    price, tip = _wanted(purse, back)
    if not price and not tip:
        raise _nothing(item, purse)
    if price > purse.price_minor or tip > purse.tip_minor:
        raise _too_much(item, purse, price + tip, back)
    _check_way(item, purse, price, tip, back.to)
    if item.value == PACKAGES and price < purse.price_minor:
        raise ConflictError(
            "whole_only",
            f"What is left of {item.code} is given back whole: {_money(item, purse.price_minor)}",
            hint=f"bookra refund {item.code}",
        )
    return price, tip


def _check_words(item: Sold, back: Back) -> None:
    if back.to is not None and back.to not in WAYS:
        raise InvalidInputError(
            "unknown_way", f"'{back.to}' is no way to refund", hint=f"One of: {', '.join(WAYS)}"
        )
    if back.amount is not None and (
        back.amount.minor <= 0 or back.amount.currency != item.currency
    ):
        raise InvalidInputError(
            "bad_amount", f"{back.amount} is not an amount to give back in {item.currency}"
        )


def _wanted(purse: Purse, back: Back) -> tuple[int, int]:
    """Return price and tip; with ``too`` an amount goes to the price first."""
    if back.amount is None:
        price = 0 if back.tips == "only" else purse.price_minor
        return price, 0 if back.tips == "kept" else purse.tip_minor
    if back.tips == "kept":
        return back.amount.minor, 0
    if back.tips == "only":
        return 0, back.amount.minor
    price = min(back.amount.minor, purse.price_minor)
    return price, back.amount.minor - price


def _check_way(item: Sold, purse: Purse, price: int, tip: int, to: str | None) -> None:
    """Refuse a way by which not so much came in. Cash may stand in for any other way."""
    if to in (None, "cash"):
        return
    found = [source for source in purse.sources if source.way == to and not source.disputed]
    most_price = max(0, sum(source.price_minor for source in found))
    most_tip = max(0, sum(source.tip_minor for source in found))
    if price > most_price or tip > most_tip:
        left = _money(item, most_price + most_tip)
        raise ConflictError(
            "wrong_way",
            f"Of {item.code} {left} can go back by {to}: no more of it came in that way",
            hint=f"Let it go back as it was paid: bookra refund {item.code}",
            details={"code": item.code, "rest": _json(left)},
        )


def _nothing(item: Sold, purse: Purse) -> ConflictError:
    if purse.disputed_minor:
        return _disputed(item)
    return ConflictError(
        "nothing_to_refund",
        f"Nothing is left of {item.code} that could go back",
        hint=f"See: bookra ledger entries --booking {item.code}",
        details={"code": item.code},
    )


def _too_much(item: Sold, purse: Purse, wanted: int, back: Back) -> ConflictError:
    with_tips = {"kept": 0, "too": purse.tip_minor, "only": purse.tip_minor}[back.tips]
    rest = with_tips if back.tips == "only" else purse.price_minor + with_tips
    if purse.disputed_minor and wanted <= rest + purse.disputed_minor:
        return _disputed(item)
    left = _money(item, rest)
    tip = _money(item, purse.tip_minor)
    return ConflictError(
        "over_refund",
        f"{_money(item, wanted)} is more than the {left} that is left of {item.code}",
        hint=f"The tip of {tip} goes back only with --tip" if tip and back.tips == "kept" else "",
        details={"code": item.code, "rest": _json(left)},
    )


def _disputed(item: Sold) -> ConflictError:
    return ConflictError(
        "disputed",
        f"The payment of {item.code} is disputed: the customer's bank has the money",
        hint="Look at it: bookra dispute list",
        details={"code": item.code},
    )


def _money(item: Sold, minor: int) -> Money:
    return Money(minor, item.currency)


def _json(amount: Money) -> dict[str, object]:
    return {"amount_minor": amount.minor, "currency": amount.currency}
