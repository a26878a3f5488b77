"""What the books hold as JSON documents: accounts, entries with their postings, invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bookra.commands.documents import instant, money

if TYPE_CHECKING:
    from bookra.engine.invoices.store import Invoice
    from bookra.engine.ledger.reading import AccountBalance, PostedEntry, PostedLine


def account(found: AccountBalance) -> dict[str, Any]:
    """``account kind balance``."""
    return {"account": found.code, "kind": found.kind, "balance": money(found.balance)}


def entry(found: PostedEntry, zone: ZoneInfo) -> dict[str, Any]:
    """Return a ledger entry with its postings, debit plus and credit minus."""
    return {
        "id": str(found.id),
        "key": found.key,
        "kind": found.kind,
        "effective_at": instant(found.effective_at, zone),
        "posted_at": instant(found.posted_at, zone),
        "recorded_by": found.recorded_by,
        "booking": found.booking,
        "order": found.order,
        "reverses": str(found.reverses) if found.reverses else None,
        "memo": found.memo,
        "postings": [posting(each) for each in found.postings],
    }


def posting(found: PostedLine) -> dict[str, Any]:
    """``account amount`` and, where it belongs to a part: ``line service staff`` or ``item``."""
    part = {
        "line": found.line,
        "service": found.service,
        "item": found.item,
        "staff": found.staff,
    }
    known = {name: value for name, value in part.items() if value is not None}
    return {"account": found.account, "amount": money(found.amount), **known}


def invoice(found: Invoice, zone: ZoneInfo) -> dict[str, Any]:
    """Return an invoice's figures; its whole content is ``document``."""
    return {
        "number": found.number,
        "kind": found.kind,
        "booking": found.booking,
        "order": found.order,
        "corrects": found.corrects,
        "issued_at": instant(found.issued_at, zone),
        "customer": found.document.customer.name,
        "net": money(found.net),
        "tax": money(found.tax),
        "gross": money(found.gross),
    }
