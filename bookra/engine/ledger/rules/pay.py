"""What staff earn, give back, are paid, and pay for their chair. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.rules.sales import Fact

PAID_FROM = {"bank": chart.BANK, "payroll": chart.BANK, "cash": chart.DRAWER}
"""How staff are paid, and the account that the money leaves."""


def commission(
    fact: Fact,
    staff: str,
    amount_minor: int,
    *,
    line_id: UUID | None = None,
    item_id: UUID | None = None,
) -> Draft:
    """Post a commission [A3]: an expense against what the staff member is owed.

    A negative amount takes it back from what is still owed to them [C3].
    """
    return fact.draft(
        "commission" if amount_minor > 0 else "clawback",
        Posting(chart.COMMISSION_EXPENSE, amount_minor, line_id, item_id),
        Posting(chart.commission(staff), -amount_minor, line_id, item_id),
    )


def correction(
    fact: Fact,
    staff: str,
    amount_minor: int,
    *,
    line_id: UUID | None = None,
    item_id: UUID | None = None,
) -> Draft:
    """Post a commission that changes though nothing was refunded: a tier, another person."""
    return fact.draft(
        "commission_correction",
        Posting(chart.COMMISSION_EXPENSE, amount_minor, line_id, item_id),
        Posting(chart.commission(staff), -amount_minor, line_id, item_id),
    )


def clawback_of_paid(
    fact: Fact,
    staff: str,
    amount_minor: int,
    *,
    line_id: UUID | None = None,
    item_id: UUID | None = None,
) -> Draft:
    """Claim back commission that was paid out already [C3]; the next pay run nets it."""
    return fact.draft(
        "clawback",
        Posting(chart.clawback(staff), amount_minor, line_id, item_id),
        Posting(chart.COMMISSION_EXPENSE, -amount_minor, line_id, item_id),
    )


def pay_run(fact: Fact, method: str, settled: Mapping[str, int]) -> Draft:
    """Post what a staff member is paid [H].

    ``settled`` says by how much each account is settled, debit plus: what was owed to them
    (commission, tips) is positive, what they owed (clawback, rent) negative.
    """
    postings = [Posting(account, amount) for account, amount in settled.items()]
    return fact.draft("pay_run", *postings, Posting(PAID_FROM[method], -sum(settled.values())))


def chair_rent(fact: Fact, amount_minor: int) -> Draft:
    """Post the rent of a chair [J]: it is owed by the person who works there."""
    return fact.draft(
        "chair_rent",
        Posting(chart.RENT_RECEIVABLE, amount_minor),
        Posting(chart.CHAIR_RENT, -amount_minor),
    )


def chair_rent_paid(fact: Fact, method: str, amount_minor: int) -> Draft:
    """Post rent that was paid in money rather than netted."""
    return fact.draft(
        "chair_rent_paid",
        Posting(PAID_FROM[method], amount_minor),
        Posting(chart.RENT_RECEIVABLE, -amount_minor),
    )
