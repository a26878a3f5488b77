"""SQL of the reconciliation: what is recorded here, and what is open on each account."""

from __future__ import annotations

from sqlalchemy import text

# Years of movements are read in one question: longer than a command's may take.
PATIENCE = text("SET LOCAL statement_timeout = '10min'")
# For questions that read all that ever moved: accounts are few, so the planner takes what is posted
# to one of them for little, and would look up each entry and movement of a million by itself.
WHOLE = (
    text("SET LOCAL enable_nestloop = off"),
    text("SET LOCAL work_mem = '64MB'"),
)
# Streamed; one sort by moment. The two sums are read once for all entries, not row by row.
RECORDED = text(
    """
    SELECT m.txn_ref, m.type, m.category, m.source_ref, m.amount_minor, m.fee_minor, m.net_minor,
           rtrim(m.currency) AS currency, m.moved_at,
           COALESCE(p.posted_minor, 0)::bigint AS posted_minor,
           COALESCE(p.suspended_minor, 0)::bigint AS suspended_minor
      FROM movements m
      LEFT JOIN (SELECT p.entry_id, p.currency,
                        sum(p.amount_minor) FILTER (WHERE a.code = 'assets:stripe:available')
                          AS posted_minor,
                        sum(p.amount_minor) FILTER (WHERE a.code = 'liabilities:suspense')
                          AS suspended_minor
                   FROM postings p
                   JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
                  WHERE p.tenant_id = :tenant_id
                    AND a.code IN ('assets:stripe:available', 'liabilities:suspense')
                  GROUP BY p.entry_id, p.currency) p
        ON p.entry_id = m.entry_id AND p.currency = m.currency
     WHERE m.tenant_id = :tenant_id AND m.account_ref = :account_ref
     ORDER BY m.moved_at DESC, m.txn_ref
    """
)
# Stripe makes one movement for a payment, and one for a refund.
TWICE = text(
    """
    SELECT m.source_ref, m.type, rtrim(m.currency) AS currency, max(m.net_minor) AS net_minor,
           max(m.txn_ref) AS txn_ref
      FROM movements m
     WHERE m.tenant_id = :tenant_id AND m.source_ref <> ''
       AND m.type IN ('charge', 'payment', 'refund', 'payment_refund', 'payout')
     GROUP BY m.source_ref, m.type, m.currency HAVING count(*) > 1
    """
)
# What moved the available account without a balance transaction.
UNFOUNDED = text(
    """
    SELECT e.key, rtrim(p.currency) AS currency, sum(p.amount_minor)::bigint AS minor,
           EXISTS (SELECT FROM movements k
                    WHERE k.tenant_id = e.tenant_id
                      AND k.txn_ref = split_part(e.key, ':', 3)) AS known
      FROM postings p
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
       AND a.code = 'assets:stripe:available'
      JOIN entries e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
      LEFT JOIN movements m ON m.tenant_id = e.tenant_id AND m.entry_id = e.id
     WHERE p.tenant_id = :tenant_id AND m.id IS NULL
     GROUP BY e.tenant_id, e.key, p.currency HAVING sum(p.amount_minor) <> 0
    """
)
OTHER_ACCOUNTS = text(
    """
    SELECT m.account_ref, rtrim(m.currency) AS currency, sum(m.net_minor)::bigint AS minor
      FROM movements m
     WHERE m.tenant_id = :tenant_id AND m.account_ref <> :account_ref
     GROUP BY m.account_ref, m.currency
    """
)
# Each account adds up by what moved it: a charge, a refund, a dispute, a payout. What is not zero
# is open. A movement names its source; an entry of ours names it in its key, through its
# operation, or by the payout that it received; a reversal belongs to what it reverses.
OPEN = text(
    """
    WITH moved AS (
        SELECT a.code, p.currency, p.minor, e.effective_at, e.posted_at, m.txn_ref, m.type,
               COALESCE(NULLIF(m.source_ref, ''), m.txn_ref, s.payout_ref, o.provider_ref,
                        d.dispute_ref, named.ref) AS ref,
               o.id AS operation_id
          FROM (SELECT t.tenant_id, t.entry_id, t.account_id, t.currency,
                       sum(t.amount_minor) AS minor
                  FROM postings t
                  JOIN accounts o ON o.tenant_id = t.tenant_id AND o.id = t.account_id
                 WHERE t.tenant_id = :tenant_id AND o.code = ANY(:codes)
                 GROUP BY t.tenant_id, t.entry_id, t.account_id, t.currency) p
          JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
          JOIN entries e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
          LEFT JOIN entries was ON was.tenant_id = e.tenant_id AND was.id = e.reverses
         CROSS JOIN LATERAL
               (SELECT split_part(split_part(COALESCE(was.key, e.key), ':', 2), '#', 1) AS ref)
               named
         CROSS JOIN LATERAL
               (SELECT CASE WHEN named.ref ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                            THEN CAST(named.ref AS uuid) END AS id) own
          LEFT JOIN movements m ON m.tenant_id = e.tenant_id
           AND m.entry_id = COALESCE(was.id, e.id)
          LEFT JOIN stripe_payouts s ON s.tenant_id = e.tenant_id AND s.received_entry_id = e.id
          LEFT JOIN operations o ON o.tenant_id = e.tenant_id AND o.id = own.id
          LEFT JOIN disputes d ON d.tenant_id = e.tenant_id AND d.id = own.id
         WHERE p.tenant_id = :tenant_id
    )
    SELECT code, rtrim(currency) AS currency, ref, sum(minor)::bigint AS minor,
           min(effective_at) AS since, max(posted_at) AS posted_at,
           count(txn_ref) AS there, count(*) - count(txn_ref) AS here, min(type) AS type,
           (array_agg(operation_id) FILTER (WHERE operation_id IS NOT NULL))[1] AS operation_id
      FROM moved
     GROUP BY code, currency, ref HAVING sum(minor) <> 0
     ORDER BY code, since, ref
    """
)
KNOWN_OPERATIONS = text(
    "SELECT id FROM operations WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
)
SETTLED = text(
    """
    SELECT charge_ref AS ref FROM charges
     WHERE tenant_id = :tenant_id AND charge_ref = ANY(:refs)
     UNION ALL
    SELECT provider_ref FROM operations
     WHERE tenant_id = :tenant_id AND kind = 'refund' AND provider_ref = ANY(:refs)
    """
)
STATES = text(
    """
    SELECT payout_ref AS ref, 'payout ' || state AS what FROM stripe_payouts
     WHERE tenant_id = :tenant_id AND payout_ref = ANY(:refs)
     UNION ALL
    SELECT dispute_ref, 'dispute ' || state FROM disputes
     WHERE tenant_id = :tenant_id AND dispute_ref = ANY(:refs)
     UNION ALL
    SELECT COALESCE(provider_ref, CAST(id AS text)), 'refund ' || state FROM operations
     WHERE tenant_id = :tenant_id AND kind = 'refund'
       AND (provider_ref = ANY(:refs) OR CAST(id AS text) = ANY(:refs))
    """
)
# The ledger's side of the roll-forward.
ROLLED = text(
    """
    SELECT COALESCE(m.type, e.kind) AS type, rtrim(p.currency) AS currency,
           CASE WHEN e.effective_at < COALESCE(CAST(:start AS timestamptz), '-infinity') THEN -1
                WHEN e.effective_at >= COALESCE(CAST(:end AS timestamptz), 'infinity') THEN 1
                ELSE 0 END AS place,
           sum(p.amount_minor)::bigint AS minor
      FROM postings p
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
       AND a.code = 'assets:stripe:available'
      JOIN entries e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
      LEFT JOIN movements m ON m.tenant_id = e.tenant_id AND m.entry_id = e.id
     WHERE p.tenant_id = :tenant_id
       AND (m.account_ref IS NULL OR m.account_ref = :account_ref)
     GROUP BY 1, 2, 3
    """
)
# Added up again from the transfers themselves, past views and snapshots.
READDED = text(
    """
    SELECT a.code, rtrim(a.currency) AS currency, COALESCE(sum(t.minor), 0)::bigint AS minor
      FROM accounts a
      LEFT JOIN (SELECT debit_account_id AS account_id, sum(amount_minor) AS minor FROM transfers
                  WHERE tenant_id = :tenant_id GROUP BY debit_account_id
                  UNION ALL
                 SELECT credit_account_id, -sum(amount_minor) FROM transfers
                  WHERE tenant_id = :tenant_id GROUP BY credit_account_id) t
        ON t.account_id = a.id
     WHERE a.tenant_id = :tenant_id
     GROUP BY a.code, a.currency
    """
)
