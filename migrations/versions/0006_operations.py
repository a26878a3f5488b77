"""Safe to hand over: who did what in which transaction, consent, erasure, locks of cron, restores.

Everything here is an addition: a program of the release before works on this schema.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from bookra.engine.schema import Xid8

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHANGING = ("job_locks",)
SIGNED = ("consents",)
WRITTEN_ONCE = ("imported_rows",)
# A business that arrives from another installation brings its evidence along: who recorded what.
# The owning role alone may write such rows; whoever holds it could alter the tables themselves.
EVIDENCE = ("audit", "booking_changes", "consents", "drawer_events", "entries", "ledger_days")

INSERT_COLUMNS = {
    "consents": "tenant_id, id, customer_id, kind, given, wording",
    "imported_rows": "tenant_id, id, source, kind, reference, target_id",
    "installation_events": "id, command, subjects",
}

GRANTS = {
    "bookra_front_desk": {
        "INSERT": "consents",
        "INSERT, UPDATE, DELETE": "job_locks",
    },
    "bookra_manager": {"INSERT": "imported_rows"},
    "bookra_relay": {"INSERT, UPDATE, DELETE": "job_locks", "DELETE": "relays"},
    "bookra_platform": {"INSERT": "installation_events"},
}

COLUMN_GRANTS = (
    # Whoever has not come for as long as the business says is erased by the relay.
    (
        "bookra_relay",
        "UPDATE",
        "customers",
        "name, phone, email, language, notes, erased_at",
    ),
    # So may a manager erase, when somebody asks: what tells of them outside their own row.
    ("bookra_manager", "UPDATE", "saved_cards", "brand, last4, expires_on"),
    ("bookra_manager", "UPDATE", "messages", "provider_ref, changed_by"),
    ("bookra_tenant_owner", "UPDATE", "tenants", "erase_after_days, front_desk_discount_bps"),
)

# Not even a relay forgets one that may still be at work.
OLD_RELAY = "last_tick_at < now() - interval '1 day'"

CHECKS = (
    ("tenants", "erase_after_range", "erase_after_days BETWEEN 30 AND 36500"),
    ("tenants", "front_desk_discount_range", "front_desk_discount_bps BETWEEN 0 AND 10000"),
    ("services", "short_name_short", "length(short_name) <= 12"),
    ("bookings", "note_short", "length(note) <= 2000"),
)

BREAKER_STATES = "'closed', 'open', 'probing', 'parked'"

# What is asked in a statement is compared before the policy is, where comparing tells nothing by
# itself: an error in the policy would then say that some row matched, whosesoever. So nothing that
# a login can claim makes this function fail: the claim is bounded, quoted, and compared as the
# digits that were checked. https://www.postgresql.org/docs/18/rules-privileges.html
TENANT = """
CREATE OR REPLACE FUNCTION bookra.tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN pg_has_role(session_user, 'bookra_relay', 'MEMBER')
    THEN NULLIF(current_setting('app.tenant', true), '')::uuid
  WHEN octet_length(current_setting('app.tenant', true)) > 36 THEN NULL
  WHEN pg_has_role(session_user, to_regrole(quote_ident(
         'bookra_t_' || replace(current_setting('app.tenant', true), '-', '')))::oid, 'MEMBER')
    THEN replace(current_setting('app.tenant', true), '-', '')::uuid
END
"""
TENANT_BEFORE = """
CREATE OR REPLACE FUNCTION bookra.tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN pg_has_role(session_user, 'bookra_relay', 'MEMBER')
    OR pg_has_role(session_user, to_regrole(
         'bookra_t_' || replace(current_setting('app.tenant', true), '-', ''))::oid, 'MEMBER')
  THEN NULLIF(current_setting('app.tenant', true), '')::uuid
