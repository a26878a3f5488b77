"""Whether this relay leads, as it knows it: by a lease that it renews, and gives up in doubt.

A relay that can't renew, because the database is away or only answers questions (a standby),
stops leading at once. It never leads longer than its lease, counted from before it asked.
"""

from __future__ import annotations

import time
from uuid import UUID

from sqlalchemy import Connection

from bookra.engine.runtime import Engine
from bookra.engine.schedules import leading
from bookra.relay.log import log


class Leadership:
    """The lead over the jobs that one relay is enough for. ``leads`` may be read by any thread."""

    def __init__(self, engine: Engine, relay_id: UUID, lease_seconds: float = 15.0) -> None:
        self._engine = engine
        self._relay_id = relay_id
        self._lease_seconds = lease_seconds
        self._until = 0.0
        self._led = False

    @property
    def leads(self) -> bool:
        """Whether this relay leads now."""
        return time.monotonic() < self._until

    def renew(self) -> int:
        """Take the lead if nobody has it, or keep it; returns 1 when it leads."""
        asked_at = time.monotonic()
        until = 0.0
        try:
            if self._engine.across_tenants(self._lead, write=True):
                until = asked_at + self._lease_seconds
        finally:
            self._until = until
            if self.leads != self._led:
                self._led = self.leads
                log("relay.leads" if self._led else "relay.leads_no_more")
        return int(self._led)

    def step_down(self) -> None:
        """Let another relay lead from now on."""
        if self._until:
            self._until = 0.0
            self._engine.across_tenants(
                lambda connection: leading.step_down(connection, self._relay_id), write=True
            )

    def _lead(self, connection: Connection) -> bool:
        return leading.lead(connection, self._relay_id, self._lease_seconds)
