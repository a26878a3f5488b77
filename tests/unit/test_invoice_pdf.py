"""The invoice's paper: what is stored, what is printed, and what no text may do to it."""

from __future__ import annotations

import io
import json
import operator
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from bookra.engine.invoices import paper as printing
from bookra.engine.invoices.document import (
    Brand,
    InvoiceDocument,
    InvoiceLine,
    Party,
    TaxRow,
    Totals,
    legible,
)
from bookra.engine.invoices.paper import BOX
from bookra.engine.invoices.pdf import render, typeset
from bookra.engine.invoices.stored import from_json, to_json
from bookra.errors import InvalidInputError
from bookra.money import Money, included_tax, share

SALON = Party(
    name="Salon Magenta GmbH",
    address=("Torstraße 112", "10119 Berlin"),
    vat_id="DE312456789",
    email="hallo@salon-magenta.example",
    country="DE",
)
COACH = Party(name="Northlight Coaching LLC", address=("480 Valencia Street",), country="US")


def line(text: str, net: int, tax: int, bps: int, currency: str = "EUR") -> InvoiceLine:
    return InvoiceLine(
        description=text,
        net=Money(net, currency),
        tax_bps=bps,
        tax=Money(tax, currency),
        gross=Money(net + tax, currency),
    )


def inclusive(text: str, gross: int, bps: int = 1900) -> InvoiceLine:
    tax = included_tax(gross, bps)
    return line(text, gross - tax, tax, bps)


def invoice(
    *lines: InvoiceLine, tip: int = 0, paid: int | None = None, **values: Any
) -> InvoiceDocument:
    """An invoice over ``lines``, its sums worked out; paid in full unless told otherwise."""
    currency = lines[0].net.currency
    rates = sorted({one.tax_bps for one in lines})
    net, tax = sum(one.net.minor for one in lines), sum(one.tax.minor for one in lines)
    gross = net + tax + tip
    settled = gross if paid is None else paid
    amounts = {"net": net, "tax": tax, "tip": tip, "gross": gross, "paid": settled}
    defaults: dict[str, Any] = {
        "number": "2026-0042",
        "issued_on": date(2026, 11, 24),
        "service_date": date(2026, 11, 23),
        "booking_code": "K7F-29Q",
        "language": "de",
        "seller": SALON,
        "customer": Party(name="Clara Weißmüller", address=("Gneisenaustraße 7", "10961 Berlin")),
        "brand": Brand(logo_text="Salon Magenta", primary="#c2185b", accent="#f8bbd0"),
        "payment_note": "Bezahlt mit Karte am 24. November 2026.",
    }
    return InvoiceDocument(
        currency=currency,
        lines=lines,
        tax_rows=tuple(
            TaxRow(
                rate_bps=bps,
                net=Money(sum(one.net.minor for one in lines if one.tax_bps == bps), currency),
                tax=Money(sum(one.tax.minor for one in lines if one.tax_bps == bps), currency),
            )
            for bps in rates
        ),
        totals=Totals(
            **{name: Money(minor, currency) for name, minor in amounts.items()},
            due=Money(gross - settled, currency),
        ),
        **{**defaults, **values},
    )


