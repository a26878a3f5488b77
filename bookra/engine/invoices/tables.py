"""Tables of invoices: a locked counter a year makes numbers gapless; the invoice never changes."""

from __future__ import annotations

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
    s.required("booking_id", s.Uuid),
    s.instant("issued_at"),
    s.minor("net_minor"),
    s.minor("tax_minor"),
    s.minor("gross_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("document", s.JSONB),
    s.refers("booking_id", "bookings"),
    s.unique("number"),
    s.unique("year", "sequence"),
    s.unique("booking_id"),
    changes=False,
)
