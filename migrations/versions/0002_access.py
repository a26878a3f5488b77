"""Who may touch what: the tenant of a session, row-level security, and the grants of each role.

The database decides by the login (``session_user``), so neither SET ROLE nor setting
``app.tenant`` by hand gains anything. Row-level security is forced: it binds the owner too.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GROUPS = "bookra_front_desk, bookra_manager, bookra_tenant_owner, bookra_relay, bookra_platform"

# A login works for a tenant when it holds the tenant's role, or is the relay's or the platform's.
# An SQL-standard body is inlined into the policies: an index condition, evaluated once.
TENANT = """
CREATE FUNCTION bookra.tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN pg_has_role(session_user, 'bookra_relay', 'MEMBER')
    OR pg_has_role(session_user, to_regrole(
         'bookra_t_' || replace(current_setting('app.tenant', true), '-', ''))::oid, 'MEMBER')
  THEN NULLIF(current_setting('app.tenant', true), '')::uuid
END
"""

# Rows that change carry the login that changed them, and the policy refuses another's name.
CHANGING = (
    "operators provider_accounts services service_segments bookables staff staff_services"
    " customers working_hours working_exceptions closures allocations bookings booking_lines"
    " operations charges inbox provider_cursors invoice_counters outbox outbox_aggregates"
).split()
# Rows that nobody may change: there is no UPDATE or DELETE for any role that the program uses.
SIGNED = ("audit", "entries")
WRITTEN_ONCE = (
    "command_results",
    "accounts",
    "transfers",
    "movements",
    "commission_splits",
    "invoices",
    "outbox_history",
)

# Columns whose defaults are the evidence (who, when, in which transaction): no INSERT on them.
INSERT_COLUMNS = {
    "audit": "tenant_id, id, command, subjects",
    "entries": "tenant_id, id, key, kind, effective_at, booking_id, reverses, memo",
    "transfers": "tenant_id, id, entry_id, line, debit_account_id, credit_account_id, currency,"
    " amount_minor, booking_line_id",
    "accounts": "tenant_id, id, code, kind, currency, staff_id",
    "command_results": "tenant_id, id, key, command, fingerprint, result",
    "movements": "tenant_id, id, account_ref, txn_ref, type, source_ref, amount_minor, fee_minor,"
    " net_minor, currency, moved_at, entry_id",
    "outbox_history": "tenant_id, id, topic, destination, aggregate, sequence, payload, version,"
    " generation, attempts, rescues, booking_id, created_at, outcome, reference",
}

# The front desk knows which providers there are, never their tokens.
SELECT_COLUMNS = {"provider_accounts": "tenant_id, id, provider, sandbox, config"}

GRANTS = {
    "bookra_front_desk": {
        "INSERT, UPDATE": "customers bookings operations outbox_aggregates",
        "INSERT": "booking_lines command_results audit accounts entries transfers",
        "INSERT, UPDATE, DELETE": "allocations",
    },
    "bookra_manager": {
        "INSERT, UPDATE": "services bookables staff",
        "INSERT, UPDATE, DELETE": "service_segments staff_services working_hours"
        " working_exceptions closures",
        "DELETE": "outbox",
        "INSERT": "outbox_history",
    },
    "bookra_tenant_owner": {
        "SELECT, INSERT, UPDATE": "provider_accounts",
    },
    "bookra_relay": {
        "UPDATE": "bookings operations",
        "INSERT, UPDATE, DELETE": "outbox allocations",
        "INSERT, UPDATE": "outbox_aggregates inbox provider_cursors charges invoice_counters"
        " operations relays",
        "INSERT": "outbox_history movements invoices commission_splits audit accounts entries"
        " transfers",
    },
    "bookra_platform": {
        "INSERT": "tenants",
        "INSERT, UPDATE": "operators",
    },
}

# Where a whole row would be too much: what decides for the relay (leases, times) and for every
# tenant (zone, currency) is not an operator's to write.
COLUMN_GRANTS = (
    (
        "bookra_front_desk",
        "INSERT",
        "outbox",
        "tenant_id, id, topic, destination, aggregate, sequence, payload, version, state, due_at, booking_id",
    ),
    (
        "bookra_manager",
        "UPDATE",
        "outbox",
        "state, due_at, rescues, generation, error_class, last_error, changed_by",
    ),
    (
        "bookra_tenant_owner",
        "UPDATE",
        "tenants",
        "logo_text, primary_color, accent_color, legal_name, address, vat_id, email, phone, language, changed_by",
    ),
)

POSTINGS = """
CREATE VIEW bookra.postings WITH (security_invoker = true) AS
SELECT t.tenant_id, t.entry_id, t.line, t.debit_account_id AS account_id, t.currency,
       t.amount_minor, t.booking_line_id
  FROM bookra.transfers t