def pages(pdf: bytes) -> list[str]:
    """The text of each page, with one plain space wherever there is any white space."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def printed(document: InvoiceDocument) -> str:
    return " ".join(pages(render(document)))


def test_a_german_invoice_prints_its_texts_and_totals() -> None:
    text = printed(invoice(inclusive("Schnitt & Föhnen", 6900), inclusive("Pflegeöl", 2450, 700)))
    for expected in (
        "Rechnung 2026-0042",
        "Rechnung an Clara Weißmüller Gneisenaustraße 7 10961 Berlin",
        "Rechnungsdatum 24. November 2026",
        "Leistungsdatum 23. November 2026",
        "Buchung K7F-29Q",
        "Schnitt & Föhnen 1 57,98 € 11,02 € 19 % 69,00 €",
        "7 % 22,90 € 1,60 €",
        "Netto 80,88 €",
        "MwSt. 19 % 11,02 €",
        "Gesamtbetrag EUR 93,50 €",
        "Bezahlt −93,50 €",
        "Offener Betrag 0,00 €",
        "Bezahlt mit Karte am 24. November 2026.",
        "USt-IdNr. DE312456789 · hallo@salon-magenta.example",
        "Seite 1 von 1",
    ):
        assert expected in text


def test_an_american_invoice_is_on_letter_paper_with_tax_tip_and_what_is_due() -> None:
    document = invoice(
        line("Coaching", 10000, share(10000, 800), 800, "USD"),
        tip=1500,
        paid=5000,
        seller=COACH,
        language="en-US",
    )
    pdf = render(document)
    text = pages(pdf)[0]
    assert PdfReader(io.BytesIO(pdf)).pages[0].mediabox[2:] == [612, 792]
    for expected in (
        "Issued November 24, 2026",
        "Tax 8% $8.00",
        "Tip $15.00",
        "Total USD $123.00",
        "Paid −$50.00",
        "Amount due $73.00",
    ):
        assert expected in text
    assert "VAT" not in text


def test_the_same_document_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    document = invoice(inclusive("Schnitt", 6900), inclusive("漢字 Glossing", 3900, 700))
    program = (
        "import json, sys\n"
        "from bookra.engine.invoices.pdf import render\n"
        "from bookra.engine.invoices.stored import from_json\n"
        "stored = json.load(sys.stdin)\n"
        "sys.stdout.buffer.write(render(from_json(stored)))\n"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(to_json(document)).encode(),
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={
            **os.environ,
            "TZ": "Pacific/Auckland",
            "PYTHONHASHSEED": "7",
            "SOURCE_DATE_EPOCH": "1",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
    )
    assert elsewhere.stdout == render(document)


def test_forty_lines_flow_over_pages_that_repeat_the_head_and_count() -> None:
    texts = pages(render(invoice(*(inclusive(f"Behandlung {i:02}.", 4900) for i in range(40)))))
    assert len(texts) == 3
    for number, text in enumerate(texts, 1):
        assert "Leistung Menge Netto MwSt. Betrag" in text
        assert f"Seite {number} von 3" in text
    found = [i for i in range(40) if sum(f"Behandlung {i:02}." in text for text in texts) == 1]
    assert found == list(range(40))
    assert "Gesamtbetrag EUR 1.960,00 €" in texts[-1]


@pytest.mark.parametrize(
    "hostile",
    [
        '#panic("x")',
        '#import "/etc/passwd"',
        "$ x^2 $ *bold* _it_ `raw`",
        "C:\\temp \\u{41} // no /* comment */",
        "= heading @ref <label> ~ -- ... 'q'",
        '</b> & ]] } "',
    ],
)
def test_markup_in_a_text_is_printed_and_never_run(hostile: str) -> None:
    document = invoice(
        inclusive(hostile, 6900),
        customer=Party(name=hostile),
        brand=Brand(logo_text=hostile, primary="#c2185b", accent="#c2185b"),
        number=hostile,
    )
    paper = typeset(document)
    assert paper.replaced == ()
    assert pages(paper.pdf)[0].count(" ".join(hostile.split())) >= 4


def test_names_of_europe_and_the_near_east_need_no_replacement() -> None:
    names = ["Łukasz Nguyễn Ștefan Ğ", "Ελένη", "Дарья Її", "מיכל", "مريم"]
    paper = typeset(invoice(inclusive("Schnitt", 6900), customer=Party(name=" ".join(names))))
    assert paper.replaced == ()
    assert BOX not in pages(paper.pdf)[0]


@pytest.fixture
def own_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The typesetter's own fonts alone, as where the system has none."""
    monkeypatch.setattr(printing, "_everybodys", printing._own)
    printing._prints.cache_clear()
    yield
    printing._prints.cache_clear()


@pytest.mark.usefixtures("own_fonts")
def test_a_character_without_a_glyph_is_shown_as_a_box_and_named() -> None:
    paper = typeset(invoice(inclusive("Schnitt 😀", 6900), customer=Party(name="山田 Ａｎａ")))
    text = pages(paper.pdf)[0]
    assert paper.replaced == ("山", "田", "Ａ", "ａ", "ｎ", "😀")
    assert "□□ Ana" in text
    assert "Schnitt □" in text
    assert "Nicht in der Schrift: U+5C71, U+7530, U+FF21, U+FF41, U+FF4E, U+1F600" in text


