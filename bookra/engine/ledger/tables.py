"""Tables of the ledger: accounts, entries, and transfers between two accounts.

Each transfer debits one account and credits another, so an unbalanced row can't be written.
``written_in`` is part of the foreign key, so a line can't join an entry after its transaction.
Nobody may UPDATE or DELETE: a correction is a reversing entry.
"""

from __future__ import annotations

from sqlalchemy import Index

from bookra.engine import schema as s

accounts = s.tenant_table(
    "accounts",
    s.required("code", s.Text),
    s.required("kind", s.Text),
    s.required("currency", s.CHAR(3)),
    s.optional("staff_id", s.Uuid),
    s.required("opened_at", s.INSTANT, server_default=s.NOW),
    s.refers("staff_id", "staff"),
    s.unique("code", "currency"),
    s.unique("id", "currency", name="accounts_id_currency_key"),
    s.one_of("kind", "asset", "liability", "income", "expense"),
    changes=False,
)

entries = s.tenant_table(
    "entries",
    s.required("key", s.Text),
    s.required("kind", s.Text),
    s.instant("effective_at"),
    s.required("posted_at", s.INSTANT, server_default=s.NOW),
    s.optional("booking_id", s.Uuid),
    s.optional("order_id", s.Uuid),
    s.optional("reverses", s.Uuid),
    s.required("memo", s.Text, server_default=""),
    s.required("recorded_by", s.Text, server_default=s.SESSION_USER),
    s.required("written_in", s.Xid8, server_default=s.THIS_TRANSACTION),
    s.refers("booking_id", "bookings"),
    s.refers("order_id", "orders"),
    s.refers("reverses", "entries"),
    s.unique("key"),
    s.unique("reverses"),
    s.unique("id", "written_in", name="entries_id_written_in_key"),
    changes=False,
)
Index(None, entries.c.tenant_id, entries.c.booking_id)
Index(None, entries.c.tenant_id, entries.c.order_id)
Index(None, entries.c.tenant_id, entries.c.effective_at)
Index(None, entries.c.tenant_id, entries.c.posted_at)

transfers = s.tenant_table(
    "transfers",
    s.required("entry_id", s.Uuid),
    s.required("line", s.SmallInteger),
    s.required("debit_account_id", s.Uuid),
    s.required("credit_account_id", s.Uuid),
    s.required("currency", s.CHAR(3)),
    s.minor("amount_minor"),
    s.optional("booking_line_id", s.Uuid),
    s.optional("item_id", s.Uuid),
    s.required("written_in", s.Xid8, server_default=s.THIS_TRANSACTION),
    s.unique("entry_id", "line"),
    s.ForeignKeyConstraint(
        ["tenant_id", "entry_id", "written_in"],
        ["bookra.entries.tenant_id", "bookra.entries.id", "bookra.entries.written_in"],
    ),
    s.ForeignKeyConstraint(
        ["tenant_id", "debit_account_id", "currency"],
        ["bookra.accounts.tenant_id", "bookra.accounts.id", "bookra.accounts.currency"],
    ),
    s.ForeignKeyConstraint(
        ["tenant_id", "credit_account_id", "currency"],
        ["bookra.accounts.tenant_id", "bookra.accounts.id", "bookra.accounts.currency"],
    ),
    s.refers("booking_line_id", "booking_lines"),
    s.refers("item_id", "booking_items"),
    s.check("one_part", "booking_line_id IS NULL OR item_id IS NULL"),
    s.check("amount_positive", "amount_minor > 0"),
    s.check("two_accounts", "debit_account_id <> credit_account_id"),
    changes=False,
)
Index(None, transfers.c.tenant_id, transfers.c.debit_account_id)
Index(None, transfers.c.tenant_id, transfers.c.credit_account_id)

# Days that are over, by when entries were posted: each one's hash covers its entries and the day
# before, so that nothing can be changed or slipped in afterwards without showing.
ledger_days = s.tenant_table(
    "ledger_days",
    s.required("day", s.Date),
    s.required("entries", s.Integer),
    s.required("transfers", s.Integer),
    s.required("hash", s.Text),
    s.required("previous", s.Text),
    s.required("closed_at", s.INSTANT, server_default=s.NOW),
    s.required("recorded_by", s.Text, server_default=s.SESSION_USER),
    s.unique("day"),
    changes=False,
)

# What the postings of one posted day moved on an account, by the day on which it took effect.
ledger_snapshots = s.tenant_table(
    "ledger_snapshots",
    s.required("account_id", s.Uuid),
    s.required("effective_on", s.Date),
    s.required("posted_on", s.Date),
    s.minor("debit_minor"),
    s.minor("credit_minor"),
    s.refers("account_id", "accounts"),
    s.unique("account_id", "effective_on", "posted_on"),
    changes=False,
)
