"""Tables of availability: when people work, and what already occupies their time.

``allocations`` is where double booking is impossible: one exclusion constraint for bookings,
holds and blocks alike. Searches use the plain columns and the B-tree: under row-level security
``&&`` is not leakproof and can't use the GiST index.
"""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint, column, func, text
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

# A closed day of one location, or of all of them.
closures = s.tenant_table(
    "closures",
    s.required("day", s.Date),
    s.required("name", s.Text),
    s.optional("location_id", s.Uuid),
    s.refers("location_id", "locations"),
    UniqueConstraint(
        "tenant_id", "day", "location_id", name="closures_key", postgresql_nulls_not_distinct=True
    ),
)

# Time off and blocks as they were asked for; they may overlap each other (sick during leave). Their
# merged union is what occupies the person, as allocations of kind 'block'.
absences = s.tenant_table(
    "absences",
    s.required("bookable_id", s.Uuid),
    s.required("kind", s.Text),
    s.required("starts_at", s.INSTANT),
    s.required("ends_at", s.INSTANT),
    s.required("reason", s.Text, server_default=""),
    s.instant("created_at"),
    s.refers("bookable_id", "bookables"),
    s.one_of("kind", "time-off", "block"),
    s.check("order", "starts_at < ends_at"),
)
Index(None, absences.c.tenant_id, absences.c.bookable_id, absences.c.starts_at)

# Busy times of other calendars: kept apart from allocations, since they may overlap what is booked.
external_busy = s.tenant_table(
    "external_busy",
    s.required("bookable_id", s.Uuid),
    s.required("source", s.Text),
    s.required("uid", s.Text),
    s.required("starts_at", s.INSTANT),
    s.required("ends_at", s.INSTANT),
    s.required("fetched_at", s.INSTANT, server_default=s.NOW),
    s.refers("bookable_id", "bookables"),
    s.unique("bookable_id", "source", "uid", "starts_at"),
    s.check("order", "starts_at < ends_at"),
)
Index(None, external_busy.c.tenant_id, external_busy.c.bookable_id, external_busy.c.starts_at)

# How far a person's calendar elsewhere was read. ``failure`` is why it could not be read: what is
# known of it then stays as it is, and is never taken for free time.
calendar_feeds = s.tenant_table(
    "calendar_feeds",
    s.required("bookable_id", s.Uuid),
    s.required("calendar_id", s.Text),
    s.optional("sync_token", s.Text),
    s.optional("read_until", s.INSTANT),
    s.optional("pulled_at", s.INSTANT),
    s.optional("tried_at", s.INSTANT),
    s.optional("failure", s.Text),
    s.refers("bookable_id", "bookables"),
    s.unique("bookable_id"),
)

# Which calendars may hold an event of ours: noted before it is written there, forgotten once it is
# gone. ``event_id`` is a booking's line or a class, so that what moves leaves nothing behind.
calendar_events = s.tenant_table(
    "calendar_events",
    s.required("event_id", s.Uuid),
    s.required("calendar_id", s.Text),
    s.unique("event_id", "calendar_id"),
)

# A class that takes place: its staff and room are allocated once, its seats are sold one by one.
sessions = s.tenant_table(
    "sessions",
    s.required("code", s.Text),
    s.required("service_id", s.Uuid),
    s.required("staff_id", s.Uuid),
    s.required("starts_at", s.INSTANT),
    s.required("ends_at", s.INSTANT),
    s.required("capacity", s.SmallInteger),
    s.required("status", s.Text, server_default="open"),
    s.instant("created_at"),
    s.refers("service_id", "services"),
    s.refers("staff_id", "staff"),
    s.unique("code"),
    s.unique("id", "capacity", name="sessions_capacity_key"),
    s.one_of("status", "open", "cancelled"),
    s.check("order", "starts_at < ends_at"),
    s.check("capacity_range", "capacity BETWEEN 1 AND 1000"),
)
Index(None, sessions.c.tenant_id, sessions.c.service_id, sessions.c.starts_at)

allocations = s.tenant_table(
    "allocations",
    s.required("bookable_id", s.Uuid),
    s.required("starts_at", s.INSTANT),
    s.required("ends_at", s.INSTANT),
    s.required("kind", s.Text),
    s.optional("booking_id", s.Uuid),
    s.optional("booking_line_id", s.Uuid),
    s.optional("held_until", s.INSTANT),
    s.optional("session_id", s.Uuid),
    s.refers("bookable_id", "bookables"),
    s.refers("booking_id", "bookings"),
    s.refers("booking_line_id", "booking_lines"),
    s.refers("session_id", "sessions"),
    s.one_of("kind", "booking", "block", "session"),
    s.check("owner", "(kind = 'booking') = (booking_id IS NOT NULL)"),
    s.check("session_owner", "(kind = 'session') = (session_id IS NOT NULL)"),
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
Index(
    "allocations_sessions_idx",
    allocations.c.tenant_id,
    allocations.c.session_id,
    postgresql_where=text("session_id IS NOT NULL"),
)

# A daily limit as places: the unique key makes a limit of n exact under any concurrency. The
# subject is a member of staff or a service.
day_places = s.tenant_table(
    "day_places",
    s.required("subject_id", s.Uuid),
    s.required("day", s.Date),
    s.required("place", s.SmallInteger),
    s.required("booking_id", s.Uuid),
    s.required("booking_line_id", s.Uuid),
    s.optional("held_until", s.INSTANT),
    s.refers("booking_id", "bookings"),
    s.refers("booking_line_id", "booking_lines"),
    s.unique("subject_id", "day", "place", name="day_places_key"),
    s.check("place_positive", "place >= 1"),
)
Index(None, day_places.c.tenant_id, day_places.c.booking_id)
