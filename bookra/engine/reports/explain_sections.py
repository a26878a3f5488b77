"""What hangs on a booking, an order, a payout or an entry: the questions behind `explain`."""

from __future__ import annotations

from sqlalchemy import TextClause, text

SECTIONS: dict[str, TextClause] = {
    "bookings": text(
        """
        SELECT b.code, b.status, b.starts_at, b.recognised_at
          FROM bookings b WHERE b.tenant_id = :tenant_id AND b.id = ANY(:bookings)
        """
    ),
    "orders": text(
        """
        SELECT o.code, o.kind, o.state, o.amount_minor, o.currency, o.created_at, o.paid_at
          FROM orders o WHERE o.tenant_id = :tenant_id AND o.id = ANY(:orders)
        """
    ),
    "charges": text(
        """
        SELECT c.charge_ref AS ref, c.intent_ref AS intent, c.captured_minor,
               c.refund_reserved_minor, c.currency, c.captured_at
          FROM charges c
         WHERE c.tenant_id = :tenant_id
           AND (c.booking_id = ANY(:bookings) OR c.order_id = ANY(:orders))
         ORDER BY c.captured_at, c.id LIMIT :most
        """
    ),
    "operations": text(
        """
        SELECT o.id::text AS id, o.kind, o.purpose, o.state, o.amount_minor, o.currency,
               o.provider_ref AS ref, o.failure, o.created_at, o.settled_at
          FROM operations o
         WHERE o.tenant_id = :tenant_id
           AND (o.booking_id = ANY(:bookings) OR o.order_id = ANY(:orders))
         ORDER BY o.created_at, o.id LIMIT :most
        """
    ),
    "disputes": text(
        """
        SELECT d.dispute_ref AS ref, d.state, d.reason, d.amount_minor, d.currency, d.opened_at,
               d.closed_at
          FROM disputes d
          JOIN charges c ON c.tenant_id = d.tenant_id AND c.id = d.charge_id
         WHERE d.tenant_id = :tenant_id
           AND (c.booking_id = ANY(:bookings) OR c.order_id = ANY(:orders))
         ORDER BY d.opened_at LIMIT :most
        """
    ),
    "movements": text(
        """
        SELECT m.txn_ref AS ref, m.type, m.category, m.source_ref AS source, m.amount_minor,
               m.fee_minor, m.net_minor, m.currency, m.moved_at, m.entry_id::text AS entry,
               (SELECT p.payout_ref FROM payout_members k
                  JOIN stripe_payouts p ON p.tenant_id = k.tenant_id AND p.id = k.payout_id
                 WHERE k.tenant_id = m.tenant_id AND k.txn_ref = m.txn_ref
                 ORDER BY p.created_at DESC LIMIT 1) AS payout
          FROM movements m
         WHERE m.tenant_id = :tenant_id
           AND (m.entry_id = ANY(:entries) OR m.txn_ref IN
                (SELECT k.txn_ref FROM payout_members k
                  WHERE k.tenant_id = :tenant_id AND k.payout_id = ANY(:payouts)))
         ORDER BY m.moved_at, m.txn_ref LIMIT :most
        """
    ),
    "payouts": text(
        """
        SELECT p.payout_ref AS ref, p.state, p.amount_minor, p.currency, p.automatic,
               p.arrives_on, p.created_at, p.received_entry_id::text AS received
          FROM stripe_payouts p
         WHERE p.tenant_id = :tenant_id
           AND (p.id = ANY(:payouts) OR p.received_entry_id = ANY(:entries) OR p.id IN
                (SELECT k.payout_id FROM payout_members k
                   JOIN movements m ON m.tenant_id = k.tenant_id AND m.txn_ref = k.txn_ref
                  WHERE k.tenant_id = :tenant_id AND m.entry_id = ANY(:entries)))
         ORDER BY p.created_at LIMIT :most
        """
    ),
    "invoices": text(
        """
        SELECT i.number, i.kind, i.net_minor, i.tax_minor, i.gross_minor, i.currency, i.issued_at
          FROM invoices i
         WHERE i.tenant_id = :tenant_id
           AND (i.booking_id = ANY(:bookings) OR i.order_id = ANY(:orders))
         ORDER BY i.year, i.sequence LIMIT :most
        """
    ),
    "commissions": text(
        """
        SELECT s.kind, f.slug AS staff, s.base_minor, s.rate_bps, s.amount_minor, s.currency,
               s.split_at, s.entry_id::text AS entry
          FROM commission_splits s
          JOIN bookables f ON f.tenant_id = s.tenant_id AND f.id = s.staff_id
         WHERE s.tenant_id = :tenant_id
           AND (s.entry_id = ANY(:entries)
             OR s.booking_line_id IN (SELECT l.id FROM booking_lines l WHERE
                  l.tenant_id = :tenant_id AND l.booking_id = ANY(:bookings))
             OR s.item_id IN (SELECT l.id FROM booking_items l WHERE l.tenant_id = :tenant_id
                  AND (l.booking_id = ANY(:bookings) OR l.order_id = ANY(:orders))))
         ORDER BY s.split_at, s.id LIMIT :most
        """
    ),
    "gift_cards": text(
        """
        SELECT g.state, g.initial_minor, g.balance_minor, g.currency, g.expires_on
          FROM gift_cards g
         WHERE g.tenant_id = :tenant_id AND g.order_id = ANY(:orders) LIMIT :most
        """
    ),
    "packages": text(
        """
        SELECT k.code, k.state, k.visits, k.used, k.price_minor, k.currency, k.expires_on
          FROM packages k
         WHERE k.tenant_id = :tenant_id
           AND (k.order_id = ANY(:orders) OR k.id IN (SELECT u.package_id FROM package_uses u
                  JOIN booking_lines l ON l.tenant_id = u.tenant_id AND l.id = u.booking_line_id
                 WHERE u.tenant_id = :tenant_id AND l.booking_id = ANY(:bookings)))
         LIMIT :most
        """
    ),
    "pay_runs": text(
        """
        SELECT f.slug AS staff, r.starts_on, r.ends_on, r.state, r.net_minor, r.currency, r.method,
               r.paid_at
          FROM pay_runs r
          JOIN bookables f ON f.tenant_id = r.tenant_id AND f.id = r.staff_id
         WHERE r.tenant_id = :tenant_id AND r.entry_id = ANY(:entries) LIMIT :most
        """
    ),
}
"""What hangs on a booking, an order, a payout or an entry, and how it is found."""
