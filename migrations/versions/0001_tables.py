"""The first house: every table that one booking passes through.

Composite keys throughout, no triggers: overlap is an exclusion constraint, balance is the row's
shape, once-only is a unique key. Who may touch what is the next revision's business.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in DDL."""
        return "xid8"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "relays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "started_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "last_tick_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("stopped_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("relays_pkey")),
        schema="bookra",
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.Column("tax_bps", sa.Integer(), nullable=False),
        sa.Column("tax_inclusive", sa.Boolean(), nullable=False),
        sa.Column("code_prefix", sa.Text(), nullable=False),
        sa.Column("granularity_minutes", sa.SmallInteger(), server_default="15", nullable=False),
        sa.Column("notice_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("horizon_days", sa.Integer(), server_default="730", nullable=False),
        sa.Column("hold_minutes", sa.SmallInteger(), server_default="15", nullable=False),
        sa.Column("logo_text", sa.Text(), nullable=False),
        sa.Column("primary_color", sa.Text(), nullable=False),
        sa.Column("accent_color", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("vat_id", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "granularity_minutes BETWEEN 1 AND 240 AND 1440 % granularity_minutes = 0",
            name=op.f("tenants_granularity_range"),
        ),
        sa.CheckConstraint("hold_minutes BETWEEN 1 AND 1440", name=op.f("tenants_hold_range")),
        sa.CheckConstraint("tax_bps BETWEEN 0 AND 10000", name=op.f("tenants_tax_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("tenants_pkey")),
        sa.UniqueConstraint("slug", name=op.f("tenants_slug_key")),
        schema="bookra",
    )
    op.create_table(
        "audit",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("recorded_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("subjects", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("audit_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("audit_pkey")),
        schema="bookra",
    )
    op.create_table(
        "bookables",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("kind IN ('staff', 'resource')", name=op.f("bookables_kind_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("bookables_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("bookables_pkey")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("bookables_tenant_id_slug_key")),
        schema="bookra",
    )
    op.create_table(
        "closures",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("closures_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("closures_pkey")),
        sa.UniqueConstraint("tenant_id", "day", name=op.f("closures_tenant_id_day_key")),
        schema="bookra",
    )
    op.create_table(
        "command_results",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("command_results_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("command_results_pkey")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("command_results_tenant_id_key_key")),
        schema="bookra",
    )
    op.create_table(
        "customers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("customers_name_given")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("customers_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("customers_pkey")),
        schema="bookra",
    )
    op.create_index(
        "customers_email_key",
        "customers",
        ["tenant_id", "email"],
        unique=True,
        schema="bookra",
        postgresql_where=sa.text("email IS NOT NULL"),
    )
    op.create_index(
        "customers_phone_key",
        "customers",
        ["tenant_id", "phone"],
        unique=True,
        schema="bookra",
        postgresql_where=sa.text("phone IS NOT NULL"),
    )
    op.create_table(
        "inbox",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_ref", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("handled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("inbox_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("inbox_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "provider",
            "event_ref",
            name=op.f("inbox_tenant_id_provider_event_ref_key"),
        ),
        schema="bookra",
    )
    op.create_index(
        "inbox_open_idx",
        "inbox",
        ["tenant_id", "received_at"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.create_table(
        "invoice_counters",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("invoice_counters_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("invoice_counters_pkey")),
        sa.UniqueConstraint("tenant_id", "year", name=op.f("invoice_counters_tenant_id_year_key")),
        schema="bookra",
    )
    op.create_table(
        "operators",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "role IN ('front-desk', 'manager', 'owner')", name=op.f("operators_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("operators_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("operators_pkey")),
        sa.UniqueConstraint("tenant_id", "login", name=op.f("operators_tenant_id_login_key")),
        schema="bookra",
    )
    op.create_table(
        "outbox_aggregates",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("outbox_aggregates_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "aggregate", name=op.f("outbox_aggregates_pkey")),
        schema="bookra",
    )
    op.create_table(
        "outbox_history",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("generation", sa.SmallInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("rescues", sa.SmallInteger(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "settled_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('delivered', 'discarded')", name=op.f("outbox_history_outcome_known")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("outbox_history_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("outbox_history_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("outbox_history_tenant_id_booking_id_idx"),
        "outbox_history",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("outbox_history_tenant_id_settled_at_idx"),
        "outbox_history",
        ["tenant_id", "settled_at"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "provider_accounts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("secret_version", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "provider IN ('stripe', 'google', 'whatsapp', 'mail')",
            name=op.f("provider_accounts_provider_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("provider_accounts_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("provider_accounts_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "provider", name=op.f("provider_accounts_tenant_id_provider_key")
        ),
        schema="bookra",
    )
    op.create_table(
        "provider_cursors",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("provider_cursors_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("provider_cursors_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "stream", name=op.f("provider_cursors_tenant_id_stream_key")
        ),
        schema="bookra",
    )
    op.create_table(
        "services",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("buffer_before_minutes", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("buffer_after_minutes", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 480 AND buffer_after_minutes BETWEEN 0 AND 480",
            name=op.f("services_buffers_range"),
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("services_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("services_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("services_pkey")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("services_tenant_id_slug_key")),
        schema="bookra",
    )
    op.create_table(
        "bookings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("hold_expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "status <> 'held' OR hold_expires_at IS NOT NULL", name=op.f("bookings_hold_has_end")
        ),
        sa.CheckConstraint(
            "status IN ('held', 'confirmed', 'checked_in', 'in_service', 'completed', 'cancelled', 'late_cancelled', 'no_show', 'displaced', 'expired')",
            name=op.f("bookings_status_known"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("bookings_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("bookings_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("bookings_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("bookings_pkey")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("bookings_tenant_id_code_key")),
        schema="bookra",
    )
    op.create_index(
        "bookings_open_holds_idx",
        "bookings",
        ["tenant_id", "hold_expires_at"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_index(
        op.f("bookings_tenant_id_customer_id_idx"),
        "bookings",
        ["tenant_id", "customer_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("bookings_tenant_id_starts_at_idx"),
        "bookings",
        ["tenant_id", "starts_at"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "service_segments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("minutes", sa.SmallInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("kind IN ('busy', 'gap')", name=op.f("service_segments_kind_known")),
        sa.CheckConstraint(
            "minutes BETWEEN 1 AND 1440", name=op.f("service_segments_minutes_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("service_segments_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("service_segments_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("service_segments_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "service_id",
            "position",
            name=op.f("service_segments_tenant_id_service_id_position_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "staff",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("commission_bps", sa.Integer(), server_default="0", nullable=False),
        sa.Column("all_services", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("calendar_id", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "commission_bps BETWEEN 0 AND 10000", name=op.f("staff_commission_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["bookra.bookables.tenant_id", "bookra.bookables.id"],
            name=op.f("staff_tenant_id_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("staff_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("staff_pkey")),
        schema="bookra",
    )
    op.create_table(
        "accounts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column(
            "opened_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('asset', 'liability', 'income', 'expense')", name=op.f("accounts_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("accounts_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("accounts_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("accounts_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "code", "currency", name=op.f("accounts_tenant_id_code_currency_key")
        ),
        sa.UniqueConstraint("tenant_id", "id", "currency", name="accounts_id_currency_key"),
        schema="bookra",
    )
    op.create_table(
        "booking_lines",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_bps", sa.Integer(), nullable=False),
        sa.Column("commission_bps", sa.Integer(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "net_minor >= 0 AND tax_minor >= 0", name=op.f("booking_lines_amounts_not_negative")
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("booking_lines_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("booking_lines_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("booking_lines_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("booking_lines_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("booking_lines_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("booking_lines_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "booking_id",
            "position",
            name=op.f("booking_lines_tenant_id_booking_id_position_key"),
        ),
        schema="bookra",
    )
    op.create_index(
        op.f("booking_lines_tenant_id_staff_id_starts_at_idx"),
        "booking_lines",
        ["tenant_id", "staff_id", "starts_at"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "charges",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("charge_ref", sa.Text(), nullable=False),
        sa.Column("intent_ref", sa.Text(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("tip_minor", sa.BigInteger(), nullable=False),
        sa.Column("refund_reserved_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("captured_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "refund_reserved_minor <= captured_minor", name=op.f("charges_not_over_refunded")
        ),
        sa.CheckConstraint("refund_reserved_minor >= 0", name=op.f("charges_reserve_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("charges_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("charges_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("charges_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "charge_ref", name=op.f("charges_tenant_id_charge_ref_key")
        ),
        schema="bookra",
    )
    op.create_table(
        "entries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "posted_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("memo", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.Column(
            "written_in", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("entries_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "reverses"],
            ["bookra.entries.tenant_id", "bookra.entries.id"],
            name=op.f("entries_tenant_id_reverses_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("entries_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("entries_pkey")),
        sa.UniqueConstraint("tenant_id", "id", "written_in", name="entries_id_written_in_key"),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("entries_tenant_id_key_key")),
        sa.UniqueConstraint("tenant_id", "reverses", name=op.f("entries_tenant_id_reverses_key")),
        schema="bookra",
    )
    op.create_index(
        op.f("entries_tenant_id_booking_id_idx"),
        "entries",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("entries_tenant_id_effective_at_idx"),
        "entries",
        ["tenant_id", "effective_at"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "invoices",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("invoices_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("invoices_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("invoices_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "booking_id", name=op.f("invoices_tenant_id_booking_id_key")
        ),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("invoices_tenant_id_number_key")),
        sa.UniqueConstraint(
            "tenant_id", "year", "sequence", name=op.f("invoices_tenant_id_year_sequence_key")
        ),
        schema="bookra",
    )
    op.create_table(
        "outbox",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("generation", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("rescues", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("leased_by", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("first_sent_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "destination IN ('stripe', 'google', 'whatsapp', 'mail', 'local')",
            name=op.f("outbox_destination_known"),
        ),
        sa.CheckConstraint(
            "state IN ('ready', 'waiting', 'leased', 'sending', 'unknown', 'dead')",
            name=op.f("outbox_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("outbox_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("outbox_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("outbox_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "aggregate",
            "sequence",
            name=op.f("outbox_tenant_id_aggregate_sequence_key"),
        ),
        schema="bookra",
        postgresql_with={
            "fillfactor": 70,
            "autovacuum_vacuum_scale_factor": 0.01,
            "autovacuum_vacuum_threshold": 1000,
            "autovacuum_vacuum_cost_delay": 0,
        },
    )
    op.create_index(
        "outbox_booking_idx", "outbox", ["tenant_id", "booking_id"], unique=False, schema="bookra"
    )
    op.create_index(
        "outbox_head_key",
        "outbox",
        ["tenant_id", "aggregate"],
        unique=True,
        schema="bookra",
        postgresql_where=sa.text("state IN ('ready', 'leased', 'sending', 'unknown', 'dead')"),
    )
    op.create_index(
        "outbox_lease_idx",
        "outbox",
        ["tenant_id", "leased_until"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("state IN ('leased', 'sending')"),
    )
    op.create_index(
        "outbox_ready_idx",
        "outbox",
        ["tenant_id", "due_at", "id"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "outbox_waiting_idx",
        "outbox",
        ["tenant_id", "aggregate", "sequence"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "staff_services",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("staff_services_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("staff_services_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("staff_services_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("staff_services_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "staff_id",
            "service_id",
            name=op.f("staff_services_tenant_id_staff_id_service_id_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "working_exceptions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens_minute", sa.SmallInteger(), nullable=True),
        sa.Column("closes_minute", sa.SmallInteger(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "(opens_minute IS NULL AND closes_minute IS NULL) OR (opens_minute BETWEEN 0 AND 1439 AND closes_minute > opens_minute AND closes_minute <= opens_minute + 1440)",
            name=op.f("working_exceptions_whole_or_closed"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("working_exceptions_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("working_exceptions_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("working_exceptions_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("working_exceptions_tenant_id_staff_id_day_idx"),
        "working_exceptions",
        ["tenant_id", "staff_id", "day"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "working_hours",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("opens_minute", sa.SmallInteger(), nullable=False),
        sa.Column("closes_minute", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "closes_minute > opens_minute AND closes_minute <= opens_minute + 1440",
            name=op.f("working_hours_closes_range"),
        ),
        sa.CheckConstraint(
            "opens_minute BETWEEN 0 AND 1439", name=op.f("working_hours_opens_range")
        ),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until > valid_from",
            name=op.f("working_hours_validity_order"),
        ),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("working_hours_weekday_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("working_hours_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("working_hours_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("working_hours_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("working_hours_tenant_id_staff_id_weekday_idx"),
        "working_hours",
        ["tenant_id", "staff_id", "weekday"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "allocations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bookable_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("booking_line_id", sa.Uuid(), nullable=True),
        sa.Column("held_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("tenant_id"), "="),
            (sa.column("bookable_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            using="gist",
            name="allocations_no_overlap",
        ),
        sa.CheckConstraint(
            "(kind = 'booking') = (booking_id IS NOT NULL)", name=op.f("allocations_owner")
        ),
        sa.CheckConstraint(
            "ends_at - starts_at <= interval '25 hours'", name=op.f("allocations_length")
        ),
        sa.CheckConstraint("kind IN ('booking', 'block')", name=op.f("allocations_kind_known")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("allocations_not_empty")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bookable_id"],
            ["bookra.bookables.tenant_id", "bookra.bookables.id"],
            name=op.f("allocations_tenant_id_bookable_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("allocations_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_line_id"],
            ["bookra.booking_lines.tenant_id", "bookra.booking_lines.id"],
            name=op.f("allocations_tenant_id_booking_line_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("allocations_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("allocations_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("allocations_tenant_id_bookable_id_starts_at_idx"),
        "allocations",
        ["tenant_id", "bookable_id", "starts_at"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("allocations_tenant_id_booking_id_idx"),
        "allocations",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "commission_splits",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_line_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("rate_bps", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("split_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(amount_minor = 0) = (entry_id IS NULL)",
            name=op.f("commission_splits_entry_unless_zero"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_line_id"],
            ["bookra.booking_lines.tenant_id", "bookra.booking_lines.id"],
            name=op.f("commission_splits_tenant_id_booking_line_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id"],
            ["bookra.entries.tenant_id", "bookra.entries.id"],
            name=op.f("commission_splits_tenant_id_entry_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("commission_splits_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("commission_splits_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("commission_splits_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "booking_line_id",
            name=op.f("commission_splits_tenant_id_booking_line_id_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "movements",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_ref", sa.Text(), nullable=False),
        sa.Column("txn_ref", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source_ref", sa.Text(), server_default="", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("moved_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("net_minor = amount_minor - fee_minor", name=op.f("movements_net")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id"],
            ["bookra.entries.tenant_id", "bookra.entries.id"],
            name=op.f("movements_tenant_id_entry_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("movements_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("movements_pkey")),
        sa.UniqueConstraint("tenant_id", "entry_id", name=op.f("movements_tenant_id_entry_id_key")),
        sa.UniqueConstraint("tenant_id", "txn_ref", name=op.f("movements_tenant_id_txn_ref_key")),
        schema="bookra",
    )
    op.create_table(
        "operations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tip_minor", sa.BigInteger(), nullable=False),
        sa.Column("platform_fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=True),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "kind <> 'refund' OR charge_id IS NOT NULL", name=op.f("operations_refund_has_charge")
        ),
        sa.CheckConstraint("kind IN ('checkout', 'refund')", name=op.f("operations_kind_known")),
        sa.CheckConstraint(
            "state IN ('new', 'open', 'succeeded', 'failed', 'cancelled')",
            name=op.f("operations_state_known"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND tip_minor >= 0 AND tip_minor < amount_minor",
            name=op.f("operations_amount_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("operations_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "charge_id"],
            ["bookra.charges.tenant_id", "bookra.charges.id"],
            name=op.f("operations_tenant_id_charge_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("operations_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("operations_pkey")),
        schema="bookra",
    )
    op.create_index(
        "operations_provider_ref_key",
        "operations",
        ["tenant_id", "provider_ref"],
        unique=True,
        schema="bookra",
        postgresql_where=sa.text("provider_ref IS NOT NULL"),
    )
    op.create_index(
        op.f("operations_tenant_id_booking_id_idx"),
        "operations",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "transfers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("debit_account_id", sa.Uuid(), nullable=False),
        sa.Column("credit_account_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("booking_line_id", sa.Uuid(), nullable=True),
        sa.Column(
            "written_in", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("transfers_amount_positive")),
        sa.CheckConstraint(
            "debit_account_id <> credit_account_id", name=op.f("transfers_two_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_line_id"],
            ["bookra.booking_lines.tenant_id", "bookra.booking_lines.id"],
            name=op.f("transfers_tenant_id_booking_line_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "credit_account_id", "currency"],
            ["bookra.accounts.tenant_id", "bookra.accounts.id", "bookra.accounts.currency"],
            name=op.f("transfers_tenant_id_credit_account_id_currency_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "debit_account_id", "currency"],
            ["bookra.accounts.tenant_id", "bookra.accounts.id", "bookra.accounts.currency"],
            name=op.f("transfers_tenant_id_debit_account_id_currency_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id", "written_in"],
            ["bookra.entries.tenant_id", "bookra.entries.id", "bookra.entries.written_in"],
            name=op.f("transfers_tenant_id_entry_id_written_in_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("transfers_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("transfers_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "entry_id", "line", name=op.f("transfers_tenant_id_entry_id_line_key")
        ),
        schema="bookra",
    )
    op.create_index(
        op.f("transfers_tenant_id_credit_account_id_idx"),
        "transfers",
        ["tenant_id", "credit_account_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("transfers_tenant_id_debit_account_id_idx"),
        "transfers",
        ["tenant_id", "debit_account_id"],
        unique=False,
        schema="bookra",
    )


def downgrade() -> None:
    """Drop the tables, children first."""
    op.drop_table("transfers", schema="bookra")
    op.drop_table("operations", schema="bookra")
    op.drop_table("movements", schema="bookra")
    op.drop_table("commission_splits", schema="bookra")
    op.drop_table("allocations", schema="bookra")
    op.drop_table("working_hours", schema="bookra")
    op.drop_table("working_exceptions", schema="bookra")
    op.drop_table("staff_services", schema="bookra")
    op.drop_table("outbox", schema="bookra")
    op.drop_table("invoices", schema="bookra")
    op.drop_table("entries", schema="bookra")
    op.drop_table("charges", schema="bookra")
    op.drop_table("booking_lines", schema="bookra")
    op.drop_table("accounts", schema="bookra")
    op.drop_table("staff", schema="bookra")
    op.drop_table("service_segments", schema="bookra")
    op.drop_table("bookings", schema="bookra")
    op.drop_table("services", schema="bookra")
    op.drop_table("provider_cursors", schema="bookra")
    op.drop_table("provider_accounts", schema="bookra")
    op.drop_table("outbox_history", schema="bookra")
    op.drop_table("outbox_aggregates", schema="bookra")
    op.drop_table("operators", schema="bookra")
    op.drop_table("invoice_counters", schema="bookra")
    op.drop_table("inbox", schema="bookra")
    op.drop_table("customers", schema="bookra")
    op.drop_table("command_results", schema="bookra")
    op.drop_table("closures", schema="bookra")
    op.drop_table("bookables", schema="bookra")
    op.drop_table("audit", schema="bookra")
    op.drop_table("tenants", schema="bookra")
    op.drop_table("relays", schema="bookra")
