"""What should worry somebody about the outbox: for the doctor.

The questions ask of all that the login may see: across tenants for the platform and the relay, or
within one business for its own operators.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

MOST = 50
"""Lines of one kind: whoever has more of them has one trouble, not fifty."""

# Small tables: one row a business and destination.
CUT_OFF = text(
    """
    SELECT t.slug, b.destination, b.state, b.why, b.until
      FROM breakers b
      JOIN tenants t ON t.id = b.tenant_id
     WHERE b.state IN ('open', 'probing', 'parked', 'held')
     ORDER BY t.slug, b.destination LIMIT :most
    """
)
SET_ASIDE = text(
    """
    SELECT t.slug, o.destination, o.state, count(*) AS rows
      FROM outbox o
      JOIN tenants t ON t.id = o.tenant_id
     WHERE o.state IN ('dead', 'unknown')
     GROUP BY t.slug, o.destination, o.state ORDER BY 4 DESC, 1, 2 LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class CutOff:
    """A destination that a business's effects do not go to now.

    ``parked`` and ``held`` ones wait for a person, the others for ``until``; ``why`` is a code.
    """

    tenant: str
    destination: str
    state: str
    why: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows of one business and destination that nobody delivers: ``dead`` or ``unknown``."""

    tenant: str
    destination: str
    state: str
    rows: int


def cut_off(connection: Connection) -> list[CutOff]:
    """Return the breakers that are not closed."""
    return [
        CutOff(row.slug, row.destination, row.state, row.why or "", row.until)
        for row in connection.execute(CUT_OFF, {"most": MOST})
    ]


def set_aside(connection: Connection) -> list[SetAside]:
    """Return where rows wait for a person, the most of them first."""
    return [
        SetAside(row.slug, row.destination, row.state, row.rows)
        for row in connection.execute(SET_ASIDE, {"most": MOST})
    ]
