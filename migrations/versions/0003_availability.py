"""The complete availability engine: places, levels, pools, absences, classes, limits, the waitlist.

New tables come with their policies and grants. The checks on tables that exist already are NOT
VALID first where rows could be many, so that the lock is short; new columns are NULL or constant.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHANGING = (
    "locations pools resources service_levels service_hours service_resources absences"
    " external_busy sessions day_places seats wishes"
).split()
WRITTEN_ONCE = ("series", "wish_windows", "wish_offers")
CHANGE_COLUMNS = "tenant_id, id, booking_id, kind, facts"

# A move changes when, with whom and in which session; never what was agreed on as the price.
MOVABLE = "staff_id, starts_at, ends_at, session_id, level, requested, commission_bps, changed_by"
RULES = (
    "granularity_minutes, notice_minutes, horizon_days, hold_minutes, waitlist_rule,"
    " waitlist_hold_minutes"
)

GRANTS = {
    "bookra_front_desk": {
        "INSERT, UPDATE": "sessions wishes",
        "INSERT": "series wish_windows wish_offers",
        "INSERT, UPDATE, DELETE": "absences external_busy day_places seats",
    },
    "bookra_manager": {
        "INSERT, UPDATE": "locations pools resources",
        "INSERT, UPDATE, DELETE": "service_levels service_hours service_resources",
    },
    "bookra_relay": {
        "INSERT": "bookings booking_lines series wish_offers",
        "UPDATE": "wishes",
        "INSERT, UPDATE, DELETE": "external_busy day_places seats",
    },
}

CHECKS = (
    ("services", "alignment_known", "alignment IN ('clock', 'shift')"),
    (
        "services",
        "granularity_range",
        "granularity_minutes BETWEEN 1 AND 240 AND 1440 % granularity_minutes = 0",
    ),
    ("services", "notice_range", "notice_minutes BETWEEN 0 AND 525600"),
    ("services", "horizon_range", "horizon_days BETWEEN 1 AND 3650"),
    ("services", "daily_limit_range", "daily_limit BETWEEN 1 AND 1000"),
    ("services", "capacity_range", "capacity BETWEEN 1 AND 1000"),
    ("staff", "daily_limit_range", "daily_limit BETWEEN 1 AND 1000"),
    ("tenants", "waitlist_hold_range", "waitlist_hold_minutes BETWEEN 1 AND 1440"),
    ("tenants", "waitlist_rule_known", "waitlist_rule IN ('first', 'best-fit', 'highest-value')"),
)
ALLOCATIONS = (
    ("kind_known", "kind IN ('booking', 'block', 'session')"),
    ("session_owner", "(kind = 'session') = (session_id IS NOT NULL)"),
)


def upgrade() -> None:
    """Make the tables and columns, the checks, the policies and the grants."""
    _tables()
    _columns()
    _checks()
    _access()


def _tables() -> None:
    op.create_table(
        "locations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("locations_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("locations_pkey")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("locations_tenant_id_slug_key")),
        schema="bookra",
    )
    op.create_table(
        "pools",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("pools_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pools_pkey")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("pools_tenant_id_slug_key")),
        schema="bookra",
    )
    op.create_table(
        "series",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("series_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("series_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("series_pkey")),
        schema="bookra",
    )
    op.create_table(
        "service_hours",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("opens_minute", sa.SmallInteger(), nullable=False),
        sa.Column("closes_minute", sa.SmallInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "closes_minute > opens_minute AND closes_minute <= opens_minute + 1440",
            name=op.f("service_hours_closes_range"),
        ),
        sa.CheckConstraint(
            "opens_minute BETWEEN 0 AND 1439", name=op.f("service_hours_opens_range")
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("service_hours_weekday_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("service_hours_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("service_hours_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("service_hours_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("service_hours_tenant_id_service_id_idx"),
        "service_hours",
        ["tenant_id", "service_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "service_levels",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("level <> ''", name=op.f("service_levels_level_given")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("service_levels_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("service_levels_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("service_levels_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("service_levels_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "service_id",
            "level",
            name=op.f("service_levels_tenant_id_service_id_level_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "service_resources",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("span", sa.Text(), server_default="visit", nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "span IN ('visit', 'busy', 'gap')", name=op.f("service_resources_span_known")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool_id"],
            ["bookra.pools.tenant_id", "bookra.pools.id"],
            name=op.f("service_resources_tenant_id_pool_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("service_resources_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("service_resources_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("service_resources_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "service_id",
            "pool_id",
            name=op.f("service_resources_tenant_id_service_id_pool_id_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "absences",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bookable_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("kind IN ('time-off', 'block')", name=op.f("absences_kind_known")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("absences_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bookable_id"],
            ["bookra.bookables.tenant_id", "bookra.bookables.id"],
            name=op.f("absences_tenant_id_bookable_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("absences_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("absences_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("absences_tenant_id_bookable_id_starts_at_idx"),
        "absences",
        ["tenant_id", "bookable_id", "starts_at"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "external_busy",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bookable_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("external_busy_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bookable_id"],
            ["bookra.bookables.tenant_id", "bookra.bookables.id"],
            name=op.f("external_busy_tenant_id_bookable_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("external_busy_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("external_busy_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "bookable_id",
            "source",
            "uid",
            "starts_at",
            name=op.f("external_busy_tenant_id_bookable_id_source_uid_starts_at_key"),
        ),
        schema="bookra",
    )
    op.create_index(
        op.f("external_busy_tenant_id_bookable_id_starts_at_idx"),
        "external_busy",
        ["tenant_id", "bookable_id", "starts_at"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "resources",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["bookra.bookables.tenant_id", "bookra.bookables.id"],
            name=op.f("resources_tenant_id_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pool_id"],
            ["bookra.pools.tenant_id", "bookra.pools.id"],
            name=op.f("resources_tenant_id_pool_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("resources_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("resources_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("resources_tenant_id_pool_id_idx"),
        "resources",
        ["tenant_id", "pool_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "booking_changes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("recorded_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("booking_changes_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("booking_changes_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("booking_changes_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("booking_changes_tenant_id_booking_id_idx"),
        "booking_changes",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("capacity", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("status IN ('open', 'cancelled')", name=op.f("sessions_status_known")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 1000", name=op.f("sessions_capacity_range")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("sessions_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("sessions_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("sessions_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("sessions_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("sessions_pkey")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("sessions_tenant_id_code_key")),
        sa.UniqueConstraint("tenant_id", "id", "capacity", name="sessions_capacity_key"),
        schema="bookra",
    )
    op.create_index(
        op.f("sessions_tenant_id_service_id_starts_at_idx"),
        "sessions",
        ["tenant_id", "service_id", "starts_at"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "wishes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "status IN ('waiting', 'offered', 'fulfilled', 'withdrawn', 'lapsed')",
            name=op.f("wishes_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("wishes_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("wishes_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("wishes_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("wishes_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("wishes_pkey")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("wishes_tenant_id_code_key")),
        schema="bookra",
    )
    op.create_index(
        "wishes_open_idx",
        "wishes",
        ["tenant_id", "created_at"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
    op.create_table(
        "wish_offers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wish_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("offered_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("wish_offers_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("wish_offers_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "wish_id"],
            ["bookra.wishes.tenant_id", "bookra.wishes.id"],
            name=op.f("wish_offers_tenant_id_wish_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("wish_offers_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("wish_offers_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "wish_id",
            "staff_id",
            "starts_at",
            name=op.f("wish_offers_tenant_id_wish_id_staff_id_starts_at_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "wish_windows",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wish_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("wish_windows_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "wish_id"],
            ["bookra.wishes.tenant_id", "bookra.wishes.id"],
            name=op.f("wish_windows_tenant_id_wish_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("wish_windows_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("wish_windows_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "wish_id",
            "starts_at",
            name=op.f("wish_windows_tenant_id_wish_id_starts_at_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "day_places",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("booking_line_id", sa.Uuid(), nullable=False),
        sa.Column("held_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("place >= 1", name=op.f("day_places_place_positive")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("day_places_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_line_id"],
            ["bookra.booking_lines.tenant_id", "bookra.booking_lines.id"],
            name=op.f("day_places_tenant_id_booking_line_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("day_places_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("day_places_pkey")),
        sa.UniqueConstraint("tenant_id", "subject_id", "day", "place", name="day_places_key"),
        schema="bookra",
    )
    op.create_index(
        op.f("day_places_tenant_id_booking_id_idx"),
        "day_places",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "seats",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("seat_no", sa.SmallInteger(), nullable=False),
        sa.Column("capacity", sa.SmallInteger(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("booking_line_id", sa.Uuid(), nullable=False),
        sa.Column("held_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("seat_no BETWEEN 1 AND capacity", name=op.f("seats_within_capacity")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("seats_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_line_id"],
            ["bookra.booking_lines.tenant_id", "bookra.booking_lines.id"],
            name=op.f("seats_tenant_id_booking_line_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id", "capacity"],
            ["bookra.sessions.tenant_id", "bookra.sessions.id", "bookra.sessions.capacity"],
            name="seats_session_fkey",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("seats_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("seats_pkey")),
        sa.UniqueConstraint("tenant_id", "session_id", "seat_no", name="seats_key"),
        schema="bookra",
    )
    op.create_index(
        op.f("seats_tenant_id_booking_id_idx"),
        "seats",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )


def _columns() -> None:
    op.add_column("allocations", sa.Column("session_id", sa.Uuid(), nullable=True), schema="bookra")
    op.create_index(
        "allocations_sessions_idx",
        "allocations",
        ["tenant_id", "session_id"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("allocations_tenant_id_session_id_fkey"),
        "allocations",
        "sessions",
        ["tenant_id", "session_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column("bookables", sa.Column("location_id", sa.Uuid(), nullable=True), schema="bookra")
    op.create_foreign_key(
        op.f("bookables_tenant_id_location_id_fkey"),
        "bookables",
        "locations",
        ["tenant_id", "location_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column(
        "booking_lines",
        sa.Column("level", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "booking_lines",
        sa.Column("requested", sa.Boolean(), server_default="false", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "booking_lines", sa.Column("session_id", sa.Uuid(), nullable=True), schema="bookra"
    )
    op.create_foreign_key(
        op.f("booking_lines_tenant_id_session_id_fkey"),
        "booking_lines",
        "sessions",
        ["tenant_id", "session_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column("bookings", sa.Column("series_id", sa.Uuid(), nullable=True), schema="bookra")
    op.create_foreign_key(
        op.f("bookings_tenant_id_series_id_fkey"),
        "bookings",
        "series",
        ["tenant_id", "series_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.create_index(
        "bookings_series_idx",
        "bookings",
        ["tenant_id", "series_id"],
        schema="bookra",
        postgresql_where=sa.text("series_id IS NOT NULL"),
    )
    op.create_index(
        "bookings_displaced_idx",
        "bookings",
        ["tenant_id", "starts_at"],
        schema="bookra",
        postgresql_where=sa.text("status = 'displaced'"),
    )
    op.add_column("closures", sa.Column("location_id", sa.Uuid(), nullable=True), schema="bookra")
    op.drop_constraint(
        op.f("closures_tenant_id_day_key"), "closures", schema="bookra", type_="unique"
    )
    op.create_unique_constraint(
        "closures_key",
        "closures",
        ["tenant_id", "day", "location_id"],
        schema="bookra",
        postgresql_nulls_not_distinct=True,
    )
    op.create_foreign_key(
        op.f("closures_tenant_id_location_id_fkey"),
        "closures",
        "locations",
        ["tenant_id", "location_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column(
        "service_segments",
        sa.Column("level", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.drop_constraint(
        op.f("service_segments_tenant_id_service_id_position_key"),
        "service_segments",
        schema="bookra",
        type_="unique",
    )
    op.create_unique_constraint(
        op.f("service_segments_tenant_id_service_id_level_position_key"),
        "service_segments",
        ["tenant_id", "service_id", "level", "position"],
        schema="bookra",
    )
    op.add_column(
        "services",
        sa.Column("granularity_minutes", sa.SmallInteger(), nullable=True),
        schema="bookra",
    )
    op.add_column(
        "services",
        sa.Column("alignment", sa.Text(), server_default="clock", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "services", sa.Column("notice_minutes", sa.Integer(), nullable=True), schema="bookra"
    )
    op.add_column(
        "services", sa.Column("horizon_days", sa.Integer(), nullable=True), schema="bookra"
    )
    op.add_column(
        "services", sa.Column("daily_limit", sa.SmallInteger(), nullable=True), schema="bookra"
    )
    op.add_column(
        "services", sa.Column("capacity", sa.SmallInteger(), nullable=True), schema="bookra"
    )
    op.add_column(
        "staff", sa.Column("level", sa.Text(), server_default="", nullable=False), schema="bookra"
    )
    op.add_column("staff", sa.Column("timezone", sa.Text(), nullable=True), schema="bookra")
    op.add_column(
        "staff", sa.Column("daily_limit", sa.SmallInteger(), nullable=True), schema="bookra"
    )
    op.add_column(
        "tenants",
        sa.Column("waitlist_rule", sa.Text(), server_default="first", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "tenants",
        sa.Column("waitlist_hold_minutes", sa.SmallInteger(), server_default="60", nullable=False),
        schema="bookra",
    )


def _checks() -> None:
    for table, name, condition in CHECKS:
        op.create_check_constraint(op.f(f"{table}_{name}"), table, condition, schema="bookra")
    op.drop_constraint(
        op.f("allocations_kind_known"), "allocations", schema="bookra", type_="check"
    )
    for name, condition in ALLOCATIONS:
        op.execute(
            f"ALTER TABLE bookra.allocations ADD CONSTRAINT allocations_{name}"
            f" CHECK ({condition}) NOT VALID"
        )
        op.execute(f"ALTER TABLE bookra.allocations VALIDATE CONSTRAINT allocations_{name}")


def _access() -> None:
    own = "tenant_id = bookra.tenant()"
    for table in CHANGING:
        _policy(table, own, f"{own} AND changed_by = session_user")
    for table in WRITTEN_ONCE:
        _policy(table, own, own)
    _policy("booking_changes", own, f"{own} AND recorded_by = session_user")
    for table in (*CHANGING, *WRITTEN_ONCE, "booking_changes"):
        op.execute(f"GRANT SELECT ON bookra.{table} TO bookra_front_desk, bookra_relay")
    for role, verbs in GRANTS.items():
        for verb, tables in verbs.items():
            for table in tables.split():
                op.execute(f"GRANT {verb} ON bookra.{table} TO {role}")
    for role in ("bookra_front_desk", "bookra_relay"):
        op.execute(f"GRANT INSERT ({CHANGE_COLUMNS}) ON bookra.booking_changes TO {role}")
        op.execute(f"GRANT UPDATE ({MOVABLE}) ON bookra.booking_lines TO {role}")
    op.execute(f"GRANT UPDATE ({RULES}) ON bookra.tenants TO bookra_tenant_owner")


def _policy(table: str, using: str, with_check: str) -> None:
    op.execute(f"ALTER TABLE bookra.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE bookra.{table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_tenant ON bookra.{table} USING ({using}) WITH CHECK ({with_check})"
    )


def downgrade() -> None:
    """Take it all back. What only the newer release could write goes with its tables."""
    for role in ("bookra_front_desk", "bookra_relay"):
        op.execute(f"REVOKE UPDATE ({MOVABLE}) ON bookra.booking_lines FROM {role}")
    op.execute(f"REVOKE UPDATE ({RULES}) ON bookra.tenants FROM bookra_tenant_owner")
    for name, _ in ALLOCATIONS:
        op.drop_constraint(
            op.f(f"allocations_{name}"), "allocations", schema="bookra", type_="check"
        )
    # A class's allocations have no owner in the older release: they stay, as blocks would.
    op.execute(
        "ALTER TABLE bookra.allocations ADD CONSTRAINT allocations_kind_known"
        " CHECK (kind IN ('booking', 'block')) NOT VALID"
    )
    for table, name, _ in CHECKS:
        op.drop_constraint(op.f(f"{table}_{name}"), table, schema="bookra", type_="check")
    op.drop_column("tenants", "waitlist_hold_minutes", schema="bookra")
    op.drop_column("tenants", "waitlist_rule", schema="bookra")
    op.drop_column("staff", "daily_limit", schema="bookra")
    op.drop_column("staff", "timezone", schema="bookra")
    op.drop_column("staff", "level", schema="bookra")
    op.drop_column("services", "capacity", schema="bookra")
    op.drop_column("services", "daily_limit", schema="bookra")
    op.drop_column("services", "horizon_days", schema="bookra")
    op.drop_column("services", "notice_minutes", schema="bookra")
    op.drop_column("services", "alignment", schema="bookra")
    op.drop_column("services", "granularity_minutes", schema="bookra")
    op.drop_constraint(
        op.f("service_segments_tenant_id_service_id_level_position_key"),
        "service_segments",
        schema="bookra",
        type_="unique",
    )
    op.create_unique_constraint(
        op.f("service_segments_tenant_id_service_id_position_key"),
        "service_segments",
        ["tenant_id", "service_id", "position"],
        schema="bookra",
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("service_segments", "level", schema="bookra")
    op.drop_constraint(
        op.f("closures_tenant_id_location_id_fkey"), "closures", schema="bookra", type_="foreignkey"
    )
    op.drop_constraint("closures_key", "closures", schema="bookra", type_="unique")
    op.create_unique_constraint(
        op.f("closures_tenant_id_day_key"),
        "closures",
        ["tenant_id", "day"],
        schema="bookra",
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("closures", "location_id", schema="bookra")
    op.drop_constraint(
        op.f("bookings_tenant_id_series_id_fkey"), "bookings", schema="bookra", type_="foreignkey"
    )
    op.drop_index("bookings_displaced_idx", "bookings", schema="bookra")
    op.drop_index("bookings_series_idx", "bookings", schema="bookra")
    op.drop_column("bookings", "series_id", schema="bookra")
    op.drop_constraint(
        op.f("booking_lines_tenant_id_session_id_fkey"),
        "booking_lines",
        schema="bookra",
        type_="foreignkey",
    )
    op.drop_column("booking_lines", "session_id", schema="bookra")
    op.drop_column("booking_lines", "requested", schema="bookra")
    op.drop_column("booking_lines", "level", schema="bookra")
    op.drop_constraint(
        op.f("bookables_tenant_id_location_id_fkey"),
        "bookables",
        schema="bookra",
        type_="foreignkey",
    )
    op.drop_column("bookables", "location_id", schema="bookra")
    op.drop_constraint(
        op.f("allocations_tenant_id_session_id_fkey"),
        "allocations",
        schema="bookra",
        type_="foreignkey",
    )
    op.drop_index("allocations_sessions_idx", table_name="allocations", schema="bookra")
    op.drop_column("allocations", "session_id", schema="bookra")
    op.drop_index(op.f("seats_tenant_id_booking_id_idx"), table_name="seats", schema="bookra")
    op.drop_table("seats", schema="bookra")
    op.drop_index(
        op.f("day_places_tenant_id_booking_id_idx"), table_name="day_places", schema="bookra"
    )
    op.drop_table("day_places", schema="bookra")
    op.drop_table("wish_windows", schema="bookra")
    op.drop_table("wish_offers", schema="bookra")
    op.drop_index(
        "wishes_open_idx",
        table_name="wishes",
        schema="bookra",
        postgresql_where=sa.text("status IN ('waiting', 'offered')"),
    )
    op.drop_table("wishes", schema="bookra")
    op.drop_index(
        op.f("sessions_tenant_id_service_id_starts_at_idx"), table_name="sessions", schema="bookra"
    )
    op.drop_table("sessions", schema="bookra")
    op.drop_index(
        op.f("booking_changes_tenant_id_booking_id_idx"),
        table_name="booking_changes",
        schema="bookra",
    )
    op.drop_table("booking_changes", schema="bookra")
    op.drop_index(op.f("resources_tenant_id_pool_id_idx"), table_name="resources", schema="bookra")
    op.drop_table("resources", schema="bookra")
    op.drop_index(
        op.f("external_busy_tenant_id_bookable_id_starts_at_idx"),
        table_name="external_busy",
        schema="bookra",
    )
    op.drop_table("external_busy", schema="bookra")
    op.drop_index(
        op.f("absences_tenant_id_bookable_id_starts_at_idx"), table_name="absences", schema="bookra"
    )
    op.drop_table("absences", schema="bookra")
    op.drop_table("service_resources", schema="bookra")
    op.drop_table("service_levels", schema="bookra")
    op.drop_index(
        op.f("service_hours_tenant_id_service_id_idx"), table_name="service_hours", schema="bookra"
    )
    op.drop_table("service_hours", schema="bookra")
    op.drop_table("series", schema="bookra")
    op.drop_table("pools", schema="bookra")
    op.drop_table("locations", schema="bookra")
