"""Tables of payments: intentions (operations), charges, and the provider's own facts.

An operation row is durable before its call and its id is the idempotency key. ``movements`` are
Stripe's balance transactions, each tied to the one ledger entry that it made.
"""

from __future__ import annotations

from sqlalchemy import Index, text

from bookra.engine import schema as s

operations = s.tenant_table(
    "operations",
    s.required("kind", s.Text),
    s.required("booking_id", s.Uuid),
    s.required("state", s.Text),
    s.minor("amount_minor"),
    s.minor("tip_minor"),
    s.minor("platform_fee_minor"),
    s.required("currency", s.CHAR(3)),
    s.optional("charge_id", s.Uuid),
    s.optional("provider_ref", s.Text),
    s.optional("url", s.Text),
    s.optional("expires_at", s.INSTANT),
    s.optional("failure", s.Text),
    s.instant("created_at"),
    s.optional("settled_at", s.INSTANT),
    s.refers("booking_id", "bookings"),
    s.refers("charge_id", "charges"),
    s.one_of("kind", "checkout", "refund"),
    s.one_of("state", "new", "open", "succeeded", "failed", "cancelled"),
    s.check("amount_positive", "amount_minor > 0 AND tip_minor >= 0 AND tip_minor < amount_minor"),
    s.check("refund_has_charge", "kind <> 'refund' OR charge_id IS NOT NULL"),
)
Index(None, operations.c.tenant_id, operations.c.booking_id)
Index(
    "operations_provider_ref_key",
    operations.c.tenant_id,
    operations.c.provider_ref,
    unique=True,
    postgresql_where=text("provider_ref IS NOT NULL"),
)

charges = s.tenant_table(
    "charges",
    s.required("booking_id", s.Uuid),
    s.required("charge_ref", s.Text),
    s.required("intent_ref", s.Text),
    s.minor("captured_minor"),
    s.minor("tip_minor"),
    s.required("refund_reserved_minor", s.BigInteger, server_default="0"),
    s.required("currency", s.CHAR(3)),
    s.instant("captured_at"),
    s.refers("booking_id", "bookings"),
    s.unique("charge_ref"),
    s.check("not_over_refunded", "refund_reserved_minor <= captured_minor"),
    s.check("reserve_not_negative", "refund_reserved_minor >= 0"),
)

movements = s.tenant_table(
    "movements",
    s.required("account_ref", s.Text),
    s.required("txn_ref", s.Text),
    s.required("type", s.Text),
    s.required("source_ref", s.Text, server_default=""),
    s.minor("amount_minor"),
    s.minor("fee_minor"),
    s.minor("net_minor"),
    s.required("currency", s.CHAR(3)),
    s.instant("moved_at"),
    s.required("entry_id", s.Uuid),
    s.required("recorded_at", s.INSTANT, server_default=s.NOW),
    s.refers("entry_id", "entries"),
    s.unique("txn_ref"),
    s.unique("entry_id"),
    s.check("net", "net_minor = amount_minor - fee_minor"),
    changes=False,
)

inbox = s.tenant_table(
    "inbox",
    s.required("provider", s.Text),
    s.required("event_ref", s.Text),
    s.required("kind", s.Text),
    s.required("object_ref", s.Text),
    s.instant("happened_at"),
    s.required("received_at", s.INSTANT, server_default=s.NOW),
    s.optional("handled_at", s.INSTANT),
    s.optional("outcome", s.Text),
    s.unique("provider", "event_ref"),
)
Index(
    "inbox_open_idx",
    inbox.c.tenant_id,
    inbox.c.received_at,
    postgresql_where=text("handled_at IS NULL"),
)

provider_cursors = s.tenant_table(
    "provider_cursors",
    s.required("stream", s.Text),
    s.required("position", s.BigInteger),
    s.unique("stream"),
)
