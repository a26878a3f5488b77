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
    s.optional("booking_id", s.Uuid),
    s.optional("order_id", s.Uuid),
    s.optional("customer_id", s.Uuid),
    s.optional("saved_card_id", s.Uuid),
    s.required("purpose", s.Text, server_default="balance"),
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
    s.required("reason", s.Text, server_default=""),
    s.required("external", s.Boolean, server_default="false"),
    s.required("saves_card", s.Boolean, server_default="false"),
    s.optional("tips", s.JSONB),
    s.instant("created_at"),
    s.optional("settled_at", s.INSTANT),
    s.refers("booking_id", "bookings"),
    s.refers("order_id", "orders"),
    s.refers("customer_id", "customers"),
    s.refers("saved_card_id", "saved_cards"),
    s.refers("charge_id", "charges"),
    s.one_of("kind", "checkout", "payment-link", "saved-card", "setup", "refund"),
    s.one_of("purpose", "balance", "deposit", "no-show", "late-cancel", "order", "setup"),
    s.one_of("state", "new", "open", "succeeded", "failed", "cancelled"),
    s.check(
        "amount_positive",
        "tip_minor >= 0 AND (amount_minor > 0 AND tip_minor <= amount_minor OR kind = 'setup')",
    ),
    s.check("has_subject", "num_nonnulls(booking_id, order_id) = 1 OR kind = 'setup'"),
    s.check("setup_has_customer", "kind <> 'setup' OR customer_id IS NOT NULL"),
    s.check("refund_has_charge", "kind <> 'refund' OR charge_id IS NOT NULL"),
)
Index(None, operations.c.tenant_id, operations.c.booking_id)
Index(None, operations.c.tenant_id, operations.c.order_id)
Index(None, operations.c.tenant_id, operations.c.charge_id)
Index(
    "operations_provider_ref_key",
    operations.c.tenant_id,
    operations.c.provider_ref,
    unique=True,
    postgresql_where=text("provider_ref IS NOT NULL"),
)

charges = s.tenant_table(
    "charges",
    s.optional("booking_id", s.Uuid),
    s.optional("order_id", s.Uuid),
    s.required("charge_ref", s.Text),
    s.required("intent_ref", s.Text),
    s.minor("captured_minor"),
    s.minor("tip_minor"),
    s.required("refund_reserved_minor", s.BigInteger, server_default="0"),
    s.required("currency", s.CHAR(3)),
    s.instant("captured_at"),
    s.refers("booking_id", "bookings"),
    s.refers("order_id", "orders"),
    s.check("one_subject", "num_nonnulls(booking_id, order_id) = 1"),
    s.unique("charge_ref"),
    s.check("not_over_refunded", "refund_reserved_minor <= captured_minor"),
    s.check("reserve_not_negative", "refund_reserved_minor >= 0"),
)

movements = s.tenant_table(
    "movements",
    s.required("account_ref", s.Text),
    s.required("txn_ref", s.Text),
    s.required("type", s.Text),
    s.required("category", s.Text, server_default=""),
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

Index(None, charges.c.tenant_id, charges.c.booking_id)
Index(None, charges.c.tenant_id, charges.c.order_id)
Index(None, movements.c.tenant_id, movements.c.source_ref)

# A customer's card as Stripe keeps it: no number ever comes here.
saved_cards = s.tenant_table(
    "saved_cards",
    s.required("customer_id", s.Uuid),
    s.required("customer_ref", s.Text),
    s.required("method_ref", s.Text),
    s.required("brand", s.Text, server_default=""),
    s.required("last4", s.Text, server_default=""),
    s.optional("expires_on", s.Date),
    s.required("state", s.Text, server_default="active"),
    s.instant("created_at"),
    s.refers("customer_id", "customers"),
    s.unique("method_ref"),
    s.one_of("state", "active", "removed"),
)
Index(None, saved_cards.c.tenant_id, saved_cards.c.customer_id)

disputes = s.tenant_table(
    "disputes",
    s.required("dispute_ref", s.Text),
    s.required("charge_id", s.Uuid),
    s.minor("amount_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("reason", s.Text, server_default=""),
    s.required("state", s.Text),
    s.instant("opened_at"),
    s.optional("evidence_due_at", s.INSTANT),
    s.optional("closed_at", s.INSTANT),
    s.optional("answer", s.Text),
    s.required("answer_submits", s.Boolean, server_default="false"),
    s.optional("answered_at", s.INSTANT),
    s.required("answer_failure", s.Text, server_default=""),
    s.refers("charge_id", "charges"),
    s.unique("dispute_ref"),
)
Index(None, disputes.c.tenant_id, disputes.c.charge_id)

# Stripe's payouts to the business's bank, and the movements that each one carries.
stripe_payouts = s.tenant_table(
    "stripe_payouts",
    s.required("payout_ref", s.Text),
    s.minor("amount_minor"),
    s.required("currency", s.CHAR(3)),
    s.required("state", s.Text),
    s.required("automatic", s.Boolean),
    s.optional("arrives_on", s.Date),
    s.required("failure", s.Text, server_default=""),
    s.instant("created_at"),
    s.optional("received_entry_id", s.Uuid),
    s.refers("received_entry_id", "entries"),
    s.unique("payout_ref"),
    s.one_of("state", "pending", "in_transit", "paid", "failed", "canceled"),
)

payout_members = s.tenant_table(
    "payout_members",
    s.required("payout_id", s.Uuid),
    s.required("txn_ref", s.Text),
    s.refers("payout_id", "stripe_payouts"),
    s.unique("payout_id", "txn_ref"),
    changes=False,
)
Index(None, payout_members.c.tenant_id, payout_members.c.txn_ref)

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
    s.required("via", s.Text, server_default="poll"),
    s.required("attempts", s.Integer, server_default="0"),
    s.optional("last_error", s.Text),
    s.unique("provider", "event_ref"),
    s.one_of("via", "poll", "webhook"),
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
