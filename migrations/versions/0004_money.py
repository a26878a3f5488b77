"""Money, complete: prices and what is sold besides visits, refunds, disputes, pay runs, the drawer.

New tables come with their policies and grants. New columns of tables that hold rows already are
NULL or constant; their checks are validated apart, so that no lock is held long.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CHANGING = (
    "products promo_codes membership_plans orders booking_items saved_cards disputes"
    " promo_uses package_uses stripe_payouts gift_cards memberships packages drawer_sessions pay_runs bank_accounts"
    " chair_rents"
).split()
WRITTEN_ONCE = ("policies payout_members commission_rules rent_terms ledger_snapshots").split()
SIGNED = ("drawer_events", "ledger_days")

# Columns whose defaults are the evidence: nobody may fill them in.
INSERT_COLUMNS = {
    "drawer_events": "tenant_id, id, session_id, kind, amount_minor, reason, entry_id",
    "ledger_days": "tenant_id, id, day, entries, transfers, hash, previous",
}
# Whose bank account it is, is no business of the front desk.
PRIVATE = ("bank_accounts",)

GRANTS = {
    "bookra_front_desk": {
        "INSERT": "drawer_events",
        "INSERT, UPDATE": "orders gift_cards packages memberships drawer_sessions",
        "INSERT, UPDATE, DELETE": "booking_items",
        "INSERT, DELETE": "promo_uses package_uses",
    },
    "bookra_manager": {
        "SELECT, INSERT, UPDATE, DELETE": "bank_accounts",
        "INSERT, UPDATE": "products promo_codes membership_plans chair_rents",
        "INSERT, UPDATE, DELETE": "pay_runs",
        "INSERT": "commission_rules rent_terms policies ledger_days ledger_snapshots",
    },
    "bookra_relay": {
        "SELECT": "bank_accounts",
        "INSERT, UPDATE": "orders gift_cards packages memberships saved_cards disputes"
        " stripe_payouts chair_rents",
        "INSERT, UPDATE, DELETE": "pay_runs",
        "INSERT": "payout_members ledger_days ledger_snapshots",
        "INSERT, DELETE": "promo_uses package_uses",
    },
}

# What else of the older tables may be written, by column: the price while it is open, the rest of
# a charge that is to be refunded, and where an entry or a movement belongs.
COLUMN_GRANTS = (
    (
        "bookra_front_desk",
        "UPDATE",
        "booking_lines",
        "net_minor, tax_minor, discount_minor, list_minor",
    ),
    ("bookra_relay", "UPDATE", "booking_lines", "net_minor, tax_minor, discount_minor, list_minor"),
    ("bookra_front_desk", "UPDATE", "charges", "refund_reserved_minor, changed_by"),
    ("bookra_front_desk", "INSERT", "entries", "order_id"),
    ("bookra_relay", "INSERT", "entries", "order_id"),
    ("bookra_front_desk", "INSERT", "transfers", "item_id"),
    ("bookra_relay", "INSERT", "transfers", "item_id"),
    ("bookra_relay", "INSERT", "movements", "category"),
    ("bookra_front_desk", "UPDATE", "saved_cards", "state, changed_by"),
    ("bookra_manager", "UPDATE", "stripe_payouts", "received_entry_id, changed_by"),
    (
        "bookra_manager",
        "UPDATE",
        "disputes",
        "answer, answer_submits, answered_at, answer_failure, changed_by",
    ),
)

# Checks of tables that may hold many rows: (table, name, condition).
CHECKS = (
    ("services", "tax_range", "tax_bps BETWEEN 0 AND 10000"),
    (
        "services",
        "deposit_range",
        (
            "deposit_bps BETWEEN 1 AND 10000 OR deposit_minor > 0"
            " OR (deposit_bps IS NULL AND deposit_minor IS NULL)"
        ),
    ),
    (
        "bookings",
        "policy_accepted_via_known",
        "policy_accepted_via IN ('counter', 'phone', 'checkout')",
    ),
    (
        "bookings",
        "accepted_policy",
        "policy_accepted_at IS NULL OR (policy_id IS NOT NULL AND policy_accepted_via IS NOT NULL)",
    ),
    ("bookings", "discount_kind_known", "discount_kind IN ('manual', 'promo', 'member')"),
    (
        "bookings",
        "one_discount",
        (
            "num_nonnulls(discount_bps, discount_minor) = num_nonnulls(discount_kind)"
            " AND (promo_id IS NOT NULL) = (COALESCE(discount_kind, '') = 'promo')"
        ),
    ),
    ("bookings", "discount_range", "discount_bps BETWEEN 1 AND 10000 OR discount_minor > 0"),
    ("booking_lines", "discount_not_negative", "discount_minor >= 0"),
    ("charges", "one_subject", "num_nonnulls(booking_id, order_id) = 1"),
    ("transfers", "one_part", "booking_line_id IS NULL OR item_id IS NULL"),
    ("commission_splits", "kind_known", "kind IN ('split', 'clawback', 'tier', 'reversal')"),
    (
        "commission_splits",
        "one_part",
        "num_nonnulls(booking_line_id, item_id) = 1 OR kind = 'tier'",
    ),
    ("invoices", "kind_known", "kind IN ('invoice', 'credit-note')"),
    ("invoices", "one_subject", "num_nonnulls(booking_id, order_id) = 1"),
    ("invoices", "credit_note_corrects", "(kind = 'credit-note') = (corrects IS NOT NULL)"),
    (
        "operations",
        "kind_known",
        "kind IN ('checkout', 'payment-link', 'saved-card', 'setup', 'refund')",
    ),
    (
        "operations",
        "purpose_known",
        "purpose IN ('balance', 'deposit', 'no-show', 'late-cancel', 'order', 'setup')",
    ),
    (
        "operations",
        "amount_positive",
        "tip_minor >= 0 AND (amount_minor > 0 AND tip_minor <= amount_minor OR kind = 'setup')",
    ),
    ("operations", "has_subject", "num_nonnulls(booking_id, order_id) = 1 OR kind = 'setup'"),
    ("operations", "setup_has_customer", "kind <> 'setup' OR customer_id IS NOT NULL"),
)
# What the older release said in their place.
REPLACED = (
    ("operations", "kind_known", "kind IN ('checkout', 'refund')"),
    (
        "operations",
        "amount_positive",
        "amount_minor > 0 AND tip_minor >= 0 AND tip_minor < amount_minor",
    ),
)

POSTINGS = """
CREATE OR REPLACE VIEW bookra.postings WITH (security_invoker = true) AS
SELECT t.tenant_id, t.entry_id, t.line, t.debit_account_id AS account_id, t.currency,
       t.amount_minor, t.booking_line_id, t.item_id
  FROM bookra.transfers t
