"""Many entries at once are posted as one by one: once by key, balanced, on the same accounts."""

from __future__ import annotations

from factories import Salon
from sqlalchemy import text

from bookra.engine.ledger.batch import post_all
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.rules import pay
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.ledger.verify import verify

WRITTEN = text(
    """
    SELECT e.key, e.kind, e.effective_at, e.memo, t.line, d.code AS debit, c.code AS credit,
           t.amount_minor
      FROM entries e JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
      JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
      JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
     WHERE e.tenant_id = :tenant_id ORDER BY e.key, t.line
    """
)


def drafts(salon: Salon, prefix: str) -> list[Draft]:
    """Return pay runs of two people, and something on an account of nobody."""
    made = [
        pay.pay_run(
            Fact(f"{prefix}:{staff}", salon.now, "EUR", memo="pay"),
            "bank",
            {f"liabilities:commission:{staff}": minor, f"liabilities:tips:{staff}": 500},
        )
        for staff, minor in (("ana", 1513), ("ben", -100))
    ]
    moved = (Posting("assets:bank", 7), Posting("assets:cash:drawer", -7))
    return [*made, Draft(f"{prefix}:cash", "test", salon.now, "EUR", moved)]


def test_a_batch_writes_what_single_entries_would(salon: Salon) -> None:
    for draft in drafts(salon, "a"):
        salon.act(lambda tx, draft=draft: post(tx, draft))
    ids = salon.act(lambda tx: post_all(tx, drafts(salon, "b")))
    assert set(ids) == {"b:ana", "b:ben", "b:cash"}
    rows = [tuple(row) for row in salon.ask(lambda tx: tx.rows(WRITTEN))]
    singly = [row[1:] for row in rows if row[0].startswith("a:")]
    assert singly == [row[1:] for row in rows if row[0].startswith("b:")]
    assert len(singly) == 5
    assert salon.ask(verify).ok


def test_what_was_posted_before_is_not_posted_again(salon: Salon) -> None:
    some, whole = drafts(salon, "a")[:1], drafts(salon, "a")
    first = salon.act(lambda tx: post_all(tx, some))
    again = [salon.act(lambda tx: post_all(tx, whole)) for _ in range(2)]
    assert again[0] == again[1]
    assert again[0]["a:ana"] == first["a:ana"]
    assert salon.balances()["assets:bank"] == -2013 - 400 + 7
    assert salon.act(lambda tx: post_all(tx, [])) == {}
    assert salon.ask(verify).ok
