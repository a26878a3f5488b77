"""Customers from a CSV file: good lines are kept, bad ones are named, a second run adds nobody."""

from __future__ import annotations

import csv
import io
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from command_line import Ran
from factories import Salon
from front_desk import Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from bookra.engine.people.csv_lines import read_sheet
from bookra.engine.people.csv_people import Columns, known_columns
from bookra.engine.people.importing import BATCH_LINES, Imported, import_customers

EVERYBODY = text(
    "SELECT id, name, phone, email, language, created_at FROM customers"
    " WHERE tenant_id = :tenant_id ORDER BY id"
)
LAPSE = text(
    "UPDATE job_locks SET until = since, changed_by = session_user WHERE tenant_id = :tenant_id"
)
HEADER = "Name;Phone;E-mail\n"
ROSA = "Rosa Vega;+4930901820;\n"
"""Whom the desk knows already."""

GOOD_AND_BAD = (
    "\ufeffFirst Name;Last Name;Mobile;E-mail;Notes\r\n"
    'Zoe\u0308;"O’Neil\u200b";030 901821;;"likes\r\ntea"\r\n'
    "陳;大文;+81 3-1234-5678;chen@example.com;\r\n"
    ";;;;\r\n"
    "Emil;Berg;030 901821;;\r\n"
    "Emil;Berg;4.93E+11;;\r\n"
    "ROSA;VEGA;030 901820;;\r\n"
    "Ana;Nieto;030 901820;;\r\n"
    ";;030 901829;;\r\n"
    "Eva;Only;;;\r\n"
)


def write(desk: Desk, content: str | bytes, name: str = "clients.csv") -> str:
    (desk.process.folder / name).write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    return name


def imported(desk: Desk, content: str | bytes, *words: str) -> Any:
    """Return the document on stdout; the exit code has to agree with it."""
    ran = desk("customer", "import", write(desk, content), "--json", *words)
    assert ran.code == (8 if ran.json["rejected"] else 0), ran.stderr
    return ran.json


def rejected(document: Any) -> dict[int, str]:
    return {line["line"]: line["code"] for line in document["rejected"]}


def everybody(salon: Salon) -> Sequence[Any]:
    return salon.ask(lambda tx: tx.rows(EVERYBODY))


def many(count: int) -> str:
    lines = (f"Guest {n};+49301{n:06d};g{n}@example.com\n" for n in range(count))
    return HEADER + "".join(lines)


def test_good_lines_are_kept_and_each_bad_one_is_named_with_its_reason(desk: Desk) -> None:
    found = imported(desk, GOOD_AND_BAD)
    assert (found["read"], found["added"], found["unchanged"]) == (8, 3, 1)
    assert rejected(found) == {
        6: "customer_exists",
        7: "bad_phone",
        9: "customer_exists",
        10: "no_name",
    }
    rosa = desk("customer", "show", "Rosa Vega", "--json", check=True).json
    reasons = {line["line"]: line["reason"] for line in found["rejected"]}
    assert reasons[6] == "Another person has this phone number: line 2"
    assert reasons[9] == "Another person has this phone number: line 8"
    assert rosa["phone"] == "+4930901820"
    names = {person.name for person in everybody(desk.salon)}
    assert names == {"Rosa Vega", "Zoë O’Neil", "陳 大文", "Eva Only"}


def test_a_customer_whom_the_file_does_not_name_is_named_by_id(desk: Desk) -> None:
    rosa = desk("customer", "show", "Rosa Vega", "--json", check=True).json
    (line,) = imported(desk, HEADER + "Ana Nieto;030 901820;\n")["rejected"]
    assert line["reason"] == f"Another person has this phone number: customer {rosa['id']}"


def test_a_second_import_changes_nothing(desk: Desk) -> None:
    first = imported(desk, GOOD_AND_BAD)
    before = everybody(desk.salon)
    second = imported(desk, GOOD_AND_BAD)
    assert second == {**first, "added": 0, "unchanged": first["added"] + first["unchanged"]}
    assert everybody(desk.salon) == before


def test_a_customer_is_never_overwritten_nor_filled_in(desk: Desk) -> None:
    before = everybody(desk.salon)
    found = imported(
        desk,
        HEADER + "Rosa Vega;030 901820;rosa@example.com\nrosa  VEGA;030901820;\n",
    )
    assert rejected(found) == {2: "customer_differs"}
    assert found["unchanged"] == 1
    assert everybody(desk.salon) == before


def test_a_phone_of_one_and_an_address_of_another_is_nobody_known(desk: Desk) -> None:
    content = HEADER + "Eva;030901831;\nEva;;eva@example.com\nEva;030901831;eva@example.com\n"
    found = imported(desk, content)
    assert found["added"] == 2
    assert rejected(found) == {4: "customer_differs"}


