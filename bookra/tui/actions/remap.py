"""Other keys for actions, as the operator wishes: read, checked, and written as people read them.

A wish names an action by its id and gives it a key, several with commas. A wish that makes two
actions of one screen share a key is refused, and so is one that would hide a dialog's own key, and
a key that no terminal sends.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping, Sequence

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from bookra.errors import InvalidInputError
from bookra.tui import actions
from bookra.tui.actions import overlaid
from bookra.tui.actions.action import Action, Table

MODIFIERS = frozenset({"ctrl", "shift", "alt"})
RESERVED = frozenset({"escape", "ctrl+c"})
"""Escape closes whatever is open, and the other one is the terminal's."""
_NAMED = frozenset(str(key.value) for key in Keys if not key.value.startswith("<"))


def checked(wished: Mapping[str, str]) -> dict[str, str]:
    """Return the wishes with Textual's names of the keys.

    Raises InvalidInputError: ``unknown_action``, ``bad_key``, ``key_taken``.
    """
    known = actions.by_id()
    found: dict[str, str] = {}
    for name, keys in wished.items():
        if name not in known:
            raise InvalidInputError(
                "unknown_action",
                f"No action of the front desk is called '{name}'",
                hint="List them with their keys: bookra tui --list-keys",
                details={"action": name},
            )
        found[name] = ",".join(_key(key, name) for key in _split(keys))
    for table in actions.TABLES.values():
        _refuse_shared(table, found)
    if found:
        _refuse_hidden(found)
    return found


def key_of(action: Action, keys: Mapping[str, str], *, ascii_only: bool = False) -> str:
    """Return an action's key as a person reads it, the wished one if there is one."""
    if action.id not in keys:
        return action.key(ascii_only=ascii_only)
    return " ".join(_shown(key, ascii_only=ascii_only) for key in keys[action.id].split(","))


def _split(keys: str) -> list[str]:
    return [","] if keys.strip() == "," else [key.strip() for key in keys.split(",")]


def _key(written: str, action: str) -> str:
    """Return Textual's name of a key: ``f2``, ``ctrl+t``, ``B``, ``left_square_bracket``."""
    *modifiers, name = written.split("+") if written != "+" else [written]
    if len(name) == 1 and name.isprintable() and name != " ":
        name = _named(name)
    modified = "+".join([*modifiers, name])
    good = set(modifiers) <= MODIFIERS and (name in _NAMED or _is_character(name))
    if not good or modified in RESERVED:
        raise InvalidInputError(
            "bad_key",
            f"'{written}' can't be a key of {action}",
            hint="Write a letter or a sign, or such as f2, ctrl+t, space, pageup",
            details={"action": action, "key": written},
        )
    return modified


def _named(character: str) -> str:
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


def _is_character(name: str) -> bool:
    return len(name) == 1 or bool(key_to_character(name))


def _shown(key: str, *, ascii_only: bool) -> str:
    *modifiers, name = key.split("+")
    sign = _SIGNS.get(name) or key_to_character(name) or name
    if ascii_only and not sign.isascii():
        sign = name
    return "+".join([*modifiers, sign]).replace("ctrl+", "^")


_SIGNS = {_named(character): character for character in string.punctuation} | {
    "enter": "⏎",
    "pageup": "pgup",
    "pagedown": "pgdn",
}


def _refuse_shared(table: Table, wished: Mapping[str, str]) -> None:
    """Refuse a wish that takes another action's key on a screen."""
    moves = actions.GRID if table.screen == "day" else ()
    owners: dict[str, str] = {}
    for action in (*table.actions, *moves, *actions.EVERYWHERE, *actions.APP):
        for key in wished.get(action.id, action.keys).split(","):
            other = owners.setdefault(key, action.id)
            if other != action.id and (other in wished or action.id in wished):
                raise _taken(key, other, action.id, "Give one of them another key, too")


def _refuse_hidden(wished: Mapping[str, str]) -> None:
    """Refuse a wish that a list's key would hide, or that hides a key of a dialog or a layer."""
    for table in actions.TABLES.values():
        if table.screen != "day":
            rows = [overlaid.Bound(key, action.id, action.run, action.help)
                    for action in table.actions for key in action.keys.split(",")]  # fmt: skip
            _refuse_among([*rows, *overlaid.bound_in(overlaid.LISTING)], wished, "in the list")
    for path, where in overlaid.OVERLAYS.items():
        _refuse_among(overlaid.bound_over(path), wished, where)


def _refuse_among(bound: Sequence[overlaid.Bound], wished: Mapping[str, str], where: str) -> None:
    own = {one.key: one for one in bound if one.action not in wished}
    for one in bound:
        for key in wished[one.action].split(",") if one.action in wished else ():
            other = own.get(key)
            if other is not None and other.run != one.run and not _as_ever(one, other, bound):
                what = other.action or f"'{other.does}'"
                raise _taken(key, one.action, f"{what} {where}", "Give it another key")


def _as_ever(one: overlaid.Bound, other: overlaid.Bound, bound: Sequence[overlaid.Bound]) -> bool:
    """Tell whether both share that key without any wish: the list hands it on then."""
    return any(each.action == one.action and each.key == other.key for each in bound)


def _taken(key: str, one: str, other: str, hint: str) -> InvalidInputError:
    return InvalidInputError(
        "key_taken",
        f"{_shown(key, ascii_only=True)} would be both {one} and {other}",
        hint=hint,
        details={"key": key, "actions": [one, other]},
    )
