"""The note of a visit over the engine, and taking a change of it back."""

from __future__ import annotations

from bookra.engine.bookings import noting, store
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.tui.desk import Done, Undo
from bookra.tui.engine_desk.counter import words


def noted(tx: Tx, code: str, text: str) -> Done:
    """Write the note of a visit; what it was before is known to the undo alone."""
    before = store.locked_by_code(tx, code).note
    now = noting.set_note(tx, code, text).note
    undo = None if now == before else Undo("renote", (code, before, now), "The note is as before")
    return Done(code, words("booking", "note", code, now), undo)


def renoted(tx: Tx, code: str, before: str, written: str) -> Done:
    """Write the note from before; raises ConflictError where somebody has changed it since."""
    if store.locked_by_code(tx, code).note != written:
        raise ConflictError(
            "changed_since",
            f"The note of {code} was changed by somebody else meanwhile",
            hint=f"Look at it: bookra booking show {code}",
            details={"code": code},
        )
    noting.set_note(tx, code, before)
    return Done(code, words("booking", "note", code, before))