END
"""

# The planner's estimates are made from samples of every business's rows, and EXPLAIN shows them:
# of these columns there are none, so that nobody finds a neighbour's values by guessing.
UNSAMPLED = {
    "absences": "reason",
    "bank_accounts": "holder iban bic",
    "bookables": "name",
    "bookings": "note",
    "calendar_events": "calendar_id",
    "calendar_feeds": "calendar_id sync_token",
    "consents": "wording",
    "customers": "name phone email notes",
    "disputes": "answer",
    "entries": "memo",
    "gift_cards": "code",
    "job_locks": "holder",
    "locations": "name",
    "message_templates": "subject body",
    "operations": "url",
    "operators": "login",
    "policies": "body",
    "products": "name",
    "promo_codes": "code",
    "saved_cards": "customer_ref method_ref last4",
    "services": "name short_name",
    "staff": "calendar_id",
    "tenants": "slug name logo_text legal_name address vat_id email phone channel code_prefix",
}


def upgrade() -> None:
    """Make the tables and columns, the policies and the grants."""
    _tables()
    _columns()
    _access()
    _no_oracles()


def _tables() -> None:
    op.create_table(
        "consents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("wording", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "recorded_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("recorded_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('messages', 'marketing', 'photos', 'health')",
            name=op.f("consents_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("consents_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("consents_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("consents_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("consents_tenant_id_customer_id_idx"),
        "consents",
        ["tenant_id", "customer_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "imported_rows",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column(
            "imported_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('customer', 'service', 'staff', 'appointment')",
            name=op.f("imported_rows_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("imported_rows_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("imported_rows_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "source",
            "kind",
            "reference",
            name=op.f("imported_rows_tenant_id_source_kind_reference_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "job_locks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("job_locks_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("job_locks_pkey")),
        sa.UniqueConstraint("tenant_id", "job", name=op.f("job_locks_tenant_id_job_key")),
        schema="bookra",
    )
    op.create_table(
        "audit_baselines",
        sa.Column(
            "written_in", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False
        ),
        sa.Column(
            "recorded_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "why IN ('upgraded', 'restored')", name=op.f("audit_baselines_why_known")
        ),
        sa.PrimaryKeyConstraint("written_in", name=op.f("audit_baselines_pkey")),
        schema="bookra",
    )
    op.create_table(
        "installation_events",
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
        sa.PrimaryKeyConstraint("id", name=op.f("installation_events_pkey")),
        schema="bookra",
    )


def _columns() -> None:
    # No default while the column is added: rows of before have no transaction that is known, and
    # the table is not rewritten.
    op.add_column("audit", sa.Column("written_in", Xid8(), nullable=True), schema="bookra")
    op.execute("ALTER TABLE bookra.audit ALTER COLUMN written_in SET DEFAULT pg_current_xact_id()")
    op.create_index(
        op.f("audit_tenant_id_recorded_at_idx"),
        "audit",
        ["tenant_id", "recorded_at"],
        unique=False,
        schema="bookra",
    )
    op.execute("INSERT INTO bookra.audit_baselines (why) VALUES ('upgraded')")
    op.add_column(
        "customers",
        sa.Column("erased_at", sa.TIMESTAMP(timezone=True), nullable=True),
        schema="bookra",
    )
    op.add_column(
        "bookings",
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "services",
        sa.Column("short_name", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "provider_accounts",
        sa.Column("key_id", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "tenants", sa.Column("erase_after_days", sa.Integer(), nullable=True), schema="bookra"
    )
    op.add_column(
        "tenants",
        sa.Column("front_desk_discount_bps", sa.Integer(), server_default="10000", nullable=False),
        schema="bookra",
    )
    for table, name, condition in CHECKS:
        _check(table, name, condition)
    op.drop_constraint(op.f("breakers_state_known"), "breakers", schema="bookra", type_="check")
    _check("breakers", "state_known", f"state IN ({BREAKER_STATES}, 'held')")


def _check(table: str, name: str, condition: str) -> None:
    op.execute(
        f"ALTER TABLE bookra.{table} ADD CONSTRAINT {table}_{name} CHECK ({condition}) NOT VALID"
    )
    op.execute(f"ALTER TABLE bookra.{table} VALIDATE CONSTRAINT {table}_{name}")


def _access() -> None:
    own = "tenant_id = bookra.tenant()"
    for table in CHANGING:
        _policy(table, own, f"{own} AND changed_by = session_user")
    for table in SIGNED:
        _policy(table, own, f"{own} AND recorded_by = session_user")
    for table in WRITTEN_ONCE:
        _policy(table, own, own)
    for table in EVIDENCE:
        op.execute(
            f"CREATE POLICY {table}_arrival ON bookra.{table} FOR INSERT TO bookra_owner"
            f" WITH CHECK ({own})"
        )
    # Only the owning role begins the record anew, after an upgrade or a restore.
    _policy("audit_baselines", "true", "pg_has_role(session_user, 'bookra_owner', 'MEMBER')")
    platform = "pg_has_role(session_user, 'bookra_platform', 'MEMBER')"
    _policy("installation_events", platform, f"{platform} AND recorded_by = session_user")
    for table in (*CHANGING, *SIGNED, *WRITTEN_ONCE, "audit_baselines"):
        op.execute(f"GRANT SELECT ON bookra.{table} TO bookra_front_desk, bookra_relay")
    op.execute("GRANT SELECT ON bookra.installation_events TO bookra_platform, bookra_relay")
    for role, verbs in GRANTS.items():
        for verb, names in verbs.items():
            for table in names.split():
                evidence = verb == "INSERT" and table in INSERT_COLUMNS
                columns = f" ({INSERT_COLUMNS[table]})" if evidence else ""
                op.execute(f"GRANT {verb}{columns} ON bookra.{table} TO {role}")
    for role, verb, table, columns in COLUMN_GRANTS:
        op.execute(f"GRANT {verb} ({columns}) ON bookra.{table} TO {role}")
    op.execute(
        f"CREATE POLICY relays_prune ON bookra.relays AS RESTRICTIVE FOR DELETE USING ({OLD_RELAY})"
    )


def _no_oracles() -> None:
    """Close what a login could ask without reading: by errors, estimates and counts of EXPLAIN."""
    op.execute(TENANT)
    for table, columns in UNSAMPLED.items():
        for column in columns.split():
            # Giving a column its own type again rewrites nothing, and forgets what was sampled.
            op.execute(
                f"ALTER TABLE bookra.{table} ALTER COLUMN {column} TYPE text,"
                f" ALTER COLUMN {column} SET STATISTICS 0"
            )
    # An index on the slug itself counts, for anybody, whether a business of that name exists.
    op.drop_constraint("tenants_slug_key", "tenants", schema="bookra", type_="unique")
    op.create_index(
        "tenants_slug_key", "tenants", [sa.text("lower(slug)")], unique=True, schema="bookra"
    )


def _policy(table: str, using: str, with_check: str) -> None:
    op.execute(f"ALTER TABLE bookra.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE bookra.{table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_tenant ON bookra.{table} USING ({using}) WITH CHECK ({with_check})"
    )


def downgrade() -> None:
    """Take it all back; what is held for a restore is parked, so that nothing is sent unasked."""
    for role, verb, table, columns in COLUMN_GRANTS:
        op.execute(f"REVOKE {verb} ({columns}) ON bookra.{table} FROM {role}")
    op.drop_index("tenants_slug_key", table_name="tenants", schema="bookra")
    op.create_unique_constraint("tenants_slug_key", "tenants", ["slug"], schema="bookra")
    for table, columns in UNSAMPLED.items():
        for column in columns.split():
            op.execute(f"ALTER TABLE bookra.{table} ALTER COLUMN {column} SET STATISTICS -1")
    op.execute(TENANT_BEFORE)
    op.execute("DROP POLICY relays_prune ON bookra.relays")
    op.execute("REVOKE DELETE ON bookra.relays FROM bookra_relay")
    for table in EVIDENCE:
        op.execute(f"DROP POLICY {table}_arrival ON bookra.{table}")
    # An owner that is no superuser sees no tenant's rows while the policies are forced on it.
    op.execute("ALTER TABLE bookra.breakers NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE bookra.breakers SET state = 'parked', changed_by = session_user"
        " WHERE state = 'held'"
    )
    op.execute("ALTER TABLE bookra.breakers FORCE ROW LEVEL SECURITY")
    op.drop_constraint(op.f("breakers_state_known"), "breakers", schema="bookra", type_="check")
    _check("breakers", "state_known", f"state IN ({BREAKER_STATES})")
    for table, name, _ in CHECKS:
        op.drop_constraint(op.f(f"{table}_{name}"), table, schema="bookra", type_="check")
    op.drop_column("tenants", "front_desk_discount_bps", schema="bookra")
    op.drop_column("tenants", "erase_after_days", schema="bookra")
    op.drop_column("provider_accounts", "key_id", schema="bookra")
    op.drop_column("services", "short_name", schema="bookra")
    op.drop_column("bookings", "note", schema="bookra")
    op.drop_column("customers", "erased_at", schema="bookra")
    op.drop_index(op.f("audit_tenant_id_recorded_at_idx"), table_name="audit", schema="bookra")
    op.drop_column("audit", "written_in", schema="bookra")
    for table in ("installation_events", "audit_baselines", *CHANGING, *WRITTEN_ONCE, *SIGNED):
        op.drop_table(table, schema="bookra")