UNION ALL
SELECT t.tenant_id, t.entry_id, t.line, t.credit_account_id, t.currency,
       -t.amount_minor, t.booking_line_id, t.item_id
  FROM bookra.transfers t
"""
OLDER_POSTINGS = POSTINGS.replace(", t.item_id", "").replace("OR REPLACE ", "")


def upgrade() -> None:
    """Make the tables and columns, the checks, the view, the policies and the grants."""
    _tables()
    _columns()
    _checks()
    op.execute(POSTINGS)
    _access()


def _tables() -> None:
    op.create_table(
        "drawer_sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("float_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expected_minor", sa.BigInteger(), nullable=True),
        sa.Column("counted_minor", sa.BigInteger(), nullable=True),
        sa.Column("left_minor", sa.BigInteger(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (counted_minor IS NULL)",
            name=op.f("drawer_sessions_closed_is_counted"),
        ),
        sa.CheckConstraint("float_minor >= 0", name=op.f("drawer_sessions_float_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("drawer_sessions_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("drawer_sessions_pkey")),
        schema="bookra",
    )
    op.create_index(
        "drawer_sessions_open_key",
        "drawer_sessions",
        ["tenant_id"],
        unique=True,
        schema="bookra",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "ledger_days",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column(
            "closed_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("recorded_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("ledger_days_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("ledger_days_pkey")),
        sa.UniqueConstraint("tenant_id", "day", name=op.f("ledger_days_tenant_id_day_key")),
        schema="bookra",
    )
    op.create_table(
        "policies",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("cancel_window_minutes", sa.Integer(), nullable=False),
        sa.Column("late_cancel_bps", sa.Integer(), nullable=True),
        sa.Column("late_cancel_minor", sa.BigInteger(), nullable=True),
        sa.Column("no_show_bps", sa.Integer(), nullable=True),
        sa.Column("no_show_minor", sa.BigInteger(), nullable=True),
        sa.Column("effective_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cancel_window_minutes BETWEEN 0 AND 525600", name=op.f("policies_window_range")
        ),
        sa.CheckConstraint(
            "late_cancel_bps BETWEEN 1 AND 10000 OR late_cancel_minor > 0",
            name=op.f("policies_late_cancel_range"),
        ),
        sa.CheckConstraint(
            "late_cancel_bps IS NULL OR late_cancel_minor IS NULL",
            name=op.f("policies_late_cancel_one"),
        ),
        sa.CheckConstraint(
            "no_show_bps BETWEEN 1 AND 10000 OR no_show_minor > 0",
            name=op.f("policies_no_show_range"),
        ),
        sa.CheckConstraint(
            "no_show_bps IS NULL OR no_show_minor IS NULL", name=op.f("policies_no_show_one")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("policies_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("policies_pkey")),
        sa.UniqueConstraint("tenant_id", "version", name=op.f("policies_tenant_id_version_key")),
        schema="bookra",
    )
    op.create_table(
        "products",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("tax_bps", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("kind IN ('product', 'add-on')", name=op.f("products_kind_known")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("products_price_not_negative")),
        sa.CheckConstraint("tax_bps BETWEEN 0 AND 10000", name=op.f("products_tax_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("products_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("products_pkey")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("products_tenant_id_slug_key")),
        schema="bookra",
    )
    op.create_table(
        "membership_plans",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("months", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("visits", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("discount_bps", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "discount_bps BETWEEN 0 AND 10000", name=op.f("membership_plans_discount_range")
        ),
        sa.CheckConstraint("months BETWEEN 1 AND 12", name=op.f("membership_plans_months_range")),
        sa.CheckConstraint("price_minor > 0", name=op.f("membership_plans_price_positive")),
        sa.CheckConstraint(
            "visits >= 0 AND (visits = 0 OR service_id IS NOT NULL)",
            name=op.f("membership_plans_visits_of_a_service"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("membership_plans_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("membership_plans_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("membership_plans_pkey")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("membership_plans_tenant_id_slug_key")),
        schema="bookra",
    )
    op.create_table(
        "orders",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("paid_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('retail', 'gift-card', 'package', 'membership')",
            name=op.f("orders_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'paid', 'cancelled')", name=op.f("orders_state_known")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("orders_amount_positive")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("orders_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("orders_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("orders_pkey")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("orders_tenant_id_code_key")),
        schema="bookra",
    )
    op.create_index(
        op.f("orders_tenant_id_created_at_idx"),
        "orders",
        ["tenant_id", "created_at"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "promo_codes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("percent_bps", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("max_uses_per_customer", sa.Integer(), nullable=True),
        sa.Column("least_total_minor", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "(percent_bps IS NULL) <> (amount_minor IS NULL) AND COALESCE(percent_bps, 1) BETWEEN 1 AND 10000 AND COALESCE(amount_minor, 1) > 0",
            name=op.f("promo_codes_one_kind"),
        ),
        sa.CheckConstraint(
            "max_uses > 0 AND max_uses_per_customer > 0 AND least_total_minor > 0",
            name=op.f("promo_codes_limits"),
        ),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("promo_codes_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("promo_codes_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("promo_codes_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("promo_codes_pkey")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("promo_codes_tenant_id_code_key")),
        schema="bookra",
    )
    op.create_table(
        "saved_cards",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("customer_ref", sa.Text(), nullable=False),
        sa.Column("method_ref", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), server_default="", nullable=False),
        sa.Column("last4", sa.Text(), server_default="", nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("state IN ('active', 'removed')", name=op.f("saved_cards_state_known")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("saved_cards_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("saved_cards_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("saved_cards_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "method_ref", name=op.f("saved_cards_tenant_id_method_ref_key")
        ),
        schema="bookra",
    )
    op.create_index(
        op.f("saved_cards_tenant_id_customer_id_idx"),
        "saved_cards",
        ["tenant_id", "customer_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "gift_cards",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("initial_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'active', 'expired', 'void')", name=op.f("gift_cards_state_known")
        ),
        sa.CheckConstraint(
            "balance_minor BETWEEN 0 AND initial_minor", name=op.f("gift_cards_not_overdrawn")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("gift_cards_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["bookra.orders.tenant_id", "bookra.orders.id"],
            name=op.f("gift_cards_tenant_id_order_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("gift_cards_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("gift_cards_pkey")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("gift_cards_tenant_id_code_key")),
        schema="bookra",
    )
    op.create_index(
        op.f("gift_cards_tenant_id_order_id_idx"),
        "gift_cards",
        ["tenant_id", "order_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "memberships",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("billed_until", sa.Date(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'active', 'past-due', 'cancelled')",
            name=op.f("memberships_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("memberships_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "plan_id"],
            ["bookra.membership_plans.tenant_id", "bookra.membership_plans.id"],
            name=op.f("memberships_tenant_id_plan_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("memberships_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("memberships_pkey")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("memberships_tenant_id_code_key")),
        schema="bookra",
    )
    op.create_index(
        op.f("memberships_tenant_id_customer_id_idx"),
        "memberships",
        ["tenant_id", "customer_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "bank_accounts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("iban", sa.Text(), nullable=False),
        sa.Column("bic", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("bank_accounts_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("bank_accounts_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("bank_accounts_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "staff_id", name="bank_accounts_key", postgresql_nulls_not_distinct=True
        ),
        schema="bookra",
    )
    op.create_table(
        "booking_items",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("quantity", sa.SmallInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("list_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax_bps", sa.Integer(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "(booking_id IS NULL) <> (order_id IS NULL)", name=op.f("booking_items_one_owner")
        ),
        sa.CheckConstraint(
            "net_minor >= 0 AND tax_minor >= 0 AND discount_minor >= 0",
            name=op.f("booking_items_amounts_not_negative"),
        ),
        sa.CheckConstraint(
            "quantity BETWEEN 1 AND 1000", name=op.f("booking_items_quantity_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("booking_items_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["bookra.orders.tenant_id", "bookra.orders.id"],
            name=op.f("booking_items_tenant_id_order_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["bookra.products.tenant_id", "bookra.products.id"],
            name=op.f("booking_items_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("booking_items_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("booking_items_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("booking_items_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("booking_items_tenant_id_booking_id_idx"),
        "booking_items",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("booking_items_tenant_id_order_id_idx"),
        "booking_items",
        ["tenant_id", "order_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "commission_rules",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rate_bps", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("tiers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("tier_mode", sa.Text(), nullable=True),
        sa.Column("tier_period", sa.Text(), server_default="month", nullable=False),
        sa.Column("base", sa.Text(), server_default="after-discount", nullable=False),
        sa.Column("with_tax", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("ended", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "base IN ('after-discount', 'before-discount')",
            name=op.f("commission_rules_base_known"),
        ),
        sa.CheckConstraint(
            "ended OR CASE kind WHEN 'percent' THEN rate_bps IS NOT NULL WHEN 'fixed' THEN amount_minor IS NOT NULL ELSE tiers IS NOT NULL AND tier_mode IS NOT NULL END",
            name=op.f("commission_rules_says_how_much"),
        ),
        sa.CheckConstraint(
            "kind IN ('percent', 'fixed', 'tiered')", name=op.f("commission_rules_kind_known")
        ),
        sa.CheckConstraint(
            "tier_mode IN ('progressive', 'retroactive')",
            name=op.f("commission_rules_tier_mode_known"),
        ),
        sa.CheckConstraint(
            "tier_period IN ('week', 'month', 'year')",
            name=op.f("commission_rules_tier_period_known"),
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("commission_rules_amount_not_negative")),
        sa.CheckConstraint(
            "num_nonnulls(service_id, product_id, category) <= 1",
            name=op.f("commission_rules_one_target"),
        ),
        sa.CheckConstraint(
            "rate_bps BETWEEN 0 AND 10000", name=op.f("commission_rules_rate_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["bookra.products.tenant_id", "bookra.products.id"],
            name=op.f("commission_rules_tenant_id_product_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("commission_rules_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("commission_rules_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("commission_rules_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("commission_rules_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("commission_rules_tenant_id_effective_from_idx"),
        "commission_rules",
        ["tenant_id", "effective_from"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "packages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("visits", sa.SmallInteger(), nullable=False),
        sa.Column("used", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'active', 'expired', 'void')", name=op.f("packages_state_known")
        ),
        sa.CheckConstraint("used BETWEEN 0 AND visits", name=op.f("packages_not_overdrawn")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("packages_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "membership_id"],
            ["bookra.memberships.tenant_id", "bookra.memberships.id"],
            name=op.f("packages_tenant_id_membership_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["bookra.orders.tenant_id", "bookra.orders.id"],
            name=op.f("packages_tenant_id_order_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "service_id"],
            ["bookra.services.tenant_id", "bookra.services.id"],
            name=op.f("packages_tenant_id_service_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("packages_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("packages_pkey")),
        sa.UniqueConstraint("tenant_id", "code", name=op.f("packages_tenant_id_code_key")),
        sa.UniqueConstraint(
            "tenant_id",
            "membership_id",
            "starts_on",
            name=op.f("packages_tenant_id_membership_id_starts_on_key"),
        ),
        schema="bookra",
    )
    op.create_index(
        op.f("packages_tenant_id_customer_id_idx"),
        "packages",
        ["tenant_id", "customer_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("packages_tenant_id_order_id_idx"),
        "packages",
        ["tenant_id", "order_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "promo_uses",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promo_id", sa.Uuid(), nullable=False),
        sa.Column("use_no", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("customer_use_no", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_id"],
            ["bookra.bookings.tenant_id", "bookra.bookings.id"],
            name=op.f("promo_uses_tenant_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["bookra.customers.tenant_id", "bookra.customers.id"],
            name=op.f("promo_uses_tenant_id_customer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "promo_id"],
            ["bookra.promo_codes.tenant_id", "bookra.promo_codes.id"],
            name=op.f("promo_uses_tenant_id_promo_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("promo_uses_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("promo_uses_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "booking_id", name=op.f("promo_uses_tenant_id_booking_id_key")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "promo_id",
            "customer_id",
            "customer_use_no",
            name="promo_uses_customer_key",
        ),
        sa.UniqueConstraint("tenant_id", "promo_id", "use_no", name="promo_uses_key"),
        schema="bookra",
    )
    op.create_table(
        "rent_terms",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("per", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("per IN ('week', 'month')", name=op.f("rent_terms_per_known")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("rent_terms_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("rent_terms_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("rent_terms_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("rent_terms_pkey")),
        schema="bookra",
    )
    op.create_table(
        "chair_rents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("settled_entry_id", sa.Uuid(), nullable=True),
        sa.Column("pay_run_id", sa.Uuid(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("chair_rents_amount_positive")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("chair_rents_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id"],
            ["bookra.entries.tenant_id", "bookra.entries.id"],
            name=op.f("chair_rents_tenant_id_entry_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "settled_entry_id"],
            ["bookra.entries.tenant_id", "bookra.entries.id"],
            name=op.f("chair_rents_tenant_id_settled_entry_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("chair_rents_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("chair_rents_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("chair_rents_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "staff_id",
            "starts_on",
            name=op.f("chair_rents_tenant_id_staff_id_starts_on_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "disputes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dispute_ref", sa.Text(), nullable=False),
        sa.Column("charge_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("evidence_due_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answer_submits", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("answered_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("answer_failure", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "charge_id"],
            ["bookra.charges.tenant_id", "bookra.charges.id"],
            name=op.f("disputes_tenant_id_charge_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("disputes_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("disputes_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "dispute_ref", name=op.f("disputes_tenant_id_dispute_ref_key")
        ),
        schema="bookra",
    )
    op.create_index(
        op.f("disputes_tenant_id_charge_id_idx"),
        "disputes",
        ["tenant_id", "charge_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "drawer_events",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("recorded_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('open', 'in', 'out', 'count', 'close')", name=op.f("drawer_events_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id"],
            ["bookra.entries.tenant_id", "bookra.entries.id"],
            name=op.f("drawer_events_tenant_id_entry_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["bookra.drawer_sessions.tenant_id", "bookra.drawer_sessions.id"],
            name=op.f("drawer_events_tenant_id_session_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("drawer_events_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("drawer_events_pkey")),
        schema="bookra",
    )
    op.create_index(
        op.f("drawer_events_tenant_id_session_id_idx"),
        "drawer_events",
        ["tenant_id", "session_id"],
        unique=False,
        schema="bookra",
    )
    op.create_table(
        "ledger_snapshots",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("debit_minor", sa.BigInteger(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["bookra.accounts.tenant_id", "bookra.accounts.id"],
            name=op.f("ledger_snapshots_tenant_id_account_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("ledger_snapshots_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("ledger_snapshots_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "account_id",
            "effective_on",
            "posted_on",
            name=op.f("ledger_snapshots_tenant_id_account_id_effective_on_posted_on_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "pay_runs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("earned_minor", sa.BigInteger(), nullable=False),
        sa.Column("tips_minor", sa.BigInteger(), nullable=False),
        sa.Column("clawback_minor", sa.BigInteger(), nullable=False),
        sa.Column("rent_minor", sa.BigInteger(), nullable=False),
        sa.Column("carried_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("commission_due_minor", sa.BigInteger(), nullable=False),
        sa.Column("tips_due_minor", sa.BigInteger(), nullable=False),
        sa.Column("clawback_due_minor", sa.BigInteger(), nullable=False),
        sa.Column("rent_due_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("computed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("approved_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("paid_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("tenant_id"), "="),
            (sa.column("staff_id"), "="),
            (sa.text("daterange(starts_on, ends_on, '[]')"), "&&"),
            using="gist",
            name="pay_runs_no_overlap",
        ),
        sa.CheckConstraint(
            "method IN ('bank', 'cash', 'payroll')", name=op.f("pay_runs_method_known")
        ),
        sa.CheckConstraint(
            "state <> 'paid' OR (method IS NOT NULL AND paid_at IS NOT NULL)",
            name=op.f("pay_runs_paid_how"),
        ),
        sa.CheckConstraint(
            "state <> 'paid' OR net_minor >= 0", name=op.f("pay_runs_never_pays_a_debt")
        ),
        sa.CheckConstraint(
            "state = 'draft' OR approved_at IS NOT NULL", name=op.f("pay_runs_sealed")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'paid', 'carried')", name=op.f("pay_runs_state_known")
        ),
        sa.CheckConstraint(
            "net_minor = earned_minor + tips_minor - clawback_minor - rent_minor + carried_minor",
            name=op.f("pay_runs_adds_up"),
        ),
        sa.CheckConstraint(
            "net_minor ="
            " commission_due_minor + tips_due_minor - clawback_due_minor - rent_due_minor",
            name=op.f("pay_runs_settles_what_it_pays"),
        ),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("pay_runs_order")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id"],
            ["bookra.entries.tenant_id", "bookra.entries.id"],
            name=op.f("pay_runs_tenant_id_entry_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["bookra.staff.tenant_id", "bookra.staff.id"],
            name=op.f("pay_runs_tenant_id_staff_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("pay_runs_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pay_runs_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "staff_id",
            "starts_on",
            name=op.f("pay_runs_tenant_id_staff_id_starts_on_key"),
        ),
        schema="bookra",
    )
    op.create_index(
        op.f("pay_runs_tenant_id_starts_on_idx"),
        "pay_runs",
        ["tenant_id", "starts_on"],
        unique=False,
        schema="bookra",
    )
    op.create_foreign_key(
        op.f("chair_rents_tenant_id_pay_run_id_fkey"),
        "chair_rents",
        "pay_runs",
        ["tenant_id", "pay_run_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.create_table(
        "stripe_payouts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payout_ref", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("arrives_on", sa.Date(), nullable=True),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_entry_id", sa.Uuid(), nullable=True),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')",
            name=op.f("stripe_payouts_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "received_entry_id"],
            ["bookra.entries.tenant_id", "bookra.entries.id"],
            name=op.f("stripe_payouts_tenant_id_received_entry_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("stripe_payouts_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("stripe_payouts_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "payout_ref", name=op.f("stripe_payouts_tenant_id_payout_ref_key")
        ),
        schema="bookra",
    )
    op.create_table(
        "package_uses",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("use_no", sa.SmallInteger(), nullable=False),
        sa.Column("booking_line_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "booking_line_id"],
            ["bookra.booking_lines.tenant_id", "bookra.booking_lines.id"],
            name=op.f("package_uses_tenant_id_booking_line_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "package_id"],
            ["bookra.packages.tenant_id", "bookra.packages.id"],
            name=op.f("package_uses_tenant_id_package_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("package_uses_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("package_uses_pkey")),
        sa.UniqueConstraint(
            "tenant_id", "booking_line_id", name=op.f("package_uses_tenant_id_booking_line_id_key")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "package_id",
            "use_no",
            name=op.f("package_uses_tenant_id_package_id_use_no_key"),
        ),
        schema="bookra",
    )
    op.create_table(
        "payout_members",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("txn_ref", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payout_id"],
            ["bookra.stripe_payouts.tenant_id", "bookra.stripe_payouts.id"],
            name=op.f("payout_members_tenant_id_payout_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["bookra.tenants.id"], name=op.f("payout_members_tenant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("payout_members_pkey")),
        sa.UniqueConstraint(
            "tenant_id",
            "payout_id",
            "txn_ref",
            name=op.f("payout_members_tenant_id_payout_id_txn_ref_key"),
        ),
        schema="bookra",
    )
    op.create_index(
        op.f("payout_members_tenant_id_txn_ref_idx"),
        "payout_members",
        ["tenant_id", "txn_ref"],
        unique=False,
        schema="bookra",
    )


def _columns() -> None:
    op.add_column(
        "booking_lines",
        sa.Column("discount_minor", sa.BigInteger(), server_default="0", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "booking_lines", sa.Column("list_minor", sa.BigInteger(), nullable=True), schema="bookra"
    )
    op.add_column(
        "bookings",
        sa.Column("recognised_at", sa.TIMESTAMP(timezone=True), nullable=True),
        schema="bookra",
    )
    _recognise()
    op.add_column("bookings", sa.Column("discount_kind", sa.Text(), nullable=True), schema="bookra")
    op.add_column(
        "bookings", sa.Column("discount_bps", sa.Integer(), nullable=True), schema="bookra"
    )
    op.add_column(
        "bookings", sa.Column("discount_minor", sa.BigInteger(), nullable=True), schema="bookra"
    )
    op.add_column("bookings", sa.Column("promo_id", sa.Uuid(), nullable=True), schema="bookra")
    op.create_foreign_key(
        op.f("bookings_tenant_id_promo_id_fkey"),
        "bookings",
        "promo_codes",
        ["tenant_id", "promo_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column("bookings", sa.Column("policy_id", sa.Uuid(), nullable=True), schema="bookra")
    op.add_column(
        "bookings",
        sa.Column("policy_accepted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        schema="bookra",
    )
    op.add_column(
        "bookings", sa.Column("policy_accepted_via", sa.Text(), nullable=True), schema="bookra"
    )
    op.create_foreign_key(
        op.f("bookings_tenant_id_policy_id_fkey"),
        "bookings",
        "policies",
        ["tenant_id", "policy_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column("charges", sa.Column("order_id", sa.Uuid(), nullable=True), schema="bookra")
    op.alter_column(
        "charges", "booking_id", existing_type=sa.UUID(), nullable=True, schema="bookra"
    )
    op.create_index(
        op.f("charges_tenant_id_booking_id_idx"),
        "charges",
        ["tenant_id", "booking_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("charges_tenant_id_order_id_idx"),
        "charges",
        ["tenant_id", "order_id"],
        unique=False,
        schema="bookra",
    )
    op.create_foreign_key(
        op.f("charges_tenant_id_order_id_fkey"),
        "charges",
        "orders",
        ["tenant_id", "order_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column("commission_splits", sa.Column("key", sa.Text(), nullable=True), schema="bookra")
    # Row-level security is forced on the owner too, who would see none of the rows.
    op.execute("ALTER TABLE bookra.commission_splits NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE bookra.commission_splits SET key = 'line:' || booking_line_id")
    op.execute("ALTER TABLE bookra.commission_splits FORCE ROW LEVEL SECURITY")
    op.alter_column("commission_splits", "key", nullable=False, schema="bookra")
    op.add_column(
        "commission_splits",
        sa.Column("kind", sa.Text(), server_default="split", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "commission_splits", sa.Column("item_id", sa.Uuid(), nullable=True), schema="bookra"
    )
    op.add_column(
        "commission_splits", sa.Column("rule_id", sa.Uuid(), nullable=True), schema="bookra"
    )
    op.alter_column(
        "commission_splits",
        "booking_line_id",
        existing_type=sa.UUID(),
        nullable=True,
        schema="bookra",
    )
    op.drop_constraint(
        op.f("commission_splits_tenant_id_booking_line_id_key"),
        "commission_splits",
        schema="bookra",
        type_="unique",
    )
    op.create_index(
        op.f("commission_splits_tenant_id_booking_line_id_idx"),
        "commission_splits",
        ["tenant_id", "booking_line_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("commission_splits_tenant_id_item_id_idx"),
        "commission_splits",
        ["tenant_id", "item_id"],
        unique=False,
        schema="bookra",
    )
    op.create_unique_constraint(
        op.f("commission_splits_tenant_id_key_key"),
        "commission_splits",
        ["tenant_id", "key"],
        schema="bookra",
    )
    op.create_index(
        op.f("commission_splits_tenant_id_staff_id_split_at_idx"),
        "commission_splits",
        ["tenant_id", "staff_id", "split_at"],
        unique=False,
        schema="bookra",
    )
    op.create_foreign_key(
        op.f("commission_splits_tenant_id_item_id_fkey"),
        "commission_splits",
        "booking_items",
        ["tenant_id", "item_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.create_foreign_key(
        op.f("commission_splits_tenant_id_rule_id_fkey"),
        "commission_splits",
        "commission_rules",
        ["tenant_id", "rule_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column("entries", sa.Column("order_id", sa.Uuid(), nullable=True), schema="bookra")
    op.create_index(
        op.f("entries_tenant_id_order_id_idx"),
        "entries",
        ["tenant_id", "order_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("entries_tenant_id_posted_at_idx"),
        "entries",
        ["tenant_id", "posted_at"],
        unique=False,
        schema="bookra",
    )
    op.create_foreign_key(
        op.f("entries_tenant_id_order_id_fkey"),
        "entries",
        "orders",
        ["tenant_id", "order_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column(
        "invoices",
        sa.Column("kind", sa.Text(), server_default="invoice", nullable=False),
        schema="bookra",
    )
    op.add_column("invoices", sa.Column("order_id", sa.Uuid(), nullable=True), schema="bookra")
    op.add_column("invoices", sa.Column("corrects", sa.Uuid(), nullable=True), schema="bookra")
    op.add_column("invoices", sa.Column("refund_key", sa.Text(), nullable=True), schema="bookra")
    op.alter_column(
        "invoices", "booking_id", existing_type=sa.UUID(), nullable=True, schema="bookra"
    )
    op.drop_constraint(
        op.f("invoices_tenant_id_booking_id_key"), "invoices", schema="bookra", type_="unique"
    )
    op.create_index(
        "invoices_booking_id_key",
        "invoices",
        ["tenant_id", "booking_id"],
        unique=True,
        schema="bookra",
        postgresql_where=sa.text("kind = 'invoice'"),
    )
    op.create_index(
        "invoices_order_id_key",
        "invoices",
        ["tenant_id", "order_id"],
        unique=True,
        schema="bookra",
        postgresql_where=sa.text("kind = 'invoice'"),
    )
    op.create_unique_constraint(
        op.f("invoices_tenant_id_refund_key_key"),
        "invoices",
        ["tenant_id", "refund_key"],
        schema="bookra",
    )
    op.create_foreign_key(
        op.f("invoices_tenant_id_corrects_fkey"),
        "invoices",
        "invoices",
        ["tenant_id", "corrects"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.create_foreign_key(
        op.f("invoices_tenant_id_order_id_fkey"),
        "invoices",
        "orders",
        ["tenant_id", "order_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column(
        "movements",
        sa.Column("category", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.create_index(
        op.f("movements_tenant_id_source_ref_idx"),
        "movements",
        ["tenant_id", "source_ref"],
        unique=False,
        schema="bookra",
    )
    op.add_column("operations", sa.Column("order_id", sa.Uuid(), nullable=True), schema="bookra")
    op.add_column("operations", sa.Column("customer_id", sa.Uuid(), nullable=True), schema="bookra")
    op.add_column(
        "operations", sa.Column("saved_card_id", sa.Uuid(), nullable=True), schema="bookra"
    )
    op.add_column(
        "operations",
        sa.Column("purpose", sa.Text(), server_default="balance", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "operations",
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "operations",
        sa.Column("external", sa.Boolean(), server_default="false", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "operations",
        sa.Column("saves_card", sa.Boolean(), server_default="false", nullable=False),
        schema="bookra",
    )
    op.add_column(
        "operations",
        sa.Column("tips", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        schema="bookra",
    )
    op.alter_column(
        "operations", "booking_id", existing_type=sa.UUID(), nullable=True, schema="bookra"
    )
    op.create_index(
        op.f("operations_tenant_id_charge_id_idx"),
        "operations",
        ["tenant_id", "charge_id"],
        unique=False,
        schema="bookra",
    )
    op.create_index(
        op.f("operations_tenant_id_order_id_idx"),
        "operations",
        ["tenant_id", "order_id"],
        unique=False,
        schema="bookra",
    )
    op.create_foreign_key(
        op.f("operations_tenant_id_saved_card_id_fkey"),
        "operations",
        "saved_cards",
        ["tenant_id", "saved_card_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.create_foreign_key(
        op.f("operations_tenant_id_customer_id_fkey"),
        "operations",
        "customers",
        ["tenant_id", "customer_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.create_foreign_key(
        op.f("operations_tenant_id_order_id_fkey"),
        "operations",
        "orders",
        ["tenant_id", "order_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )
    op.add_column("services", sa.Column("tax_bps", sa.Integer(), nullable=True), schema="bookra")
    op.add_column(
        "services", sa.Column("deposit_bps", sa.Integer(), nullable=True), schema="bookra"
    )
    op.add_column(
        "services", sa.Column("deposit_minor", sa.BigInteger(), nullable=True), schema="bookra"
    )
    op.add_column("transfers", sa.Column("item_id", sa.Uuid(), nullable=True), schema="bookra")
    op.create_foreign_key(
        op.f("transfers_tenant_id_item_id_fkey"),
        "transfers",
        "booking_items",
        ["tenant_id", "item_id"],
        ["tenant_id", "id"],
        source_schema="bookra",
        referent_schema="bookra",
    )


def _recognise() -> None:
    """Say when the revenue of visits paid before was recognised: with their payment.

    Row-level security is forced on the owner too, who would see none of the rows.
    """
    for table in ("bookings", "entries"):
        op.execute(f"ALTER TABLE bookra.{table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        """
        UPDATE bookra.bookings b SET recognised_at = e.effective_at
          FROM bookra.entries e
         WHERE e.tenant_id = b.tenant_id AND e.booking_id = b.id
           AND e.kind IN ('card_payment', 'cash_payment')
        """
    )
    for table in ("bookings", "entries"):
        op.execute(f"ALTER TABLE bookra.{table} FORCE ROW LEVEL SECURITY")


def _checks() -> None:
    for table, name, _ in REPLACED:
        op.drop_constraint(op.f(f"{table}_{name}"), table, schema="bookra", type_="check")
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
    for table in SIGNED:
        _policy(table, own, f"{own} AND recorded_by = session_user")
    for table in WRITTEN_ONCE:
        _policy(table, own, own)
    for table in (*CHANGING, *SIGNED, *WRITTEN_ONCE):
        if table not in PRIVATE:
            op.execute(f"GRANT SELECT ON bookra.{table} TO bookra_front_desk, bookra_relay")
    for role, verbs in GRANTS.items():
        for verb, tables in verbs.items():
            for table in tables.split():
                columns = f" ({INSERT_COLUMNS[table]})" if table in INSERT_COLUMNS else ""
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
    """Take it all back. What only the newer release could write goes with its tables."""
    op.execute("DROP VIEW bookra.postings")
    for role, verb, table, columns in COLUMN_GRANTS:
        kept = columns.replace(", changed_by", "") if table == "charges" else columns
        op.execute(f"REVOKE {verb} ({kept}) ON bookra.{table} FROM {role}")
    for table, name, _ in CHECKS:
        op.drop_constraint(op.f(f"{table}_{name}"), table, schema="bookra", type_="check")
    for table, name, condition in REPLACED:
        op.create_check_constraint(op.f(f"{table}_{name}"), table, condition, schema="bookra")
    op.drop_constraint(
        op.f("transfers_tenant_id_item_id_fkey"), "transfers", schema="bookra", type_="foreignkey"
    )
    op.drop_column("transfers", "item_id", schema="bookra")
    op.drop_column("services", "deposit_minor", schema="bookra")
    op.drop_column("services", "deposit_bps", schema="bookra")
    op.drop_column("services", "tax_bps", schema="bookra")
    op.drop_constraint(
        op.f("operations_tenant_id_order_id_fkey"),
        "operations",
        schema="bookra",
        type_="foreignkey",
    )
    op.drop_constraint(
        op.f("operations_tenant_id_customer_id_fkey"),
        "operations",
        schema="bookra",
        type_="foreignkey",
    )
    op.drop_constraint(
        op.f("operations_tenant_id_saved_card_id_fkey"),
        "operations",
        schema="bookra",
        type_="foreignkey",
    )
    op.drop_index(
        op.f("operations_tenant_id_order_id_idx"), table_name="operations", schema="bookra"
    )
    op.drop_index(
        op.f("operations_tenant_id_charge_id_idx"), table_name="operations", schema="bookra"
    )
    op.alter_column(
        "operations", "booking_id", existing_type=sa.UUID(), nullable=False, schema="bookra"
    )
    op.drop_column("operations", "tips", schema="bookra")
    op.drop_column("operations", "saves_card", schema="bookra")
    op.drop_column("operations", "external", schema="bookra")
    op.drop_column("operations", "reason", schema="bookra")
    op.drop_column("operations", "purpose", schema="bookra")
    op.drop_column("operations", "saved_card_id", schema="bookra")
    op.drop_column("operations", "customer_id", schema="bookra")
    op.drop_column("operations", "order_id", schema="bookra")
    op.drop_index(
        op.f("movements_tenant_id_source_ref_idx"), table_name="movements", schema="bookra"
    )
    op.drop_column("movements", "category", schema="bookra")
    op.drop_constraint(
        op.f("invoices_tenant_id_order_id_fkey"), "invoices", schema="bookra", type_="foreignkey"
    )
    op.drop_constraint(
        op.f("invoices_tenant_id_corrects_fkey"), "invoices", schema="bookra", type_="foreignkey"
    )
    op.drop_constraint(
        op.f("invoices_tenant_id_refund_key_key"), "invoices", schema="bookra", type_="unique"
    )
    op.drop_index(
        "invoices_order_id_key",
        table_name="invoices",
        schema="bookra",
        postgresql_where=sa.text("kind = 'invoice'"),
    )
    op.drop_index(
        "invoices_booking_id_key",
        table_name="invoices",
        schema="bookra",
        postgresql_where=sa.text("kind = 'invoice'"),
    )
    op.create_unique_constraint(
        op.f("invoices_tenant_id_booking_id_key"),
        "invoices",
        ["tenant_id", "booking_id"],
        schema="bookra",
        postgresql_nulls_not_distinct=False,
    )
    op.alter_column(
        "invoices", "booking_id", existing_type=sa.UUID(), nullable=False, schema="bookra"
    )
    op.drop_column("invoices", "refund_key", schema="bookra")
    op.drop_column("invoices", "corrects", schema="bookra")
    op.drop_column("invoices", "order_id", schema="bookra")
    op.drop_column("invoices", "kind", schema="bookra")
    op.drop_constraint(
        op.f("entries_tenant_id_order_id_fkey"), "entries", schema="bookra", type_="foreignkey"
    )
    op.drop_index(op.f("entries_tenant_id_posted_at_idx"), table_name="entries", schema="bookra")
    op.drop_index(op.f("entries_tenant_id_order_id_idx"), table_name="entries", schema="bookra")
    op.drop_column("entries", "order_id", schema="bookra")
    op.drop_constraint(
        op.f("commission_splits_tenant_id_rule_id_fkey"),
        "commission_splits",
        schema="bookra",
        type_="foreignkey",
    )
    op.drop_constraint(
        op.f("commission_splits_tenant_id_item_id_fkey"),
        "commission_splits",
        schema="bookra",
        type_="foreignkey",
    )
    op.drop_index(
        op.f("commission_splits_tenant_id_staff_id_split_at_idx"),
        table_name="commission_splits",
        schema="bookra",
    )
    op.drop_index(
        op.f("commission_splits_tenant_id_item_id_idx"),
        table_name="commission_splits",
        schema="bookra",
    )
    op.drop_constraint(
        op.f("commission_splits_tenant_id_key_key"),
        "commission_splits",
        schema="bookra",
        type_="unique",
    )
    op.drop_index(
        op.f("commission_splits_tenant_id_booking_line_id_idx"),
        table_name="commission_splits",
        schema="bookra",
    )
    op.create_unique_constraint(
        op.f("commission_splits_tenant_id_booking_line_id_key"),
        "commission_splits",
        ["tenant_id", "booking_line_id"],
        schema="bookra",
        postgresql_nulls_not_distinct=False,
    )
    op.alter_column(
        "commission_splits",
        "booking_line_id",
        existing_type=sa.UUID(),
        nullable=False,
        schema="bookra",
    )
    op.drop_column("commission_splits", "rule_id", schema="bookra")
    op.drop_column("commission_splits", "item_id", schema="bookra")
    op.drop_column("commission_splits", "kind", schema="bookra")
    op.drop_column("commission_splits", "key", schema="bookra")
    op.drop_constraint(
        op.f("charges_tenant_id_order_id_fkey"), "charges", schema="bookra", type_="foreignkey"
    )
    op.drop_index(op.f("charges_tenant_id_order_id_idx"), table_name="charges", schema="bookra")
    op.drop_index(op.f("charges_tenant_id_booking_id_idx"), table_name="charges", schema="bookra")
    op.alter_column(
        "charges", "booking_id", existing_type=sa.UUID(), nullable=False, schema="bookra"
    )
    op.drop_column("charges", "order_id", schema="bookra")
    op.drop_constraint(
        op.f("bookings_tenant_id_policy_id_fkey"), "bookings", schema="bookra", type_="foreignkey"
    )
    op.drop_column("bookings", "policy_accepted_via", schema="bookra")
    op.drop_column("bookings", "policy_accepted_at", schema="bookra")
    op.drop_column("bookings", "policy_id", schema="bookra")
    op.drop_constraint(
        op.f("bookings_tenant_id_promo_id_fkey"), "bookings", schema="bookra", type_="foreignkey"
    )
    op.drop_column("bookings", "promo_id", schema="bookra")
    op.drop_column("bookings", "discount_minor", schema="bookra")
    op.drop_column("bookings", "discount_bps", schema="bookra")
    op.drop_column("bookings", "discount_kind", schema="bookra")
    op.drop_column("bookings", "recognised_at", schema="bookra")
    op.drop_column("booking_lines", "list_minor", schema="bookra")
    op.drop_column("booking_lines", "discount_minor", schema="bookra")
    op.drop_index(
        op.f("payout_members_tenant_id_txn_ref_idx"), table_name="payout_members", schema="bookra"
    )
    op.drop_table("payout_members", schema="bookra")
    op.drop_table("package_uses", schema="bookra")
    op.drop_table("stripe_payouts", schema="bookra")
    op.drop_table("chair_rents", schema="bookra")
    op.drop_index(op.f("pay_runs_tenant_id_starts_on_idx"), table_name="pay_runs", schema="bookra")
    op.drop_table("pay_runs", schema="bookra")
    op.drop_table("ledger_snapshots", schema="bookra")
    op.drop_index(
        op.f("drawer_events_tenant_id_session_id_idx"), table_name="drawer_events", schema="bookra"
    )
    op.drop_table("drawer_events", schema="bookra")
    op.drop_index(op.f("disputes_tenant_id_charge_id_idx"), table_name="disputes", schema="bookra")
    op.drop_table("disputes", schema="bookra")
    op.drop_table("rent_terms", schema="bookra")
    op.drop_table("promo_uses", schema="bookra")
    op.drop_index(op.f("packages_tenant_id_order_id_idx"), table_name="packages", schema="bookra")
    op.drop_index(
        op.f("packages_tenant_id_customer_id_idx"), table_name="packages", schema="bookra"
    )
    op.drop_table("packages", schema="bookra")
    op.drop_index(
        op.f("commission_rules_tenant_id_effective_from_idx"),
        table_name="commission_rules",
        schema="bookra",
    )
    op.drop_table("commission_rules", schema="bookra")
    op.drop_index(
        op.f("booking_items_tenant_id_order_id_idx"), table_name="booking_items", schema="bookra"
    )
    op.drop_index(
        op.f("booking_items_tenant_id_booking_id_idx"), table_name="booking_items", schema="bookra"
    )
    op.drop_table("booking_items", schema="bookra")
    op.drop_table("bank_accounts", schema="bookra")
    op.drop_index(
        op.f("memberships_tenant_id_customer_id_idx"), table_name="memberships", schema="bookra"
    )
    op.drop_table("memberships", schema="bookra")
    op.drop_index(
        op.f("gift_cards_tenant_id_order_id_idx"), table_name="gift_cards", schema="bookra"
    )
    op.drop_table("gift_cards", schema="bookra")
    op.drop_index(
        op.f("saved_cards_tenant_id_customer_id_idx"), table_name="saved_cards", schema="bookra"
    )
    op.drop_table("saved_cards", schema="bookra")
    op.drop_table("promo_codes", schema="bookra")
    op.drop_index(op.f("orders_tenant_id_created_at_idx"), table_name="orders", schema="bookra")
    op.drop_table("orders", schema="bookra")
    op.drop_table("membership_plans", schema="bookra")
    op.drop_table("products", schema="bookra")
    op.drop_table("policies", schema="bookra")
    op.drop_table("ledger_days", schema="bookra")
    op.drop_index(
        "drawer_sessions_open_key",
        table_name="drawer_sessions",
        schema="bookra",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("drawer_sessions", schema="bookra")
    op.execute(OLDER_POSTINGS)
    op.execute(
        "GRANT SELECT ON bookra.postings"
        " TO bookra_front_desk, bookra_manager, bookra_tenant_owner, bookra_relay, bookra_platform"
    )