def test_two_of_one_name_and_nothing_else_are_one(desk: Desk) -> None:
    found = imported(desk, "Name\nSolo\nSolo\n")
    assert (found["added"], found["unchanged"]) == (1, 1)
    assert imported(desk, "Name\nSolo\nRosa Vega\n")["added"] == 1  # Rosa may be another Rosa


def test_a_dry_run_answers_the_same_across_batches_and_keeps_nobody(desk: Desk) -> None:
    content = many(BATCH_LINES + 20) + "Other;+49301000003;\nGuest 5;+49301000005;\n"
    before = desk.rows()
    dry = imported(desk, content, "--dry-run")
    lines = dry.pop("lines")
    assert [line["line"] for line in lines] == list(range(2, len(lines) + 2))
    assert [line["what"] for line in lines[-3:]] == ["new", "refused", "same"]
    assert desk.rows() == before
    assert imported(desk, content) == dry
    assert (dry["added"], dry["unchanged"]) == (BATCH_LINES + 20, 1)
    assert dry["rejected"][0]["reason"].endswith("line 5")


def test_a_column_can_be_named_and_a_layout_checked(desk: Desk) -> None:
    content = "Wer;Name;Fon\nEmil Berg;Salon;030 901821\n"
    found = imported(desk, content, "--map", "name=Wer,phone=Fon")
    assert found["added"] == 1
    assert {row.name for row in everybody(desk.salon)} == {"Rosa Vega", "Emil Berg"}
    name = write(desk, content)
    for words, code in (
        (("--map", "name=Who"), "no_column"),
        (("--map", "shoe=Wer"), "unknown_field"),
        (("--layout", "fresha"), "other_layout"),
    ):
        assert desk("customer", "import", name, "--json", *words).error["code"] == code


def test_a_key_returns_the_first_result_and_belongs_to_the_content(desk: Desk) -> None:
    first = imported(desk, GOOD_AND_BAD, "--idempotency-key", "k-1")
    after = desk.rows()
    assert imported(desk, GOOD_AND_BAD, "--idempotency-key", "k-1") == first
    assert desk.rows() == after
    other = write(desk, HEADER + "Ana;;\n", "other.csv")
    ran = desk("customer", "import", other, "--idempotency-key", "k-1", "--json")
    assert (ran.code, ran.error["code"]) == (4, "key_reused")
    assert desk.rows() == after


def test_a_killed_import_run_again_ends_as_if_it_had_not_been_killed(desk: Desk) -> None:
    count = 6 * BATCH_LINES
    name = write(desk, many(count))
    with desk.process.start("customer", "import", name) as command:
        deadline = time.monotonic() + 30
        while len(everybody(desk.salon)) < 1 + BATCH_LINES:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        command.kill()
    some = len(everybody(desk.salon)) - 1
    assert some % BATCH_LINES == 0
    desk.salon.act(lambda tx: tx.run(LAPSE))  # what a minute does by itself
    found = imported(desk, many(count))
    assert (found["added"], found["unchanged"]) == (count - some, some)
    assert len(everybody(desk.salon)) == 1 + count


