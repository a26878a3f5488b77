"""What is said to write a booking: its row, its lines, and the time and seats that they take."""

from __future__ import annotations

from sqlalchemy import text

INSERT = text(
    """
    INSERT INTO bookings (tenant_id, id, code, customer_id, status, starts_at, ends_at,
                          hold_expires_at, currency, series_id, created_at, discount_kind,
                          discount_bps, note, policy_id, policy_accepted_at,
                          policy_accepted_via)
    SELECT :tenant_id, :id, :code, :customer_id, :status, :starts_at, :ends_at, :hold_expires_at,
           :currency, :series_id, :now, :discount_kind, :discount_bps, :note,
           (SELECT p.id FROM policies p
             WHERE p.tenant_id = :tenant_id AND p.effective_at <= :now
             ORDER BY p.version DESC LIMIT 1),
           CASE WHEN CAST(:accepted_via AS text) IS NOT NULL THEN CAST(:now AS timestamptz) END,
           CAST(:accepted_via AS text)
    ON CONFLICT (tenant_id, code) DO NOTHING
    """
)
INSERT_LINE = text(
    """
    INSERT INTO booking_lines (tenant_id, id, booking_id, position, service_id, staff_id,
                               starts_at, ends_at, net_minor, tax_minor, tax_bps, commission_bps,
                               currency, level, requested, session_id, discount_minor,
                               list_minor)
    VALUES (:tenant_id, :id, :booking_id, :position, :service_id, :staff_id, :starts_at, :ends_at,
            :net_minor, :tax_minor, :tax_bps, :commission_bps, :currency, :level, :requested,
            :session_id, :discount_minor, :list_minor)
    """
)
# The constraint is named: a bare ON CONFLICT would swallow a duplicate key too. DO NOTHING never
# waits for a deadlock to be found, as a plain insert that meets 23P01 does.
ALLOCATE = text(
    """
    INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind, booking_id,
                             booking_line_id, held_until)
    VALUES (:tenant_id, :id, :bookable_id, :starts_at, :ends_at, 'booking', :booking_id,
            :booking_line_id, :held_until)
    ON CONFLICT ON CONSTRAINT allocations_no_overlap DO NOTHING
    """
)
ALLOCATED = text(
    """
    SELECT 1 FROM allocations WHERE tenant_id = :tenant_id AND booking_id = :booking_id
    UNION ALL
    SELECT 1 FROM seats WHERE tenant_id = :tenant_id AND booking_id = :booking_id LIMIT 1
    """
)
# Lines that have neither time nor a seat: what displacement took, and nobody has put elsewhere.
LOST_LINES = text(
    """
    SELECT l.id FROM booking_lines l
     WHERE l.tenant_id = :tenant_id AND l.booking_id = :booking_id
       AND NOT EXISTS (SELECT FROM allocations o
                        WHERE o.tenant_id = l.tenant_id AND o.booking_id = l.booking_id
                          AND o.booking_line_id = l.id)
       AND NOT EXISTS (SELECT FROM seats e
                        WHERE e.tenant_id = l.tenant_id AND e.booking_id = l.booking_id
                          AND e.booking_line_id = l.id)
    """
)
BOOKABLES_OF = text(
    """
    SELECT DISTINCT bookable_id FROM allocations
     WHERE tenant_id = :tenant_id AND booking_id = ANY(:bookings)
    """
)
RELEASE = text(
    """
    WITH places AS (
      DELETE FROM day_places WHERE tenant_id = :tenant_id AND booking_id = :booking_id
    ), seated AS (
      DELETE FROM seats WHERE tenant_id = :tenant_id AND booking_id = :booking_id
    )
    DELETE FROM allocations WHERE tenant_id = :tenant_id AND booking_id = :booking_id
    """
)
RELEASE_LINE = text(
    """
    WITH places AS (
      DELETE FROM day_places WHERE tenant_id = :tenant_id AND booking_line_id = :line_id
    )
    DELETE FROM allocations
     WHERE tenant_id = :tenant_id AND booking_id = :booking_id AND booking_line_id = :line_id
    """
)
HOLD_UNTIL = text(
    """
    WITH places AS (
      UPDATE day_places SET held_until = :held_until, changed_by = session_user
       WHERE tenant_id = :tenant_id AND booking_id = :booking_id
    ), seated AS (
      UPDATE seats SET held_until = :held_until, changed_by = session_user
       WHERE tenant_id = :tenant_id AND booking_id = :booking_id
    )
    UPDATE allocations SET held_until = :held_until, changed_by = session_user
     WHERE tenant_id = :tenant_id AND booking_id = :booking_id
    """
)
MOVE_LINE = text(
    """
    UPDATE booking_lines SET staff_id = :staff_id, starts_at = :starts_at, ends_at = :ends_at,
                             level = :level, commission_bps = :commission_bps,
                             requested = :requested, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
# The visit spans its lines; when it moves, its revision tells the calendar which is the newer.
MOVE = text(
    """
    UPDATE bookings SET starts_at = (SELECT min(l.starts_at) FROM booking_lines l
                                      WHERE l.tenant_id = :tenant_id AND l.booking_id = :id),
                        ends_at = (SELECT max(l.ends_at) FROM booking_lines l
                                    WHERE l.tenant_id = :tenant_id AND l.booking_id = :id),
                        status = :status, revision = revision + 1, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
SET_STATUS = text(
    """
    WITH promo AS (
      DELETE FROM promo_uses
       WHERE tenant_id = :tenant_id AND booking_id = :id
         AND CAST(:status AS text) IN ('cancelled', 'expired')
    )
    UPDATE bookings SET status = :status, hold_expires_at = :hold_expires_at,
                        revision = revision + 1, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
RECOGNISED = text(
    """
    UPDATE bookings SET recognised_at = :now, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
