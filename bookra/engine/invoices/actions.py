"""Issuing invoices and credit notes: gapless numbers a year, content that never changes, once each.

The counter row is locked in the transaction that stores the document: a rollback gives the number
back, so there is no gap under crashes. The PDF is made from the stored document when it is wanted.
"""

from __future__ import annotations

from uuid import UUID

from bookra.engine.invoices.content import credit_document, invoice_document
from bookra.engine.invoices.sold import Sale, sale_of
from bookra.engine.invoices.store import (
    Invoice,
    Subject,
    credit_note_of,
    draw_number,
    find_invoice,
    insert,
    invoice_of,
    invoices,
)
from bookra.engine.runtime import Tx

__all__ = ["Invoice", "credit", "find_invoice", "invoices", "issue"]


def issue(tx: Tx, booking_id: UUID | None, order_id: UUID | None = None) -> Invoice:
    """Issue the invoice of a paid booking or order, or return the one that it has.

    Locks the booking or order, then the year's counter until the transaction ends.
    """
    return _issued(tx, sale_of(tx, booking_id, order_id))


def credit(
    tx: Tx, booking_id: UUID | None, order_id: UUID | None, refund_key: str
) -> Invoice | None:
    """Issue the credit note of a refund, by the key of its entry, or return the one that it has.

    None when the refund took no revenue back, as that of a deposit. It corrects the invoice of the
    sale, which is issued first if the refund was quicker. Locks as ``issue`` does.
    """
    sale = sale_of(tx, booking_id, order_id)
    known = credit_note_of(tx, refund_key)
    if known is not None or credit_document(tx, sale, "", refund_key, "") is None:
        return known
    corrected = _issued(tx, sale)
    number = draw_number(tx)
    document = credit_document(tx, sale, number.text, refund_key, corrected.number)
    assert document is not None
    subject = Subject(sale.booking_id, sale.order_id, corrected.id, refund_key)
    return insert(tx, number, subject, document)


def _issued(tx: Tx, sale: Sale) -> Invoice:
    subject = Subject(sale.booking_id, sale.order_id)
    known = invoice_of(tx, subject)
    if known is not None:
        return known
    number = draw_number(tx)
    return insert(tx, number, subject, invoice_document(tx, sale, number.text))
