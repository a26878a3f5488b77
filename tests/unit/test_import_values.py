"""Cells of other programs' files: what can be read is read, what could be wrong is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.imports.columns import columns_of, parse_map
from bookra.engine.imports.values import (
    Reading,
    read_day,
    read_minutes,
    read_moment,
    read_price,
    read_time,
)
from bookra.engine.people.csv_lines import Record
from bookra.errors import BookraError, InvalidInputError
from bookra.money import format_minor

BERLIN = Reading(ZoneInfo("Europe/Berlin"), "EUR")
DAY = date(2026, 11, 24)


def code(read: object, *words: object) -> str:
    with pytest.raises(InvalidInputError) as refused:
        read(*words)  # type: ignore[operator]
    return refused.value.code


def test_a_day_is_read_in_every_way_that_means_one_day() -> None:
    for text in (
        "2026-11-24",
        "2026/11/24",
        "24.11.2026",
        "24.11.26",
        "24/11/2026",
        "11/24/2026",
        "24-11-2026",
        "Nov 24, 2026",
        "24 Nov 2026",
        "24. November 2026",
        "Tuesday, November 24, 2026",
        "Tue 24 Nov 2026",
        "24 novembre 2026",
    ):
        assert read_day(text, None) == DAY, text
    assert read_day("05/05/2026", None) == date(2026, 5, 5)


def test_a_day_that_may_be_two_is_refused_until_somebody_says_which() -> None:
    assert code(read_day, "03/04/2026", None) == "ambiguous_date"
    assert read_day("03/04/2026", "dmy") == date(2026, 4, 3)
    assert read_day("03/04/2026", "mdy") == date(2026, 3, 4)
    assert read_day("03.04.2026", "mdy") == date(2026, 4, 3)  # dots are never American
    for text in ("", "31.02.2026", "2026-13-01", "13/13/2026", "tomorrow", "24.11.0026", "1/2"):
        assert code(read_day, text, "dmy") == "bad_date", text


def test_clocks_of_twelve_and_of_twenty_four_hours_are_told_apart() -> None:
    for text, wanted in (
        ("14:30", time(14, 30)),
        ("2:30 PM", time(14, 30)),
        ("2:30pm", time(14, 30)),
        ("2:30\u202fp.m.", time(14, 30)),
        ("12:05 am", time(0, 5)),
        ("12 pm", time(12)),
        ("14:30:00", time(14, 30)),
        ("9.15", time(9, 15)),
        ("14:30 Uhr", time(14, 30)),
    ):
        assert read_time(text) == wanted, text
    for text in ("14", "25:00", "13:00 pm", "0:30 am", "9:60", "noon", ""):
        assert code(read_time, text) == "bad_time", text


def test_a_moment_is_a_day_and_its_time_in_the_files_zone_or_its_own() -> None:
    wanted = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    for day, clock_text in (
        ("2026-11-24 14:30", None),
        ("2026-11-24T14:30:00", ""),
        ("2026-11-24T13:30:00Z", None),
        ("2026-11-24T08:30:00-05:00", None),
        ("24.11.2026", "14:30"),
        ("24.11.2026 00:00", "14:30"),
        ("11/24/2026, 2:30 PM", None),
        ("Nov 24, 2026 at 2:30 pm", None),
        ("24 Nov 2026, 14:30", None),
    ):
        assert read_moment(day, BERLIN, clock_text) == wanted, day
    assert code(read_moment, "2026-11-24", BERLIN) == "bad_time"
    assert code(read_moment, "2026-03-29 02:30", BERLIN) == "time_skipped"


def test_lengths_and_amounts_are_read_as_people_write_them() -> None:
    for text, minutes in (
        ("45", 45),
        ("90 min", 90),
        ("1h 30min", 90),
        ("1h", 60),
        ("1:30", 90),
        ("2h 35m", 155),
        ("45.0", 45),
    ):
        assert read_minutes(text) == minutes, text
    for text in ("", "0", "soon", "1500", "1h 1h"):
        assert code(read_minutes, text) == "bad_duration", text
    for text, minor in (
        ("45", 4500),
        ("45.00", 4500),
        ("45,50", 4550),
        ("€45.50", 4550),
        ("45,50 €", 4550),
        ("EUR 1.234,50", 123450),
        ("$1,234.50", 123450),
        ("1'234.50", 123450),
        ("1.234", 123400),
        ("1,234,567", 123456700),
        ("Free", 0),
        ("45.500,5", 4550050),
    ):
        assert read_price(text, "EUR").minor == minor, text
    for text in ("", "45.505.1", "45.1234", "cheap", "-5", "4 5"):
        assert code(read_price, text, "EUR") == "bad_amount", text
    assert code(read_price, "1.234", "KWD") == "ambiguous_amount"


@given(st.integers(0, 10**9), st.sampled_from(["EUR", "JPY"]), st.sampled_from(",."))
def test_every_amount_is_read_back_with_either_mark(minor: int, currency: str, mark: str) -> None:
    text = format_minor(minor, currency).replace(".", mark)
    assert read_price(text, currency).minor == minor


@given(st.text(max_size=30))
def test_no_cell_makes_reading_fail_in_another_way(text: str) -> None:
    said = []
    for read in (
        lambda: read_moment(text, BERLIN),
        lambda: read_moment(text, BERLIN, text),
        lambda: read_minutes(text),
        lambda: read_price(text, "EUR"),
    ):
        try:
            read()
        except BookraError as error:
            said.append(error.message)
    assert len(text.strip()) < 4 or not any(text in message for message in said)


FRESHA = (
    "Appt. ref.,Client,Team member,Resource,Status,Created date,Scheduled date,Cancelled date,"
    "Category,Service,Duration (mins),Appt. slot,Created by,Location,Net sales"
).split(",")


def test_the_columns_of_the_known_layouts_are_found() -> None:
    fresha = columns_of("appointment", FRESHA, "fresha")
    cells = [str(number) for number in range(len(FRESHA))]
    said = fresha.cells(Record(2, tuple(cells)))
    wanted = {"reference": 0, "name": 1, "staff": 2, "status": 4, "start": 6, "service": 9}
    assert {field: said[field] for field in wanted} == {f: str(n) for f, n in wanted.items()}
    assert (said["minutes"], said["price"]) == ("10", "14")
    square = columns_of(
        "service", ["Token", "Item Name", "Variation Name", "SKU", "Price", "Category"], "square"
    )
    assert square.ignored == ["SKU"]
    easy = columns_of(
        "appointment",
        "id,start_datetime,end_datetime,service,provider,first_name,last_name,phone_number".split(
            ","
        ),
        "easyappointments",
    )
    assert set(easy.places) == set("reference start end service staff first last phone".split())


def test_a_column_that_is_named_goes_before_those_that_are_known() -> None:
    header = ["Client", "Wer", "Date", "Service", "Staff", "Wann, genau"]
    chosen = parse_map(["name=Wer,start=Wann, genau"])
    assert chosen == {"name": "Wer", "start": "Wann, genau"}
    columns = columns_of("appointment", header, chosen=chosen)
    assert (columns.places["name"], columns.places["start"]) == ((1,), (5,))
    assert columns.ignored == ["Client", "Date"]


def test_what_can_not_be_mapped_is_refused_with_what_there_is() -> None:
    header = ["Client", "Date", "Service", "Staff"]
    for mapped, wanted in (
        ("nonsense", "bad_map"),
        ("name=", "bad_map"),
        ("shoe=Client", "unknown_field"),
        ("name=Kunde", "no_column"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            columns_of("appointment", header, chosen=parse_map([mapped]))
        assert refused.value.code == wanted
    assert code(columns_of, "appointment", ["Client", "Date"]) == "no_header"
    assert code(columns_of, "appointment", header, "fresha") == "other_layout"
    assert code(columns_of, "appointment", header, "outlook") == "unknown_layout"
    assert code(columns_of, "staff", ["Name"], "square") == "unknown_layout"
