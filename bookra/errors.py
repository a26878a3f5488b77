"""The errors that a person or a script may see, each with its documented exit code.

Domain code raises one of the classes below; the doors (commands, TUI) translate it once, at
their edge. A text says what went wrong, with which value, and what to do next. The class
decides the exit code, `code` is the stable word that scripts match on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class BookraError(Exception):
    """An expected failure. ``code`` is stable, ``message`` and ``hint`` are for people.

    ``details`` holds JSON-ready values for scripts (the next free slots, the conflicting code).
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, code: str, message: str, *, hint: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})


class UsageError(BookraError):
    """The command line itself is wrong: exit 2."""

    exit_code = 2


class NotFoundError(BookraError):
    """A slug, code or id that names nothing: exit 3."""

    exit_code = 3


class ConflictError(BookraError):
    """The state of things forbids it (slot taken, illegal state, key reused): exit 4."""

    exit_code = 4


class NotAllowedError(BookraError):
    """This operator's role may not do it: exit 5."""

    exit_code = 5


class InvalidInputError(BookraError):
    """A value that can't be right, whoever asks (a past time, a malformed price): exit 6."""

    exit_code = 6


class UnavailableError(BookraError):
    """The database or a provider can't be reached now; trying later may help: exit 7."""

    exit_code = 7


class CheckFailedError(BookraError):
    """A verification ran and found something wrong: exit 8."""

    exit_code = 8


def code_of(error: Exception) -> str:
    """Return what may be logged and stored of any error: its code or its type, never its text."""
    return error.code if isinstance(error, BookraError) else type(error).__name__
