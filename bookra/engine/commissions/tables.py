"""Tables of commissions: the rules by date, and what each line, item and refund gave or took.

Rules are written once: a newer one takes over from its day on, and history stays as it was.
"""

from __future__ import annotations

from sqlalchemy import Index

from bookra.engine import schema as s

commission_rules = s.tenant_table(
    "commission_rules",
    s.optional("staff_id", s.Uuid),
    s.optional("service_id", s.Uuid),
    s.optional("product_id", s.Uuid),
    s.optional("category", s.Text),
    s.required("kind", s.Text),
    s.optional("rate_bps", s.Integer),
    s.optional("amount_minor", s.BigInteger),
    s.required("currency", s.CHAR(3)),
    s.optional("tiers", s.JSONB),
    s.optional("tier_mode", s.Text),
    s.required("tier_period", s.Text, server_default="month"),
    s.required("base", s.Text, server_default="after-discount"),
    s.required("with_tax", s.Boolean, server_default="false"),
    s.required("effective_from", s.Date),
    s.required("ended", s.Boolean, server_default="false"),
    s.instant("created_at"),
    s.refers("staff_id", "staff"),
    s.refers("service_id", "services"),
    s.refers("product_id", "products"),
    s.one_of("kind", "percent", "fixed", "tiered"),
    s.one_of("tier_mode", "progressive", "retroactive"),
    s.one_of("tier_period", "week", "month", "year"),
    s.one_of("base", "after-discount", "before-discount"),
    s.check("one_target", "num_nonnulls(service_id, product_id, category) <= 1"),
    s.check("rate_range", "rate_bps BETWEEN 0 AND 10000"),
    s.check("amount_not_negative", "amount_minor >= 0"),
    s.check(
        "says_how_much",
        "ended OR CASE kind WHEN 'percent' THEN rate_bps IS NOT NULL"
        " WHEN 'fixed' THEN amount_minor IS NOT NULL"
        " ELSE tiers IS NOT NULL AND tier_mode IS NOT NULL END",
    ),
    changes=False,
)
Index(None, commission_rules.c.tenant_id, commission_rules.c.effective_from)

# ``amount_minor`` is negative where a refund or a change of person takes it back. ``split_at`` is
# when what caused it took effect, the sale or the refund; a reversal has that of what it reverses.
commission_splits = s.tenant_table(
    "commission_splits",
    s.required("key", s.Text),
    s.required("kind", s.Text, server_default="split"),
    s.optional("booking_line_id", s.Uuid),
    s.optional("item_id", s.Uuid),
    s.required("staff_id", s.Uuid),
    s.optional("rule_id", s.Uuid),
    s.minor("base_minor"),
    s.required("rate_bps", s.Integer),
    s.minor("amount_minor"),
    s.required("currency", s.CHAR(3)),
    s.optional("entry_id", s.Uuid),
    s.instant("split_at"),
    s.refers("booking_line_id", "booking_lines"),
    s.refers("item_id", "booking_items"),
    s.refers("staff_id", "staff"),
    s.refers("rule_id", "commission_rules"),
    s.refers("entry_id", "entries"),
    s.unique("key"),
    s.one_of("kind", "split", "clawback", "tier", "reversal"),
    s.check("one_part", "num_nonnulls(booking_line_id, item_id) = 1 OR kind = 'tier'"),
    s.check("entry_unless_zero", "(amount_minor = 0) = (entry_id IS NULL)"),
    changes=False,
)
Index(None, commission_splits.c.tenant_id, commission_splits.c.booking_line_id)
Index(None, commission_splits.c.tenant_id, commission_splits.c.item_id)
Index(
    None, commission_splits.c.tenant_id, commission_splits.c.staff_id, commission_splits.c.split_at
)