def test_the_fonts_of_the_system_are_asked_for_what_the_typesetter_lacks_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def everybodys() -> object:
        asked.append("the system's")
        return printing._own()

    monkeypatch.setattr(printing, "_everybodys", everybodys)
    typeset(invoice(inclusive("Schnitt", 6900), customer=Party(name="Žofie Ζωή")))
    assert asked == []
    typeset(invoice(inclusive("Schnitt", 6900), customer=Party(name="山田花子")))
    assert asked


@pytest.mark.usefixtures("own_fonts")
def test_glyphs_that_do_not_go_side_by_side_leave_the_rest_legible() -> None:
    """Alone, each of the two prints; together the typesetter refuses them."""
    name = "Zoë \u041e\u0951"
    assert typeset(invoice(inclusive("Schnitt", 6900), note="\u041e \u0951")).replaced == ()
    paper = typeset(invoice(inclusive("Föhnen", 6900), customer=Party(name=name)))
    assert paper.replaced == ("\u041e", "\u0951")
    assert "Zoë □□" in pages(paper.pdf)[0]
    assert "Föhnen 1 57,98 €" in pages(paper.pdf)[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ana\x00\x07 Weiß", "Ana Weiß"),
        ("\u202eAna\u2028\u2066Weiß", "Ana Weiß"),
        ("Ana\ud800Weiß", "Ana□Weiß"),
    ],
)
def test_control_characters_can_neither_stop_nor_turn_a_text(name: str, expected: str) -> None:
    document = invoice(inclusive("Schnitt", 6900), customer=Party(name=name))
    assert f"Rechnung an {expected}" in printed(document)


