"""Tables of what is bought before it is used: gift cards, packages, memberships.

The orders that they are bought by stand with the bookings: both are sold in one visit.
"""

from __future__ import annotations

from sqlalchemy import Index

from bookra.engine import schema as s

# Bought value: a card's rest and a package's visits are locked rows: neither is spent twice.
gift_cards = s.tenant_table(
    "gift_cards",
    s.required("code", s.Text),
    s.required("order_id", s.Uuid),
    s.optional("customer_id", s.Uuid),
    s.minor("initial_minor"),
    s.minor("balance_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("state", s.Text, server_default="pending"),
    s.optional("expires_on", s.Date),
    s.instant("created_at"),
    s.refers("order_id", "orders"),
    s.refers("customer_id", "customers"),
    s.unique("code"),
    s.one_of("state", "pending", "active", "expired", "void"),
    s.check("not_overdrawn", "balance_minor BETWEEN 0 AND initial_minor"),
)
Index(None, gift_cards.c.tenant_id, gift_cards.c.order_id)

memberships = s.tenant_table(
    "memberships",
    s.required("code", s.Text),
    s.required("plan_id", s.Uuid),
    s.required("customer_id", s.Uuid),
    s.required("state", s.Text),
    s.required("started_on", s.Date),
    s.required("billed_until", s.Date),
    s.instant("created_at"),
    s.refers("plan_id", "membership_plans"),
    s.refers("customer_id", "customers"),
    s.unique("code"),
    s.one_of("state", "pending", "active", "past-due", "cancelled"),
)
Index(None, memberships.c.tenant_id, memberships.c.customer_id)

# A member's period is a package too: its visits are used up in the same way. With no visits its
# price is earned when the period ends.
packages = s.tenant_table(
    "packages",
    s.required("code", s.Text),
    s.required("order_id", s.Uuid),
    s.required("customer_id", s.Uuid),
    s.optional("service_id", s.Uuid),
    s.optional("membership_id", s.Uuid),
    s.required("visits", s.SmallInteger),
    s.required("used", s.SmallInteger, server_default="0"),
    s.minor("price_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("state", s.Text, server_default="pending"),
    s.optional("starts_on", s.Date),
    s.optional("expires_on", s.Date),
    s.instant("created_at"),
    s.refers("order_id", "orders"),
    s.refers("customer_id", "customers"),
    s.refers("service_id", "services"),
    s.refers("membership_id", "memberships"),
    s.unique("code"),
    s.unique("membership_id", "starts_on"),
    s.one_of("state", "pending", "active", "expired", "void"),
    s.check("not_overdrawn", "used BETWEEN 0 AND visits"),
)
Index(None, packages.c.tenant_id, packages.c.customer_id)
Index(None, packages.c.tenant_id, packages.c.order_id)

package_uses = s.tenant_table(
    "package_uses",
    s.required("package_id", s.Uuid),
    s.required("use_no", s.SmallInteger),
    s.required("booking_line_id", s.Uuid),
    s.minor("amount_minor"),
    s.refers("package_id", "packages"),
    s.refers("booking_line_id", "booking_lines"),
    s.unique("package_id", "use_no"),
    s.unique("booking_line_id"),
)
