"""Tables of availability: when people work, and what already occupies their time.

``allocations`` is where double booking is impossible: one exclusion constraint for bookings,
holds and blocks alike. Searches use the plain columns and the B-tree: under row-level security
``&&`` is not leakproof and can't use the GiST index.
"""

from __future__ import annotations

from sqlalchemy import Index, column, func
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from bookra.engine import schema as s
from bookra.engine.availability.window import LONGEST_ALLOCATION_HOURS

working_hours = s.tenant_table(
    "working_hours",
    s.required("staff_id", s.Uuid),
    s.required("weekday", s.SmallInteger),
    s.required("opens_minute", s.SmallInteger),
    s.required("closes_minute", s.SmallInteger),
    s.required("valid_from", s.Date),
    s.optional("valid_until", s.Date),
    s.refers("staff_id", "staff"),
    s.check("weekday_range", "weekday BETWEEN 0 AND 6"),
    s.check("opens_range", "opens_minute BETWEEN 0 AND 1439"),
    s.check(
        "closes_range", "closes_minute > opens_minute AND closes_minute <= opens_minute + 1440"
    ),
    s.check("validity_order", "valid_until IS NULL OR valid_until > valid_from"),
)
Index(None, working_hours.c.tenant_id, working_hours.c.staff_id, working_hours.c.weekday)

working_exceptions = s.tenant_table(
    "working_exceptions",
    s.required("staff_id", s.Uuid),
    s.required("day", s.Date),
    s.optional("opens_minute", s.SmallInteger),
    s.optional("closes_minute", s.SmallInteger),
    s.refers("staff_id", "staff"),
    s.check(
        "whole_or_closed",
        "(opens_minute IS NULL AND closes_minute IS NULL) OR (opens_minute BETWEEN 0 AND 1439"
        " AND closes_minute > opens_minute AND closes_minute <= opens_minute + 1440)",
    ),
)
Index(None, working_exceptions.c.tenant_id, working_exceptions.c.staff_id, working_exceptions.c.day)

closures = s.tenant_table(
    "closures",
    s.required("day", s.Date),
    s.required("name", s.Text),
    s.unique("day"),
)

allocations = s.tenant_table(
    "allocations",
    s.required("bookable_id", s.Uuid),
    s.required("starts_at", s.INSTANT),
    s.required("ends_at", s.INSTANT),
    s.required("kind", s.Text),
    s.optional("booking_id", s.Uuid),
    s.optional("booking_line_id", s.Uuid),
    s.optional("held_until", s.INSTANT),
    s.refers("bookable_id", "bookables"),
    s.refers("booking_id", "bookings"),
    s.refers("booking_line_id", "booking_lines"),
    s.one_of("kind", "booking", "block"),
    s.check("owner", "(kind = 'booking') = (booking_id IS NOT NULL)"),
    s.check("not_empty", "starts_at < ends_at"),
    s.check("length", f"ends_at - starts_at <= interval '{LONGEST_ALLOCATION_HOURS} hours'"),
    ExcludeConstraint(
        ("tenant_id", "="),
        ("bookable_id", "="),
        (func.tstzrange(column("starts_at"), column("ends_at")), "&&"),
        using="gist",
        name="allocations_no_overlap",
    ),
)
Index(None, allocations.c.tenant_id, allocations.c.bookable_id, allocations.c.starts_at)
Index(None, allocations.c.tenant_id, allocations.c.booking_id)
