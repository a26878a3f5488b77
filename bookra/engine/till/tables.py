"""Tables of the cash drawer."""

from __future__ import annotations

from sqlalchemy import Index, text

from bookra.engine import schema as s

# A working day of the cash drawer, and what was counted, brought and taken in it.
drawer_sessions = s.tenant_table(
    "drawer_sessions",
    s.instant("opened_at"),
    s.minor("float_minor"),
    s.required("currency", s.CHAR(3)),
    s.optional("closed_at", s.INSTANT),
    s.optional("expected_minor", s.BigInteger),
    s.optional("counted_minor", s.BigInteger),
    s.optional("left_minor", s.BigInteger),
    s.check("float_not_negative", "float_minor >= 0"),
    s.check("closed_is_counted", "(closed_at IS NULL) = (counted_minor IS NULL)"),
)
Index(
    "drawer_sessions_open_key",
    drawer_sessions.c.tenant_id,
    unique=True,
    postgresql_where=text("closed_at IS NULL"),
)

drawer_events = s.tenant_table(
    "drawer_events",
    s.required("recorded_at", s.INSTANT, server_default=s.NOW),
    s.required("recorded_by", s.Text, server_default=s.SESSION_USER),
    s.required("session_id", s.Uuid),
    s.required("kind", s.Text),
    s.minor("amount_minor"),
    s.required("reason", s.Text, server_default=""),
    s.optional("entry_id", s.Uuid),
    s.refers("session_id", "drawer_sessions"),
    s.refers("entry_id", "entries"),
    s.one_of("kind", "open", "in", "out", "count", "close"),
    changes=False,
)
Index(None, drawer_events.c.tenant_id, drawer_events.c.session_id)
