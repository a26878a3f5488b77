"""Tables of tenancy: the businesses themselves, who works in them, and what was done by whom."""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY

from bookra.engine import schema as s

NEW_CHANNEL = "'bookra_' || replace(gen_random_uuid()::text, '-', '')"

tenants = s.Table(
    "tenants",
    s.metadata,
    s.required("id", s.Uuid),
    s.required("slug", s.Text),
    s.required("name", s.Text),
    s.required("timezone", s.Text),
    s.required("currency", s.CHAR(3)),
    s.required("country", s.CHAR(2)),
    s.required("tax_bps", s.Integer),
    s.required("tax_inclusive", s.Boolean),
    s.required("code_prefix", s.Text),
    s.required("granularity_minutes", s.SmallInteger, server_default="15"),
    s.required("notice_minutes", s.Integer, server_default="0"),
    s.required("horizon_days", s.Integer, server_default="730"),
    s.required("hold_minutes", s.SmallInteger, server_default="15"),
    s.required("waitlist_rule", s.Text, server_default="first"),
    s.required("waitlist_hold_minutes", s.SmallInteger, server_default="60"),
    s.required("logo_text", s.Text),
    s.required("primary_color", s.Text),
    s.required("accent_color", s.Text),
    s.required("legal_name", s.Text),
    s.required("address", s.Text, server_default=""),
    s.required("vat_id", s.Text, server_default=""),
    s.required("email", s.Text, server_default=""),
    s.required("phone", s.Text, server_default=""),
    s.required("language", s.Text, server_default="en"),
    s.instant("created_at"),
    # Who may read this row may LISTEN for what changes; the channel's name is the only key to it.
    s.required("channel", s.Text, server_default=text(NEW_CHANNEL)),
    s.optional("quiet_from_minute", s.SmallInteger, server_default="1260"),
    s.optional("quiet_until_minute", s.SmallInteger, server_default="480"),
    s.required("reminder_minutes", ARRAY(s.Integer), server_default="{1440}"),
    s.required("keep_days", s.Integer, server_default="400"),
    # Customers who have not come for so long are erased; None keeps them.
    s.optional("erase_after_days", s.Integer),
    # The most that a front desk may take off a price.
    s.required("front_desk_discount_bps", s.Integer, server_default="10000"),
    s.required("changed_by", s.Text, server_default=s.SESSION_USER),
    PrimaryKeyConstraint("id"),
    s.check("tax_range", "tax_bps BETWEEN 0 AND 10000"),
    s.check(
        "granularity_range",
        "granularity_minutes BETWEEN 1 AND 240 AND 1440 % granularity_minutes = 0",
    ),
    s.check("hold_range", "hold_minutes BETWEEN 1 AND 1440"),
    s.check("waitlist_hold_range", "waitlist_hold_minutes BETWEEN 1 AND 1440"),
    s.one_of("waitlist_rule", "first", "best-fit", "highest-value"),
    s.check(
        "quiet_range",
        "quiet_from_minute BETWEEN 0 AND 1439 AND quiet_until_minute BETWEEN 0 AND 1439"
        " OR quiet_from_minute IS NULL AND quiet_until_minute IS NULL",
    ),
    s.check("keep_range", "keep_days BETWEEN 7 AND 36500"),
    s.check("erase_after_range", "erase_after_days BETWEEN 30 AND 36500"),
    s.check("front_desk_discount_range", "front_desk_discount_bps BETWEEN 0 AND 10000"),
)
# Not on the slug itself: EXPLAIN would count, for an operator of any business, whether it exists.
Index("tenants_slug_key", func.lower(tenants.c.slug), unique=True)


operators = s.tenant_table(
    "operators",
    s.required("login", s.Text),
    s.required("role", s.Text),
    s.instant("created_at"),
    s.optional("revoked_at", s.INSTANT),
    s.unique("login"),
    s.one_of("role", "front-desk", "manager", "owner"),
)

provider_accounts = s.tenant_table(
    "provider_accounts",
    s.required("provider", s.Text),
    s.required("sandbox", s.Boolean),
    s.required("config", s.JSONB),
    s.required("secret", s.LargeBinary),
    s.required("secret_version", s.SmallInteger),
    s.required("state", s.Text, server_default="active"),
    s.required("state_why", s.Text, server_default=""),
    s.optional("checked_at", s.INSTANT),
    s.instant("created_at"),
    # Which key sealed the token; '' is the installation's first one.
    s.required("key_id", s.Text, server_default=""),
    s.unique("provider"),
    s.one_of("provider", "stripe", "google", "whatsapp", "mail"),
    s.one_of("state", "pending", "active", "restricted", "refused"),
)

command_results = s.tenant_table(
    "command_results",
    s.required("key", s.Text),
    s.required("command", s.Text),
    s.required("fingerprint", s.Text),
    s.required("result", s.JSONB),
    s.required("created_at", s.INSTANT, server_default=s.NOW),
    s.unique("key"),
    changes=False,
)

audit = s.tenant_table(
    "audit",
    s.required("recorded_at", s.INSTANT, server_default=s.NOW),
    s.required("recorded_by", s.Text, server_default=s.SESSION_USER),
    s.required("command", s.Text),
    s.required("subjects", s.JSONB),
    # The transaction whose changes this row speaks for; rows of before 0006 don't know it.
    s.optional("written_in", s.Xid8, server_default=s.THIS_TRANSACTION),
    changes=False,
)
Index(None, audit.c.tenant_id, audit.c.recorded_at)

# Changes before the newest of these can't be held against the audit: their transactions are not
# known any more.
audit_baselines = s.Table(
    "audit_baselines",
    s.metadata,
    s.required("written_in", s.Xid8, server_default=s.THIS_TRANSACTION),
    s.required("recorded_at", s.INSTANT, server_default=s.NOW),
    s.required("why", s.Text),
    PrimaryKeyConstraint("written_in"),
    s.one_of("why", "upgraded", "restored"),
)

# What was done to the whole installation, not to one business of it.
installation_events = s.Table(
    "installation_events",
    s.metadata,
    s.required("id", s.Uuid),
    s.required("recorded_at", s.INSTANT, server_default=s.NOW),
    s.required("recorded_by", s.Text, server_default=s.SESSION_USER),
    s.required("command", s.Text),
    s.required("subjects", s.JSONB),
    PrimaryKeyConstraint("id"),
)

# Leases of commands that must not overlap: rows, since a transaction pooler shares advisory locks.
job_locks = s.tenant_table(
    "job_locks",
    s.required("job", s.Text),
    s.required("holder", s.Text),
    s.instant("since"),
    s.instant("until"),
    s.required("fence", s.BigInteger, server_default="1"),
    s.unique("job"),
)

# What came in by an import, under the name that the other program gave it.
imported_rows = s.tenant_table(
    "imported_rows",
    s.required("source", s.Text),
    s.required("kind", s.Text),
    s.required("reference", s.Text),
    s.required("target_id", s.Uuid),
    s.required("imported_at", s.INSTANT, server_default=s.NOW),
    s.unique("source", "kind", "reference"),
    s.one_of("kind", "customer", "service", "staff", "appointment"),
    changes=False,
)