UNION ALL
SELECT t.tenant_id, t.entry_id, t.line, t.credit_account_id, t.currency,
       -t.amount_minor, t.booking_line_id
  FROM bookra.transfers t
"""


def upgrade() -> None:
    """Make the tenant function, policies, view and grants."""
    op.execute(TENANT)
    op.execute("REVOKE ALL ON FUNCTION bookra.tenant() FROM PUBLIC")
    op.execute(f"GRANT USAGE ON SCHEMA bookra TO {GROUPS}")
    op.execute(f"GRANT EXECUTE ON FUNCTION bookra.tenant() TO {GROUPS}")
    op.execute(f"GRANT SELECT ON bookra.alembic_version TO {GROUPS}")
    _policies()
    op.execute(POSTINGS)
    op.execute(f"GRANT SELECT ON bookra.postings TO {GROUPS}")
    _grants()


def downgrade() -> None:
    """Take policies, view, grants and the function away; the roles stay, they are the server's."""
    op.execute("DROP VIEW bookra.postings")
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA bookra FROM {GROUPS}")
    for table in (*CHANGING, *SIGNED, *WRITTEN_ONCE, "tenants", "relays"):
        op.execute(f"ALTER TABLE bookra.{table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE bookra.{table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY {table}_tenant ON bookra.{table}")
    op.execute("DROP POLICY outbox_work ON bookra.outbox")
    op.execute("DROP POLICY tenants_directory ON bookra.tenants")
    op.execute("DROP POLICY tenants_member ON bookra.tenants")
    op.execute("DROP FUNCTION bookra.tenant()")
    op.execute(f"REVOKE USAGE ON SCHEMA bookra FROM {GROUPS}")


def _policies() -> None:
    own = "tenant_id = bookra.tenant()"
    for table in CHANGING:
        _policy(table, own, f"{own} AND changed_by = session_user")
    for table in SIGNED:
        _policy(table, own, f"{own} AND recorded_by = session_user")
    for table in WRITTEN_ONCE:
        _policy(table, own, own)
    _policy("tenants", "id = bookra.tenant()", "id = bookra.tenant() AND changed_by = session_user")
    _policy("relays", "true", "pg_has_role(session_user, 'bookra_relay', 'MEMBER')")
    # Finding work and naming businesses needs a look across tenants; nothing else does.
    op.execute(
        "CREATE POLICY outbox_work ON bookra.outbox FOR SELECT"
        " TO bookra_relay, bookra_platform USING (true)"
    )
    op.execute(
        "CREATE POLICY tenants_directory ON bookra.tenants FOR SELECT"
        " TO bookra_relay, bookra_platform USING (true)"
    )
    op.execute(
        "CREATE POLICY tenants_member ON bookra.tenants FOR SELECT USING (pg_has_role(session_user,"
        " to_regrole('bookra_t_' || replace(id::text, '-', ''))::oid, 'MEMBER'))"
    )


def _policy(table: str, using: str, with_check: str) -> None:
    op.execute(f"ALTER TABLE bookra.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE bookra.{table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_tenant ON bookra.{table} USING ({using}) WITH CHECK ({with_check})"
    )


def _grants() -> None:
    readable = [*CHANGING, *SIGNED, *WRITTEN_ONCE, "tenants", "relays"]
    for table in readable:
        columns = f" ({SELECT_COLUMNS[table]})" if table in SELECT_COLUMNS else ""
        op.execute(f"GRANT SELECT{columns} ON bookra.{table} TO bookra_front_desk")
        op.execute(f"GRANT SELECT ON bookra.{table} TO bookra_relay")
    for role, verbs in GRANTS.items():
        for verb, tables in verbs.items():
            for table in tables.split():
                columns = f" ({INSERT_COLUMNS[table]})" if table in INSERT_COLUMNS else ""
                op.execute(f"GRANT {verb}{columns} ON bookra.{table} TO {role}")
    for role, verb, table, columns in COLUMN_GRANTS:
        op.execute(f"GRANT {verb} ({columns}) ON bookra.{table} TO {role}")
