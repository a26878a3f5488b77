"""Whether a standby may answer instead of the primary: it must be one, of this server, and current.

A report may be some seconds old, never more than was agreed, and never of another database. What
the standby has replayed is compared with where the primary's log is: the age of its last
transaction alone would call a standby of a quiet primary old, and one that was cut off current.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, Row, text

from bookra.engine.runtime import Engine
from bookra.errors import UnavailableError

CATCHING_UP_SECONDS = 0.25
"""How long a standby may take to replay what was written just now before its age counts."""

LOOK_AGAIN_SECONDS = 0.02

# Where the next record goes, not what is on the disk: a commit may be answered before it is there.
POSITION = text(
    """
    SELECT CAST(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                     ELSE pg_current_wal_insert_lsn() END AS text) AS position, system_identifier
      FROM pg_control_system()
    """
)
REPLAYED = text(
    """
    SELECT pg_is_in_recovery() AS standby, system_identifier,
           pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn) AS there,
           CAST(EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS float8)
               AS seconds
      FROM pg_control_system()
    """
)


def why_not(primary: Engine, replica: Engine, most_seconds: float) -> str | None:
    """Return why ``replica`` may not answer now, in words to follow "the replica"; None if it may.

    It may when it has all that the primary has written, or when its last transaction was committed
    at most ``most_seconds`` ago. Raises UnavailableError when the primary does not answer.
    """
    written = primary.across_tenants(lambda connection: connection.execute(POSITION).one())

    def ask(connection: Connection) -> Row[tuple[bool, int, bool, float]]:
        return connection.execute(REPLAYED, {"position": written.position}).one()

    last = time.monotonic() + CATCHING_UP_SECONDS
    while True:
        try:
            found = replica.across_tenants(ask)
        except UnavailableError:
            return "does not answer"
        if not found.standby:
            return "is no standby"
        if found.system_identifier != written.system_identifier:
            return "belongs to another server"
        if found.there:
            return None
        if time.monotonic() >= last:
            break
        time.sleep(LOOK_AGAIN_SECONDS)
    if found.seconds is not None and found.seconds <= most_seconds:
        return None
    return "is behind" if found.seconds is None else f"is {found.seconds:.0f} s behind"
