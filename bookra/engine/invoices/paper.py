"""Typesets a page: a template and worded values in, the bytes of a PDF out.

The same page gives the same bytes on every machine: the fonts are those that the ``typst``
package carries, and the PDF's date is the document's. Only a text that these can't print is set
with the fonts of the system as well. The file is PDF/A-2a and PDF/UA-1, thus fit for an archive
and for a screen reader. Texts reach the template as strings inside JSON, never as markup, so
nothing that a customer is called can run.

A plain PDF shows an unnamed box for a character without a glyph; PDF/A refuses to be written.
That refusal is used: such characters are written in a simpler form if Unicode has one (``Ａ`` as
``A``) and as ``□`` otherwise, and are named in ``Paper.replaced`` and at the end of the page.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from bookra.money import BPS, Money, exponent, format_minor

if TYPE_CHECKING:
    import typst

US_LETTER_COUNTRIES = frozenset({"US", "CA", "MX"})
BOX = "□"
FONTS = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
HAN = {"JP": "JP", "KR": "KR", "TW": "TC", "HK": "HK"}
"""By country the shapes in which Chinese characters are printed; simplified ones elsewhere."""

LANGUAGES = ("en", "de", "fr", "es")
LABELS = {
    "page": ("Page {} of {}", "Seite {} von {}", "Page {} sur {}", "Página {} de {}"),
    "lost": ("Not in the font:", "Nicht in der Schrift:", "Absent de la police :", "Sin glifo:"),
}
"""What every document says, in the order of ``LANGUAGES``."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A printed document, and the characters of its texts that could not be printed as they are."""

    pdf: bytes
    replaced: tuple[str, ...]


def typeset(template: bytes, page: dict[str, Any], day: date) -> Paper:
    """Return the PDF of a page, dated ``day``. It holds what ``Wording.page`` says at least."""
    import typst

    clean = _each_text(page, lambda text: text.translate(_CLEANED))
    attempts = ((_own, str), (_everybodys, str), (_everybodys, _by_glyph))
    for fonts, spell in attempts:
        try:
            return _respelled(template, clean, spell, day, fonts())
        except typst.TypstError:  # a glyph is missing, or (seen with stray marks) its neighbour
            continue
    return _respelled(template, clean, _latin, day, _own())


def _respelled(
    template: bytes,
    page: dict[str, Any],
    spell: Callable[[str], str],
    day: date,
    fonts: typst.Fonts,
) -> Paper:
    spelled = _each_text(page, lambda text: "".join(spell(character) for character in text))
    before, after = (set(json.dumps(data, ensure_ascii=False)) for data in (page, spelled))
    found = tuple(sorted(before - after))
    if found:
        points = ", ".join(f"U+{ord(character):04X}" for character in found[:20])
        spelled["replaced"] = f"{spelled['labels']['lost']} {points}"
    return Paper(_compile(template, spelled, day, fonts), found)


class Wording:
    """Labels, dates and amounts of one language and country.

    ``labels`` holds each label's texts in the order of ``LANGUAGES``. A language without labels
    here is printed in English throughout: a page in two languages would be worse than one in the
    wrong language.
    """

    def __init__(
        self, language: str, country: str, labels: Mapping[str, tuple[str, str, str, str]]
    ) -> None:
        spoken, _, region = language.replace("_", "-").partition("-")
        known = spoken.lower() in LANGUAGES
        self.language = spoken.lower() if known else "en"
        self.country = country.upper()
        self.locale = self._nearest((region.rpartition("-")[2] if known else "") or self.country)
        at = LANGUAGES.index(self.language)
        self.labels = {key: texts[at] for key, texts in labels.items()}

    def page(self, day: date) -> dict[str, Any]:
        """Return what every template is told: paper, fonts, language, date and labels."""
        return {
            "paper": "us-letter" if self.country in US_LETTER_COUNTRIES else "a4",
            "fonts": (*FONTS, f"Noto Sans CJK {HAN.get(self.country, 'SC')}"),
            "language": self.language,
            "date": day.timetuple()[:3],
            "labels": self.labels,
            "replaced": "",
        }

    def _nearest(self, region: str) -> Locale:
        try:
            return Locale(self.language, territory=region.upper() or None)
        except (UnknownLocaleError, ValueError):
            return Locale(self.language)

    def day(self, day: date) -> str:
        """Return a date written out."""
        return format_date(day, "long", locale=self.locale)

    def money(self, money: Money) -> str:
        """Format with ISO 4217's decimal places; CLDR differs, such as none for Iraq's dinar."""
        pattern = copy(self.locale.currency_formats["standard"])
        pattern.frac_prec = (exponent(money.currency),) * 2
        amount, code = Decimal(format_minor(money.minor, money.currency)), money.currency
        text = str(pattern.apply(amount, self.locale, currency=code, currency_digits=False))
        return re.sub(r"(?<=[A-Za-z])(?=\d)", "\u00a0", text).replace("-", "−")

    def rate(self, bps: int) -> str:
        """Return a rate as a percentage."""
        pattern = copy(self.locale.percent_formats[None])
        pattern.frac_prec = (0, 2)
        return str(pattern.apply(Decimal(bps) / BPS, self.locale))


@cache
def _own() -> typst.Fonts:
    import typst

    return typst.Fonts(include_system_fonts=False)


@cache
def _everybodys() -> typst.Fonts:
    """Return the typesetter's fonts and the system's. To look for these takes a moment."""
    import typst

    return typst.Fonts(include_system_fonts=True)


def _compile(source: bytes, data: Any, day: date, fonts: typst.Fonts) -> bytes:
    import typst

    # the default root is the working directory, which may be gone
    compiler = typst.Compiler(source, root=Path(__file__).parent, font_paths=fonts)
    try:
        pdf = compiler.compile(
            format="pdf",
            sys_inputs={"data": json.dumps(data)},
            pdf_standards=["a-2a", "ua-1"],
            timestamp=datetime.combine(day, time(), UTC),
        )
    except BaseException as failure:
        # a panic in Rust passes by `except Exception`; marks in mixed directions cause some:
        # https://github.com/typst/typst/issues/8667
        if type(failure).__name__ != "PanicException":
            raise
        raise typst.TypstError("the typesetter panicked", "") from None
    assert isinstance(pdf, bytes)
    return pdf


_CLEANED: dict[int, str | None] = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " "),
    **dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))),
}
"""Control characters, and marks of direction, which could make a text show what it isn't."""

_SIGNS = "–—‘’“”•…€−\u202f"
_PROBE = b"""#let (fonts, sample) = json(bytes(sys.inputs.data))
#set document(title: "probe", date: datetime(year: 2000, month: 1, day: 1))
#set text(font: fonts)
#sample #text(weight: "semibold", sample)"""


@lru_cache(maxsize=4096)
def _prints(text: str) -> bool:
    """Say whether the fonts have what ``text`` needs, by asking the typesetter (about 1 ms)."""
    import typst

    try:
        _compile(_PROBE, [FONTS, text], date(2000, 1, 1), _everybodys())
    except typst.TypstError:
        return False
    return True


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _by_glyph(character: str) -> str:
    return character if _prints(character) else _simpler(character)


def _latin(character: str) -> str:
    """Keep Latin letters and punctuation, which are in the first font whatever stands nearby."""
    return character if character < "\u0250" or character in _SIGNS else _simpler(character)


def _simpler(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain if plain.strip() else BOX
