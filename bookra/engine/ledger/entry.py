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
    """A signed amount on one account: debit plus, credit minus.

    It belongs to one line of a booking, or to one item of a booking or order, or to neither.
    """

    account: str
    amount_minor: int
    line_id: UUID | None = None
    item_id: UUID | None = None

    @property
    def part(self) -> UUID | None:
        """The line or item; None for what is shared."""
        return self.line_id or self.item_id


@dataclass(frozen=True, slots=True)
class Transfer:
    """``amount_minor`` (positive) moves from the credited to the debited account."""

    debit: str
    credit: str
    amount_minor: int
    line_id: UUID | None
    item_id: UUID | None = None


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
    order_id: UUID | None = None

    def __post_init__(self) -> None:
        if sum(posting.amount_minor for posting in self.postings) != 0:
            raise ValueError(f"entry {self.key} is not balanced: {self.postings}")
        if not any(posting.amount_minor for posting in self.postings):
            raise ValueError(f"entry {self.key} moves nothing")


@dataclass(slots=True)
class _Rest:
    """A posting with what is still to be paired."""

    posting: Posting
    amount: int


def transfers(postings: tuple[Posting, ...]) -> list[Transfer]:
    """Pair debits with credits: of one line or item first, then with shared ones, then those alone.

    Raises ValueError when only a transfer between two different lines would balance.
    """
    debits = [_Rest(p, p.amount_minor) for p in postings if p.amount_minor > 0]
    credited = [_Rest(p, -p.amount_minor) for p in postings if p.amount_minor < 0]
    paired: list[Transfer] = []
    for fits in (_same_part, _part_and_shared, _both_shared):
        paired += _pair(debits, credited, fits)
    if any(rest.amount for rest in (*debits, *credited)):
        raise ValueError("the postings balance only across booking lines")
    return _merged(paired)


def _pair(
    debits: list[_Rest], credited: list[_Rest], fits: Callable[[Posting, Posting], bool]
) -> Iterator[Transfer]:
    for debit in debits:
        for credit in credited:
            amount = min(debit.amount, credit.amount)
            if amount and fits(debit.posting, credit.posting):
                debit.amount -= amount
                credit.amount -= amount
                owner = debit.posting if debit.posting.part else credit.posting
                yield Transfer(
                    debit.posting.account,
                    credit.posting.account,
                    amount,
                    owner.line_id,
                    owner.item_id,
                )


def _same_part(debit: Posting, credit: Posting) -> bool:
    return debit.part is not None and debit.part == credit.part


def _part_and_shared(debit: Posting, credit: Posting) -> bool:
    return (debit.part is None) != (credit.part is None)


def _both_shared(debit: Posting, credit: Posting) -> bool:
    return debit.part is None and credit.part is None


def _merged(paired: list[Transfer]) -> list[Transfer]:
    """Add up transfers between the same accounts for the same part; their order stays."""
    totals: dict[tuple[str, str, UUID | None, UUID | None], int] = defaultdict(int)
    for t in paired:
        totals[t.debit, t.credit, t.line_id, t.item_id] += t.amount_minor
    return [
        Transfer(debit, credit, amount, line, item)
        for (debit, credit, line, item), amount in totals.items()
        if debit != credit
    ]