def test_a_panic_of_the_typesetter_is_taken_as_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks in two directions cause one; the cleaning that keeps them out is switched off here."""
    monkeypatch.setattr("bookra.engine.invoices.paper._CLEANED", {})
    document = invoice(inclusive("Schnitt", 6900), customer=Party(name="Ana \u202e\t\u0eb7"))
    assert "Rechnung an Ana" in printed(document)


def test_a_word_longer_than_its_column_breaks_and_stays_whole() -> None:
    pdf = render(invoice(inclusive("W" * 300, 6900)))
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    runs = [part for part in page.extract_text().splitlines() if set(part.strip()) == {"W"}]
    assert len(runs) > 5
    assert sum(run.count("W") for run in runs) == 300


def test_a_language_without_labels_is_printed_in_english_throughout() -> None:
    text = printed(invoice(inclusive("Corte", 6900), language="pt-BR"))
    assert "Invoice 2026-0042" in text
    assert "Issued 24 November 2026" in text
    assert "Net 57,98 €" in text


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr-FR", ("Facture", "24 novembre 2026", "TVA 19 % 11,02 €", "Reste à payer")),
        ("es", ("Factura", "24 de noviembre de 2026", "IVA 19 % 11,02 €", "Importe pendiente")),
        ("en-GB", ("Invoice", "24 November 2026", "VAT 19% €11.02", "Amount due")),
        ("de_AT", ("Rechnung", "24. November 2026", "MwSt. 19 % € 11,02", "Offener Betrag")),
    ],
)
def test_labels_dates_and_amounts_follow_the_language(
    language: str, expected: tuple[str, ...]
) -> None:
    text = printed(invoice(inclusive("Schnitt", 6900), language=language))
    assert [part for part in expected if part not in text] == []


@pytest.mark.parametrize(
    ("currency", "minor", "expected"),
    [("JPY", 1234567, "¥1,234,567"), ("KWD", 1234567, "KWD 1,234.567"), ("IQD", 1500, "IQD 1.500")],
)
def test_each_currency_has_its_own_decimal_places(currency: str, minor: int, expected: str) -> None:
    assert f"Total {currency} {expected}" in printed(
        invoice(line("Cut", minor, 0, 0, currency), language="en", seller=COACH)
    )


def test_a_seller_without_tax_shows_none() -> None:
    text = printed(invoice(inclusive("Maniküre", 4500, 0), note="Gemäß § 19 UStG ohne Steuer."))
    assert "Maniküre 1 45,00 €" in text
    assert "Gemäß § 19 UStG ohne Steuer." in text
    assert "MwSt." not in text
    assert "Netto" not in text


def test_a_credit_note_names_its_invoice_and_says_refunded() -> None:
    text = printed(invoice(inclusive("Schnitt", -6900), kind="credit_note", corrects="2026-0040"))
    assert "Rechnungskorrektur 2026-0042" in text
    assert "Zu Rechnung 2026-0040" in text
    assert "Gesamtbetrag EUR −69,00 €" in text
    assert "Erstattet 69,00 €" in text


def test_the_file_is_an_archive_pdf_with_a_title_and_the_invoices_date() -> None:
    pdf = render(invoice(inclusive("Schnitt", 6900)))
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.metadata is not None
    assert reader.metadata.title == "Rechnung 2026-0042"
    assert str(reader.metadata["/CreationDate"]) == "D:20261124000000Z"
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf


def test_it_prints_when_the_working_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert render(invoice(inclusive("Schnitt", 6900))).startswith(b"%PDF-")


@given(st.tuples(*[st.integers(0, 255)] * 3), st.sampled_from([3.0, 4.5]))
def test_any_brand_colour_becomes_legible_on_white(rgb: tuple[int, int, int], least: float) -> None:
    shade = legible("#{:02x}{:02x}{:02x}".format(*rgb), least)
    parts = [int(shade[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    luminance = sum(map(operator.mul, (0.2126, 0.7152, 0.0722), linear))
    assert 1.05 / (luminance + 0.05) >= least


def test_a_dark_brand_colour_is_left_alone_and_a_pale_one_keeps_its_hue() -> None:
    assert legible("#c2185b", 4.5) == "#c2185b"
    pale = legible("#ffe4f0", 4.5)
    red, green, blue = (int(pale[at : at + 2], 16) for at in (1, 3, 5))
    assert red > blue > green


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
AMOUNTS = st.integers(-(10**12), 10**12)
SOLD = st.lists(st.tuples(TEXTS, AMOUNTS, AMOUNTS), min_size=1, max_size=4)


@given(TEXTS, SOLD, AMOUNTS, st.none() | st.dates(), st.sampled_from(["invoice", "credit_note"]))
def test_a_stored_document_reads_back_equal(
    name: str, sold: list[tuple[str, int, int]], tip: int, served: date | None, kind: str
) -> None:
    lines = [line(text, net, tax, 1900) for text, net, tax in sold]
    who = Party(name=name, address=(name,))
    document = invoice(*lines, tip=tip, customer=who, note=name, service_date=served, kind=kind)
    stored = json.loads(json.dumps(to_json(document)))
    assert from_json(stored) == document


@pytest.mark.parametrize("version", [2, "1", None])
def test_an_unknown_version_is_refused_with_its_number(version: object) -> None:
    stored = {**to_json(invoice(inclusive("Schnitt", 6900))), "version": version}
    with pytest.raises(InvalidInputError, match=f"version {version!r}") as refused:
        from_json(stored)
    assert refused.value.code == "invoice_version"


def test_a_document_that_does_not_add_up_is_refused() -> None:
    document = invoice(inclusive("Schnitt", 6900))
    with pytest.raises(ValueError, match=r"the lines' net is 115.96 EUR, the total says 57.98 EUR"):
        replace(document, lines=document.lines * 2)
    with pytest.raises(ValueError, match=r"the tax rows' net is 0.00 EUR"):
        replace(document, tax_rows=())
    with pytest.raises(ValueError, match="don't add up"):
        replace(document.totals, due=Money(1, "EUR"))
    with pytest.raises(ValueError, match=r"is not 0.01 EUR"):
        replace(document.lines[0], gross=Money(1, "EUR"))


def test_a_document_in_two_currencies_is_refused() -> None:
    with pytest.raises(ValueError, match="EUR and USD can't be added"):
        invoice(inclusive("Schnitt", 6900), line("Cut", 6900, 0, 1900, "USD"))
    with pytest.raises(ValueError, match="USD and EUR can't be added"):
        replace(invoice(inclusive("Schnitt", 6900)), currency="USD")


def test_a_colour_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'red' is not a colour"):
        Brand(logo_text="x", primary="red", accent="#000000")
