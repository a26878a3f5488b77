"""How typed words are matched to names: accents, case and the order of words don't matter. Pure.

What is compared is compared folded, on both sides in the same way: here, and in SQL by
``FOLDED``.
"""

from __future__ import annotations

import re
import unicodedata

FOLDED = r"regexp_replace(lower(normalize(c.name, NFD)), '[\u0300-\u036f]', '', 'g')"
"""SQL for the folded name of the customer ``c``."""

_MARKS = re.compile("[\u0300-\u036f]")
_MOST_WORDS = 8


def folded(text: str) -> str:
    """Return ``text`` in lower case, without accents, with single blanks."""
    apart = unicodedata.normalize("NFD", text).lower()
    return " ".join(_MARKS.sub("", apart).replace("\x00", "").split())


def word_patterns(text: str) -> list[str]:
    """Return a regular expression for each typed word: it begins a word of the folded name."""
    words = folded(text).split()[:_MOST_WORDS]
    return ["(^|[^[:alnum:]])" + _escaped(word) for word in words]


def like_prefix(text: str) -> str:
    """Return a LIKE pattern for what begins with ``text``."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"


def _escaped(word: str) -> str:
    """Return ``word`` for an advanced regular expression of PostgreSQL, meaning itself."""
    return "".join(
        "\\" + one if one.isascii() and not one.isalnum() and one != "_" else one for one in word
    )
