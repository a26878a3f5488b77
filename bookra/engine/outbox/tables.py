"""Tables of the outbox: the hot queue, its order, its history, the breakers, the relays.

Settled rows leave the hot table at once. One live head per aggregate (a unique partial index)
keeps effects in order; the rows behind it are ``waiting``.
"""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, text

from bookra.engine import schema as s

LIVE_HEAD = "state IN ('ready', 'leased', 'sending', 'unknown', 'dead')"

outbox = s.tenant_table(
    "outbox",
    s.required("topic", s.Text),
    s.required("destination", s.Text),
    s.required("aggregate", s.Text),
    s.required("sequence", s.BigInteger),
    s.required("payload", s.JSONB),
    s.required("version", s.SmallInteger),
    s.required("generation", s.SmallInteger, server_default="1"),
    s.required("state", s.Text),
    s.instant("due_at"),
    s.required("attempts", s.SmallInteger, server_default="0"),
    s.required("rescues", s.SmallInteger, server_default="0"),
    s.required("fence", s.BigInteger, server_default="0"),
    s.optional("leased_by", s.Uuid),
    s.optional("leased_until", s.INSTANT),
    s.optional("first_sent_at", s.INSTANT),
    s.optional("error_class", s.Text),
    s.optional("last_error", s.Text),
    s.optional("booking_id", s.Uuid),
    s.required("created_at", s.INSTANT, server_default=s.NOW),
    s.refers("booking_id", "bookings"),
    s.unique("aggregate", "sequence"),
    s.one_of("state", "ready", "waiting", "leased", "sending", "unknown", "dead"),
    s.one_of("destination", "stripe", "google", "whatsapp", "mail", "local"),
)
outbox.dialect_options["postgresql"]["with"] = {
    "fillfactor": 70,
    "autovacuum_vacuum_scale_factor": 0.01,
    "autovacuum_vacuum_threshold": 1000,
    "autovacuum_vacuum_cost_delay": 0,
}
_t = outbox.c
Index(
    "outbox_ready_idx",
    _t.tenant_id,
    _t.destination,
    _t.due_at,
    _t.id,
    postgresql_where=text("state = 'ready'"),
)
Index(
    "outbox_lease_idx",
    _t.tenant_id,
    _t.leased_until,
    postgresql_where=text("state IN ('leased', 'sending')"),
)
Index(
    "outbox_head_key",
    _t.tenant_id,
    _t.aggregate,
    unique=True,
    postgresql_where=text(LIVE_HEAD),
)
Index(
    "outbox_waiting_idx",
    _t.tenant_id,
    _t.aggregate,
    _t.sequence,
    postgresql_where=text("state = 'waiting'"),
)
Index("outbox_booking_idx", _t.tenant_id, _t.booking_id)

outbox_aggregates = s.tenant_table(
    "outbox_aggregates",
    s.required("aggregate", s.Text),
    s.required("last_sequence", s.BigInteger),
    key="aggregate",
)

outbox_history = s.tenant_table(
    "outbox_history",
    s.required("topic", s.Text),
    s.required("destination", s.Text),
    s.required("aggregate", s.Text),
    s.required("sequence", s.BigInteger),
    s.required("payload", s.JSONB),
    s.required("version", s.SmallInteger),
    s.required("generation", s.SmallInteger),
    s.required("attempts", s.SmallInteger),
    s.required("rescues", s.SmallInteger),
    s.optional("booking_id", s.Uuid),
    s.instant("created_at"),
    s.required("settled_at", s.INSTANT, server_default=s.NOW),
    s.required("outcome", s.Text),
    s.optional("reference", s.Text),
    s.optional("first_sent_at", s.INSTANT),
    s.one_of("outcome", "delivered", "discarded"),
    changes=False,
)
Index(None, outbox_history.c.tenant_id, outbox_history.c.settled_at)
Index(None, outbox_history.c.tenant_id, outbox_history.c.booking_id)

# What a destination's trouble means for one tenant: rows that go there wait until it is over.
breakers = s.tenant_table(
    "breakers",
    s.required("destination", s.Text),
    s.required("state", s.Text, server_default="closed"),
    s.required("failures", s.Integer, server_default="0"),
    s.required("openings", s.Integer, server_default="0"),
    s.optional("until", s.INSTANT),
    s.optional("why", s.Text),
    s.instant("changed_at"),
    s.unique("destination"),
    s.one_of("state", "closed", "open", "probing", "parked", "held"),
    s.check("until_given", "(state IN ('open', 'probing')) = (until IS NOT NULL)"),
)

relays = s.Table(
    "relays",
    s.metadata,
    s.required("id", s.Uuid),
    s.required("started_at", s.INSTANT, server_default=s.NOW),
    s.required("last_tick_at", s.INSTANT, server_default=s.NOW),
    s.optional("stopped_at", s.INSTANT),
    s.required("host", s.Text, server_default=""),
    s.required("pid", s.Integer, server_default="0"),
    s.required("version", s.Text, server_default=""),
    PrimaryKeyConstraint("id"),
)

# Who leads the schedules: a lease by the database's clock, since advisory locks are shared by the
# clients of a transaction pooler.
relay_leases = s.Table(
    "relay_leases",
    s.metadata,
    s.required("name", s.Text),
    s.required("relay_id", s.Uuid),
    s.required("until", s.INSTANT),
    s.required("fence", s.BigInteger, server_default="1"),
    PrimaryKeyConstraint("name"),
)

# The relay's own jobs, one row each: when it last ran, what came of it, when it runs next.
relay_jobs = s.Table(
    "relay_jobs",
    s.metadata,
    s.required("name", s.Text),
    s.optional("relay_id", s.Uuid),
    s.optional("started_at", s.INSTANT),
    s.optional("finished_at", s.INSTANT),
    s.optional("next_at", s.INSTANT),
    s.optional("outcome", s.Text),
    s.required("runs", s.BigInteger, server_default="0"),
    s.required("failures", s.BigInteger, server_default="0"),
    PrimaryKeyConstraint("name"),
)
