"""What the parts of the engine's desk share: the tenant, transactions, and commands in words."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from bookra.engine.runtime import Engine, Tx
from bookra.money import Money, format_minor
from bookra.tui.desk import Done

Result = TypeVar("Result")


class Counter:
    """One tenant's counter. Blocking: the screens call it from thread workers alone.

    ``run_schedule`` runs one of the tenant's schedules by name, now; it may ask providers, which
    the desk itself can't. Without it such verbs are refused.
    """

    def __init__(
        self,
        engine: Engine,
        tenant: str,
        run_schedule: Callable[[str], object] | None = None,
    ) -> None:
        self._engine = engine
        self._tenant = tenant
        self._run_schedule = run_schedule

    def _ask(self, question: Callable[[Tx], Result]) -> Result:
        """Ask the engine in one READ ONLY transaction."""
        return self._engine.ask(self._tenant, question)

    def _act(self, name: str, action: Callable[[Tx], Result]) -> Result:
        """Act in one transaction; ``name`` stands in the audit after ``tui``."""
        return self._engine.act(self._tenant, action, command=f"tui {name}")

    def _do(self, name: str, action: Callable[[Tx], object], done: Done) -> Done:
        """Act, and return what is known beforehand of what was done."""
        self._act(name, action)
        return done


def words(*given: object) -> str:
    """Return a command line that does what was done; words with blanks are quoted."""
    return shlex.join(["bookra", *map(str, given)])


def local(tx: Tx, at: datetime) -> str:
    """Return an instant as commands take it: ``2026-11-24T14:30``, in the tenant's zone."""
    return f"{at.astimezone(tx.tenant.zone):%Y-%m-%dT%H:%M}"


def plain(money: Money) -> str:
    """Return an amount as commands take it: ``12.50``."""
    return format_minor(money.minor, money.currency)
