"""What is read from CSV files as other programs export them, down to the last stray mark."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.people.csv_lines import (
    LONGEST_LINE,
    MAX_BYTES,
    PIECE_BYTES,
    Sheet,
    open_sheet,
    read_sheet,
)
from bookra.engine.people.csv_people import (
    Columns,
    Person,
    Rejected,
    known_columns,
    phone_as_written,
    read_person,
)
from bookra.errors import InvalidInputError

HEADER = "Name;Phone;E-mail\n"


def sheet_of(content: str | bytes) -> Sheet:
    return read_sheet(content.encode() if isinstance(content, str) else content, known_columns)


def people(content: str | bytes, country: str = "DE") -> list[Person | Rejected]:
    sheet = sheet_of(content)
    columns = Columns.of(sheet.header)
    return [read_person(record, columns, country) for record in sheet.records()]


def kept(content: str | bytes) -> list[tuple[str, str | None, str | None]]:
    """Return name, phone and e-mail of each line, none of which may be rejected."""
    found = people(content)
    assert all(isinstance(line, Person) for line in found), found
    return [(line.name, line.phone, line.email) for line in found if isinstance(line, Person)]


def names(content: str | bytes) -> list[str]:
    return [name for name, _phone, _email in kept(content)]


def codes(content: str | bytes) -> dict[int, str]:
    """Return the lines that are rejected, and the code of each."""
    return {line.line: line.code for line in people(content) if isinstance(line, Rejected)}


def refusal(content: str | bytes) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        people(content)
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"], ids=str)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old-mac"])
def test_encodings_delimiters_and_line_ends_are_found_out(
    encoding: str, delimiter: str, ending: str
) -> None:
    text = ending.join(
        [f"Name{delimiter}Téléphone", f"Zoë Müller{delimiter}030 901820", f"Emil Berg{delimiter}"]
    )
    assert kept(text.encode(encoding)) == [
        ("Zoë Müller", "+4930901820", None),
        ("Emil Berg", None, None),
    ]


def test_only_a_western_file_without_a_mark_is_a_guess() -> None:
    assert sheet_of("Name\nMüller".encode("cp1252")).guessed
    assert not sheet_of("Name\nMüller").guessed
    assert not sheet_of("Name\nMüller".encode("utf-16")).guessed


def test_one_damaged_line_does_not_garble_the_names_of_a_utf_8_file() -> None:
    found = people("Name\nZoë\nМария\n".encode() + b"M\xfcller\n")
    assert [line.name for line in found if isinstance(line, Person)] == ["Zoë", "Мария"]
    assert [line.code for line in found if isinstance(line, Rejected)] == ["bad_text"]


def test_the_separator_line_of_excel_is_followed_and_counted() -> None:
    assert codes("sep=;\nName;Phone\nRosa;1\n") == {3: "bad_phone"}


def test_a_header_in_quotes_is_split_by_its_own_delimiter() -> None:
    assert kept('"Last, first";"Name";"Handy"\n"x";"Vega, Rosa";"030 901820"\n') == [
        ("Vega, Rosa", "+4930901820", None)
    ]


def test_the_end_mark_of_old_systems_is_no_line() -> None:
    assert names("Name\r\nRosa\r\n\x1a") == ["Rosa"]


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("First Name,Last Name", "Rosa,Vega", "Rosa Vega"),
        ("LAST_NAME,first-name", "Vega,Rosa", "Rosa Vega"),
        ("Vorname,Nachname", "Rosa,Vega", "Rosa Vega"),
        ("Vorname,Name", "Rosa,Vega", "Rosa Vega"),
        ("Vorname,Name", "Rosa,Rosa Vega", "Rosa Vega"),
        ("Full Name,First Name,Last Name", "Rosa Vega,Rosa,Vega", "Rosa Vega"),
        ("Full Name,First Name,Last Name", "Rosa Vega,,-", "Rosa Vega"),
        ("Nombre,Apellidos", "Rosa,Vega Ruiz", "Rosa Vega Ruiz"),
        ("Prénom,Nom", "Rosa,Vega", "Rosa Vega"),
        ("Imię,Nazwisko", "Rosa,Vega", "Rosa Vega"),
        ("Nome", "Rosa", "Rosa"),
        (" CLIENT NAME ", "Rosa Vega", "Rosa Vega"),
    ],
)
def test_names_are_found_by_the_headers_of_many_programs(header: str, row: str, name: str) -> None:
    assert names(f"{header}\n{row}\n") == [name]


@pytest.mark.parametrize(
    "header",
    ["Mobile", "Phone Number", "Cell Phone", "Telefon", "Handy", "Teléfono", "Phone 1 - Value"],
)
def test_phones_are_found_by_the_headers_of_many_programs(header: str) -> None:
    assert kept(f"Name,{header}\nRosa,030901820\n") == [("Rosa", "+4930901820", None)]


@pytest.mark.parametrize("header", ["E-mail", "EMAIL", "Email Address", "E-Mail-Adresse", "Mail"])
def test_addresses_are_found_by_the_headers_of_many_programs(header: str) -> None:
    assert kept(f"Name,{header}\nRosa,Rosa@Example.com\n") == [("Rosa", None, "rosa@example.com")]


def test_of_two_phone_columns_the_mobile_one_comes_first() -> None:
    rows = "Rosa,030 901820,0170 1234567\nEmil,030 901821,\n"
    assert kept("Name,Phone,Mobile\n" + rows) == [
        ("Rosa", "+491701234567", None),
        ("Emil", "+4930901821", None),
    ]


def test_columns_without_room_are_named() -> None:
    columns = Columns.of(sheet_of("Name,Birthday,,Notes,Phone,Language\n").header)
    assert columns.ignored == ["Birthday", "Notes", "Language"]


@pytest.mark.parametrize(
    ("written", "country", "phone"),
    [
        ("+49 (0)30 901820", "DE", "+4930901820"),
        ("+34 (0)912 345 678", "ES", "+34912345678"),
        ("'030 901820", "DE", "+4930901820"),
        ('="030 901820"', "DE", "+4930901820"),
        ("=+4930901820", "DE", "+4930901820"),
        ("30901820", "DE", "+4930901820"),
        ("4930901820", "DE", "+4930901820"),
        ("030901820.0", "DE", "+4930901820"),
        ("030/90-18 20", "DE", "+4930901820"),
        ("+49 (0) 30 / 901820", "DE", "+4930901820"),
        ("tel:+4930901820", "DE", "+4930901820"),
        ("030 901820 ext. 5", "DE", "+4930901820"),
        ("030 901820,", "DE", "+4930901820"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("٠٣٠٩٠١٨٢٠", "DE", "+4930901820"),
    ],
)
def test_a_phone_number_is_restored_without_a_guess(written: str, country: str, phone: str) -> None:
    assert phone_as_written(written, country) == phone


@pytest.mark.parametrize(
    "written",
    [
        "4.93E+11",
        "4,93E+11",
        "4.9301E11",
        "12",
        "030 901820 Mutter",
        "call me",
        "030 901820 / 0170 1234567",
        "030 901820/21",
        "030 1 / 0170 1",
        "030 901820, 901821",
    ],
)
def test_a_phone_number_that_would_be_a_guess_is_refused(written: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        phone_as_written(written, "DE")
    assert caught.value.code == "bad_phone"


def test_a_reason_names_the_column_and_not_what_is_in_it() -> None:
    found = people("Name,Handy,E-mail\nRosa,4.93E+11,\nRosa,,nobody\n")
    assert [line.reason for line in found if isinstance(line, Rejected)] == [
        "'Handy' was rounded by a spreadsheet: format it as text and export it again",
        "'E-mail' holds no e-mail address",
    ]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Zoe\u0308", "Zoë"),
        ("\ufeffRo\u200bsa\u00ad\u2060", "Rosa"),
        ("\u00a0Rosa\u00a0\u00a0Vega\u3000", "Rosa Vega"),
        ('"Rosa\nVega"', "Rosa Vega"),
        ("\u202eRosa\u202c", "Rosa"),
        ("علی\u200cرضا", "علی رضا"),
        ("陳大文", "陳大文"),
        ("श्री देवी", "श्री देवी"),
        ("O’Neil-Núñez 3rd", "O’Neil-Núñez 3rd"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("'t Hooft", "'t Hooft"),
        ("Rosa \x00\x1b[31m", "Rosa [31m"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_what_can_not_be_seen(written: str, name: str) -> None:
    assert names(f"Name,Phone\n{written},030901820\n") == [name]


def test_every_bad_line_is_named_by_the_physical_line_it_begins_on() -> None:
    content = HEADER + (
        'Rosa;"030\n90\n18\n20";\n'  # 2 to 5: a quoted break is no fault
        "\n"
        ";;\n"
        ";030901821;\n"  # 8
        "Emil;12;\n"  # 9
        '"Ana\nMaria";;ana@\n'  # 10 and 11
        "Ben;;;;x\n"  # 12
        f"{'x' * 201};;\n"  # 13
        "Eva;;eva@example.com;;\n"  # 14: what is too much is empty
    )
    assert codes(content) == {
        8: "no_name",
        9: "bad_phone",
        10: "bad_email",
        12: "bad_columns",
        13: "bad_name",
    }


def test_a_line_with_notes_alone_is_nobody() -> None:
    assert codes("Name,Phone,Notes\n,-,likes tea\n") == {2: "nobody"}


def test_missing_columns_are_empty_but_a_name_alone_may_be_the_rest_of_a_note() -> None:
    content = "Name,Phone,E-mail,Notes\nRosa,030901820\nlikes tea\nEmil,,\n"
    assert codes(content) == {3: "bad_columns"}
    assert len(people(content)) == 3


def test_a_quotation_mark_that_is_never_closed_costs_its_own_line() -> None:
    content = HEADER + '"Rosa;030901820;\nEmil;030901821;\nAna;030901822;\n'
    assert codes(content) == {2: "bad_quotes"}
    assert len(people(content)) == 3


def test_a_mark_in_the_midst_costs_its_record_and_what_is_left_of_it() -> None:
    content = HEADER + '"The "best" one\nlikes tea";030901820;\nEmil;030901821;\nAna;;\n'
    assert codes(content) == {2: "bad_quotes"}
    broken = HEADER + '"The ""best" one;x\nlikes tea;030901820\nEmil;030901821;\n'
    assert codes(broken) == {2: "bad_quotes", 3: "bad_quotes"}


def test_marks_inside_a_cell_that_is_not_quoted_are_letters() -> None:
    assert names(HEADER + 'Rosa "Rosi" Vega;;\n') == ['Rosa "Rosi" Vega']


def test_a_cell_without_end_costs_its_own_line() -> None:
    content = HEADER + f'Rosa;;"{"x" * 200_000}\nEmil;030901821;\n'
    assert codes(content) == {2: "bad_quotes"}


def test_an_address_of_a_hundred_thousand_dots_is_refused_at_once() -> None:
    assert codes(HEADER + f"Rosa;;a@{'.' * 100_000}@\n") == {2: "bad_email"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf\r\n;;\r\n", "empty_file"),
        (b"PK\x03\x04rest", "not_csv"),
        (b"\x7fELF\x02\x01\x00\x00", "not_csv"),
        (b'"Name,Phone\nRosa,030901820\n', "not_csv"),
        (b"Phone,E-mail\n030901820,\n", "no_header"),
        (b"<html><body>Please log in</body></html>", "no_header"),
    ],
    ids=["empty", "blank", "workbook", "program", "open-quote", "nameless", "page"],
)
def test_a_file_that_is_no_list_of_people_is_refused_whole(content: bytes, code: str) -> None:
    assert refusal(content).code == code


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.csv").open("w+b") as file:
        file.truncate(MAX_BYTES + 1)
        with pytest.raises(InvalidInputError) as caught:
            open_sheet(file, known_columns)
    assert caught.value.code == "too_large"


def test_a_line_that_is_too_long_costs_itself_alone() -> None:
    cells = ";" * (2 * LONGEST_LINE)
    content = HEADER + f"Rosa;030901820;{cells}\nEmil;030901821;\n"
    assert codes(content) == {2: "bad_quotes"}


def test_a_file_is_read_as_it_comes_and_never_held(tmp_path: Path) -> None:
    lines = 8 * PIECE_BYTES // 400
    with (tmp_path / "long.csv").open("w+b") as file:
        file.write(HEADER.encode() + (b"Rosa;030901820;%s\n" % (b"x" * 400)) * lines)
        tracemalloc.start()
        try:
            sheet = open_sheet(file, known_columns)
            assert sum(1 for _ in sheet.records()) == lines
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert sheet.length == lines + 1
    assert peak < 6 * PIECE_BYTES  # some pieces of the file, of which it has more than eight


def test_a_header_without_names_is_shown_beside_what_is_accepted() -> None:
    error = refusal("Foo,Phone,Bar\n")
    assert "Foo, Phone, Bar" in error.message
    assert error.details["found"] == ["Foo", "Phone", "Bar"]
    assert "Vorname" in error.details["accepted"]["first"]


cells = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\x1a\ufffd"), max_size=12
)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6)
)


@given(
    tables,
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_program_quotes_is_read_as_it_was(
    rows: Sequence[Sequence[str]], delimiter: str, encoding: str, ending: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(["Name", *("Phone" for _ in rows[:1] for _ in rows[0][1:])])
    expected = []
    for row in rows:
        line = len(list(io.StringIO(text.getvalue(), newline=""))) + 1
        writer.writerow(row)
        if any(cell.strip() for cell in row):
            expected.append((line, tuple(row)))
    found = sheet_of(text.getvalue().encode(encoding)).records()
    assert [(record.line, record.cells) for record in found if not record.torn] == expected


@given(st.text(st.sampled_from(list('";\r\n a1@é.\u200b\x00')), max_size=80))
def test_no_mess_breaks_the_reading_and_no_line_is_named_twice(mess: str) -> None:
    found = people(HEADER + mess)
    lines = [line.line for line in found]
    assert lines == sorted(set(lines))
    physical = list(io.StringIO(HEADER + mess, newline=""))
    assert all(1 < line <= len(physical) for line in lines)


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reading(mess: bytes) -> None:
    assert len(people(HEADER.encode() + mess)) <= mess.count(b"\n") + mess.count(b"\r") + 1
