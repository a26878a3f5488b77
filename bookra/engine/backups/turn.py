"""One backup of a database at a time: cron that overlaps is told who is at work.

A business's jobs are leased in its own rows; a backup belongs to no business, and its login may
read only. So this is an advisory lock of the dump's own transaction: it ends with it, whatever
happens to the process, and holds behind a transaction pooler too.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from bookra.engine.tenancy.locks import RUNNING, this_process
from bookra.errors import ConflictError

JOB = "db backup"
NAME_BYTES = 63
"""What PostgreSQL keeps of an application's name."""

TAKE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('bookra|db backup', 0))")
# Everybody may see the name; when it began, only who may see that login's sessions.
SIGN = text("SELECT set_config('application_name', :name, true)")
WHO = text(
    """
    SELECT a.application_name AS process, a.usename AS login, a.xact_start AS since
      FROM pg_locks l
      JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
      JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('bookra|db backup', 0)
    """
)


def take(connection: Connection) -> None:
    """Take the turn until the transaction ends.

    Raises ConflictError (``job_running``) with who has it, as the other jobs do.
    """
    if not connection.execute(TAKE).scalar_one():
        raise _running(connection)
    name = this_process(JOB).encode()[-NAME_BYTES:].decode(errors="ignore")
    connection.execute(SIGN, {"name": name})


def _running(connection: Connection) -> ConflictError:
    holder = connection.execute(WHO).one_or_none()
    if holder is None:  # it ended between the two statements
        return ConflictError(RUNNING, f"'{JOB}' was at work a moment ago", hint="Run it again")
    since = holder.since and holder.since.isoformat(timespec="seconds")
    return ConflictError(
        RUNNING,
        f"'{JOB}' is at work{f' since {since}' if since else ''}:"
        f" {holder.process}, as {holder.login}",
        hint="Wait for it. It ends with its process, and leaves nothing behind",
        details={"job": JOB, "holder": holder.process, "login": holder.login, "since": since},
    )
