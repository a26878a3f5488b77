"""Partial answers of Google's APIs: what ``fields=items(id,start),nextPageToken`` leaves."""

from __future__ import annotations

import re
from typing import Any

from bookra.sandbox.google_errors import refused
from bookra.sandbox.state import Json

Mask = dict[str, "Mask"]
"""Names and what is wanted below them; nothing below is everything."""

_WORDS = re.compile(r"[A-Za-z]+|[(),/*]")


def partial(document: Json, fields: str | None) -> Json:
    """Return the part of an answer that ``fields`` asks for; 400 when it can't be read."""
    if fields is None:
        return document
    words = _WORDS.findall(fields)
    try:
        mask = _mask(words) if "".join(words) == fields else {}
    except IndexError:  # it ends in the middle
        mask = {}
    if words or not mask:
        raise refused(400, "invalidParameter", f"Invalid field selection {fields}")
    return dict(_cut(document, mask))


def _mask(words: list[str]) -> Mask:
    mask: Mask = {}
    while words and words[0] != ")":
        name = words.pop(0)
        mask[name] = _below(words)
        if words and words[0] == ",":
            words.pop(0)
    return mask


def _below(words: list[str]) -> Mask:
    if words and words[0] == "/":
        words.pop(0)
        name = words.pop(0)
        return {name: _below(words)}
    if words and words[0] == "(":
        words.pop(0)
        inner = _mask(words)
        words.pop(0)
        return inner
    return {}


def _cut(value: Any, mask: Mask) -> Any:
    if not mask:
        return value
    if isinstance(value, list):
        return [_cut(one, mask) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _cut(value[name], below) for name, below in mask.items() if name in value}
