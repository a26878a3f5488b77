"""All of stderr's failures: every error becomes words and a documented exit code, once, here.

No traceback reaches a person. An unexpected error says how to report it; its traceback goes to a
file under the data folder's ``log``, if that can be written.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from pathlib import Path
from typing import Any

from bookra.errors import BookraError, UsageError

INTERRUPTED = 130
UNEXPECTED = 1

_NOT_ASCII = re.compile(r"[^\n -~]")


LONGEST_MESSAGE = 2_000
"""Characters of what is said: a message names the value that was wrong, however long that is."""


def report(error: BaseException, *, as_json: bool) -> int:
    """Write ``error`` to stderr and return the exit code."""
    # Typer turns a reader that left early (head) into an exit of 1: to us it is no failure.
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else UNEXPECTED
    if isinstance(error, KeyboardInterrupt):
        sys.stderr.write("\nInterrupted; nothing was left half-done.\n")
        return INTERRUPTED
    known = _known(error)
    if known is None:
        known = _unexpected(error)
    _write(known, as_json=as_json)
    return known.exit_code


def _known(error: BaseException) -> BookraError | None:
    if isinstance(error, BookraError):
        return error
    import typer

    if isinstance(error, typer.Exit):
        return None if error.exit_code else BookraError("exit", "")
    if isinstance(error, typer.Abort):
        return UsageError("aborted", "Stopped; nothing was changed")
    words = getattr(error, "format_message", None)
    if words is None:
        return None
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "bookra"
    return UsageError("usage", str(words()), hint=f"See: {path} --help")


def _unexpected(error: BaseException) -> BookraError:
    place = _save(error)
    return BookraError(
        "unexpected",
        f"This is a bug in Bookra: {type(error).__name__}",
        hint=f"Please report it with {place}" if place else "Please report it",
    )


def _write(error: BookraError, *, as_json: bool) -> None:
    if as_json:
        document: dict[str, Any] = {
            "code": error.code,
            "message": _shortened(error.message),
            "hint": _shortened(error.hint),
            "details": error.details,
        }
        sys.stderr.write(json_text({"error": document}) + "\n")
        return
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    label = f"\x1b[1;31m{error.code}\x1b[0m" if colour else error.code
    sys.stderr.write(f"{label}: {printable(_shortened(error.message))}\n")
    if error.hint:
        sys.stderr.write(f"  {printable(_shortened(error.hint))}\n")


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_MESSAGE:
        return text
    half = LONGEST_MESSAGE // 2
    return f"{text[:half]} … {text[-half:]}"


def printable(text: str) -> str:
    """Return ``text`` without control characters, which could drive a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)


def json_text(document: Any, *, indent: int | None = None) -> str:
    """Return ``document`` as JSON whose texts keep their letters, and escape what is none.

    The escapes mean the same characters to a script, and nothing to a terminal.
    """
    text = json.dumps(document, ensure_ascii=False, indent=indent, default=str)
    return _NOT_ASCII.sub(lambda found: _escaped(found[0]), text)


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def _save(error: BaseException) -> Path | None:
    """Keep the traceback for a report: it names code, never the values of a row."""
    from bookra.config import default_home

    folder = Path(os.environ.get("BOOKRA_HOME") or default_home()) / "log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "last-error.txt"
        frames = traceback.format_tb(error.__traceback__)
        path.write_text(f"{type(error).__name__}\n{''.join(frames)}", "utf-8")
    except OSError:
        return None
    return path
