"""Recurring events of iCalendar files, the zones that files define, and rules without an end."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st
from icalendar.prop import vRecur

from bookra.engine.availability.calendars.busy import BusyTimes, busy_times
from bookra.engine.availability.calendars.file import read_calendar
from bookra.engine.availability.calendars.rules import OutOfStepsError, Steps, occurrences
from bookra.engine.availability.calendars.series import MAX_TIMES_OF_EVENT

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 21, 23, tzinfo=UTC)
UNTIL = datetime(2027, 11, 22, 23, tzinfo=UTC)

CUT = "UID:a\nDTSTART;TZID=Europe/Berlin:20261123T100000\nDTEND;TZID=Europe/Berlin:20261123T110000"
"""A Monday, ten to eleven in Berlin: nine in UTC."""


def read(*events: str, before: str = "") -> BusyTimes:
    parts = "\n".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT" for event in events)
    content = f"BEGIN:VCALENDAR\n{before}\n{parts}\nEND:VCALENDAR\n"
    return busy_times(read_calendar(content.encode()), BERLIN, START, UNTIL)


def starts(*events: str, before: str = "") -> list[str]:
    """Return the starts in UTC, of events of which nothing may be skipped."""
    result = read(*events, before=before)
    assert result.skipped == []
    return [f"{busy.start:%m-%d %H:%M}" for busy in result.times]


def test_a_weekly_event_keeps_its_wall_time_over_the_change_of_the_clocks() -> None:
    event = CUT.replace("20261123", "20270322")
    assert starts(f"{event}\nRRULE:FREQ=WEEKLY;COUNT=2") == ["03-22 09:00", "03-29 08:00"]


def test_a_rule_ends_with_its_count_its_last_time_or_its_last_day() -> None:
    for end in ("COUNT=3", "UNTIL=20261125T090000Z", "UNTIL=20261125T100000", "UNTIL=20261125"):
        found = starts(f"{CUT}\nRRULE:FREQ=DAILY;{end}")
        assert found == ["11-23 09:00", "11-24 09:00", "11-25 09:00"], end


def test_a_rule_that_began_long_ago_goes_on_in_its_own_rhythm() -> None:
    event = CUT.replace("20261123", "20000103")  # a Monday too, 1403 weeks earlier
    assert starts(f"{event}\nRRULE:FREQ=WEEKLY;INTERVAL=2")[0] == "11-30 09:00"
    assert starts(f"{event}\nRRULE:FREQ=WEEKLY;INTERVAL=2")[1] == "12-14 09:00"


def test_a_rule_without_an_end_reaches_to_the_end_of_the_window() -> None:
    found = starts(f"{CUT}\nRRULE:FREQ=DAILY")
    assert (len(found), found[-1]) == (365, "11-22 09:00")


def test_dates_are_added_and_left_out() -> None:
    event = (
        f"{CUT}\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20261124T100000"
        "\nEXDATE;VALUE=DATE:20261125\nRDATE:20261201T080000Z,20261202T080000Z"
        "\nRDATE;VALUE=PERIOD:20261203T080000Z/PT3H,20261204T080000Z/20261204T083000Z"
    )
    result = read(event)
    assert [f"{busy.start:%m-%d}+{busy.end - busy.start}" for busy in result.times] == [
        "11-23+1:00:00",
        "11-26+1:00:00",
        "12-01+1:00:00",
        "12-02+1:00:00",
        "12-03+3:00:00",
        "12-04+0:30:00",
    ]


def test_a_rule_may_take_times_out() -> None:
    event = f"{CUT}\nRRULE:FREQ=DAILY;COUNT=5\nEXRULE:FREQ=DAILY;INTERVAL=2;COUNT=3"
    assert starts(event) == ["11-24 09:00", "11-26 09:00"]


def test_the_start_counts_even_when_the_rule_does_not_give_it() -> None:
    assert starts(f"{CUT}\nRRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=1") == ["11-23 09:00", "11-24 09:00"]


def test_whole_days_repeat_and_are_left_out() -> None:
    event = (
        "UID:a\nDTSTART;VALUE=DATE:20261123\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20261124"
    )
    assert starts(event) == ["11-22 23:00", "11-24 23:00"]


def test_a_changed_occurrence_stands_for_the_one_that_it_replaces() -> None:
    series = f"{CUT}\nRRULE:FREQ=DAILY;COUNT=4"
    moved = "UID:a\nRECURRENCE-ID:20261124T090000Z\nDTSTART:20261124T150000Z\nDURATION:PT1H"
    gone = "UID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20261125T100000\nDTSTART:20261125T090000Z"
    free = "UID:a\nRECURRENCE-ID:20261126T090000Z\nDTSTART:20261126T090000Z\nDURATION:PT1H"
    assert starts(moved, series, f"{gone}\nSTATUS:CANCELLED", f"{free}\nTRANSP:TRANSPARENT") == [
        "11-23 09:00",
        "11-24 15:00",
    ]


def test_a_changed_occurrence_may_be_the_only_busy_one() -> None:
    series = f"{CUT}\nRRULE:FREQ=DAILY;COUNT=4\nTRANSP:TRANSPARENT"
    busy = "UID:a\nRECURRENCE-ID:20261124T090000Z\nDTSTART:20261124T150000Z\nDURATION:PT1H"
    assert starts(series, busy) == ["11-24 15:00"]


def test_a_change_of_all_that_follows_moves_all_that_follows() -> None:
    series = f"{CUT}\nRRULE:FREQ=DAILY;COUNT=4"
    later = (
        "UID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261125T090000Z"
        "\nDTSTART:20261125T100000Z\nDURATION:PT2H"
    )
    result = read(series, later)
    assert [f"{busy.start:%m-%d %H:%M}/{busy.end:%H:%M}" for busy in result.times] == [
        "11-23 09:00/10:00",
        "11-24 09:00/10:00",
        "11-25 10:00/12:00",
        "11-26 10:00/12:00",
    ]
    assert starts(series, f"{later}\nSTATUS:CANCELLED") == ["11-23 09:00", "11-24 09:00"]


@pytest.mark.parametrize(
    "rule",
    ["FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;INTERVAL=9999999999", "COUNT=3",
     "FREQ=FORTNIGHTLY", "FREQ=DAILY;BYHOUR=24", "FREQ=DAILY;BYMONTHDAY=0", "FREQ=DAILY;BYEASTER=0",
     "FREQ=YEARLY;RSCALE=HEBREW", "FREQ=DAILY;BYDAY=XX", "FREQ=YEARLY;BYMONTH=13", "nonsense",
     "FREQ=DAILY;BYSECOND=" + ",".join(["1"] * 99), "FREQ=DAILY;UNTIL=tomorrow",
     "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE="
     + ",".join(map(str, range(60))) + ";BYSECOND=1,2"],
)  # fmt: skip
def test_a_rule_that_cannot_be_right_is_named_with_its_event(rule: str) -> None:
    result = read(f"{CUT}\nRRULE:{rule}", CUT.replace("UID:a", "UID:b"))
    assert [(skipped.component, skipped.uid) for skipped in result.skipped] == [("VEVENT 1", "a")]
    assert "RULE" in result.skipped[0].reason
    assert [busy.uid for busy in result.times] == ["b"]
    assert result.unread == {"a"}


@pytest.mark.parametrize(
    "rule",
    ["SECONDLY", "MINUTELY", "HOURLY", "SECONDLY;COUNT=100000000", "DAILY;BYMONTH=2;BYMONTHDAY=30",
     "SECONDLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=23", "YEARLY;BYMONTH=2;BYMONTHDAY=30",
     "WEEKLY;BYMONTH=2;BYMONTHDAY=30", "MONTHLY;BYMONTHDAY=1;BYDAY=2MO",
     "YEARLY;BYWEEKNO=53;BYMONTH=6",
     "MINUTELY;INTERVAL=7;BYHOUR=3;BYMONTH=2;BYMONTHDAY=30", "HOURLY;BYYEARDAY=366;BYMONTH=1"],
)  # fmt: skip
def test_a_rule_with_too_much_to_do_is_followed_so_far_and_said_so(rule: str) -> None:
    old = CUT.replace("20261123", "20200101")
    began = time.process_time()
    result = read(f"{old}\nRRULE:FREQ={rule}", CUT.replace("UID:a", "UID:b"))
    assert time.process_time() - began < 5
    assert [skipped.uid for skipped in result.skipped] == ["a"]
    assert "b" in {busy.uid for busy in result.times}
    assert len(result.times) <= MAX_TIMES_OF_EVENT + 1


def test_many_rules_with_too_much_to_do_are_bounded_together() -> None:
    endless = "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=23"
    began = time.process_time()
    result = read(*(f"{CUT.replace('UID:a', f'UID:{n}')}\n{endless}" for n in range(1_000)))
    assert time.process_time() - began < 20
    assert len(result.skipped) == 1_000


RULES = st.builds(
    lambda freq, interval, days, months, monthdays, position, count: ";".join(
        filter(
            None, [f"FREQ={freq}", f"INTERVAL={interval}", days, months, monthdays, position, count]
        )
    ),
    st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY"]),
    st.integers(1, 5),
    st.sampled_from(["", "BYDAY=MO", "BYDAY=TU,FR", "BYDAY=SU,MO,SA;WKST=SU"]),
    st.sampled_from(["", "BYMONTH=1,6,12", "BYMONTH=3,11"]),
    st.sampled_from(["", "BYMONTHDAY=1,15,-1", "BYMONTHDAY=13"]),
    st.sampled_from(["", "BYHOUR=9,17"]),
    st.sampled_from(["", "COUNT=7", "COUNT=400"]),
)


@given(RULES, st.integers(0, 20_000), st.integers(0, 400))
def test_skipping_ahead_gives_what_following_from_the_start_gives(
    rule: str, days_before: int, window: int
) -> None:
    since = datetime(2026, 11, 23)  # noqa: DTZ001 - wall times
    start = datetime(2026, 11, 23, 10) - timedelta(days=days_before)  # noqa: DTZ001
    until = since + timedelta(days=window)
    wanted = list(rrulestr(rule, dtstart=start).between(since, until, inc=True))
    found = []
    try:
        for wall in occurrences(vRecur.from_ical(rule), start, BERLIN, since, Steps(200_000)):
            if wall > until:
                break
            found.append(wall)
    except OutOfStepsError:  # nothing comes of the rule any more
        pass
    assert [wall for wall in found if wall >= since] == wanted


VTIMEZONE = """BEGIN:VTIMEZONE
TZID:{tzid}
X-MADE-UP:yes
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE"""


@pytest.mark.parametrize(
    "tzid",
    ["W. Europe Standard Time", "/freeassociation.sourceforge.net/Europe/Berlin",
     "/mozilla.org/20050126_1/Europe/Berlin", "/Europe/Berlin", "posix/Europe/Berlin"],
)  # fmt: skip
def test_a_zone_is_known_by_the_names_that_programs_give_it(tzid: str) -> None:
    event = f"UID:a\nDTSTART;TZID={tzid}:20270701T100000\nDURATION:PT1H"
    assert starts(event) == ["07-01 08:00"]


@pytest.mark.parametrize("tzid", ["Customized Time Zone", "(UTC+01:00) Amsterdam\\, Bern"])
def test_a_zone_that_the_file_defines_is_read_by_its_rules(tzid: str) -> None:
    event = 'UID:a\nDTSTART;TZID="{}":20261126T100000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;COUNT=9'
    plain = tzid.replace("\\", "")
    found = starts(event.format(plain), before=VTIMEZONE.format(tzid=tzid))
    assert found[:2] == ["11-26 09:00", "12-26 09:00"]
    assert found[-1] == "07-26 08:00"


@given(st.integers(-300, 300), st.sampled_from(["20270328", "20271031", "20270701", "20261224"]))
def test_a_zone_that_the_file_defines_equals_the_real_one(minutes: int, day: str) -> None:
    wall = datetime.strptime(f"{day}0200", "%Y%m%d%H%M") + timedelta(minutes=minutes)  # noqa: DTZ007
    events = [
        f"UID:{n}\nDTSTART;TZID={tzid}:{wall:%Y%m%dT%H%M}00\nDURATION:PT1H"
        for n, tzid in enumerate(["Made Up", "Europe/Berlin"])
    ]
    zone = VTIMEZONE.format(tzid="Made Up").replace("16010101", "20200101")
    made_up, real = read(*events, before=zone).times
    assert (made_up.start, made_up.end) == (real.start, real.end)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("RRULE:FREQ=YEARLY", "RRULE:FREQ=SECONDLY", "have no end"),
        ("TZOFFSETTO:+0100", "TZOFFSETTO:soon", "can't be understood"),
        ("DTSTART:16010101T030000", "X-DTSTART:16010101T030000", "can't be understood"),
        ("STANDARD", "X-STANDARD", ""),
    ],
)
def test_a_zone_that_makes_no_sense_costs_only_the_events_in_it(
    old: str, new: str, said: str
) -> None:
    zone = VTIMEZONE.format(tzid="Made Up").replace(old, new)
    event = "UID:a\nDTSTART;TZID=Made Up:20270701T100000\nDURATION:PT1H"
    result = read(event, CUT.replace("UID:a", "UID:b"), before=zone)
    assert "b" in {busy.uid for busy in result.times}
    assert [said in skipped.reason for skipped in result.skipped] == ([True] if said else [])


def test_one_file_does_not_teach_the_next_one_its_zones() -> None:
    event = "UID:a\nDTSTART;TZID=Made Up:20270701T100000\nDURATION:PT1H"
    assert starts(event, before=VTIMEZONE.format(tzid="Made Up")) == ["07-01 08:00"]
    assert read(event).skipped[0].reason == "the time zone 'Made Up' is not known"
