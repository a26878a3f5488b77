"""Tables of schedules: what recurs, and each run of it, once for each due time."""

from __future__ import annotations

from sqlalchemy import Index, text

from bookra.engine import schema as s

# A removed schedule keeps its row: for its runs, and so that no default comes back by itself.
schedules = s.tenant_table(
    "schedules",
    s.required("name", s.Text),
    s.required("job", s.Text),
    s.required("cron", s.Text),
    s.required("arguments", s.JSONB, server_default="{}"),
    s.required("enabled", s.Boolean, server_default="true"),
    s.instant("due_at"),
    s.instant("created_at"),
    s.optional("removed_at", s.INSTANT),
    s.unique("name"),
)
Index(
    "schedules_due_idx",
    schedules.c.due_at,
    schedules.c.tenant_id,
    postgresql_where=text("enabled"),
)

# UNIQUE (schedule, due_at) is what makes a run happen once, whoever ticks.
schedule_runs = s.tenant_table(
    "schedule_runs",
    s.required("schedule_id", s.Uuid),
    s.required("due_at", s.INSTANT),
    s.required("relay_id", s.Uuid),
    s.required("state", s.Text, server_default="running"),
    s.required("attempts", s.SmallInteger, server_default="1"),
    s.required("started_at", s.INSTANT, server_default=s.NOW),
    s.required("leased_until", s.INSTANT),
    s.optional("finished_at", s.INSTANT),
    s.optional("outcome", s.Text),
    s.refers("schedule_id", "schedules"),
    s.unique("schedule_id", "due_at"),
    s.one_of("state", "running", "done", "failed", "found"),
)
Index(None, schedule_runs.c.tenant_id, schedule_runs.c.started_at)
Index(
    "schedule_runs_open_idx",
    schedule_runs.c.leased_until,
    schedule_runs.c.tenant_id,
    postgresql_where=text("state = 'running'"),
)
