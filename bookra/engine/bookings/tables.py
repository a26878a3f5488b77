"""Tables of bookings: one booking, its lines, and nothing about its payment (the ledger knows)."""

from __future__ import annotations

from sqlalchemy import ForeignKeyConstraint, Index, text

from bookra.engine import schema as s
from bookra.engine.bookings.model import Status

# Visits that were booked together, one each so often; ``rule`` is what was asked for, in words.
series = s.tenant_table(
    "series",
    s.required("customer_id", s.Uuid),
    s.required("rule", s.Text),
    s.instant("created_at"),
    s.refers("customer_id", "customers"),
    changes=False,
)

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
    s.optional("series_id", s.Uuid),
    s.instant("created_at"),
    s.refers("customer_id", "customers"),
    s.refers("series_id", "series"),
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
# The queue of displaced visits, and the visits of a series: few among all bookings.
Index(
    "bookings_displaced_idx",
    bookings.c.tenant_id,
    bookings.c.starts_at,
    postgresql_where=text("status = 'displaced'"),
)
Index(
    "bookings_series_idx",
    bookings.c.tenant_id,
    bookings.c.series_id,
    postgresql_where=text("series_id IS NOT NULL"),
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
    s.required("level", s.Text, server_default=""),
    s.required("requested", s.Boolean, server_default="false"),
    s.optional("session_id", s.Uuid),
    s.refers("booking_id", "bookings"),
    s.refers("service_id", "services"),
    s.refers("staff_id", "staff"),
    s.refers("session_id", "sessions"),
    s.unique("booking_id", "position"),
    s.check("order", "starts_at < ends_at"),
    s.check("amounts_not_negative", "net_minor >= 0 AND tax_minor >= 0"),
)
Index(None, booking_lines.c.tenant_id, booking_lines.c.staff_id, booking_lines.c.starts_at)

# A seat is a row: its key and its check make a class of n seats exact, without a counter. The
# session's capacity travels along, so that lowering it below a sold seat is refused.
seats = s.tenant_table(
    "seats",
    s.required("session_id", s.Uuid),
    s.required("seat_no", s.SmallInteger),
    s.required("capacity", s.SmallInteger),
    s.required("booking_id", s.Uuid),
    s.required("booking_line_id", s.Uuid),
    s.optional("held_until", s.INSTANT),
    ForeignKeyConstraint(
        ["tenant_id", "session_id", "capacity"],
        [f"{s.SCHEMA}.sessions.{name}" for name in ("tenant_id", "id", "capacity")],
        onupdate="CASCADE",
        name="seats_session_fkey",
    ),
    s.refers("booking_id", "bookings"),
    s.refers("booking_line_id", "booking_lines"),
    s.unique("session_id", "seat_no", name="seats_key"),
    s.check("within_capacity", "seat_no BETWEEN 1 AND capacity"),
)
Index(None, seats.c.tenant_id, seats.c.booking_id)

# What became of a booking, in order: moved from where, displaced by what.
booking_changes = s.tenant_table(
    "booking_changes",
    s.required("recorded_at", s.INSTANT, server_default=s.NOW),
    s.required("recorded_by", s.Text, server_default=s.SESSION_USER),
    s.required("booking_id", s.Uuid),
    s.required("kind", s.Text),
    s.required("facts", s.JSONB),
    s.refers("booking_id", "bookings"),
    changes=False,
)
Index(None, booking_changes.c.tenant_id, booking_changes.c.booking_id)

# The waitlist: what somebody would take, when, and what they were offered.
wishes = s.tenant_table(
    "wishes",
    s.required("code", s.Text),
    s.required("customer_id", s.Uuid),
    s.required("service_id", s.Uuid),
    s.optional("staff_id", s.Uuid),
    s.required("status", s.Text, server_default="waiting"),
    s.instant("created_at"),
    s.refers("customer_id", "customers"),
    s.refers("service_id", "services"),
    s.refers("staff_id", "staff"),
    s.unique("code"),
    s.one_of("status", "waiting", "offered", "fulfilled", "withdrawn", "lapsed"),
)
Index(
    "wishes_open_idx",
    wishes.c.tenant_id,
    wishes.c.created_at,
    postgresql_where=text("status IN ('waiting', 'offered')"),
)

wish_windows = s.tenant_table(
    "wish_windows",
    s.required("wish_id", s.Uuid),
    s.required("starts_at", s.INSTANT),
    s.required("ends_at", s.INSTANT),
    s.refers("wish_id", "wishes"),
    s.unique("wish_id", "starts_at"),
    s.check("order", "starts_at < ends_at"),
    changes=False,
)

wish_offers = s.tenant_table(
    "wish_offers",
    s.required("wish_id", s.Uuid),
    s.required("booking_id", s.Uuid),
    s.required("staff_id", s.Uuid),
    s.required("starts_at", s.INSTANT),
    s.instant("offered_at"),
    s.refers("wish_id", "wishes"),
    s.refers("booking_id", "bookings"),
    s.refers("staff_id", "staff"),
    s.unique("wish_id", "staff_id", "starts_at"),
    changes=False,
)
