"""Tables of the catalogue: a service is a row of segments, busy or processing, with buffers.

What NULL means in a service's rules: the business's own rule holds. A service with a ``capacity``
is a class: it is sold by the seat, in sessions.
"""

from __future__ import annotations

from sqlalchemy import Index

from bookra.engine import schema as s

services = s.tenant_table(
    "services",
    s.required("slug", s.Text),
    s.required("name", s.Text),
    s.required("category", s.Text, server_default=""),
    s.minor("price_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("buffer_before_minutes", s.SmallInteger, server_default="0"),
    s.required("buffer_after_minutes", s.SmallInteger, server_default="0"),
    s.optional("granularity_minutes", s.SmallInteger),
    s.required("alignment", s.Text, server_default="clock"),
    s.optional("notice_minutes", s.Integer),
    s.optional("horizon_days", s.Integer),
    s.optional("daily_limit", s.SmallInteger),
    s.optional("capacity", s.SmallInteger),
    s.optional("tax_bps", s.Integer),
    s.optional("deposit_bps", s.Integer),
    s.optional("deposit_minor", s.BigInteger),
    s.required("active", s.Boolean, server_default="true"),
    s.instant("created_at"),
    # What narrow columns show; '' is the name, cut off.
    s.required("short_name", s.Text, server_default=""),
    s.unique("slug"),
    s.check("short_name_short", "length(short_name) <= 12"),
    s.check("price_not_negative", "price_minor >= 0"),
    s.one_of("alignment", "clock", "shift"),
    s.check(
        "granularity_range",
        "granularity_minutes BETWEEN 1 AND 240 AND 1440 % granularity_minutes = 0",
    ),
    s.check("notice_range", "notice_minutes BETWEEN 0 AND 525600"),
    s.check("tax_range", "tax_bps BETWEEN 0 AND 10000"),
    s.check(
        "deposit_range",
        "deposit_bps BETWEEN 1 AND 10000 OR deposit_minor > 0"
        " OR (deposit_bps IS NULL AND deposit_minor IS NULL)",
    ),
    s.check("horizon_range", "horizon_days BETWEEN 1 AND 3650"),
    s.check("daily_limit_range", "daily_limit BETWEEN 1 AND 1000"),
    s.check("capacity_range", "capacity BETWEEN 1 AND 1000"),
    s.check(
        "buffers_range",
        "buffer_before_minutes BETWEEN 0 AND 480 AND buffer_after_minutes BETWEEN 0 AND 480",
    ),
)

service_segments = s.tenant_table(
    "service_segments",
    s.required("service_id", s.Uuid),
    s.required("level", s.Text, server_default=""),
    s.required("position", s.SmallInteger),
    s.required("kind", s.Text),
    s.required("minutes", s.SmallInteger),
    s.refers("service_id", "services"),
    s.unique("service_id", "level", "position"),
    s.one_of("kind", "busy", "gap"),
    s.check("minutes_range", "minutes BETWEEN 1 AND 1440"),
)

# What a level of staff (junior, senior) charges; its segments, if any, carry the level's name.
service_levels = s.tenant_table(
    "service_levels",
    s.required("service_id", s.Uuid),
    s.required("level", s.Text),
    s.minor("price_minor"),
    s.refers("service_id", "services"),
    s.unique("service_id", "level"),
    s.check("level_given", "level <> ''"),
    s.check("price_not_negative", "price_minor >= 0"),
)

# When a service is offered at all; a service without rows is offered whenever its staff work.
service_hours = s.tenant_table(
    "service_hours",
    s.required("service_id", s.Uuid),
    s.required("weekday", s.SmallInteger),
    s.required("opens_minute", s.SmallInteger),
    s.required("closes_minute", s.SmallInteger),
    s.refers("service_id", "services"),
    s.check("weekday_range", "weekday BETWEEN 0 AND 6"),
    s.check("opens_range", "opens_minute BETWEEN 0 AND 1439"),
    s.check(
        "closes_range", "closes_minute > opens_minute AND closes_minute <= opens_minute + 1440"
    ),
)
Index(None, service_hours.c.tenant_id, service_hours.c.service_id)

pools = s.tenant_table(
    "pools",
    s.required("slug", s.Text),
    s.required("name", s.Text),
    s.instant("created_at"),
    s.unique("slug"),
)

# A service takes one free unit of a pool: for the whole visit with its buffers, for the staff's
# busy time with the buffers, or for the processing gaps alone.
service_resources = s.tenant_table(
    "service_resources",
    s.required("service_id", s.Uuid),
    s.required("pool_id", s.Uuid),
    s.required("span", s.Text, server_default="visit"),
    s.refers("service_id", "services"),
    s.refers("pool_id", "pools"),
    s.unique("service_id", "pool_id"),
    s.one_of("span", "visit", "busy", "gap"),
)

# What is sold besides a visit's time: goods from the shelf, and extras to a service.
products = s.tenant_table(
    "products",
    s.required("slug", s.Text),
    s.required("name", s.Text),
    s.required("kind", s.Text),
    s.required("category", s.Text, server_default=""),
    s.minor("price_minor"),
    s.required("currency", s.CHAR(3)),
    s.optional("tax_bps", s.Integer),
    s.required("active", s.Boolean, server_default="true"),
    s.instant("created_at"),
    s.unique("slug"),
    s.one_of("kind", "product", "add-on"),
    s.check("price_not_negative", "price_minor >= 0"),
    s.check("tax_range", "tax_bps BETWEEN 0 AND 10000"),
)

# A percentage or an amount off; what NULL means: no such limit.
promo_codes = s.tenant_table(
    "promo_codes",
    s.required("code", s.Text),
    s.optional("percent_bps", s.Integer),
    s.optional("amount_minor", s.BigInteger),
    s.required("currency", s.CHAR(3)),
    s.optional("service_id", s.Uuid),
    s.optional("starts_on", s.Date),
    s.optional("ends_on", s.Date),
    s.optional("max_uses", s.Integer),
    s.optional("max_uses_per_customer", s.Integer),
    s.optional("least_total_minor", s.BigInteger),
    s.required("active", s.Boolean, server_default="true"),
    s.instant("created_at"),
    s.refers("service_id", "services"),
    s.unique("code"),
    s.check(
        "one_kind",
        "(percent_bps IS NULL) <> (amount_minor IS NULL)"
        " AND COALESCE(percent_bps, 1) BETWEEN 1 AND 10000 AND COALESCE(amount_minor, 1) > 0",
    ),
    s.check("order", "starts_on <= ends_on"),
    s.check("limits", "max_uses > 0 AND max_uses_per_customer > 0 AND least_total_minor > 0"),
)

# What a member pays a period, and gets for it: visits of a service, a discount on the rest.
membership_plans = s.tenant_table(
    "membership_plans",
    s.required("slug", s.Text),
    s.required("name", s.Text),
    s.minor("price_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("months", s.SmallInteger, server_default="1"),
    s.optional("service_id", s.Uuid),
    s.required("visits", s.SmallInteger, server_default="0"),
    s.required("discount_bps", s.Integer, server_default="0"),
    s.required("active", s.Boolean, server_default="true"),
    s.instant("created_at"),
    s.refers("service_id", "services"),
    s.unique("slug"),
    s.check("price_positive", "price_minor > 0"),
    s.check("months_range", "months BETWEEN 1 AND 12"),
    s.check("visits_of_a_service", "visits >= 0 AND (visits = 0 OR service_id IS NOT NULL)"),
    s.check("discount_range", "discount_bps BETWEEN 0 AND 10000"),
)
