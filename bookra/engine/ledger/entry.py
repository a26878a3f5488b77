"""An entry: signed postings that sum to zero, and their pairing into transfers. Pure.

Each transfer debits one account and credits another, so what is written can't be unbalanced.
The pairing is deterministic and never mixes two booking lines in one transfer: reports by service
and by staff depend on that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Posting:
    """A signed amount on one account: debit plus, credit minus."""

    account: str
    amount_minor: int
    line_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """``amount_minor`` (positive) moves from the credited to the debited account."""

    debit: str
    credit: str
    amount_minor: int
    line_id: UUID | None


@dataclass(frozen=True, slots=True)
class Draft:
    """One business fact, ready to be posted. ``key`` makes it happen once.

    Raises ValueError unless the postings sum to zero and are not empty.
    """

    key: str
    kind: str
    effective_at: datetime
    currency: str
    postings: tuple[Posting, ...]
    booking_id: UUID | None = None
    reverses: UUID | None = None
    memo: str = ""

    def __post_init__(self) -> None:
        if sum(posting.amount_minor for posting in self.postings) != 0:
            raise ValueError(f"entry {self.key} is not balanced: {self.postings}")
        if not any(posting.amount_minor for posting in self.postings):
            raise ValueError(f"entry {self.key} moves nothing")


@dataclass(slots=True)
class _Rest:
    """A posting with what is still to be paired."""

    account: str
    amount: int
    line_id: UUID | None


def transfers(postings: tuple[Posting, ...]) -> list[Transfer]:
    """Pair debits with credits: same line first, then with shared postings, then those alone.

    Raises ValueError when only a transfer between two different lines would balance.
    """
    debits = [_Rest(p.account, p.amount_minor, p.line_id) for p in postings if p.amount_minor > 0]
    credited = [
        _Rest(p.account, -p.amount_minor, p.line_id) for p in postings if p.amount_minor < 0
    ]
    paired: list[Transfer] = []
    for fits in (_same_line, _line_and_shared, _both_shared):
        paired += _pair(debits, credited, fits)
    if any(rest.amount for rest in (*debits, *credited)):
        raise ValueError("the postings balance only across booking lines")
    return _merged(paired)


def _pair(
    debits: list[_Rest], credited: list[_Rest], fits: Callable[[_Rest, _Rest], bool]
) -> Iterator[Transfer]:
    for debit in debits:
        for credit in credited:
            amount = min(debit.amount, credit.amount)
            if amount and fits(debit, credit):
                debit.amount -= amount
                credit.amount -= amount
                line = debit.line_id or credit.line_id
                yield Transfer(debit.account, credit.account, amount, line)


def _same_line(debit: _Rest, credit: _Rest) -> bool:
    return debit.line_id is not None and debit.line_id == credit.line_id


def _line_and_shared(debit: _Rest, credit: _Rest) -> bool:
    return (debit.line_id is None) != (credit.line_id is None)


def _both_shared(debit: _Rest, credit: _Rest) -> bool:
    return debit.line_id is None and credit.line_id is None


def _merged(paired: list[Transfer]) -> list[Transfer]:
    """Add up transfers between the same accounts for the same line; their order stays."""
    totals: dict[tuple[str, str, UUID | None], int] = defaultdict(int)
    for transfer in paired:
        totals[transfer.debit, transfer.credit, transfer.line_id] += transfer.amount_minor
    return [Transfer(d, c, amount, line) for (d, c, line), amount in totals.items() if d != c]
