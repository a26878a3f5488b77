"""What a verb comes to: what was done, how to say it as a command, and how to take it back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Undo:
    """How to take something back: a verb of the desk and its arguments, in words for a person."""

    verb: str
    arguments: tuple[str, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Done:
    """Something was done. ``code`` names what it was done to.

    ``command`` is the command line that does the same. ``undo`` is None where nothing can be taken
    back: money never can.
    """

    code: str
    command: str
    undo: Undo | None = None
