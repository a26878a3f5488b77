"""What the runtime's own audit row can't say: parts of a transaction, and changes found under way.

PostgreSQL gives a savepoint an id of its own, and the rows written in it carry that id instead of
the transaction's. The audit row at a transaction's end doesn't speak for them, so that they would
look like changes made past the program: a part that is kept has an audit row of its own inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import NestedTransaction

from bookra.engine.runtime import AUDIT, Tx, audit_row

PART = "part"
"""The command of a part's audit row; the transaction's own row says what was done."""


@contextmanager
def part(tx: Tx) -> Iterator[None]:
    """Run a block that is taken back alone when it raises, and kept otherwise."""
    with tx.connection.begin_nested():
        yield
        tx.run(AUDIT, **audit_row(tx.tenant.id, PART, ()))


def keep(tx: Tx, savepoint: NestedTransaction) -> None:
    """Keep what was written since ``savepoint``, the innermost that is open."""
    tx.run(AUDIT, **audit_row(tx.tenant.id, PART, ()))
    savepoint.commit()


def note(tx: Tx, command: str, subjects: Sequence[str]) -> None:
    """Write the audit row of bookkeeping that turns out to change the business (``command=None``).

    Nothing is written where there are no subjects.
    """
    if subjects:
        tx.run(AUDIT, **audit_row(tx.tenant.id, command, subjects))
