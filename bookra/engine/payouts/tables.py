"""Tables of pay runs: one row a person and period, which overlaps no other of theirs.

Bank details are a manager's to see: the front desk has no right to read them.
"""

from __future__ import annotations

from sqlalchemy import Index, column, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from bookra.engine import schema as s

# ``net`` = earned + tips - clawback - rent + carried: what the period brought, and what came from
# before. It is also what is settled on each account when it is paid, the ``due`` columns. Both
# days, the business's own, are included.
pay_runs = s.tenant_table(
    "pay_runs",
    s.required("staff_id", s.Uuid),
    s.required("starts_on", s.Date),
    s.required("ends_on", s.Date),
    s.required("state", s.Text, server_default="draft"),
    s.minor("earned_minor"),
    s.minor("tips_minor"),
    s.minor("clawback_minor"),
    s.minor("rent_minor"),
    s.minor("carried_minor"),
    s.minor("net_minor"),
    s.minor("commission_due_minor"),
    s.minor("tips_due_minor"),
    s.minor("clawback_due_minor"),
    s.minor("rent_due_minor"),
    s.required("currency", s.CHAR(3)),
    s.instant("computed_at"),
    s.optional("approved_at", s.INSTANT),
    s.optional("paid_at", s.INSTANT),
    s.optional("method", s.Text),
    s.optional("reference", s.Text),
    s.optional("entry_id", s.Uuid),
    s.refers("staff_id", "staff"),
    s.refers("entry_id", "entries"),
    s.unique("staff_id", "starts_on"),
    ExcludeConstraint(
        ("tenant_id", "="),
        ("staff_id", "="),
        (func.daterange(column("starts_on"), column("ends_on"), text("'[]'")), "&&"),
        name="pay_runs_no_overlap",
        using="gist",
    ),
    s.one_of("state", "draft", "approved", "paid", "carried"),
    s.one_of("method", "bank", "cash", "payroll"),
    s.check("order", "starts_on <= ends_on"),
    s.check(
        "adds_up",
        "net_minor = earned_minor + tips_minor - clawback_minor - rent_minor + carried_minor",
    ),
    s.check(
        "settles_what_it_pays",
        "net_minor = commission_due_minor + tips_due_minor - clawback_due_minor - rent_due_minor",
    ),
    s.check("sealed", "state = 'draft' OR approved_at IS NOT NULL"),
    s.check("paid_how", "state <> 'paid' OR (method IS NOT NULL AND paid_at IS NOT NULL)"),
    s.check("never_pays_a_debt", "state <> 'paid' OR net_minor >= 0"),
)
Index(None, pay_runs.c.tenant_id, pay_runs.c.starts_on)

# Whose account: a staff member's, or the business's own where ``staff_id`` is NULL.
bank_accounts = s.tenant_table(
    "bank_accounts",
    s.optional("staff_id", s.Uuid),
    s.required("holder", s.Text),
    s.required("iban", s.Text),
    s.required("bic", s.Text, server_default=""),
    s.instant("created_at"),
    s.refers("staff_id", "staff"),
    s.UniqueConstraint(
        "tenant_id", "staff_id", name="bank_accounts_key", postgresql_nulls_not_distinct=True
    ),
)

rent_terms = s.tenant_table(
    "rent_terms",
    s.required("staff_id", s.Uuid),
    s.minor("amount_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("per", s.Text),
    s.required("effective_from", s.Date),
    s.instant("created_at"),
    s.refers("staff_id", "staff"),
    s.one_of("per", "week", "month"),
    s.check("amount_not_negative", "amount_minor >= 0"),
    changes=False,
)

# Rent is netted by the pay run that holds it, or paid in money: then no run does.
chair_rents = s.tenant_table(
    "chair_rents",
    s.required("staff_id", s.Uuid),
    s.required("starts_on", s.Date),
    s.required("ends_on", s.Date),
    s.minor("amount_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("entry_id", s.Uuid),
    s.optional("settled_entry_id", s.Uuid),
    s.optional("pay_run_id", s.Uuid),
    s.refers("staff_id", "staff"),
    s.refers("entry_id", "entries"),
    s.refers("settled_entry_id", "entries"),
    s.refers("pay_run_id", "pay_runs"),
    s.unique("staff_id", "starts_on"),
    s.check("amount_positive", "amount_minor > 0"),
    s.check("order", "starts_on <= ends_on"),
)
