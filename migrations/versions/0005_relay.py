"""The relay, complete: breakers, schedules, messages and their fate, calendars that are read.

What the relay may prune it may prune only once it is old: a restrictive policy says how old.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CHANGING = (
    "breakers message_templates messages schedules schedule_runs calendar_feeds calendar_events"
).split()
WRITTEN_ONCE = ("message_statuses",)
OF_NO_TENANT = ("relay_leases", "relay_jobs")

INSERT_COLUMNS = {
    "message_statuses": "tenant_id, id, provider_ref, status, error_code, happened_at",
}

GRANTS = {
    "bookra_front_desk": {"INSERT": "messages"},
    "bookra_manager": {
        "INSERT, UPDATE, DELETE": "message_templates calendar_feeds",
        "INSERT, UPDATE": "breakers schedules schedule_runs",
    },
    "bookra_relay": {
        "INSERT, UPDATE": "breakers messages schedules schedule_runs calendar_feeds relay_leases"
        " relay_jobs",
        "INSERT": "message_statuses",
        "INSERT, DELETE": "calendar_events",
        "DELETE": "outbox_history outbox_aggregates command_results inbox schedule_runs"
        " message_statuses",
    },
}

COLUMN_GRANTS = (
    ("bookra_relay", "UPDATE", "customers", "opted_out_at, opted_out_of, wrote_at, changed_by"),
    ("bookra_relay", "UPDATE", "provider_accounts", "state, state_why, checked_at, changed_by"),
    ("bookra_front_desk", "SELECT", "provider_accounts", "state, state_why, checked_at"),
    ("bookra_manager", "INSERT", "outbox_history", "first_sent_at"),
    ("bookra_relay", "INSERT", "outbox_history", "first_sent_at"),
    # An event that failed is opened again, or let go, by a person.
    (
        "bookra_manager",
        "UPDATE",
        "inbox",
        "handled_at, outcome, attempts, last_error, changed_by",
    ),
    (
        "bookra_tenant_owner",
        "UPDATE",
        "tenants",
        "quiet_from_minute, quiet_until_minute, reminder_minutes, keep_days",
    ),
)

# What the relay looks for across tenants: who is due, who is cut off, who is connected.
ACROSS = ("breakers", "schedules", "schedule_runs", "provider_accounts")

# How old a row must be before even the relay may delete it: (table, condition).
PRUNABLE = (
    ("outbox_history", "settled_at < now() - interval '7 days'"),
    ("command_results", "created_at < now() - interval '7 days'"),
    ("inbox", "handled_at < now() - interval '35 days'"),
    ("schedule_runs", "started_at < now() - interval '7 days'"),
    ("message_statuses", "received_at < now() - interval '7 days'"),
)

CHECKS = (
    ("customers", "opted_out_of_known", "opted_out_of IN ('reminders', 'everything')"),
    ("inbox", "via_known", "via IN ('poll', 'webhook')"),
    (
        "provider_accounts",
        "state_known",
        "state IN ('pending', 'active', 'restricted', 'refused')",
    ),
    (
        "tenants",
        "quiet_range",
        (
            "quiet_from_minute BETWEEN 0 AND 1439 AND quiet_until_minute BETWEEN 0 AND 1439"
            " OR quiet_from_minute IS NULL AND quiet_until_minute IS NULL"
        ),
    ),
    ("tenants", "keep_range", "keep_days BETWEEN 7 AND 36500"),
)


def upgrade() -> None:
    """Make the tables and columns, the checks, the policies and the grants."""
    _tables()
    _columns()
    _checks()
    _access()


def _tables() -> None:
    op.create_table(
        "relay_jobs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relay_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("next_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("runs", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("relay_jobs_pkey")),
        schema="bookra",
    )
    op.create_table(
        "relay_leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relay_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("relay_leases_pkey")),
        schema="bookra",
    )
    op.create_table(
        "breakers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="closed", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("openings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('open', 'probing')) = (until IS NOT NULL)",
            name=op.f("breakers_until_given"),
        ),
        sa.CheckConstraint(
            "state IN ('closed', 'open', 'probing', 'parked')", name=op.f("breakers_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("breakers_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("breakers_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "destination", name=op.f("breakers_tenant_id_destination_key")
        ),
        schema="bookra",
    )
    op.create_table(
        "message_statuses",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("happened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status IN ('sent', 'delivered', 'read', 'failed')",
            name=op.f("message_statuses_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("message_statuses_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("message_statuses_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "provider_ref",
            "status",
            name=op.f("message_statuses_tenant_id_provider_ref_status_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "message_templates",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("provider_name", sa.Text(), nullable=True),
        sa.Column("provider_language", sa.Text(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "channel IN ('whatsapp', 'mail')", name=op.f("message_templates_channel_known")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("message_templates_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("message_templates_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "name",
            "channel",
            "language",
            name=op.f("message_templates_tenant_id_name_channel_language_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "schedules",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column(
            "arguments",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("removed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("schedules_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("schedules_pkey")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("schedules_tenant_id_name_key")),
        schema="bookra",
    )
    op.create_index(
        "schedules_due_idx",
        "schedules",
        ["due_at", "tenant_id"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("enabled"),
    )
    op.create_table(
        "schedule_runs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("relay_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column(
            "started_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("leased_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'failed', 'found')",
            name=op.f("schedule_runs_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "schedule_id"],
            ["bookra.schedules.tenant_id", "bookra.schedules.id"],
            name=op.f("schedule_runs_tenant_id_schedule_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("schedule_runs_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("schedule_runs_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "schedule_id",
            "due_at",
            name=op.f("schedule_runs_tenant_id_schedule_id_due_at_key"),
        ),
        schema="bookra",
    )
    op.create_index(
        "schedule_runs_open_idx",
        "schedule_runs",
        ["leased_until", "tenant_id"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        op.f("schedule_runs_tenant_id_started_at_idx"),
        "schedule_runs",
        ["tenant_id", "started_at"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "calendar_feeds",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bookable_id", sa.Uuid(), nullable=False),
        sa.Column("calendar_id", sa.Text(), nullable=False),
        sa.Column("sync_token", sa.Text(), nullable=True),
        sa.Column("read_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("pulled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("tried_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bookable_id"],
            ["bookra.bookables.tenant_id", "bookra.bookables.id"],
            name=op.f("calendar_feeds_tenant_id_bookable_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("calendar_feeds_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("calendar_feeds_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "bookable_id", name=op.f("calendar_feeds_tenant_id_bookable_id_key")
        ),
        schema="bookra",
    )
    op.create_table(
        "calendar_events",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("calendar_id", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("calendar_events_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("calendar_events_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "event_id",
            "calendar_id",
            name=op.f("calendar_events_tenant_id_event_id_calendar_id_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("once_key", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="planned", nullable=False),
        sa.Column("provider_ref", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("instead_of", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("channel IN ('whatsapp', 'mail')", name=op.f("messages_channel_known")),
        sa.CheckConstraint(
            "status IN ('planned', 'sending', 'sent', 'delivered', 'read', 'failed', 'unknown', 'skipped')",
            name=op.f("messages_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("messages_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("messages_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "instead_of"],
            ["bookra.messages.tenant_id", "bookra.messages.id"],
            name=op.f("messages_tenant_id_instead_of_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["bookra.orders.tenant_id", "bookra.orders.id"],
            name=op.f("messages_tenant_id_order_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("messages_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("messages_pkey")),
        sa.UniqueConstraint("tenant_id", "once_key", name=op.f("messages_tenant_id_once_key_key")),
        schema="bookra",
    )
    op.create_index(
        "messages_open_idx",
        "messages",
        ["tenant_id", "status_at"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("status IN ('planned', 'sending', 'unknown')"),
    )
    op.create_index(
        "messages_provider_ref_key",
        "messages",
        ["tenant_id", "provider_ref"],
        unique=True,
        schema="bookra",
        postgresql_where=sa.text("provider_ref IS NOT NULL"),
    )
    op.create_index(
        op.f("messages_tenant_id_booking_id_idx"),
        "messages",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("messages_tenant_id_customer_id_idx"),
        "messages",
        ["tenant_id", "customer_id"],
        unique=False,
        schema="bookra",
    )


def _columns() -> None:
    op.add_column(
        "customers",
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "customers",
        sa.Column("opted_out_at", sa.TIMESTAMP(timezone=True), nullable=True),
        schema="bookra",
    )
    op.add_column("customers", sa.Column("opted_out_of", sa.Text(), nullable=True), schema="bookra")
    op.add_column(
        "customers",
        sa.Column("wrote_at", sa.TIMESTAMP(timezone=True), nullable=True),
        schema="bookra",
    )
    op.add_column(
        "external_busy",
        sa.Column(
            "fetched_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        schema="bookra",
    )
    op.add_column(
        "outbox_history",
        sa.Column("first_sent_at", sa.TIMESTAMP(timezone=True), nullable=True),
        schema="bookra",
    )
    op.add_column(
        "inbox", sa.Column("via", sa.Text(), server_default="poll", nullable=False), schema="bookra"
    )
    op.add_column(
        "inbox",
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        schema="bookra",
    )
    op.add_column("inbox", sa.Column("last_error", sa.Text(), nullable=True), schema="bookra")
    op.drop_index(
        op.f("outbox_ready_idx"),
        table_name="outbox",
        schema="bookra",
        postgresql_where="(state = 'ready'::text)",
    )
    op.create_index(
        "outbox_ready_idx",
        "outbox",
        ["tenant_id", "destination", "due_at", "id"],
        unique=False,
        schema="bookra",
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.add_column(
        "provider_accounts",
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "provider_accounts",
        sa.Column("state_why", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "provider_accounts",
        sa.Column("checked_at", sa.TIMESTAMP(timezone=True), nullable=True),
        schema="bookra",
    )
    op.add_column(
        "relays", sa.Column("host", sa.Text(), server_default="", nullable=False), schema="bookra"
    )
    op.add_column(
        "relays",
        sa.Column("pid", sa.Integer(), server_default="0", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "relays",
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "tenants",
        sa.Column(
            "channel",
            sa.Text(),
            server_default=sa.text("'bookra_' || replace(gen_random_uuid()::text, '-', '')"),
            nullable=False,
        ),
        schema="bookra",
    )
    op.add_column(
        "tenants",
        sa.Column("quiet_from_minute", sa.SmallInteger(), server_default="1260", nullable=True),
        schema="bookra",
    )
    op.add_column(
        "tenants",
        sa.Column("quiet_until_minute", sa.SmallInteger(), server_default="480", nullable=True),
        schema="bookra",
    )
    op.add_column(
        "tenants",
        sa.Column(
            "reminder_minutes",
            postgresql.ARRAY(sa.Integer()),
            server_default="{1440}",
            nullable=False,
        ),
        schema="bookra",
    )
    op.add_column(
        "tenants",
        sa.Column("keep_days", sa.Integer(), server_default="400", nullable=False),
        schema="bookra",
    )


def _checks() -> None:
    for table, name, condition in CHECKS:
        op.execute(
            f"ALTER TABLE bookra.{table} ADD CONSTRAINT {table}_{name}"
            f" CHECK ({condition}) NOT VALID"
        )
        op.execute(f"ALTER TABLE bookra.{table} VALIDATE CONSTRAINT {table}_{name}")


def _access() -> None:
    own = "tenant_id = bookra.tenant()"
    for table in CHANGING:
        _policy(table, own, f"{own} AND changed_by = session_user")
    for table in WRITTEN_ONCE:
        _policy(table, own, own)
    for table in OF_NO_TENANT:
        _policy(table, "true", "pg_has_role(session_user, 'bookra_relay', 'MEMBER')")
    for table in ACROSS:
        op.execute(
            f"CREATE POLICY {table}_work ON bookra.{table} FOR SELECT"
            " TO bookra_relay, bookra_platform USING (true)"
        )
    for table, condition in PRUNABLE:
        op.execute(
            f"CREATE POLICY {table}_prune ON bookra.{table} AS RESTRICTIVE FOR DELETE"
            f" USING ({condition})"
        )
    for table in (*CHANGING, *WRITTEN_ONCE, *OF_NO_TENANT):
        op.execute(f"GRANT SELECT ON bookra.{table} TO bookra_front_desk, bookra_relay")
    for role, verbs in GRANTS.items():
        for verb, names in verbs.items():
            for table in names.split():
                evidence = verb == "INSERT" and table in INSERT_COLUMNS
                columns = f" ({INSERT_COLUMNS[table]})" if evidence else ""
                op.execute(f"GRANT {verb}{columns} ON bookra.{table} TO {role}")
    for role, verb, table, columns in COLUMN_GRANTS:
        op.execute(f"GRANT {verb} ({columns}) ON bookra.{table} TO {role}")


def _policy(table: str, using: str, with_check: str) -> None:
    op.execute(f"ALTER TABLE bookra.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE bookra.{table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_tenant ON bookra.{table} USING ({using}) WITH CHECK ({with_check})"
    )


def downgrade() -> None:
    """Take it all back, and the relay's right to prune with it."""
    for table, _ in PRUNABLE:
        if table not in (*CHANGING, *WRITTEN_ONCE):
            op.execute(f"DROP POLICY {table}_prune ON bookra.{table}")
            op.execute(f"REVOKE DELETE ON bookra.{table} FROM bookra_relay")
    op.execute("DROP POLICY provider_accounts_work ON bookra.provider_accounts")
    op.execute("REVOKE UPDATE (changed_by) ON bookra.customers FROM bookra_relay")
    op.execute("REVOKE UPDATE (changed_by) ON bookra.provider_accounts FROM bookra_relay")
    op.execute(
        "REVOKE UPDATE (handled_at, outcome, changed_by) ON bookra.inbox FROM bookra_manager"
    )
    for table, name, _ in CHECKS:
        op.drop_constraint(op.f(f"{table}_{name}"), table, schema="bookra", type_="check")
    op.drop_column("tenants", "keep_days", schema="bookra")
    op.drop_column("tenants", "reminder_minutes", schema="bookra")
    op.drop_column("tenants", "quiet_until_minute", schema="bookra")
    op.drop_column("tenants", "quiet_from_minute", schema="bookra")
    op.drop_column("tenants", "channel", schema="bookra")
    op.drop_column("relays", "version", schema="bookra")
    op.drop_column("relays", "pid", schema="bookra")
    op.drop_column("relays", "host", schema="bookra")
    op.drop_column("provider_accounts", "checked_at", schema="bookra")
    op.drop_column("provider_accounts", "state_why", schema="bookra")
    op.drop_column("provider_accounts", "state", schema="bookra")
    op.drop_index(
        "outbox_ready_idx",
        table_name="outbox",
        schema="bookra",
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        op.f("outbox_ready_idx"),
        "outbox",
        ["tenant_id", "due_at", "id"],
        unique=False,
        schema="bookra",
        postgresql_where="(state = 'ready'::text)",
    )
    op.drop_column("inbox", "last_error", schema="bookra")
    op.drop_column("inbox", "attempts", schema="bookra")
    op.drop_column("inbox", "via", schema="bookra")
    op.drop_column("external_busy", "fetched_at", schema="bookra")
    op.drop_column("outbox_history", "first_sent_at", schema="bookra")
    op.drop_column("customers", "wrote_at", schema="bookra")
    op.drop_column("customers", "notes", schema="bookra")
    op.drop_column("customers", "opted_out_of", schema="bookra")
    op.drop_column("customers", "opted_out_at", schema="bookra")
    op.drop_index(
        op.f("messages_tenant_id_customer_id_idx"), table_name="messages", schema="bookra"
    )
    op.drop_index(op.f("messages_tenant_id_booking_id_idx"), table_name="messages", schema="bookra")
    op.drop_index(
        "messages_provider_ref_key",
        table_name="messages",
        schema="bookra",
        postgresql_where=sa.text("provider_ref IS NOT NULL"),
    )
    op.drop_index(
        "messages_open_idx",
        table_name="messages",
        schema="bookra",
        postgresql_where=sa.text("status IN ('planned', 'sending', 'unknown')"),
    )
    op.drop_table("messages", schema="bookra")
    op.drop_table("calendar_events", schema="bookra")
    op.drop_table("calendar_feeds", schema="bookra")
    op.drop_index(
        "schedule_runs_open_idx",
        table_name="schedule_runs",
        schema="bookra",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.drop_index(
        op.f("schedule_runs_tenant_id_started_at_idx"), table_name="schedule_runs", schema="bookra"
    )
    op.drop_table("schedule_runs", schema="bookra")
    op.drop_index(
        "schedules_due_idx",
        table_name="schedules",
        schema="bookra",
        postgresql_where=sa.text("enabled"),
    )
    op.drop_table("schedules", schema="bookra")
    op.drop_table("message_templates", schema="bookra")
    op.drop_table("message_statuses", schema="bookra")
    op.drop_table("breakers", schema="bookra")
    op.drop_table("relay_leases", schema="bookra")
    op.drop_table("relay_jobs", schema="bookra")
