"""The frame over the engine: the brand, who asks, what changes elsewhere, taking things back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bookra.engine.bookings import actions
from bookra.engine.bookings.recurring import series
from bookra.engine.bookings.waitlist import actions as waitlist
from bookra.engine.notices import Notices
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.role import role_of
from bookra.errors import ConflictError
from bookra.tui.desk import Brand, Done, Undo
from bookra.tui.engine_desk.clients import opted, rewritten
from bookra.tui.engine_desk.counter import Counter, words
from bookra.tui.engine_desk.day_back import GRID_UNDONE
from bookra.tui.engine_desk.hours_back import redayed, rehoured
from bookra.tui.engine_desk.waitlist import rewished, unfilled


class EngineFrame(Counter):
    """What every screen needs."""

    def brand(self) -> Brand:
        """Return the tenant's look, zone and currency, and the operator's role."""
        tenant, role = self._ask(lambda tx: (tx.tenant, role_of(tx)))
        return Brand(
            tenant.name,
            tenant.brand.logo_text,
            tenant.brand.primary_color,
            tenant.brand.accent_color,
            tenant.zone.key,
            tenant.currency,
            slug=tenant.slug,
            role=role,
        )

    @contextmanager
    def changes(self) -> Iterator[Notices]:
        """Listen for the tenant's changes on a session of its own."""
        with self._engine.listening(self._tenant) as notices:
            yield notices

    def undo(self, undo: Undo) -> Done:
        """Take back what was done, by the verb that it names."""
        verb = _UNDONE.get(undo.verb)
        if verb is None:
            raise ConflictError("not_undoable", "This can't be taken back")
        return self._act(f"undo {undo.verb}", lambda tx: verb(tx, *undo.arguments))


def _unbook(tx: Tx, code: str) -> Done:
    actions.cancel(tx, code)
    return Done(code, words("booking", "cancel", code))


def _unseries(tx: Tx, code: str) -> Done:
    series.cancel_series(tx, code)
    return Done(code, words("booking", "cancel", code, "--series"))


def _unwish(tx: Tx, code: str) -> Done:
    waitlist.withdraw(tx, code)
    return Done(code, words("waitlist", "withdraw", code))


_UNDONE: dict[str, Callable[..., Done]] = {
    **GRID_UNDONE,
    "unbook": _unbook,
    "unseries": _unseries,
    "unwish": _unwish,
    "rewish": rewished,
    "unfill": unfilled,
    "rewrite_client": rewritten,
    "opt_out": opted,
    "rehour": rehoured,
    "reday": redayed,
}
