"""Tables of bookings: one booking, its lines and what is sold with them.

What was paid is the ledger's to know; ``recognised_at`` says when the revenue was. A line's
``net_minor`` and ``tax_minor`` are what the customer pays; ``discount_minor`` is what was taken
off the net price before. ``list_minor`` is the catalogue's price as it was agreed, with tax where
the business's prices include it; NULL in what an older release booked, which knew no discounts. A
booking's discount is a share of its prices or an amount, and is worked out again when they change.
"""

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
    s.required("note", s.Text, server_default=""),
    s.optional("series_id", s.Uuid),
    s.optional("recognised_at", s.INSTANT),
    s.optional("discount_kind", s.Text),
    s.optional("discount_bps", s.Integer),
    s.optional("discount_minor", s.BigInteger),
    s.optional("promo_id", s.Uuid),
    s.optional("policy_id", s.Uuid),
    s.optional("policy_accepted_at", s.INSTANT),
    s.optional("policy_accepted_via", s.Text),
    s.instant("created_at"),
    s.refers("customer_id", "customers"),
    s.refers("series_id", "series"),
    s.refers("policy_id", "policies"),
    s.refers("promo_id", "promo_codes"),
    s.one_of("discount_kind", "manual", "promo", "member"),
    s.check(
        "one_discount",
        "num_nonnulls(discount_bps, discount_minor) = num_nonnulls(discount_kind)"
        " AND (promo_id IS NOT NULL) = (COALESCE(discount_kind, '') = 'promo')",
    ),
    s.check("discount_range", "discount_bps BETWEEN 1 AND 10000 OR discount_minor > 0"),
    s.one_of("policy_accepted_via", "counter", "phone", "checkout"),
    s.check(
        "accepted_policy",
        "policy_accepted_at IS NULL OR (policy_id IS NOT NULL AND policy_accepted_via IS NOT NULL)",
    ),
    s.unique("code"),
    s.one_of("status", *(status.value for status in Status)),
    s.check("order", "starts_at < ends_at"),
    s.check("note_short", "length(note) <= 2000"),
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
    s.required("discount_minor", s.BigInteger, server_default="0"),
    s.optional("list_minor", s.BigInteger),
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
    s.check("discount_not_negative", "discount_minor >= 0"),
)
Index(None, booking_lines.c.tenant_id, booking_lines.c.staff_id, booking_lines.c.starts_at)

# What the customer is told about late cancellations and no-shows, by version: never changed. A fee
# is a share of the price or an amount; NULL is no fee.
policies = s.tenant_table(
    "policies",
    s.required("version", s.Integer),
    s.required("body", s.Text),
    s.required("cancel_window_minutes", s.Integer),
    s.optional("late_cancel_bps", s.Integer),
    s.optional("late_cancel_minor", s.BigInteger),
    s.optional("no_show_bps", s.Integer),
    s.optional("no_show_minor", s.BigInteger),
    s.instant("effective_at"),
    s.unique("version"),
    s.check("window_range", "cancel_window_minutes BETWEEN 0 AND 525600"),
    s.check("late_cancel_one", "late_cancel_bps IS NULL OR late_cancel_minor IS NULL"),
    s.check("no_show_one", "no_show_bps IS NULL OR no_show_minor IS NULL"),
    s.check("late_cancel_range", "late_cancel_bps BETWEEN 1 AND 10000 OR late_cancel_minor > 0"),
    s.check("no_show_range", "no_show_bps BETWEEN 1 AND 10000 OR no_show_minor > 0"),
    changes=False,
)

# What is sold without a visit: goods, a gift card, a package, a member's period.
orders = s.tenant_table(
    "orders",
    s.required("code", s.Text),
    s.required("kind", s.Text),
    s.optional("customer_id", s.Uuid),
    s.required("state", s.Text, server_default="open"),
    s.minor("amount_minor"),
    s.required("currency", s.CHAR(3)),
    s.instant("created_at"),
    s.optional("paid_at", s.INSTANT),
    s.refers("customer_id", "customers"),
    s.unique("code"),
    s.one_of("kind", "retail", "gift-card", "package", "membership"),
    s.one_of("state", "open", "paid", "cancelled"),
    s.check("amount_positive", "amount_minor > 0"),
)
Index(None, orders.c.tenant_id, orders.c.created_at)

# Goods and extras of a booking or an order; amounts are those of the whole quantity.
booking_items = s.tenant_table(
    "booking_items",
    s.optional("booking_id", s.Uuid),
    s.optional("order_id", s.Uuid),
    s.required("product_id", s.Uuid),
    s.optional("staff_id", s.Uuid),
    s.required("position", s.SmallInteger),
    s.required("quantity", s.SmallInteger),
    s.minor("net_minor"),
    s.minor("tax_minor"),
    s.required("discount_minor", s.BigInteger, server_default="0"),
    s.required("list_minor", s.BigInteger, server_default="0"),
    s.required("tax_bps", s.Integer),
    s.required("currency", s.CHAR(3)),
    s.instant("created_at"),
    s.refers("booking_id", "bookings"),
    s.refers("order_id", "orders"),
    s.refers("product_id", "products"),
    s.refers("staff_id", "staff"),
    s.check("one_owner", "(booking_id IS NULL) <> (order_id IS NULL)"),
    s.check("quantity_range", "quantity BETWEEN 1 AND 1000"),
    s.check("amounts_not_negative", "net_minor >= 0 AND tax_minor >= 0 AND discount_minor >= 0"),
)
Index(None, booking_items.c.tenant_id, booking_items.c.booking_id)
Index(None, booking_items.c.tenant_id, booking_items.c.order_id)

# Each use of a promo code is a row with a number, so that its limits are exact.
promo_uses = s.tenant_table(
    "promo_uses",
    s.required("promo_id", s.Uuid),
    s.required("use_no", s.Integer),
    s.required("customer_id", s.Uuid),
    s.required("customer_use_no", s.Integer),
    s.required("booking_id", s.Uuid),
    s.refers("promo_id", "promo_codes"),
    s.refers("customer_id", "customers"),
    s.refers("booking_id", "bookings"),
    s.unique("promo_id", "use_no", name="promo_uses_key"),
    s.unique("promo_id", "customer_id", "customer_use_no", name="promo_uses_customer_key"),
    s.unique("booking_id"),
)

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
