"""The user's own file besides its settings: keys that they wish, the business that they chose."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

from bookra.config import PROFILES, parsed, user_file
from bookra.errors import InvalidInputError


def wished_keys() -> dict[str, str]:
    """Return the section ``[keys]`` of the user's settings: keys by an action's id.

    An id may stand with or without quotes: ``"booking.new" = "b"``, ``booking.new = "b"``. Raises
    InvalidInputError (``bad_settings``).
    """
    section = parsed(user_file()).get("keys", {})
    found: dict[str, str] = {}
    _flatten("", section, found)
    return found


def _flatten(name: str, value: object, found: dict[str, str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{name}.{key}" if name else str(key), inner, found)
    elif isinstance(value, str) and name:
        found[name] = value
    else:
        raise InvalidInputError(
            "bad_settings",
            f"[keys] in {user_file()} has {name or 'something'} that is no key",
            hint='Write lines such as "booking.new" = "b"; see: bookra tui --list-keys',
        )


def remember_tenant(slug: str, profile: str | None = None) -> Path:
    """Write ``tenant`` into the user's settings file, or into a profile in it; return its path.

    The file's other lines stay as they are.
    """
    path = user_file()
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    begin = _beginning(lines, profile) if profile is not None else 0
    heads = (n for n, line in enumerate(lines) if n >= begin and line.lstrip().startswith("["))
    end = next(heads, len(lines))
    kept = [line for line in lines[begin:end] if line.split("=")[0].strip() != "tenant"]
    written = [*lines[:begin], f"tenant = {json.dumps(slug)}", *kept, *lines[end:]]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text("\n".join(written) + "\n", "utf-8")
    partial.replace(path)
    return path


def _beginning(lines: Sequence[str], profile: str) -> int:
    """Return the number of the line after the head of a profile's section."""
    found = next((n for n, line in enumerate(lines, 1) if _header(line) == profile), None)
    if found is None:
        raise InvalidInputError(
            "bad_settings",
            f"{user_file()} has no section of the profile '{profile}' that could be written to",
            hint=f"Write it as a section of its own: [{PROFILES}.{profile}]",
        )
    return found


def _header(line: str) -> str | None:
    """Return the name of the profile whose section a line begins, None for any other line."""
    if not line.lstrip().startswith("["):
        return None
    try:
        found = tomllib.loads(line).get(PROFILES)
    except tomllib.TOMLDecodeError:
        return None
    return next(iter(found)) if isinstance(found, dict) and len(found) == 1 else None
