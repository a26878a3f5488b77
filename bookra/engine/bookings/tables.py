"""Tables of bookings: one booking, its lines, and nothing about its payment (the ledger knows)."""

from __future__ import annotations

from sqlalchemy import Index, text

from bookra.engine import schema as s
from bookra.engine.bookings.model import Status

bookings = s.tenant_table(
    "bookings",
    s.required("code", s.Text),
    s.required("customer_id", s.Uuid),
    s.required("status", s.Text),
    s.required("starts_at", s.INSTANT),
    s.required("ends_at", s.INSTANT),
    s.optional("hold_expires_at", s.INSTANT),
    s.required("currency", s.CHAR(3)),
    s.required("revision", s.Integer, server_default="1"),
    s.instant("created_at"),
    s.refers("customer_id", "customers"),
    s.unique("code"),
    s.one_of("status", *(status.value for status in Status)),
    s.check("order", "starts_at < ends_at"),
    s.check("hold_has_end", "status <> 'held' OR hold_expires_at IS NOT NULL"),
)
Index(None, bookings.c.tenant_id, bookings.c.starts_at)
Index(None, bookings.c.tenant_id, bookings.c.customer_id)
Index(
    "bookings_open_holds_idx",
    bookings.c.tenant_id,
    bookings.c.hold_expires_at,
    postgresql_where=text("status = 'held'"),
)

booking_lines = s.tenant_table(
    "booking_lines",
    s.required("booking_id", s.Uuid),
    s.required("position", s.SmallInteger),
    s.required("service_id", s.Uuid),
    s.required("staff_id", s.Uuid),
    s.required("starts_at", s.INSTANT),
    s.required("ends_at", s.INSTANT),
    s.minor("net_minor"),
    s.minor("tax_minor"),
    s.required("tax_bps", s.Integer),
    s.required("commission_bps", s.Integer),
    s.required("currency", s.CHAR(3)),
    s.refers("booking_id", "bookings"),
    s.refers("service_id", "services"),
    s.refers("staff_id", "staff"),
    s.unique("booking_id", "position"),
    s.check("order", "starts_at < ends_at"),
    s.check("amounts_not_negative", "net_minor >= 0 AND tax_minor >= 0"),
)
Index(None, booking_lines.c.tenant_id, booking_lines.c.staff_id, booking_lines.c.starts_at)
