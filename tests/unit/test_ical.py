"""Reading iCalendar files: what is busy when, and what is left out by name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.availability.calendars.busy import (
    BusyTime,
    BusyTimes,
    Skipped,
    busy_times,
    overlapping,
)
from bookra.engine.availability.calendars.file import MAX_BYTES, MAX_UID, read_calendar
from bookra.errors import InvalidInputError

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
START = datetime(2026, 11, 21, 23, tzinfo=UTC)
UNTIL = datetime(2027, 11, 23, 23, tzinfo=UTC)


def calendar(*events: str, before: str = "") -> bytes:
    """Return a file with these events; each is the lines between BEGIN and END."""
    parts = [f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT" for event in events]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", before, *parts, "END:VCALENDAR", ""]
    return "\n".join(line for line in lines if line).replace("\n", "\r\n").encode() + b"\r\n"


def read(
    content: bytes, home: ZoneInfo = BERLIN, start: datetime = START, until: datetime = UNTIL
) -> BusyTimes:
    return busy_times(read_calendar(content), home, start, until)


def spans(*events: str, home: ZoneInfo = BERLIN, before: str = "") -> list[str]:
    """Return the busy times in UTC, of events of which nothing may be skipped."""
    result = read(calendar(*events, before=before), home)
    assert result.skipped == []
    return [f"{time.start:%m-%d %H:%M}/{time.end:%m-%d %H:%M}" for time in result.times]


def reason(event: str) -> str:
    """Return why an event is left out, beside a good one that must not be."""
    good = "UID:good\nDTSTART:20261201T090000Z\nDTEND:20261201T100000Z"
    result = read(calendar(event, good))
    assert [time.uid for time in result.times] == ["good"]
    (skipped,) = result.skipped
    assert skipped.component == "VEVENT 1"
    return skipped.reason


def test_an_event_in_utc_in_a_zone_and_without_one() -> None:
    assert spans(
        "UID:a\nDTSTART:20261124T090000Z\nDTEND:20261124T100000Z",
        "UID:b\nDTSTART;TZID=America/New_York:20261124T090000\nDURATION:PT90M",
        "UID:c\nDTSTART:20261124T200000\nDTEND:20261124T210000",
    ) == ["11-24 09:00/11-24 10:00", "11-24 14:00/11-24 15:30", "11-24 19:00/11-24 20:00"]


def test_a_floating_time_is_read_where_the_person_is() -> None:
    event = "UID:c\nDTSTART:20261124T200000\nDTEND:20261124T210000"
    assert spans(event, home=LORD_HOWE) == ["11-24 09:00/11-24 10:00"]


def test_all_day_is_from_midnight_to_midnight_there() -> None:
    one = "UID:a\nDTSTART;VALUE=DATE:20261124"
    three = "UID:b\nDTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261204"
    same = "UID:c\nDTSTART;VALUE=DATE:20261210\nDTEND;VALUE=DATE:20261210"
    lasting = "UID:d\nDTSTART;VALUE=DATE:20261220\nDURATION:P2D"
    assert spans(one, three, same, lasting) == [
        "11-23 23:00/11-24 23:00",
        "11-30 23:00/12-03 23:00",
        "12-09 23:00/12-10 23:00",
        "12-19 23:00/12-21 23:00",
    ]


@pytest.mark.parametrize(
    ("home", "day", "hours"),
    [
        (BERLIN, "20270328", 23),
        (BERLIN, "20271031", 25),
        (LORD_HOWE, "20270404", 24.5),
        (LORD_HOWE, "20271003", 23.5),
        (ZoneInfo("Africa/Cairo"), "20270430", 23),  # midnight itself is skipped
    ],
)
def test_a_day_of_a_clock_change_has_its_own_length(home: ZoneInfo, day: str, hours: float) -> None:
    (time,) = read(calendar(f"UID:a\nDTSTART;VALUE=DATE:{day}"), home).times
    assert time.end - time.start == timedelta(hours=hours)
    assert time.start.astimezone(home).date() == date.fromisoformat(day)


def test_times_that_the_clock_skips_or_doubles_are_read_as_the_standard_says() -> None:
    assert spans(
        "UID:a\nDTSTART;TZID=Europe/Berlin:20270328T023000\nDURATION:PT1H",
        "UID:b\nDTSTART;TZID=Europe/Berlin:20271031T023000\nDURATION:PT1H",
        "UID:c\nDTSTART;TZID=Australia/Lord_Howe:20270404T014500\nDURATION:PT15M",
    ) == ["03-28 01:30/03-28 02:30", "04-03 14:45/04-03 15:00", "10-31 00:30/10-31 01:30"]


def test_a_duration_of_days_follows_the_calendar_and_one_of_hours_does_not() -> None:
    assert spans(
        "UID:a\nDTSTART;TZID=Europe/Berlin:20270327T120000\nDURATION:P1D",
        "UID:b\nDTSTART;TZID=Europe/Berlin:20270327T120000\nDURATION:PT24H",
    ) == ["03-27 11:00/03-28 10:00", "03-27 11:00/03-28 11:00"]


def test_free_cancelled_and_empty_events_take_no_time() -> None:
    span = "DTSTART:20261124T090000Z\nDTEND:20261124T100000Z"
    assert (
        spans(
            f"UID:a\n{span}\nTRANSP:TRANSPARENT",
            f"UID:b\n{span}\nSTATUS:CANCELLED",
            "UID:c\nDTSTART:20261124T090000Z",
        )
        == []
    )
    assert len(spans(f"UID:d\n{span}\nSTATUS:TENTATIVE\nTRANSP:OPAQUE")) == 1
    assert spans(f"UID:e\n{span}", before="METHOD:CANCEL") == []


def test_what_is_wholly_outside_the_window_is_left_out_and_what_touches_it_is_whole() -> None:
    assert spans(
        "UID:a\nDTSTART:20261120T090000Z\nDTEND:20261121T230000Z",
        "UID:b\nDTSTART:20261121T220000Z\nDTEND:20261122T010000Z",
        "UID:c\nDTSTART:20271123T230000Z\nDTEND:20271124T010000Z",
    ) == ["11-21 22:00/11-22 01:00"]


def test_own_events_do_not_come_back_as_busy() -> None:
    span = "DTSTART:20261124T090000Z\nDTEND:20261124T100000Z"
    result = read(
        calendar(
            f"UID:0190-1@bookra\n{span}",
            f"UID:x@google.com\nX-BOOKRA-CODE:LUN-7F3K\n{span}",
            f"UID:y\n{span}",
        )
    )
    assert [time.uid for time in result.times] == ["y"]
    assert (result.events, result.own, result.skipped) == (3, 2, [])


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("UID:a", "it has no DTSTART"),
        ("UID:a\nDTSTART:2026-11-24", "DTSTART '2026-11-24' can't be read"),
        ("UID:a\nDTSTART:20261341T090000Z", "DTSTART '20261341T090000Z' can't be read"),
        ("UID:a\nDTSTART:PT1H", "DTSTART 'PT1H' is no date"),
        ("UID:a\nDTSTART:20261124T090000Z\nDTEND:20261124T080000Z", "it ends before it starts"),
        ("UID:a\nDTSTART:20261124T090000Z\nDURATION:-PT1H", "DURATION '-PT1H' is no duration"),
        ("UID:a\nDTSTART:20261124T090000Z\nDURATION:1h", "DURATION '1h' can't be read"),
        ("UID:a\nDTSTART;TZID=Mars/Base:20261124T090000", "the time zone 'Mars/Base' is not known"),
        ("UID:a\nDTSTART;TZID=../x:20261124T090000", "the time zone '../x' is not known"),
        ("UID:a\nDTSTART;=:20261124T090000", "DTSTART can't be read"),
        ("UID:a\nDTSTART:00010101T000000\nDURATION:PT1H", "a time of it lies outside the calendar"),
    ],
)  # fmt: skip
def test_a_broken_event_is_named_and_the_rest_is_read(event: str, said: str) -> None:
    assert reason(event) == said


def test_an_event_without_an_end_is_named_and_the_next_one_is_read() -> None:
    content = calendar("UID:a\nDTSTART:20261124T090000Z\nBEGIN:VEVENT\nUID:b\n"
                       "DTSTART:20261125T090000Z\nDURATION:PT1H")  # fmt: skip
    result = read(content)
    assert result.skipped == [Skipped("VEVENT 1", "a", "it has no END:VEVENT")]
    assert [time.uid for time in result.times] == ["b"]


def test_a_file_that_breaks_off_is_said_to() -> None:
    whole = calendar(
        "UID:a\nDTSTART:20261124T090000Z\nDURATION:PT1H",
        "UID:b\nDTSTART:20261125T090000Z\nDURATION:PT1H",
    )
    for length in (len(whole) - 25, whole.index(b"UID:b") + 4):
        result = read(whole[:length])
        assert [time.uid for time in result.times] == ["a"]
        assert not result.whole
        assert result.skipped[-1].component == "VCALENDAR"


def test_alarms_and_other_parts_mean_nothing() -> None:
    alarm = "BEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:nonsense\nDTSTART:x\nEND:VALARM"
    todo = "BEGIN:VTODO\nUID:t\nDTSTART:nonsense\nEND:VTODO"
    event = f"UID:a\nDTSTART:20261124T090000Z\n{alarm}\nDURATION:PT1H\nGEO:nonsense"
    assert spans(event, before=todo) == ["11-24 09:00/11-24 10:00"]


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"\r\n", b"\n"),
        lambda content: content.replace(b"\r\n", b"\r"),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.decode().encode("utf-16"),
        lambda content: content.replace(b"DTSTART", b"dtstart").replace(b"VEVENT", b"vevent"),
        lambda content: content.replace(b"20261124", b"2026\r\n 1124"),
        lambda content: content.replace(b"UID:a", b"SUMMARY:M\xfcller\r\nUID:a"),
        lambda content: content.replace(b"BEGIN:VE", b"\r\n\r\nBEGIN:VE"),
    ],
    ids=["lf", "cr", "mark", "utf-16", "small letters", "folded", "latin-1", "empty lines"],
)
def test_a_file_is_read_however_it_was_saved(change: object) -> None:
    content = calendar("UID:a\nDTSTART:20261124T090000Z\nDTEND:20261124T100000Z")
    result = read(change(content))  # type: ignore[operator]
    assert (len(result.times), result.skipped) == (1, [])


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"%PDF-1.7", b"name,phone\r\n", b"BEGIN:VCARD"]
)
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_calendar(content)
    assert refused.value.code == "not_icalendar"


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_calendar(b"BEGIN:VCALENDAR\r\n" + b"X" * MAX_BYTES)
    assert refused.value.code == "too_large"


def test_events_without_a_uid_or_with_an_endless_one_get_one_that_stays() -> None:
    nameless = "DTSTART:20261124T090000Z\nDTEND:20261124T100000Z"
    endless = f"UID:{'u' * 5000}\nDTSTART:20261125T090000Z\nDTEND:20261125T100000Z"
    first, second = read(calendar(nameless, endless)), read(calendar(endless, nameless))
    assert {time.uid for time in first.times} == {time.uid for time in second.times}
    assert len(first.times) == 2
    assert all(len(time.uid) <= MAX_UID for time in first.times)


def test_two_events_that_share_a_uid_are_both_busy_and_an_older_version_is_not() -> None:
    first = "UID:a\nDTSTART:20261124T090000Z\nDURATION:PT1H"
    second = "UID:a\nDTSTART:20261124T120000Z\nDURATION:PT1H"
    assert len(spans(first, second)) == 2
    assert spans(first, f"{second}\nSEQUENCE:2", f"{first}\nSEQUENCE:1") == [
        "11-24 12:00/11-24 13:00"
    ]


@given(st.binary(max_size=300))
def test_no_content_whatever_raises_anything_else(noise: bytes) -> None:
    content = calendar("UID:a\nDTSTART:20261124T090000Z\nDURATION:PT1H")
    middle = content.index(b"DTSTART")
    result = read(content[:middle] + noise + content[middle:])
    assert result.events <= 1 + noise.upper().count(b"VEVENT")


NAMES = "DTSTART DTEND DURATION RRULE EXRULE RDATE EXDATE RECURRENCE-ID STATUS SEQUENCE UID".split()
VALUES = st.sampled_from(
    ["20261124T090000Z", "20261124T090000", "20261124", "PT1H", "P1D", "FREQ=DAILY", "",
     "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYDAY=MO,TU;COUNT=3", "99991231T235959Z",
     "00010101", "20261124T090000Z/PT1H", "20261124,20261125", "CANCELLED", "FREQ=DAILY;UNTIL=PT1H",
     "FREQ=HOURLY;BYHOUR=99", "P99999999999D", "²", "9" * 5000, "FREQ=DAILY;BYDAY=XX"]
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=7))
def test_no_mixture_of_properties_raises_or_hangs(lines: list[tuple[str, str]]) -> None:
    content = calendar("\n".join(f"{name}:{value}" for name, value in lines))
    result = read(content, until=START + timedelta(days=30))
    assert all(time.start < time.end for time in result.times)
    assert all(time.end > START for time in result.times)


def test_what_overlaps_is_named_once_and_what_only_touches_is_not() -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 11, 24, hour, tzinfo=UTC)

    times = [
        BusyTime("a", at(10), at(12)),
        BusyTime("b", at(11), at(13)),
        BusyTime("c", at(16), at(17)),
    ]
    spans = [
        (at(9), at(10), "before"),
        (at(9), at(11), "into"),
        (at(12), at(14), "out of"),
        (at(13), at(16), "between"),
        (at(9), at(18), "around"),
        (at(17), at(18), "after"),
    ]
    assert list(overlapping(times, spans)) == ["into", "around", "out of"]


def test_a_list_of_busy_times_is_read_without_those_that_are_free() -> None:
    lists = (
        "BEGIN:VFREEBUSY\nUID:list\nDTSTART:20261101T000000Z\nDTEND:20270101T000000Z\n"
        "FREEBUSY:20261124T090000Z/PT1H,20261125T090000Z/20261125T093000Z\n"
        "FREEBUSY;FBTYPE=FREE:20261126T090000Z/PT1H\n"
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261127T090000Z/PT2H\nEND:VFREEBUSY"
    )
    assert spans(before=lists) == [
        "11-24 09:00/11-24 10:00",
        "11-25 09:00/11-25 09:30",
        "11-27 09:00/11-27 11:00",
    ]
    broken = read(calendar(before=lists.replace("/PT2H", "")))
    assert broken.skipped == [Skipped("VFREEBUSY 1", "list", "FREEBUSY has a time without an end")]


def test_a_property_that_lists_too_much_is_named() -> None:
    listed = ",".join(["20261124"] * 10_001)
    assert (
        reason(f"UID:a\nDTSTART:20261124\nEXDATE:{listed}") == "EXDATE lists more than 10000 times"
    )
