"""Identifiers made by the program: UUIDv7 keys and the short codes that people say aloud."""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

from bookra.errors import InvalidInputError

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters and digits without 0, 1, I and O, which are misread and misheard."""

MAX_NAME = 200

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def new_id() -> UUID:
    """Return a UUIDv7: unique, and ordered by time, so that indexes grow at one end."""
    return uuid7()


def booking_code(prefix: str, length: int = 4) -> str:
    """Return a code such as ``LUN-7F3K``; the caller makes it unique and may lengthen it."""
    return f"{prefix}-" + "".join(secrets.choice(CODE_ALPHABET) for _ in range(length))


def code_prefix(slug: str) -> str:
    """Return three upper-case letters for a tenant's codes: ``luna`` gives ``LUN``."""
    letters = re.sub(r"[^a-z0-9]", "", slug).upper()
    return letters[:3].ljust(3, "X")


def checked_slug(text: str, what: str) -> str:
    """Return ``text`` if it is a slug (a-z, 0-9, inner dashes, 40 at most), else raise."""
    if _SLUG.fullmatch(text) is None:
        raise InvalidInputError(
            "bad_slug",
            f"'{text}' is not a usable {what} slug",
            hint="Use lower-case letters, digits and dashes, 40 characters at most: 'ana-m'",
        )
    return text


def checked_name(text: str, what: str) -> str:
    """Return a name with single spaces and no control characters; raises when empty or long."""
    if len(text) > 100 * MAX_NAME:
        raise _bad_name(what, len(text))
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not cleaned or len(cleaned) > MAX_NAME:
        raise _bad_name(what, len(cleaned))
    return cleaned


def _bad_name(what: str, letters: int) -> InvalidInputError:
    return InvalidInputError(
        "bad_name",
        f"The name of a {what} has 1 to {MAX_NAME} letters, this one has {letters}",
        hint="--name 'Rosa Vega'",
    )
