"""Which parts of chair rent fall due: calendar months or ISO weeks, in part by days. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bookra.engine.commissions.rules import Every, period_of, ratio

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RentTerms:
    """What a chair costs every week or month from a day on; zero is no rent."""

    amount_minor: int
    every: Every
    effective_from: date


@dataclass(frozen=True, slots=True)
class Due:
    """Rent for some days, both included. It is due on the first of them."""

    starts_on: date
    ends_on: date
    amount_minor: int


def falling_due(terms: Sequence[RentTerms], accrued_until: date | None, until: date) -> list[Due]:
    """Return what falls due up to ``until``, after the days that were accrued already.

    ``terms`` are in the order in which they were written; of two from the same day the later
    counts. New terms cut a month or week, whose two parts are charged by their days.
    """
    latest = {term.effective_from: term for term in terms}
    steps = [latest[day] for day in sorted(latest)]
    found: list[Due] = []
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        end = after.effective_from - ONE_DAY if after else date.max
        start = max(step.effective_from, accrued_until + ONE_DAY if accrued_until else date.min)
        found += _pieces(step, start, min(end, date.max), until)
    return [due for due in found if due.amount_minor]


def _pieces(step: RentTerms, start: date, end: date, until: date) -> Iterator[Due]:
    while start <= min(end, until):
        first, after = period_of(start, step.every)
        last = min(after - ONE_DAY, end)
        days, whole = (last - start).days + 1, (after - first).days
        yield Due(start, last, ratio(step.amount_minor, days, whole))
        start = last + ONE_DAY
