"""Styles that are parsed once: the rules of every sheet, kept for as long as the program runs.

Textual parses all its sheets whenever the look is settled anew: when the theme is set, when the
first screen comes, when the brightness is switched and switched back. Nothing in them changes by
that but the colours, so what was parsed with the same colours is taken as it is.
"""

from __future__ import annotations

from typing import Any, ClassVar

from textual.css.stylesheet import Stylesheet

_MOST = 2048
"""Sheets that are kept; a look has about fifty."""


class KeptStylesheet(Stylesheet):
    """A stylesheet that shares its parsed sheets with all others of the program.

    Parsed rules are only read afterwards, so that apps can share them.
    """

    _KEPT: ClassVar[dict[tuple[Any, ...], list[Any]]] = {}

    def copy(self) -> KeptStylesheet:
        """Return another stylesheet with the same sources."""
        made = KeptStylesheet(variables=self._variables.copy())
        made.source = self.source.copy()
        return made

    def reparse(self) -> None:
        """Apply new variables: what was parsed with them before is not parsed again."""
        self.parse()

    def _parse_rules(self, *sheet: Any, **more: Any) -> list[Any]:
        """Return the rules of a sheet (see Textual's method), parsed or kept."""
        key = (frozenset(self._variables.items()), *sheet, *sorted(more.items()))
        kept = self._KEPT.get(key)
        if kept is None:
            if len(self._KEPT) >= _MOST:
                self._KEPT.clear()
            kept = self._KEPT[key] = super()._parse_rules(*sheet, **more)
        return kept
