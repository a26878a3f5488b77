"""How a reconciliation is shown: JSON with its fixed keys, and tables that convince a person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from bookra.commands import documents, output
from bookra.engine.reports.reconcile_model import MEANING
from bookra.money import Money, format_minor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bookra.engine.reports.reconcile_model import Drift, OpenItem, Reconciliation

Document = dict[str, Any]


def document(
    found: Sequence[Reconciliation], now: datetime, mended: Sequence[str] | None
) -> Document:
    """Return the proof in the business's currency; ``ok`` is that of all of them.

    Proofs of other currencies that the account moved follow under ``others``.
    """
    first, *others = (_document(one, now) for one in found)
    first["ok"] = all(one.ok for one in found)
    if others:
        first["others"] = others
    if mended is not None:
        first["repaired"] = list(mended)
    return first


def _document(found: Reconciliation, now: datetime) -> Document:
    return {
        "ok": found.ok,
        "currency": found.currency,
        "ledger": documents.money(found.ledger),
        "stripe": documents.money(found.stripe),
        "difference": documents.money(found.difference),
        "before": documents.money(found.before),
        "entries": found.entries,
        "balance_transactions": found.balance_transactions,
        "drift": [drift_of(item) for item in found.drift],
        "proof": [{"part": part.name, "ok": part.ok, "shows": part.shows} for part in found.proof],
        "open": [_open(item, now) for item in found.open],
        "opening": documents.money(found.opening),
        "closing": documents.money(found.closing),
        "types": [
            {
                "type": line.type,
                "count": line.count,
                "amount": documents.money(line.amount),
                "fees": documents.money(line.fees),
                "net": documents.money(line.net),
                "ledger": documents.money(line.ledger),
            }
            for line in found.rolled
        ],
    }


def drift_of(item: Drift) -> Document:
    """Return one drift, with the keys that scripts rely on."""
    return {"class": item.kind, "id": item.id, "amount": documents.money(item.amount)}


def _open(item: OpenItem, now: datetime) -> Document:
    return {
        "account": item.account,
        "id": item.id,
        "what": item.what,
        "amount": documents.money(item.amount),
        "since": item.since.isoformat(),
        "age_days": item.age_days(now),
    }


def show(found: Sequence[Reconciliation], now: datetime, mended: Sequence[str] | None) -> None:
    """Print the proof for a person: the parts, the roll-forward, what is open, what disagrees."""
    for line in mended or ():
        output.remark(f"repaired: {line}")
    if mended is not None and not mended:
        output.remark("There was nothing to repair.")
    for one in found:
        _show(one, now)


def _show(found: Reconciliation, now: datetime) -> None:
    output.rows(
        [
            {"": "✓" if part.ok else "✗", "part": f"{number} {part.name}", "shows": part.shows}
            for number, part in enumerate(found.proof, start=1)
        ],
        ("", "part", "shows"),
    )
    if found.rolled:
        print()  # noqa: T201 - between two tables of stdout
        output.rows(_rolled(found), ("movement", "count", "amount", "fees", "net", "ledger"))
    if found.open:
        print()  # noqa: T201
        items = [
            {**_open(item, now), "account": item.account.partition(":")[2]} for item in found.open
        ]
        output.rows(items, ("account", "id", "what", "amount", "age_days"))
    if found.drift:
        print()  # noqa: T201
        drift = [{**drift_of(item), "meaning": MEANING[item.kind]} for item in found.drift]
        output.rows(drift, ("class", "id", "amount", "meaning"))


def _rolled(found: Reconciliation) -> list[Document]:
    """Return the lines from opening to closing, plain numbers under their heads."""
    opening, closing = (_figure(money) for money in (found.opening, found.closing))
    blank = {"count": "", "amount": "", "fees": ""}
    lines = [
        {
            "movement": line.type,
            "count": line.count,
            "amount": _figure(line.amount),
            "fees": _figure(line.fees),
            "net": _figure(line.net),
            "ledger": _figure(line.ledger),
        }
        for line in found.rolled
    ]
    first = {"movement": f"opening, {found.currency}", **blank, "net": opening, "ledger": opening}
    last = {"movement": "closing", **blank, "net": closing, "ledger": closing}
    return [first, *lines, last]


def _figure(money: Money) -> str:
    return format_minor(money.minor, money.currency)
