"""The ledger's own proof, by queries that share nothing with the code that posts."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from bookra.engine.runtime import Tx

COUNTS = text(
    """
    SELECT (SELECT count(*) FROM entries WHERE tenant_id = :tenant_id) AS entries,
           (SELECT count(*) FROM transfers WHERE tenant_id = :tenant_id) AS transfers,
           (SELECT count(*) FROM accounts WHERE tenant_id = :tenant_id) AS accounts
    """
)
CHECKS = {
    "the postings of {subject} do not sum to zero": text(
        """
        SELECT p.currency AS subject FROM postings p WHERE p.tenant_id = :tenant_id
         GROUP BY p.currency HAVING sum(p.amount_minor) <> 0
        """
    ),
    "entry {subject} does not sum to zero": text(
        """
        SELECT p.entry_id AS subject FROM postings p WHERE p.tenant_id = :tenant_id
         GROUP BY p.entry_id, p.currency HAVING sum(p.amount_minor) <> 0
        """
    ),
    "entry {subject} has no transfer": text(
        """
        SELECT e.id AS subject FROM entries e
          LEFT JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
         WHERE e.tenant_id = :tenant_id AND t.id IS NULL
        """
    ),
    "the transfers of entry {subject} have a gap": text(
        """
        SELECT t.entry_id AS subject FROM transfers t WHERE t.tenant_id = :tenant_id
         GROUP BY t.entry_id HAVING max(t.line) + 1 <> count(*)
        """
    ),
    "movement {subject} and its entry disagree": text(
        """
        SELECT m.txn_ref AS subject FROM movements m
          LEFT JOIN postings p ON p.tenant_id = m.tenant_id AND p.entry_id = m.entry_id
          LEFT JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
         WHERE m.tenant_id = :tenant_id
         GROUP BY m.txn_ref, m.net_minor
        HAVING COALESCE(sum(p.amount_minor) FILTER (WHERE a.code = 'assets:stripe:available'), 0)
               <> m.net_minor
        """
    ),
    "booking {subject} is paid beyond its price": text(
        """
        SELECT b.code AS subject
          FROM bookings b
          JOIN entries e ON e.tenant_id = b.tenant_id AND e.booking_id = b.id
           AND e.kind IN ('card_payment', 'cash_payment')
         WHERE b.tenant_id = :tenant_id
         GROUP BY b.code HAVING count(*) > 1
        """
    ),
    "invoice {subject} is missing from the sequence": text(
        """
        SELECT c.year || '-' || n.number AS subject
          FROM invoice_counters c
         CROSS JOIN LATERAL generate_series(1, c.last_number) AS n(number)
          LEFT JOIN invoices i ON i.tenant_id = c.tenant_id AND i.year = c.year
           AND i.sequence = n.number
         WHERE c.tenant_id = :tenant_id AND i.id IS NULL
        """
    ),
}


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and every problem found, in words."""

    entries: int
    transfers: int
    accounts: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether the ledger stands."""
        return not self.problems


def verify(tx: Tx) -> Verification:
    """Check the whole ledger of the tenant."""
    counts = tx.row(COUNTS)
    assert counts is not None
    problems = tuple(
        sentence.format(subject=row.subject)
        for sentence, query in CHECKS.items()
        for row in tx.rows(query)
    )
    return Verification(counts.entries, counts.transfers, counts.accounts, problems)
