"""The questions of the ledger's proof that SQL answers: each finds nothing in a sound ledger.

They share nothing with the code that posts: kinds and codes are written out here. Each names at
most ``:most`` findings, so that a proof of a broken ledger needs no more memory than another.
"""

from __future__ import annotations

from sqlalchemy import TextClause, text

COUNTS = text(
    """
    SELECT (SELECT count(*) FROM entries WHERE tenant_id = :tenant_id) AS entries,
           (SELECT count(*) FROM transfers WHERE tenant_id = :tenant_id) AS transfers,
           (SELECT count(*) FROM accounts WHERE tenant_id = :tenant_id) AS accounts
    """
)

TOTAL = text(
    """
    SELECT p.currency AS subject FROM postings p WHERE p.tenant_id = :tenant_id
     GROUP BY p.currency HAVING sum(p.amount_minor) <> 0 LIMIT :most
    """
)
ENTRY_SUM = text(
    """
    SELECT p.entry_id AS subject FROM postings p WHERE p.tenant_id = :tenant_id
     GROUP BY p.entry_id, p.currency HAVING sum(p.amount_minor) <> 0 LIMIT :most
    """
)
EMPTY_ENTRY = text(
    """
    SELECT e.id AS subject FROM entries e
      LEFT JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
     WHERE e.tenant_id = :tenant_id AND t.id IS NULL LIMIT :most
    """
)
ORPHAN = text(
    """
    SELECT t.id AS subject FROM transfers t
      LEFT JOIN entries e ON e.tenant_id = t.tenant_id AND e.id = t.entry_id
       AND e.written_in = t.written_in
      LEFT JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
       AND d.currency = t.currency
      LEFT JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
       AND c.currency = t.currency
     WHERE t.tenant_id = :tenant_id AND (e.id IS NULL OR d.id IS NULL OR c.id IS NULL)
     LIMIT :most
    """
)
GAP = text(
    """
    SELECT t.entry_id AS subject FROM transfers t WHERE t.tenant_id = :tenant_id
     GROUP BY t.entry_id HAVING min(t.line) <> 0 OR max(t.line) + 1 <> count(*) LIMIT :most
    """
)
REVERSAL = text(
    """
    SELECT e.id AS subject FROM entries e
      JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id IN (e.id, e.reverses)
     WHERE e.tenant_id = :tenant_id AND e.reverses IS NOT NULL
     GROUP BY e.id, p.account_id HAVING sum(p.amount_minor) <> 0 LIMIT :most
    """
)
ACCOUNT_KIND = text(
    """
    SELECT a.code AS subject FROM accounts a
     WHERE a.tenant_id = :tenant_id
       AND a.kind <> CASE split_part(a.code, ':', 1) WHEN 'assets' THEN 'asset'
             WHEN 'liabilities' THEN 'liability' WHEN 'income' THEN 'income' ELSE 'expense' END
     LIMIT :most
    """
)
MOVEMENT = text(
    """
    SELECT m.txn_ref AS subject FROM movements m
      LEFT JOIN postings p ON p.tenant_id = m.tenant_id AND p.entry_id = m.entry_id
      LEFT JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
     WHERE m.tenant_id = :tenant_id
     GROUP BY m.txn_ref, m.net_minor
    HAVING COALESCE(sum(p.amount_minor) FILTER (WHERE a.code = 'assets:stripe:available'), 0)
           <> m.net_minor
     LIMIT :most
    """
)
STRAY_MOVEMENT = text(
    """
    SELECT DISTINCT e.id AS subject FROM entries e
      JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
       AND a.code = 'assets:stripe:available'
      LEFT JOIN movements m ON m.tenant_id = e.tenant_id AND m.entry_id = e.id
     WHERE e.tenant_id = :tenant_id AND m.id IS NULL LIMIT :most
    """
)
OVERPAID = text(
    """
    WITH paid AS (
        SELECT e.booking_id,
               sum(CASE WHEN e.kind LIKE '%\\_refund' THEN -t.amount_minor
                        ELSE t.amount_minor END) AS minor
          FROM entries e
          JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
          JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
          JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
         WHERE e.tenant_id = :tenant_id AND e.booking_id IS NOT NULL
           AND (e.kind IN ('card_payment', 'cash_payment', 'terminal_payment',
                           'gift_card_payment', 'package_redemption')
                AND c.code NOT LIKE 'liabilities:tips:%'
                AND d.code <> 'liabilities:deposits'
                OR e.kind IN ('card_refund', 'cash_refund', 'terminal_refund', 'gift_card_refund')
                AND d.code = 'liabilities:deposits')
           AND d.code NOT LIKE 'income:%'
         GROUP BY e.booking_id
    ), price AS (
        SELECT q.booking_id, sum(q.net_minor + q.tax_minor) AS minor
          FROM (SELECT booking_id, net_minor, tax_minor FROM booking_lines
                 WHERE tenant_id = :tenant_id
                UNION ALL
                SELECT booking_id, net_minor, tax_minor FROM booking_items
                 WHERE tenant_id = :tenant_id AND booking_id IS NOT NULL) q
         GROUP BY q.booking_id
    )
    SELECT b.code AS subject FROM paid
      JOIN bookings b ON b.tenant_id = :tenant_id AND b.id = paid.booking_id
      LEFT JOIN price ON price.booking_id = b.id
     WHERE paid.minor > COALESCE(price.minor, 0) LIMIT :most
    """
)
RESERVE = text(
    """
    SELECT c.charge_ref AS subject FROM charges c
      LEFT JOIN (operations o
                 LEFT JOIN entries e ON e.tenant_id = o.tenant_id
                  AND e.key = 'refund:' || CAST(o.id AS text))
             ON o.tenant_id = c.tenant_id AND o.charge_id = c.id AND o.kind = 'refund'
            AND (o.state <> 'failed' OR e.id IS NOT NULL)
     WHERE c.tenant_id = :tenant_id
     GROUP BY c.charge_ref, c.refund_reserved_minor, c.captured_minor
    HAVING LEAST(COALESCE(sum(o.amount_minor), 0), c.captured_minor) <> c.refund_reserved_minor
     LIMIT :most
    """
)
# What is being refunded of bought value is taken off it at once, and posted when it moves. A
# payment that came too late bought none.
GIFT_CARDS = text(
    """
    SELECT a.currency AS subject FROM accounts a
      LEFT JOIN postings p ON p.tenant_id = a.tenant_id AND p.account_id = a.id
     WHERE a.tenant_id = :tenant_id AND a.code = 'liabilities:gift-cards'
     GROUP BY a.currency
    HAVING COALESCE(-sum(p.amount_minor), 0) <>
           COALESCE((SELECT sum(g.balance_minor) FROM gift_cards g
                      WHERE g.tenant_id = :tenant_id AND g.currency = a.currency
                        AND g.state = 'active'), 0)
         + COALESCE((SELECT sum(o.amount_minor) FROM operations o
                       JOIN orders s ON s.tenant_id = o.tenant_id AND s.id = o.order_id
                        AND s.kind = 'gift-card'
                       LEFT JOIN entries e ON e.tenant_id = o.tenant_id
                        AND e.key = 'refund:' || CAST(o.id AS text)
                      WHERE o.tenant_id = :tenant_id AND o.kind = 'refund'
                        AND o.state IN ('new', 'open') AND e.id IS NULL
                        AND NOT EXISTS (
                 SELECT FROM charges c
                   JOIN entries l ON l.tenant_id = c.tenant_id AND l.kind = 'late_payment'
                    AND l.key = 'charge:' || c.charge_ref
                  WHERE c.tenant_id = o.tenant_id AND c.id = o.charge_id)), 0)
     LIMIT :most
    """
)
PACKAGES = text(
    """
    WITH used AS (
        SELECT package_id, sum(amount_minor) AS minor FROM package_uses
         WHERE tenant_id = :tenant_id GROUP BY package_id
    ), back AS (
        SELECT e.order_id, sum(t.amount_minor) AS minor
          FROM entries e
          JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
          JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
           AND d.code = 'liabilities:packages'
         WHERE e.tenant_id = :tenant_id AND e.order_id IS NOT NULL
           AND e.kind IN ('card_refund', 'cash_refund', 'terminal_refund', 'gift_card_refund')
         GROUP BY e.order_id
    ), asked AS (
        SELECT o.order_id, sum(o.amount_minor) AS minor
          FROM operations o
          LEFT JOIN entries e ON e.tenant_id = o.tenant_id
           AND e.key = 'refund:' || CAST(o.id AS text)
         WHERE o.tenant_id = :tenant_id AND o.kind = 'refund' AND o.state IN ('new', 'open')
           AND o.order_id IS NOT NULL AND e.id IS NULL
           AND NOT EXISTS (
                 SELECT FROM charges c
                   JOIN entries l ON l.tenant_id = c.tenant_id AND l.kind = 'late_payment'
                    AND l.key = 'charge:' || c.charge_ref
                  WHERE c.tenant_id = o.tenant_id AND c.id = o.charge_id)
         GROUP BY o.order_id
    ), owed AS (
        SELECT k.currency,
               sum(CASE WHEN k.state = 'active'
                        THEN k.price_minor - COALESCE(used.minor, 0) - COALESCE(back.minor, 0)
                        ELSE COALESCE(asked.minor, 0) END) AS minor
          FROM packages k
          LEFT JOIN used ON used.package_id = k.id
          LEFT JOIN back ON back.order_id = k.order_id
          LEFT JOIN asked ON asked.order_id = k.order_id
         WHERE k.tenant_id = :tenant_id AND k.state <> 'pending'
         GROUP BY k.currency
    )
    SELECT a.currency AS subject FROM accounts a
      LEFT JOIN postings p ON p.tenant_id = a.tenant_id AND p.account_id = a.id
      LEFT JOIN owed ON owed.currency = a.currency
     WHERE a.tenant_id = :tenant_id AND a.code = 'liabilities:packages'
     GROUP BY a.currency, owed.minor
    HAVING COALESCE(-sum(p.amount_minor), 0) <> COALESCE(owed.minor, 0)
     LIMIT :most
    """
)
INVOICE_MISSING = text(
    """
    SELECT c.year || '-' || n.number AS subject
      FROM invoice_counters c
     CROSS JOIN LATERAL generate_series(1, c.last_number) AS n(number)
      LEFT JOIN invoices i ON i.tenant_id = c.tenant_id AND i.year = c.year
       AND i.sequence = n.number
     WHERE c.tenant_id = :tenant_id AND i.id IS NULL LIMIT :most
    """
)
INVOICE_BEYOND = text(
    """
    SELECT i.number AS subject FROM invoices i
      LEFT JOIN invoice_counters c ON c.tenant_id = i.tenant_id AND c.year = i.year
     WHERE i.tenant_id = :tenant_id AND i.sequence > COALESCE(c.last_number, 0) LIMIT :most
    """
)

CHECKS: dict[str, TextClause] = {
    "the postings of {subject} do not sum to zero": TOTAL,
    "entry {subject} does not sum to zero": ENTRY_SUM,
    "entry {subject} has no transfer": EMPTY_ENTRY,
    "transfer {subject} belongs to no entry or account": ORPHAN,
    "the transfers of entry {subject} have a gap": GAP,
    "entry {subject} does not reverse what it says": REVERSAL,
    "account {subject} is of another kind than its code": ACCOUNT_KIND,
    "movement {subject} and its entry disagree": MOVEMENT,
    "entry {subject} moves Stripe's balance without a movement": STRAY_MOVEMENT,
    "booking {subject} is paid beyond its price": OVERPAID,
    "charge {subject} reserves another sum than its refunds": RESERVE,
    "the gift cards in {subject} hold another sum than the ledger owes on them": GIFT_CARDS,
    "the packages in {subject} hold another sum than the ledger owes on them": PACKAGES,
    "invoice {subject} is missing from the sequence": INVOICE_MISSING,
    "invoice {subject} is beyond the counter": INVOICE_BEYOND,
}
"""A sentence about each finding, and the question that finds it."""
