"""Python's search for garbage, kept out of the way of the keys.

A full search looks at everything that lives, and most of that are modules, which never go. Left as
it is, every tenth key or so waits for one.
"""

from __future__ import annotations

import gc

_YOUNG, _OLDER, _OLDEST = 20_000, 20, 50
"""After how many new objects the youngest are searched, and after how many rounds the others."""


def spare() -> None:
    """Search rarely, and never again among what is loaded by now."""
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDEST)
