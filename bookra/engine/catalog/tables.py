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
    s.required("active", s.Boolean, server_default="true"),
    s.instant("created_at"),
    s.unique("slug"),
    s.check("price_not_negative", "price_minor >= 0"),
    s.one_of("alignment", "clock", "shift"),
    s.check(
        "granularity_range",
        "granularity_minutes BETWEEN 1 AND 240 AND 1440 % granularity_minutes = 0",
    ),
    s.check("notice_range", "notice_minutes BETWEEN 0 AND 525600"),
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
