"""What a visit or an order sells, and how it is paid: payments, deposits, fees. Pure.

Revenue is recognised when it is paid in full; what comes before is a deposit. A visit that is
done with less than that paid is recognised against what the client still owes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookra.engine.ledger import chart
from bookra.engine.ledger.entry import Draft, Posting


@dataclass(frozen=True, slots=True)
class Fact:
    """What every entry says of itself. ``key`` is the fact's own: a charge, a receipt."""

    key: str
    effective_at: datetime
    currency: str
    booking_id: UUID | None = None
    order_id: UUID | None = None
    memo: str = ""

    def draft(self, kind: str, *postings: Posting) -> Draft:
        """Return the entry with the postings that move something."""
        return Draft(
            self.key,
            kind,
            self.effective_at,
            self.currency,
            tuple(posting for posting in postings if posting.amount_minor),
            self.booking_id,
            None,
            self.memo,
            self.order_id,
        )


@dataclass(frozen=True, slots=True)
class Sale:
    """What one booking line sells, or one item (``item_id``). ``staff`` is a slug, or empty.

    ``net_minor`` and ``tax_minor`` are what the customer pays; ``discount_minor`` is what was
    taken off the net price before. ``income`` is the account of such revenue.
    """

    line_id: UUID | None
    staff: str
    net_minor: int
    tax_minor: int
    tax_bps: int
    discount_minor: int = 0
    item_id: UUID | None = None
    income: str = chart.SERVICES

    @property
    def gross_minor(self) -> int:
        """What the customer pays for it."""
        return self.net_minor + self.tax_minor

    def posting(self, account: str, amount_minor: int) -> Posting:
        """Return a posting that belongs to this line or item."""
        return Posting(account, amount_minor, self.line_id, self.item_id)


@dataclass(frozen=True, slots=True)
class Tender:
    """Money that comes in: how (a key of ``chart.TENDERS``), how much of it for the price.

    ``tips`` by staff slug come on top of ``amount_minor``.
    """

    method: str
    amount_minor: int
    tips: Mapping[str, int]

    @property
    def kind(self) -> str:
        """The kind of the payment's entry."""
        return chart.PAYMENT_KINDS[self.method]

    def postings(self) -> list[Posting]:
        """Return the money, and the tips that it holds."""
        tips = sum(self.tips.values())
        return [
            Posting(chart.TENDERS[self.method], self.amount_minor + tips),
            *(Posting(chart.tips(staff), -tip) for staff, tip in self.tips.items()),
        ]


def payment_in_full(
    fact: Fact, tender: Tender, sales: Sequence[Sale], deposits_minor: int = 0
) -> Draft:
    """Post the payment that settles the whole price, and recognise it [A1, A4].

    ``deposits_minor`` is what was paid before: it becomes revenue with this payment.
    """
    # Deposits first: they are paired with the price alone, and a tip with the money it came in.
    return fact.draft(
        tender.kind,
        Posting(chart.DEPOSITS, deposits_minor),
        *tender.postings(),
        *_revenue(sales),
    )


def deposit(fact: Fact, tender: Tender) -> Draft:
    """Post a payment of less than the price [B1]: it is owed until the visit is done."""
    return fact.draft(
        tender.kind, *tender.postings(), Posting(chart.DEPOSITS, -tender.amount_minor)
    )


def done_with_deposit(fact: Fact, sales: Sequence[Sale], deposits_minor: int) -> Draft:
    """Recognise a visit that is done and not paid in full [B3]: the client owes the rest.

    Also one whose price a discount took away: then nobody owes anything.
    """
    price = sum(sale.gross_minor for sale in sales)
    return fact.draft(
        "sale",
        Posting(chart.RECEIVABLE, price - deposits_minor),
        Posting(chart.DEPOSITS, deposits_minor),
        *_revenue(sales),
    )


def payment_of_rest(fact: Fact, tender: Tender) -> Draft:
    """Post a payment of what a client owes for a visit that is done [B4]."""
    return fact.draft(
        tender.kind, *tender.postings(), Posting(chart.RECEIVABLE, -tender.amount_minor)
    )


def fee_payment(fact: Fact, income: str, amount_minor: int) -> Draft:
    """Post a fee charged to a saved card [D]; ``income`` is NO_SHOW or LATE_CANCEL."""
    return fact.draft(
        "fee_payment", Posting(chart.CLEARING, amount_minor), Posting(income, -amount_minor)
    )


def deposit_kept(fact: Fact, income: str, amount_minor: int) -> Draft:
    """Keep a deposit as a fee: forfeited by a no-show, or by cancelling late."""
    return fact.draft(
        "deposit_kept", Posting(chart.DEPOSITS, amount_minor), Posting(income, -amount_minor)
    )


def revenue_kept(fact: Fact, income: str, given_up: Sequence[Sale]) -> Draft:
    """Keep a part of a price that was recognised as a fee: the service itself is given up.

    ``given_up`` holds, line by line, the net and tax that turn into the fee.
    """
    gross = sum(sale.gross_minor for sale in given_up)
    return fact.draft("revenue_kept", *returned(given_up), Posting(income, -gross))


def late_payment(fact: Fact, amount_minor: int) -> Draft:
    """Post money for a visit that can't take place any more: it is owed back at once."""
    return fact.draft(
        "late_payment",
        Posting(chart.CLEARING, amount_minor),
        Posting(chart.REFUNDS_OWED, -amount_minor),
    )


def _revenue(sales: Sequence[Sale]) -> list[Posting]:
    return [
        posting
        for sale in sales
        for posting in (
            sale.posting(sale.income, -sale.net_minor - sale.discount_minor),
            sale.posting(chart.DISCOUNTS, sale.discount_minor),
            sale.posting(chart.tax(sale.tax_bps), -sale.tax_minor),
        )
    ]


def returned(sales: Sequence[Sale]) -> list[Posting]:
    """Return the postings that take revenue back: the net as refunds, the tax as tax."""
    return [
        posting
        for sale in sales
        for posting in (
            sale.posting(chart.REFUNDS, sale.net_minor),
            sale.posting(chart.tax(sale.tax_bps), sale.tax_minor),
        )
    ]
