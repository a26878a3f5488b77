"""Tables of the catalogue: a service is a row of segments, busy or processing, with buffers."""

from __future__ import annotations

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
    s.required("active", s.Boolean, server_default="true"),
    s.instant("created_at"),
    s.unique("slug"),
    s.check("price_not_negative", "price_minor >= 0"),
    s.check(
        "buffers_range",
        "buffer_before_minutes BETWEEN 0 AND 480 AND buffer_after_minutes BETWEEN 0 AND 480",
    ),
)

service_segments = s.tenant_table(
    "service_segments",
    s.required("service_id", s.Uuid),
    s.required("position", s.SmallInteger),
    s.required("kind", s.Text),
    s.required("minutes", s.SmallInteger),
    s.refers("service_id", "services"),
    s.unique("service_id", "position"),
    s.one_of("kind", "busy", "gap"),
    s.check("minutes_range", "minutes BETWEEN 1 AND 1440"),
)
