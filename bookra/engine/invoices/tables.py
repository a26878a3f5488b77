"""Tables of invoices: a locked counter a year makes numbers gapless; the invoice never changes."""

from __future__ import annotations

from sqlalchemy import Index, text

from bookra.engine import schema as s

invoice_counters = s.tenant_table(
    "invoice_counters",
    s.required("year", s.SmallInteger),
    s.required("last_number", s.Integer),
    s.unique("year"),
)

invoices = s.tenant_table(
    "invoices",
    s.required("number", s.Text),
    s.required("year", s.SmallInteger),
    s.required("sequence", s.Integer),
    s.required("kind", s.Text, server_default="invoice"),
    s.optional("booking_id", s.Uuid),
    s.optional("order_id", s.Uuid),
    s.optional("corrects", s.Uuid),
    s.optional("refund_key", s.Text),
    s.instant("issued_at"),
    s.minor("net_minor"),
    s.minor("tax_minor"),
    s.minor("gross_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("document", s.JSONB),
    s.refers("booking_id", "bookings"),
    s.refers("order_id", "orders"),
    s.refers("corrects", "invoices"),
    s.unique("number"),
    s.unique("year", "sequence"),
    s.unique("refund_key"),
    s.one_of("kind", "invoice", "credit-note"),
    s.check("one_subject", "num_nonnulls(booking_id, order_id) = 1"),
    s.check("credit_note_corrects", "(kind = 'credit-note') = (corrects IS NOT NULL)"),
    changes=False,
)
# A booking and an order have one invoice; credit notes may follow it.
for _owner in ("booking_id", "order_id"):
    Index(
        f"invoices_{_owner}_key",
        invoices.c.tenant_id,
        invoices.c[_owner],
        unique=True,
        postgresql_where=text("kind = 'invoice'"),
    )
