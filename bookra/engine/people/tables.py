"""Tables of people: everything that can be booked, who performs what, and the customers."""

from __future__ import annotations

from sqlalchemy import Index, text

from bookra.engine import schema as s

locations = s.tenant_table(
    "locations",
    s.required("slug", s.Text),
    s.required("name", s.Text),
    s.required("timezone", s.Text),
    s.instant("created_at"),
    s.unique("slug"),
)

bookables = s.tenant_table(
    "bookables",
    s.required("kind", s.Text),
    s.required("slug", s.Text),
    s.required("name", s.Text),
    s.optional("location_id", s.Uuid),
    s.required("active", s.Boolean, server_default="true"),
    s.instant("created_at"),
    s.refers("location_id", "locations"),
    s.unique("slug"),
    s.one_of("kind", "staff", "resource"),
)

staff = s.tenant_table(
    "staff",
    s.required("commission_bps", s.Integer, server_default="0"),
    s.required("all_services", s.Boolean, server_default="true"),
    s.optional("calendar_id", s.Text),
    s.required("level", s.Text, server_default=""),
    s.optional("timezone", s.Text),
    s.optional("daily_limit", s.SmallInteger),
    s.refers("id", "bookables"),
    s.check("commission_range", "commission_bps BETWEEN 0 AND 10000"),
    s.check("daily_limit_range", "daily_limit BETWEEN 1 AND 1000"),
)

resources = s.tenant_table(
    "resources",
    s.required("pool_id", s.Uuid),
    s.refers("id", "bookables"),
    s.refers("pool_id", "pools"),
)
Index(None, resources.c.tenant_id, resources.c.pool_id)

staff_services = s.tenant_table(
    "staff_services",
    s.required("staff_id", s.Uuid),
    s.required("service_id", s.Uuid),
    s.refers("staff_id", "staff"),
    s.refers("service_id", "services"),
    s.unique("staff_id", "service_id"),
)

customers = s.tenant_table(
    "customers",
    s.required("name", s.Text),
    s.optional("phone", s.Text),
    s.optional("email", s.Text),
    s.required("language", s.Text, server_default=""),
    s.required("notes", s.Text, server_default=""),
    # No messages but those about what the customer has booked, or none at all.
    s.optional("opted_out_at", s.INSTANT),
    s.optional("opted_out_of", s.Text),
    # When the customer last wrote to us: WhatsApp lets us answer freely for 24 hours.
    s.optional("wrote_at", s.INSTANT),
    s.instant("created_at"),
    # What was personal is gone; the row stays, for the books refer to it.
    s.optional("erased_at", s.INSTANT),
    s.one_of("opted_out_of", "reminders", "everything"),
    s.check("name_given", "name <> ''"),
)

Index(
    "customers_phone_key",
    customers.c.tenant_id,
    customers.c.phone,
    unique=True,
    postgresql_where=text("phone IS NOT NULL"),
)
Index(
    "customers_email_key",
    customers.c.tenant_id,
    customers.c.email,
    unique=True,
    postgresql_where=text("email IS NOT NULL"),
)

# What a customer agreed to, in which words; a later row of a kind takes the earlier one's place.
consents = s.tenant_table(
    "consents",
    s.required("customer_id", s.Uuid),
    s.required("kind", s.Text),
    s.required("given", s.Boolean),
    s.required("wording", s.Text, server_default=""),
    s.required("recorded_at", s.INSTANT, server_default=s.NOW),
    s.required("recorded_by", s.Text, server_default=s.SESSION_USER),
    s.refers("customer_id", "customers"),
    s.one_of("kind", "messages", "marketing", "photos", "health"),
    changes=False,
)
Index(None, consents.c.tenant_id, consents.c.customer_id)