@pytest.mark.parametrize("with_phones", [True, False], ids=["phones", "names-alone"])
def test_two_imports_at_once_add_everybody_once(desk: Desk, with_phones: bool) -> None:
    """No index keeps apart those who have a name alone: their imports have to take turns."""
    count = 2 * BATCH_LINES
    content = many(count) if with_phones else "Name\n" + "".join(f"G {n}\n" for n in range(count))
    results: list[Imported] = []
    threads = [
        threading.Thread(target=lambda: results.append(engine_import(desk.salon, content)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.added for result in results) == count
    assert sum(result.unchanged for result in results) == count
    assert len(everybody(desk.salon)) == 1 + count


def test_a_customer_who_is_added_meanwhile_is_compared_like_any_other(desk: Desk) -> None:
    """The other writer has inserted and not committed: the import's batch waits for the index."""
    rows = many(3)
    results: list[Imported] = []
    thread = threading.Thread(target=lambda: results.append(engine_import(desk.salon, rows)))
    with uncommitted_customer(desk.salon, "Somebody Else", "+49301000001") as session:
        thread.start()
        await_waiting(desk.salon)
        session.commit()
        thread.join()
    (result,) = results
    assert result.added == 2
    assert [(line.line, line.code) for line in result.rejected] == [(3, "customer_exists")]


def test_standard_input_is_a_file_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (HEADER + ROSA + "Ana;;\n").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    ran = desk("customer", "import", "-", "--json", check=True)
    assert (ran.json["added"], ran.json["unchanged"]) == (1, 1)


def test_people_see_counts_and_bad_lines_and_remarks_stay_on_stderr(desk: Desk) -> None:
    content = "Name,Phone,Mobile,Birthday\nJürgen,,12,1.1.1990\n".encode("cp1252")
    ran = desk("customer", "import", write(desk, content))
    assert ran.code == 8
    assert ran.stdout.splitlines() == [
        "read\t1",
        "added\t0",
        "unchanged\t0",
        "rejected\t1",
        "2\tbad_phone\t'Mobile' holds no phone number as written in DE",
    ]
    assert "no room for: Birthday." in ran.stderr
    assert "Mobile, else Phone." in ran.stderr
    assert "Windows-1252" in ran.stderr
    assert "lines_rejected: 1 of 1 lines" in ran.stderr
    assert "Jürgen" not in ran.stderr


def test_a_header_without_lines_is_no_fault(desk: Desk) -> None:
    assert imported(desk, HEADER) == {"read": 0, "added": 0, "unchanged": 0, "rejected": []}


def test_a_name_that_a_spreadsheet_would_run_is_data_and_leaves_defused(desk: Desk) -> None:
    imported(desk, "Name\n=cmd|' /C calc'!A0\n")
    found = desk("customer", "find", "=cmd", "--json", check=True).json
    assert [person["name"] for person in found] == ["=cmd|' /C calc'!A0"]
    (row,) = csv.DictReader(io.StringIO(desk("customer", "find", "=", "--output", "csv").stdout))
    assert row["name"] == "'=cmd|' /C calc'!A0"


def test_a_file_that_can_not_be_used_is_refused_with_a_documented_code(desk: Desk) -> None:
    def refused(name: str) -> tuple[int, str]:
        ran: Ran = desk("customer", "import", name, "--json")
        assert ran.stdout == ""
        return ran.code, ran.error["code"]

    before = desk.rows()
    assert refused("missing.csv") == (3, "no_file")
    assert refused(".") == (6, "cannot_read")
    assert refused(write(desk, b"")) == (6, "empty_file")
    assert refused(write(desk, b"PK\x03\x04")) == (6, "not_csv")
    assert refused(write(desk, "Foo;Phone\n1;2\n")) == (6, "no_header")
    assert desk.rows() == before


people = st.lists(
    st.tuples(
        st.sampled_from(["Ana", "ANA", "Ben", "Zoe\u0308", "Zoë", "=1+1", "", "李"]),
        st.sampled_from(["", "", "030901840", "+4930901840", "030901841", "12", "4.9E+11"]),
        st.sampled_from(["", "", "a@example.com", "A@EXAMPLE.COM", "b@example.com", "x@", '"']),
    ),
    max_size=12,
)
mess = st.text(st.sampled_from(list('";\n Aé')), max_size=20)


@given(people, mess)
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_any_file_imported_twice_changes_nothing_and_every_line_is_accounted_for(
    salon: Salon, rows: list[tuple[str, str, str]], ending: str
) -> None:
    """Each example meets the customers that the ones before it have left."""
    content = HEADER + "".join(";".join(row) + "\n" for row in rows) + ending
    known = len(everybody(salon))
    dry = engine_import(salon, content, dry_run=True)
    first = engine_import(salon, content)
    after = everybody(salon)
    second = engine_import(salon, content)
    assert everybody(salon) == after
    assert dry == first
    assert len(after) == known + first.added
    assert (second.added, second.unchanged) == (0, first.added + first.unchanged)
    for result in (first, second):
        lines = [line.line for line in result.rejected]
        assert result.read == result.added + result.unchanged + len(lines)
        assert all(one < other for one, other in pairwise(lines))
    assert [line.line for line in second.rejected] == [line.line for line in first.rejected]


def engine_import(salon: Salon, content: str, *, dry_run: bool = False) -> Imported:
    sheet = read_sheet(content.encode(), known_columns)
    columns = Columns.of(sheet.header)
    return import_customers(salon.engine, salon.slug, sheet, columns, dry_run=dry_run)


@contextmanager
def uncommitted_customer(
    salon: Salon, name: str, phone: str
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Another writer's transaction, which has added somebody and is still open."""
    with psycopg.connect(make_conninfo(**salon.database.administrator)) as session:
        session.execute("SET row_security = off")
        session.execute(
            "INSERT INTO bookra.customers (tenant_id, id, name, phone, created_at)"
            " VALUES (%s, gen_random_uuid(), %s, %s, now())",
            (salon.tenant.id, name, phone),
        )
        yield session


def await_waiting(salon: Salon) -> None:
    """Wait until somebody waits for a lock in the salon's database."""
    waits = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 20
    with psycopg.connect(make_conninfo(**salon.database.administrator), autocommit=True) as session:
        while session.execute(waits).fetchone() == (0,):
            assert time.monotonic() < deadline
            time.sleep(0.02)
