"""From a feed to busy times and back, above all around the changes of the clocks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.availability.calendars.busy import BusyTime, BusyTimes, busy_times
from bookra.engine.availability.calendars.file import read_calendar
from bookra.engine.bookings.feed_text import FeedEvent, FeedState, feed_text

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
START = datetime(2026, 11, 21, 23, tzinfo=UTC)
UNTIL = datetime(2027, 11, 23, 23, tzinfo=UTC)


def read(content: bytes, home: ZoneInfo) -> BusyTimes:
    return busy_times(read_calendar(content), home, START, UNTIL)


def moments() -> st.SearchStrategy[datetime]:
    """Instants around both clock changes of both zones, to the minute."""
    first = datetime(2026, 11, 23, tzinfo=UTC)
    anywhere = st.integers(0, 350 * 1440)
    edges = st.sampled_from([
        datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC),
        datetime(2027, 4, 3, 15, tzinfo=UTC), datetime(2027, 10, 2, 15, 30, tzinfo=UTC),
    ])  # fmt: skip
    near = st.tuples(edges, st.integers(-180, 180)).map(lambda e: e[0] + timedelta(minutes=e[1]))
    return near | anywhere.map(lambda minutes: first + timedelta(minutes=minutes))


def feed(visits: list[tuple[datetime, int, str, FeedState]]) -> list[FeedEvent]:
    return [
        FeedEvent(
            id=UUID(int=number),
            code="LUN-7F3K",
            revision=1,
            start=start,
            end=start + timedelta(minutes=minutes),
            state=state,
            summary=words,
            location=words,
        )
        for number, (start, minutes, words, state) in enumerate(visits)
    ]


BREAKS = ["\n", "\r", "\r\n", "\u2028", "\x85", "\x0b", "\\n", "\n "]
OUTBREAKS = st.sampled_from(BREAKS).map(lambda br: f"Cut{br}DTSTART:soon{br}END:VEVENT{br}X")
VISITS = st.tuples(
    moments(), st.integers(1, 3000), st.text(max_size=90) | OUTBREAKS, st.sampled_from(FeedState)
)


@given(st.lists(VISITS, max_size=8), st.sampled_from([BERLIN, LORD_HOWE]))
def test_what_is_exported_is_read_back_to_the_minute_and_known_as_our_own(
    visits: list[tuple[datetime, int, str, FeedState]], home: ZoneInfo
) -> None:
    events = feed(visits)
    content = feed_text(events, name="Luna", now=START)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    again = read(content, home)
    assert (again.times, again.own, again.skipped) == ([], len(events), [])
    foreign = content.replace(b"@bookra", b"@other").replace(b"X-BOOKRA-CODE", b"X-OTHER")
    found = read(foreign, home)
    busy = [event for event in events if event.state is not FeedState.CANCELLED]
    wanted = [BusyTime(f"{event.id}@other", event.start, event.end) for event in busy]
    assert found.skipped == []
    assert found.times == sorted(wanted, key=lambda time: (time.start, time.end, time.uid))


@given(st.lists(VISITS, min_size=1, max_size=3))
def test_no_words_of_a_customer_break_out_of_their_line(
    visits: list[tuple[datetime, int, str, FeedState]],
) -> None:
    content = feed_text(feed(visits), name="Luna", now=START)
    lines = content.decode().replace("\r\n ", "").splitlines()
    names = Counter(line.partition(":")[0] for line in lines)
    assert names["BEGIN"] == names["END"] == len(visits) + 1
    assert names["DTSTART"] == names["SUMMARY"] == len(visits)
    assert "X" not in names


@given(st.tuples(moments(), st.integers(1, 3000)), st.sampled_from([BERLIN, LORD_HOWE]))
def test_a_time_in_a_zone_is_the_instant_that_its_clock_shows_first(
    span: tuple[datetime, int], home: ZoneInfo
) -> None:
    start, minutes = span
    wall = start.astimezone(home).replace(tzinfo=None)
    event = f"UID:a\nDTSTART;TZID={home.key}:{wall:%Y%m%dT%H%M%S}\nDURATION:PT{minutes}M"
    content = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n"
    (time,) = read(content.encode(), home).times
    earlier = [start - timedelta(minutes=ago) for ago in (60, 30, 0)]
    shown = [at for at in earlier if at.astimezone(home).replace(tzinfo=None) == wall]
    assert (time.start, time.end) == (shown[0], shown[0] + timedelta(minutes=minutes))
