"""The day sheet by commands: by person, with phones, notes and dues, whatever people are called."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

from front_desk import Desk
from pypdf import PdfReader
from rich.cells import cell_len

from bookra.engine.bookings.actions import check_in
from bookra.engine.people.editing import Change, change_customer

ODD = (
    "Marie-Luise Friederike von und zu Hohenstein-Wolkersdorf am Großen Heidesee Junior",
    "山田 花子",
    "هدى حداد",
    "Zoë 🦄 King",
    "#strong[Eve] $x$ \\ \x1b[2J",
)


def furnish(desk: Desk) -> str:
    """Book tomorrow for people of every name; returns the day."""
    salon = desk.salon
    day = (salon.now.astimezone(salon.zone) + timedelta(days=1)).date()
    day += timedelta(days=day.weekday() == 6)
    for number, name in enumerate(ODD):
        who = salon.customer(name, phone=f"+493090182{number}0")
        hour = 9 + number
        salon.book(f"{day}T{hour:02d}:00", staff="ana" if number % 2 else "ben", customer=who)
        note = "Allergic to ammonia; " * 6 if number == 0 else ""
        salon.act(lambda tx, who=who, note=note: change_customer(tx, who.id, Change(notes=note)))
    return day.isoformat()


def test_the_text_keeps_its_columns_whatever_people_are_called(desk: Desk) -> None:
    day = furnish(desk)
    text = desk("day", day, "--text", "-", check=True).stdout
    assert max(cell_len(row) for row in text.splitlines()) <= 78
    assert "\x1b" not in text
    visits = [row for row in text.splitlines() if row[2:3] == ":" and row.endswith("45.00")]
    assert len(visits) == len(ODD)
    assert {cell_len(row) for row in visits} == {78}
    assert "Allergic to ammonia" in text
    assert "+493090182" in text
    assert f"{len(ODD)} visits · €225.00 booked · €225.00 to be paid" in text


def test_the_pdf_names_everybody_and_is_its_owners_alone(desk: Desk, tmp_path: Path) -> None:
    day, file = furnish(desk), tmp_path / "day.pdf"
    made = desk("day", day, "--pdf", str(file), "--json", check=True).json
    assert made == {"day": day, "visits": len(ODD), "pdf": str(file)}
    assert file.stat().st_mode & 0o777 == 0o600
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(file.read_bytes())).pages)
    assert "#strong[Eve] $x$" in text
    assert "Friederike" in text
    assert "Allergic to ammonia" in text
    assert "Ana" in text
    assert "Ben" in text


def test_both_files_are_written_and_the_dues_add_up(desk: Desk, tmp_path: Path) -> None:
    day = furnish(desk)
    salon = desk.salon
    codes = [row["code"] for row in desk("day", day, "--json", check=True).json["visits"]]
    later = salon.at(salon.local(f"{day}T09:00"))
    later.act(lambda tx: check_in(tx, codes[0]))
    pdf, text = tmp_path / "a.pdf", tmp_path / "a.txt"
    desk("day", day, "--pdf", str(pdf), "--text", str(text), check=True)
    assert "Checked in" in text.read_text("utf-8")
    assert text.stat().st_mode & 0o777 == 0o600
    assert pdf.read_bytes()[:4] == b"%PDF"


def test_a_day_without_anybody_is_a_sheet_as_well(desk: Desk) -> None:
    text = desk("day", "2031-06-01", "--text", "-", check=True).stdout
    assert "Nobody works on this day." in text


def test_files_that_can_not_be_written_are_refused(desk: Desk, tmp_path: Path) -> None:
    assert desk("day", "--pdf", str(tmp_path / "no" / "day.pdf")).code == 6
    assert desk("day", "--pdf", "-").code == 2
    assert desk("day", "soon", "--text", "-").code == 6
