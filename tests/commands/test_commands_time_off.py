"""Time off, blocks and the queue of displaced visits, as commands."""

from __future__ import annotations

from typing import Any

from front_desk import Desk
from moments import coming_monday, monday_at

from bookra.engine.people.customers import add_customer

MONDAY = str(coming_monday())
OFF = ("time-off", "add", "ana", "--from", MONDAY, "--to", MONDAY)


def book(desk: Desk, clock: str, customer: str = "Rosa Vega", staff: str = "ana") -> str:
    """Book a cut that Monday, and return its code."""
    words = ("book", "cut", "--staff", staff, "--at", monday_at(clock), "--customer", customer)
    return str(desk(*words, "--json", check=True).json["code"])


def queue(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk("displaced", "list", "--json", check=True).json
    return found


def test_time_off_is_added_listed_and_removed(desk: Desk) -> None:
    added = desk(*OFF, "--reason", "Holidays", "--json", check=True).json
    assert {"id", "bookable", "kind", "start", "end", "reason"} <= set(added)
    assert (added["bookable"], added["start"][:19]) == ("ana", f"{MONDAY}T00:00:00")
    assert (added["new"], added["displaced"]) == (True, [])
    (listed,) = desk("time-off", "list", "ana", "--json", check=True).json
    assert listed["id"] == added["id"]
    assert desk("time-off", "list", "ben", "--json", check=True).json == []
    assert desk("block", "list", "--json", check=True).json == []
    removed = desk("time-off", "remove", added["id"][-6:], "--json", check=True).json
    assert [one["id"] for one in removed["removed"]] == [added["id"]]
    assert desk("time-off", "list", "--json", check=True).json == []


def test_several_are_removed_together_or_not_at_all(desk: Desk) -> None:
    first = desk(*OFF, "--json", check=True).json["id"]
    words = ("block", "add", "ana", "--from", monday_at("10:00"), "--to", monday_at("10:30"))
    second = desk(*words, "--reason", "Meeting", "--json", check=True).json["id"]
    assert desk("time-off", "remove", first, second).code == 3
    assert len(desk("time-off", "list", "--json", check=True).json) == 1
    desk("block", "remove", second, check=True)
    desk("time-off", "remove", first, check=True)


def test_visits_in_the_way_end_in_exit_4_and_change_nothing(desk: Desk) -> None:
    code = book(desk, "10:00")
    before = desk.rows()
    ran = desk(*OFF, "--json")
    assert (ran.code, ran.stdout, ran.error["code"]) == (4, "", "in_the_way")
    (listed,) = ran.error["details"]["in_the_way"]
    assert {"code", "start", "customer", "service"} <= set(listed)
    assert listed["code"] == code
    assert desk.rows() == before
    spoken = desk(*OFF)
    assert code in spoken.stderr
    assert "--displace" in spoken.stderr


def test_a_dry_run_shows_who_would_be_displaced(desk: Desk) -> None:
    code = book(desk, "10:00")
    before = desk.rows()
    ran = desk(*OFF, "--displace", "--dry-run", "--json", check=True)
    assert ran.json["displaced"] == [code]
    assert desk.rows() == before
    assert queue(desk) == []


def test_the_same_key_displaces_once(desk: Desk) -> None:
    code = book(desk, "10:00")
    words = (*OFF, "--displace", "--idempotency-key", "sick", "--json")
    first = desk(*words, check=True).json
    before = desk.rows()
    assert desk(*words, check=True).json == first
    assert first["displaced"] == [code]
    assert desk.rows() == before


def test_a_displaced_visit_is_shown_with_proposals_and_resolved(desk: Desk) -> None:
    code = book(desk, "10:00")
    desk(*OFF, "--reason", "Sick", "--displace", check=True)
    (waiting,) = queue(desk)
    keys = {"code", "start", "customer", "service", "staff", "reason", "proposals"}
    assert keys <= set(waiting)
    assert (waiting["code"], waiting["staff"]) == (code, "ana")
    assert waiting["reason"] == "time off: Sick"
    assert {"number", "start", "staff", "kind", "price"} <= set(waiting["proposals"][0])
    ben = next(one for one in waiting["proposals"] if one["kind"] == "other_staff")
    assert (ben["staff"], ben["start"]) == ("ben", waiting["start"])
    assert str(ben["number"]) in desk("displaced", "show", code, check=True).stdout
    words = ("displaced", "resolve", code, "--choose", str(ben["number"]), "--json")
    done = desk(*words, check=True).json
    assert (done["status"], done["staff"], done["code"]) == ("confirmed", "ben", code)
    assert done["taken"] == [ben]
    again = desk(*words)
    assert (again.code, again.error["code"]) == (4, "not_displaced")


def test_the_table_names_the_best_proposal(desk: Desk) -> None:
    book(desk, "10:00")
    desk(*OFF, "--displace", check=True)
    assert "(other time)" in desk("displaced", "list", check=True).stdout


def test_all_are_resolved_one_by_one_and_who_is_left_is_told(desk: Desk) -> None:
    """Colour is Ana's alone, and she is away for longer than anybody looks ahead."""
    desk("service", "add", "perm", "--name", "Perm", "--minutes", "60", "--price", "80",
         check=True)  # fmt: skip
    desk("staff", "set", "ben", "--services", "cut", check=True)
    desk.salon.act(lambda tx: add_customer(tx, "Mia Kern")[0])
    first, second = book(desk, "10:00"), book(desk, "12:00", "Mia Kern")
    words = ("book", "perm", "--staff", "ana", "--at", monday_at("14:00"))
    perm = desk(*words, "--customer", "Mia Kern", "--json", check=True).json["code"]
    until = str(coming_monday().replace(year=coming_monday().year + 1))
    away = ("time-off", "add", "ana", "--from", "today", "--to", until, "--displace")
    displaced = desk(*away, "--json", check=True).json["displaced"]
    assert set(displaced) == {first, second, perm}
    ran = desk("displaced", "resolve", "--all", "--json")
    assert ran.code == 8
    assert [one["code"] for one in ran.json["resolved"]] == [first, second]
    assert {one["staff"] for one in ran.json["resolved"]} == {"ben"}
    assert [(one["code"], one["error"]) for one in ran.json["left"]] == [(perm, "no_proposal")]
    assert [one["code"] for one in queue(desk)] == [perm]
    assert desk("booking", "cancel", perm, "--json", check=True).json["status"] == "cancelled"
    assert desk("displaced", "resolve", "--all", "--json", check=True).json == {
        "resolved": [],
        "left": [],
    }


def test_a_broken_room_is_blocked_and_its_visit_goes_next_door(desk: Desk) -> None:
    for room in ("room-1", "room-2"):
        desk("resource", "add", room, "--pool", "rooms", check=True)
    desk("service", "add", "massage", "--name", "Massage", "--minutes", "60", "--price", "60",
         "--resource", "rooms", check=True)  # fmt: skip
    words = ("book", "massage", "--staff", "ana", "--at", monday_at("10:00"))
    code = desk(*words, "--customer", "Rosa Vega", "--json", check=True).json["code"]
    span = ("--from", monday_at("10:00"), "--to", monday_at("10:30"), "--reason", "Leak", "--json")
    first = desk("block", "add", "room-1", *span, check=True).json
    second = desk("block", "add", "room-2", *span)
    assert first["reseated"] == [code]
    assert (second.code, second.error["code"]) == (4, "in_the_way")
    assert desk("booking", "show", code, "--json", check=True).json["status"] == "confirmed"


def test_what_makes_no_sense_is_refused(desk: Desk) -> None:
    for code, words in (
        (2, ("displaced", "resolve")),
        (2, ("displaced", "resolve", "LUN-ZZZZ", "--all")),
        (2, ("displaced", "resolve", "--all", "--choose", "1")),
        (2, ("time-off", "add", "ana", "--from", MONDAY)),
        (2, ("block", "add", "ana", "--from", MONDAY, "--to", MONDAY)),
        (3, ("displaced", "resolve", "LUN-ZZZZ")),
        (3, ("time-off", "add", "nobody", "--from", MONDAY, "--to", MONDAY)),
        (3, ("block", "add", "nobody", "--from", MONDAY, "--to", MONDAY, "--reason", "x")),
        (3, ("time-off", "remove", "abcdef")),
        (6, ("time-off", "add", "ana", "--from", MONDAY, "--to", "2026-01-01")),
        (6, ("time-off", "add", "ana", "--from", "someday", "--to", MONDAY)),
    ):
        ran = desk("--json", *words)
        assert (words, ran.code, ran.stdout) == (words, code, "")
