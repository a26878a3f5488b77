"""Services, staff and appointments of another program: kept once, refused by name, by no guess."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from front_desk import Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.engine import Engine as Pool

from bookra.engine.bookings.store import bookings_between
from bookra.engine.imports.batches import BATCH_LINES, bring_in
from bookra.engine.imports.columns import columns_of, known_columns
from bookra.engine.imports.values import Reading
from bookra.engine.imports.visits import COMMAND, Visits
from bookra.engine.ledger.verify import verify
from bookra.engine.people.csv_lines import read_sheet
from bookra.engine.people.staff import find_staff
from bookra.ids import new_id

COUNTS = text(
    """
    SELECT (SELECT count(*) FROM bookings WHERE tenant_id = :tenant_id) AS bookings,
           (SELECT count(*) FROM allocations WHERE tenant_id = :tenant_id) AS allocations,
           (SELECT count(*) FROM entries WHERE tenant_id = :tenant_id) AS entries,
           (SELECT count(*) FROM imported_rows WHERE tenant_id = :tenant_id) AS remembered,
           (SELECT count(*) FROM customers WHERE tenant_id = :tenant_id) AS customers,
           (SELECT count(*) FROM outbox WHERE tenant_id = :tenant_id
               AND topic LIKE 'calendar%') AS calendar,
           (SELECT count(*) FROM outbox WHERE tenant_id = :tenant_id
               AND topic NOT LIKE 'calendar%') AS others,
           (SELECT count(*) FROM messages WHERE tenant_id = :tenant_id) AS messages
    """
)
LAPSE = text(
    "UPDATE job_locks SET until = since, changed_by = session_user WHERE tenant_id = :tenant_id"
)
HEADER = "Appt. ref.,Client,Team member,Service,Scheduled date,Duration (mins),Net sales,Status\n"
NEXT_YEAR = datetime.now(UTC).year + 1
TEAM, HOUR = ("ana", "ben"), timedelta(hours=1)
BLOCK = text(
    "INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)"
    " VALUES (:tenant_id, :id, :bookable_id, :starts_at, :ends_at, 'block')"
)


def write(desk: Desk, content: str | bytes) -> str:
    raw = content if isinstance(content, bytes) else content.encode()
    (desk.process.folder / "list.csv").write_bytes(raw)
    return "list.csv"


def imported(desk: Desk, noun: str, content: str | bytes, *words: str) -> Any:
    """Return the document on stdout; the exit code has to agree with it."""
    ran = desk(noun, "import", write(desk, content), "--json", *words)
    assert ran.code in (0, 8), ran.stderr
    assert ran.code == (8 if ran.json["rejected"] else 0)
    return ran.json


def tally(document: Any) -> tuple[int, ...]:
    names = ("added", "unchanged", "changed", "skipped")
    return (*(document[name] for name in names), len(document["rejected"]))


def codes(document: Any) -> dict[int, str]:
    return {line["line"]: line["code"] for line in document["rejected"]}


def counts(desk: Desk) -> dict[str, int]:
    return dict(desk.salon.ask(lambda tx: tx.rows(COUNTS))[0]._mapping)


def refusal(desk: Desk, *words: str) -> str:
    ran = desk(*words, "--json")
    assert ran.stdout == ""
    return str(ran.error["code"])


def test_services_come_in_once_and_change_only_when_told_to(desk: Desk) -> None:
    square = (
        "\ufeffToken,Item Name,Variation Name,Price,Category,Archived\r\n"
        "T1,Blow Dry,Regular,35.00,Hair,N\r\n"
        'T2,Beard,"Long, with\r\noil",€20.00,Beard,N\r\n'
        "T3,Old Thing,Regular,10.00,Hair,Y\r\n"
        "T4,Perm,Regular,cheap,Hair,N\r\n"
        "T1,Blow Dry,Regular,35.00,Hair,N\r\n"
        "T5,Blow Dry,Regular,36.00,Hair,N\r\n"
        "T6,Cut,Regular,45.00,Hair,N\r\n"
    )
    words = ("--layout", "square", "--minutes", "45")
    before = desk.rows()
    dry = imported(desk, "service", square, *words, "--dry-run")
    assert desk.rows() == before
    assert [line["what"] for line in dry["lines"]] == [
        "new",
        "new",
        "skipped",
        "refused",
        "same",
        "refused",
        "same",
    ]
    first = imported(desk, "service", square, *words)
    assert tally(first) == tally(dry) == (2, 2, 0, 1, 2)
    assert codes(first) == {6: "bad_amount", 8: "exists"}
    listed = {row["slug"]: row for row in desk("service", "list", "--json", check=True).json}
    assert listed["beard-long-with-oil"]["price"] == {"amount_minor": 2000, "currency": "EUR"}
    after = desk.rows()
    assert tally(imported(desk, "service", square, *words)) == (0, 4, 0, 1, 2)
    assert desk.rows() == after
    dearer = "Name;Duration;Price\nBlow Dry;1h;1.036,50\n"
    assert codes(imported(desk, "service", dearer)) == {2: "exists"}
    assert tally(imported(desk, "service", dearer, "--update")) == (0, 0, 1, 0, 0)
    shown = desk("service", "show", "blow-dry", "--json", check=True).json
    assert (shown["minutes"], shown["price"]["amount_minor"]) == (60, 103650)


def test_staff_come_in_with_their_names_from_a_file_in_utf16(desk: Desk) -> None:
    fresha = (
        "First Name;Last Name;Status;Appointments;Services;Commission\n"
        "Zoë;Müller;Active;Enabled;Cut|Color;40\n"
        "Ana;;Active;Enabled;;\n"
        "Old;Hand;Inactive;Disabled;;\n"
        "陳;大文;Active;Enabled;;\n"
        "Max;Fault;Active;Enabled;No Such Thing;\n"
    ).encode("utf-16")
    first = imported(desk, "staff", fresha, "--layout", "fresha")
    assert tally(first) == (1, 1, 0, 1, 2)
    assert codes(first) == {5: "bad_slug", 6: "unknown_service"}
    zoe = desk("staff", "show", "zoe-muller", "--json", check=True).json
    assert (zoe["name"], zoe["commission_percent"]) == ("Zoë Müller", "40")
    assert sorted(zoe["services"]) == ["color", "cut"]
    assert tally(imported(desk, "staff", fresha)) == (0, 2, 0, 1, 2)


def appointments() -> str:
    day = f"{NEXT_YEAR}-03-02"
    return HEADER + (
        f"A1,Rosa Vega,Ana,Cut,{day} 10:00,45,50.00,Confirmed\n"  # to come, at its own price
        f"A2,New Client,Ana B.,Cut,{day} 10:30,45,45.00,New\n"  # meets A1
        f"A3,New Client,Ben,Cut,{day} 2:00 PM,60,45.00,New\n"
        "A4,New Client,Ana,Cut,2020-03-02 10:00,45,45.00,Completed\n"
        "A5,Rosa Vega,Ana,Cut,2020-03-02 10:00,45,45.00,Completed\n"  # overlaps in the past
        "A6,Rosa Vega,Ben,Cut,2020-03-03 10:00,45,45.00,No Show\n"
        f"A7,Rosa Vega,Ben,Cut,{day} 17:00,45,45.00,Cancelled\n"
        f"A8,Rosa Vega,Nobody,Cut,{day} 10:00,45,45.00,New\n"
        f"A9,Rosa Vega,Ben,Cut,03/04/{NEXT_YEAR} 10:00,45,45.00,New\n"
        f"A3,New Client,Ben,Cut,{day} 2:00 PM,60,45.00,New\n"  # twice in the file
        f",,Ben,Cut,{day} 08:00,45,45.00,New\n"
    )


def test_appointments_become_history_or_bookings_and_each_bad_line_is_named(
    desk: Desk, tmp_path: Path
) -> None:
    words = ("--staff-map", "Ana B.=ana")
    desk.salon.connect_provider("google", tmp_path / "key")
    before = counts(desk)
    dry = imported(desk, "booking", appointments(), *words, "--dry-run")
    assert counts(desk) == before
    first = imported(desk, "booking", appointments(), *words)
    assert tally(first) == tally(dry) == (5, 1, 0, 1, 4)
    assert codes(first) == {3: "slot_taken", 9: "unknown_staff", 10: "ambiguous_date", 12: "nobody"}
    assert first["unmapped"] == {"staff": ["Nobody"]}
    after = counts(desk)
    assert after["bookings"] == before["bookings"] + 5
    assert after["allocations"] == before["allocations"] + 2
    assert after["calendar"] == before["calendar"] + 2
    assert after["customers"] == before["customers"] + 1
    for name in ("entries", "others", "messages"):
        assert after[name] == before[name], name
    again = imported(desk, "booking", appointments(), *words)
    assert (again["added"], codes(again)) == (0, codes(first))
    assert counts(desk) == after
    said = imported(desk, "booking", appointments(), *words, "--dates", "dmy")
    assert (said["added"], codes(said).get(10)) == (1, None)


def test_history_owes_nothing_and_what_is_to_come_costs_what_the_file_says(desk: Desk) -> None:
    imported(desk, "booking", appointments(), "--staff-map", "Ana B.=ana")
    start = datetime(2019, 1, 1, tzinfo=UTC)
    found = desk.salon.ask(lambda tx: bookings_between(tx, start, None))
    over = [booking for booking in found if booking.ends_at < datetime.now(UTC)]
    assert sorted(booking.status.value for booking in over) == ["completed", "completed", "no_show"]
    assert {booking.price.minor for booking in over} == {0}
    coming = [booking for booking in found if booking not in over]
    assert [booking.price.minor for booking in coming if booking.customer == "Rosa Vega"] == [5000]
    assert desk.salon.ask(verify).ok
    closing = desk("report", "close-of-day", "2020-03-02", "--json", check=True).json
    assert (closing["open_tabs"], closing["unpaid"]) == ([], [])
    code = coming[0].code
    assert desk("booking", "cancel", code, "--json", check=True).json["status"] == "cancelled"


def test_a_booking_made_here_goes_before_an_imported_one(desk: Desk) -> None:
    day = f"{NEXT_YEAR}-03-{2 + (datetime(NEXT_YEAR, 3, 2, tzinfo=UTC).weekday() == 6):02}"
    at = f"{day}T10:00"
    words = ("--staff", "ana", "--at", at, "--customer", "Rosa Vega")
    desk("book", "cut", *words, check=True)
    content = HEADER + f"B1,Rosa Vega,Ana,Cut,{day} 10:15,45,1.00,New\n"
    assert codes(imported(desk, "booking", content)) == {2: "slot_taken"}


def test_who_is_quicker_than_an_import_keeps_the_time(desk: Desk) -> None:
    """Somebody takes a time after the import has looked, and before it writes."""
    at = datetime(NEXT_YEAR, 8, 3, 8, tzinfo=UTC)
    salon, crossed = desk.salon, list[str]()
    ana = salon.ask(lambda tx: find_staff(tx, "ana")).id
    claim = {"id": new_id(), "bookable_id": ana, "starts_at": at, "ends_at": at + HOUR}

    def cross(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "INSERT INTO booking_lines" in statement and not crossed:
            crossed.append(statement)
            salon.act(lambda tx: tx.run(BLOCK, **claim))

    lines = (f"Q{n},Tim,{who},cut,{at:%Y-%m-%dT%H:%MZ},,,New\n" for n, who in enumerate(TEAM))
    before = counts(desk)
    event.listen(Pool, "before_cursor_execute", cross)
    try:
        found = imported(desk, "booking", HEADER + "".join(lines))
    finally:
        event.remove(Pool, "before_cursor_execute", cross)
    assert crossed
    assert (found["added"], codes(found)) == (1, {2: "slot_taken"})
    after = counts(desk)
    assert after["bookings"] == before["bookings"] + 1
    assert after["customers"] == before["customers"] + 1
    assert after["allocations"] == before["allocations"] + 2


def test_easy_appointments_rows_come_in_by_their_own_columns(desk: Desk) -> None:
    day = f"{NEXT_YEAR}-05-04"
    content = (
        "id;start_datetime;end_datetime;service;provider;first_name;last_name;phone_number;email\n"
        f"7;{day} 09:00:00;{day} 09:45:00;Cut;Ben;Emil;Berg;030 901821;\n"
        f"8;{day} 10:00:00;{day} 09:45:00;Cut;Ben;Emil;Berg;030 901821;\n"
        f"9;{day} 11:00:00;{day} 11:45:00;Cut;Ben;;;030 901899;\n"
        f"10;{day} 12:00:00;{day} 12:45:00;Cut;Ben;X;Y;;no address\n"
    )
    found = imported(desk, "booking", content, "--layout", "easyappointments")
    assert codes(found) == {3: "bad_end", 4: "unknown_customer", 5: "bad_email"}
    assert desk("customer", "find", "Emil", "--json", check=True).json[0]["phone"] == "+4930901821"
    assert all("901899" not in line["reason"] for line in found["rejected"])


def test_names_that_differ_by_a_number_are_not_one(desk: Desk) -> None:
    prices = "Name,Minutes,Price\nMassage 30,30,30\nMassage 60,60,55\n"
    assert tally(imported(desk, "service", prices))[0] == 2
    day = f"{NEXT_YEAR}-05-05"
    content = HEADER + "".join(
        f"M{number},Guest {number},ana,Massage {length},{day} {9 + number}:00,,,New\n"
        for number, length in ((1, 30), (2, 60), (3, 90), (4, 60))
    )
    assert codes(imported(desk, "booking", content)) == {4: "unknown_service"}
    start = datetime(NEXT_YEAR, 5, 5, tzinfo=UTC)
    found = desk.salon.ask(lambda tx: bookings_between(tx, start, start + timedelta(days=1)))
    assert [(booking.customer, booking.price.minor) for booking in found] == [
        ("Guest 1", 3000),
        ("Guest 2", 5500),
        ("Guest 4", 5500),
    ]


def test_a_visit_takes_its_units_and_leaves_its_gaps_to_others(desk: Desk) -> None:
    desk("resource", "add", "room-1", "--pool", "room", check=True)
    need = ("--resource", "room")
    desk("service", "add", "soak", "--name", "Soak", "--minutes", "60", "--price", "9", *need,
         check=True)  # fmt: skip
    day = f"{NEXT_YEAR}-07-01"
    found = imported(
        desk,
        "booking",
        HEADER
        + f"U1,Tim,ana,soak,{day} 10:00,,,New\n"
        + f"U2,Tim,ben,soak,{day} 10:30,,,New\n"  # the room is taken, and Ben stays free
        + f"U3,Tim,ben,cut,{day} 10:30,,,New\n"
        + f"U4,Tim,ana,color,{day} 14:00,65,,New\n"  # busy 30, gap 20, busy 15
        + f"U5,Tim,ana,cut,{day} 14:30,20,,New\n"
        + f"U6,Tim,ana,cut,{day} 14:40,20,,New\n"
        + f"U7,Tim,ben,color,{day} 15:00,90,,New\n"  # of another length: one block
        + f"U8,Tim,ben,cut,{day} 15:35,10,,New\n",
    )
    assert codes(found) == {3: "slot_taken", 7: "slot_taken", 9: "slot_taken"}
    assert "room" in found["rejected"][0]["reason"]


def test_a_wrong_word_changes_nothing_and_says_what_there_is(desk: Desk) -> None:
    name = write(desk, HEADER + "A1,Rosa Vega,Ana,Cut,2020-03-02 10:00,45,45.00,Completed\n")
    before = desk.rows()
    for words, wanted in (
        (("--dates", "ymd"), "bad_dates"),
        (("--timezone", "Mars/Olympus"), "unknown_zone"),
        (("--staff-map", "ana"), "bad_map"),
        (("--map", "shoe=Client"), "unknown_field"),
        (("--layout", "square"), "unknown_layout"),
    ):
        assert refusal(desk, "booking", "import", name, *words) == wanted
    assert refusal(desk, "booking", "import", "nowhere.csv") == "no_file"
    assert desk.rows() == before


def test_lists_can_be_had_as_csv_that_no_spreadsheet_runs(desk: Desk) -> None:
    desk("customer", "add", "--name", "=cmd()", check=True)
    people = desk("customer", "list", "--output", "csv", check=True).stdout
    assert "'=cmd()" in people
    assert people.splitlines()[0].startswith("id,name,phone,email")
    for noun in ("service", "staff", "booking"):
        assert desk(noun, "list", "--output", "csv", check=True).stdout.count("\n") >= 1


def many(count: int) -> str:
    """Return visits one after the other, each of half an hour, from some year on."""
    start = datetime(NEXT_YEAR, 1, 5, 6, tzinfo=UTC)
    rows = (
        f"{number},Client {number % 7},{'Ana' if number % 2 else 'Ben'},Cut,"
        f"{start + timedelta(minutes=30 * (number // 2)):%Y-%m-%dT%H:%MZ},30,45.00,New\n"
        for number in range(count)
    )
    return HEADER + "".join(rows)


def test_a_killed_import_run_again_ends_as_if_it_had_not_been_killed(desk: Desk) -> None:
    count = 2 * BATCH_LINES
    name = write(desk, many(count))
    before = counts(desk)["bookings"]
    with desk.process.start("booking", "import", name) as command:
        deadline = time.monotonic() + 50
        while counts(desk)["bookings"] < before + BATCH_LINES:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        command.kill()
    some = counts(desk)["bookings"] - before
    assert some % BATCH_LINES == 0
    desk.salon.act(lambda tx: tx.run(LAPSE))  # what a minute does by itself
    found = imported(desk, "booking", many(count))
    assert (found["added"], found["unchanged"]) == (count - some, some)
    assert counts(desk)["remembered"] == 2 * count  # each by its number, and by what it says


def test_a_number_that_two_visits_share_stands_for_neither(desk: Desk) -> None:
    def line(number: str, who: str, hour: int, service: str = "Cut", status: str = "New") -> str:
        return f"{number},{who},Ana,{service},{NEXT_YEAR}-06-02 {hour}:00,45,45.00,{status}\n"

    def brought(*lines: str) -> tuple[int, ...]:
        return tally(imported(desk, "booking", HEADER + "".join(lines)))

    added, same, refused = (1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 0, 0, 1)
    assert brought(line("r0", "Mia Arp", 10)) == added
    # The second time, what was refused is not taken for what was kept, however its service is said.
    taken, free = line("r1", "Rosa Vega", 10), line("r1", "Noa Lind", 12, "cut")
    assert brought(taken, free) == (1, 0, 0, 0, 1)
    assert brought(taken, free) == (0, 1, 0, 0, 1)
    assert brought(taken) == refused
    # Alone, it has a number again, by which it is known wherever it is moved to.
    assert brought(line("r1", "Rosa Vega", 15)) == added
    assert brought(line("r1", "Rosa Vega", 16)) == same
    # Neither the same line again nor a visit that was called off makes another visit of a number.
    twice = line("r2", "Lea Ost", 17)
    assert brought(twice, twice) == (1, 1, 0, 0, 0)
    assert brought(line("r2", "Lea Ost", 9, status="Cancelled"), line("r2", "Lea Ost", 18)) == (
        0,
        1,
        0,
        1,
        0,
    )


def test_a_visit_of_another_number_comes_to_a_time_that_was_left(desk: Desk) -> None:
    at = f"{NEXT_YEAR}-06-02"
    first = f"r1,Rosa Vega,Ana,Cut,{at} 10:00,45,45.00,New\n"
    imported(desk, "booking", HEADER + first)
    code = desk("booking", "list", "--days", "900", "--json", check=True).json[-1]["code"]
    desk("booking", "move", code, "--at", f"{at}T12:00", check=True)
    moved, another = first.replace("10:00", "12:00"), first.replace("r1", "r2")
    assert tally(imported(desk, "booking", HEADER + moved + another)) == (1, 1, 0, 0, 0)
    assert tally(imported(desk, "booking", HEADER + moved + another)) == (0, 2, 0, 0, 0)


cells = st.sampled_from(
    ["", "Rosa Vega", "Ana", "Cut", "'; DROP TABLE bookings; --", "=1+1", "\x1b[31m", "2020-03-02"]
)
lines = st.lists(
    st.tuples(
        st.sampled_from(["", "r1", "r2"]),
        cells,
        st.sampled_from(["ana", "Ben", "x"]),
        st.sampled_from(["cut", "COLOR", ""]),
        st.integers(0, 30),
        st.sampled_from(["45", "", "1:30", "x"]),
        st.sampled_from(["45,00", "", "$5", "y"]),
        st.sampled_from(["New", "cancelled", "No Show"]),
    ),
    max_size=8,
)


@given(lines)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_twice_changes_nothing_and_a_dry_run_tells_what_will_be(
    desk: Desk, rows: list[tuple[Any, ...]]
) -> None:
    content = HEADER.replace(",", ";") + "".join(
        ";".join(
            (ref, who, staff, what, f"{NEXT_YEAR}-06-01 {9 + at // 4}:{at % 4 * 15:02}", *rest)
        )
        + "\n"
        for ref, who, staff, what, at, *rest in rows
    )

    def run(*, dry_run: bool = False) -> list[Any]:
        sheet = read_sheet(
            content.encode(), lambda header: known_columns("appointment", header, {})
        )
        columns = columns_of("appointment", sheet.header)
        salon = desk.salon
        reading = Reading(salon.zone, "EUR")
        keeper = Visits(columns, "auto", reading, {}, {}, dry_run)
        keeper.look_through(sheet, salon.ask(keeper.reader))
        found = bring_in(
            salon.engine, salon.slug, sheet, columns, keeper, command=COMMAND, dry_run=dry_run
        )
        return [(fate.line, fate.what, fate.code) for fate in found.fates]

    dry = run(dry_run=True)
    first = run()
    after = counts(desk)
    second = run()
    assert counts(desk) == after
    assert dry == first
    assert [what for _, what, _ in second] == [
        "same" if what == "new" else what for _, what, _ in first
    ]
    assert json.dumps(first)
