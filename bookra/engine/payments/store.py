"""SQL of payments: operations, charges, movements, the inbox, and how far each feed was read."""

from __future__ import annotations

from sqlalchemy import text

INSERT_OPERATION = text(
    """
    INSERT INTO operations (tenant_id, id, kind, purpose, booking_id, order_id, customer_id,
                            saved_card_id, charge_id, state, amount_minor, tip_minor, tips,
                            platform_fee_minor, currency, expires_at, reason, external, saves_card,
                            created_at)
    VALUES (:tenant_id, :id, :kind, :purpose, :booking_id, :order_id, :customer_id,
            :saved_card_id, :charge_id, 'new', :amount_minor, :tip_minor, :tips,
            :platform_fee_minor, :currency, :expires_at, :reason, :external, :saves_card, :now)
    """
)
_OPERATIONS = """
    SELECT o.id, o.kind, o.purpose, o.state, o.booking_id, o.order_id, o.customer_id,
           o.saved_card_id, o.charge_id, o.amount_minor, o.tip_minor, o.tips, o.platform_fee_minor,
           o.currency, o.provider_ref, o.url, o.failure, o.reason, o.external, o.saves_card,
           o.expires_at, o.created_at, o.settled_at, COALESCE(b.code, r.code, '') AS subject,
           r.state AS order_state, c.intent_ref, c.charge_ref
      FROM operations o
      LEFT JOIN bookings b ON b.tenant_id = o.tenant_id AND b.id = o.booking_id
      LEFT JOIN orders r ON r.tenant_id = o.tenant_id AND r.id = o.order_id
      LEFT JOIN charges c ON c.tenant_id = o.tenant_id AND c.id = o.charge_id
     WHERE o.tenant_id = :tenant_id
"""
OPERATION = text(_OPERATIONS + " AND o.id = :id")
OPERATIONS_OF = text(
    _OPERATIONS
    + " AND (o.booking_id = :booking_id OR o.order_id = :order_id) ORDER BY o.created_at, o.id"
)
LIVE_PAGE = text(
    """
    SELECT id FROM operations
     WHERE tenant_id = :tenant_id AND booking_id = :booking_id AND kind = :kind
       AND purpose = :purpose AND state IN ('new', 'open') AND amount_minor = :amount_minor
       AND tip_minor = :tip_minor AND saves_card = :saves_card
       AND (expires_at IS NULL OR expires_at > :now)
     ORDER BY id DESC LIMIT 1
    """
)
OPEN_PAGES = text(
    """
    SELECT id, amount_minor - tip_minor AS price_minor FROM operations
     WHERE tenant_id = :tenant_id AND booking_id = :booking_id
       AND kind IN ('checkout', 'payment-link') AND state IN ('new', 'open')
     ORDER BY created_at DESC, id DESC
    """
)
# What of a booking's price is asked for and not paid yet, by whatever card.
ASKED = text(
    """
    SELECT COALESCE(sum(amount_minor - tip_minor), 0)::bigint AS minor FROM operations
     WHERE tenant_id = :tenant_id AND booking_id = :booking_id
       AND kind IN ('checkout', 'payment-link', 'saved-card')
       AND purpose IN ('balance', 'deposit') AND state IN ('new', 'open')
    """
)
CARD_IN_FLIGHT = text(
    """
    SELECT id, amount_minor, tip_minor, purpose FROM operations
     WHERE tenant_id = :tenant_id AND booking_id = :booking_id AND kind = 'saved-card'
       AND state IN ('new', 'open')
     ORDER BY id DESC LIMIT 1
    """
)
OPENED = text(
    """
    UPDATE operations SET state = 'open', provider_ref = :ref, url = :url, expires_at = :expires_at,
                          changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state = 'new'
    """
)
RENEWED = text(
    """
    UPDATE operations SET expires_at = :expires_at, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state = 'new'
    """
)
SETTLED = text(
    """
    UPDATE operations SET state = :state, failure = :failure, settled_at = :now,
                          provider_ref = COALESCE(provider_ref, :ref), changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state IN ('new', 'open')
    """
)
CHARGE = text("SELECT id FROM charges WHERE tenant_id = :tenant_id AND charge_ref = :charge_ref")
INSERT_CHARGE = text(
    """
    INSERT INTO charges (tenant_id, id, booking_id, order_id, charge_ref, intent_ref,
                         captured_minor, tip_minor, currency, captured_at)
    VALUES (:tenant_id, :id, :booking_id, :order_id, :charge_ref, :intent_ref, :captured_minor,
            :tip_minor, :currency, :captured_at)
    ON CONFLICT (tenant_id, charge_ref) DO NOTHING
    """
)
MADE_CHARGE = text(
    "UPDATE operations SET charge_id = :charge_id, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id AND charge_id IS NULL"
)
RESERVE_REFUND = text(
    """
    UPDATE charges SET refund_reserved_minor = refund_reserved_minor + :amount_minor,
                       changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
BOOKING_OF_SOURCE = text(
    "SELECT booking_id, order_id FROM charges"
    " WHERE tenant_id = :tenant_id AND charge_ref = :source_ref"
    " UNION ALL"
    " SELECT booking_id, order_id FROM operations"
    "  WHERE tenant_id = :tenant_id AND provider_ref = :source_ref"
    " UNION ALL"
    " SELECT c.booking_id, c.order_id FROM disputes d"
    "   JOIN charges c ON c.tenant_id = d.tenant_id AND c.id = d.charge_id"
    "  WHERE d.tenant_id = :tenant_id AND d.dispute_ref = :source_ref LIMIT 1"
)
INSERT_MOVEMENT = text(
    """
    INSERT INTO movements (tenant_id, id, account_ref, txn_ref, type, category, source_ref,
                           amount_minor, fee_minor, net_minor, currency, moved_at, entry_id)
    VALUES (:tenant_id, :id, :account_ref, :txn_ref, :type, :category, :source_ref, :amount_minor,
            :fee_minor, :net_minor, :currency, :moved_at, :entry_id)
    ON CONFLICT (tenant_id, txn_ref) DO NOTHING
    """
)
MOVEMENTS = text(
    """
    SELECT m.txn_ref, m.type, m.source_ref, m.amount_minor, m.fee_minor, m.net_minor, m.currency,
           m.moved_at, m.entry_id, e.key AS entry_key,
           COALESCE((SELECT sum(p.amount_minor) FROM postings p
                       JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
                      WHERE p.tenant_id = m.tenant_id AND p.entry_id = m.entry_id
                        AND a.code = 'assets:stripe:available'), 0)::bigint AS posted_minor
      FROM movements m
      JOIN entries e ON e.tenant_id = m.tenant_id AND e.id = m.entry_id
     WHERE m.tenant_id = :tenant_id
     ORDER BY m.moved_at, m.txn_ref
    """
)
RECEIVE = text(
    """
    INSERT INTO inbox (tenant_id, id, provider, event_ref, kind, object_ref, happened_at, via)
    VALUES (:tenant_id, :id, :provider, :event_ref, :kind, :object_ref, :happened_at, :via)
    ON CONFLICT (tenant_id, provider, event_ref) DO NOTHING
    """
)
OPEN_EVENTS = text(
    """
    SELECT id, provider, event_ref, kind, object_ref FROM inbox
     WHERE tenant_id = :tenant_id AND handled_at IS NULL
     ORDER BY happened_at, id LIMIT :limit
    """
)
HANDLED = text(
    """
    UPDATE inbox SET handled_at = now(), outcome = :outcome, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND handled_at IS NULL
    """
)
CURSOR = text(
    "SELECT position FROM provider_cursors WHERE tenant_id = :tenant_id AND stream = :stream"
)
SET_CURSOR = text(
    """
    INSERT INTO provider_cursors (tenant_id, id, stream, position)
    VALUES (:tenant_id, :id, :stream, :position)
    ON CONFLICT (tenant_id, stream) DO UPDATE
       SET position = GREATEST(provider_cursors.position, EXCLUDED.position),
           changed_by = EXCLUDED.changed_by
    """
)
