"""The table of commission splits: one a booking line, tied to its ledger entry."""

from __future__ import annotations

from bookra.engine import schema as s

commission_splits = s.tenant_table(
    "commission_splits",
    s.required("booking_line_id", s.Uuid),
    s.required("staff_id", s.Uuid),
    s.minor("base_minor"),
    s.required("rate_bps", s.Integer),
    s.minor("amount_minor"),
    s.required("currency", s.CHAR(3)),
    s.optional("entry_id", s.Uuid),
    s.instant("split_at"),
    s.refers("booking_line_id", "booking_lines"),
    s.refers("staff_id", "staff"),
    s.refers("entry_id", "entries"),
    s.unique("booking_line_id"),
    s.check("entry_unless_zero", "(amount_minor = 0) = (entry_id IS NULL)"),
    changes=False,
)
