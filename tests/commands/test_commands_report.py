"""Reports and invoices from the command line: their keys, forms, drawings, refusals."""

from __future__ import annotations

import csv
import io
import shlex
from typing import Any

import pytest
from command_line import Ran
from front_desk import Desk

from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.invoices.actions import credit, issue
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.payments.taking import take_cash
from bookra.money import Money

AMOUNTS = (
    *("gross", "discounts", "refunds", "net", "tax", "tips", "collected"),
    *("stripe_fees", "platform_fees", "disputes", "commissions"),
)


@pytest.fixture
def sold(desk: Desk) -> Booking:
    """A cut that was paid in cash with a tip, and a third of it given back."""
    salon = desk.salon
    slot = salon.slots(salon.now.date().isoformat(), days=10)[0]
    wanted = BookingRequest("cut", "ana", slot.start, salon.customer().id)
    booking = salon.act(lambda tx: book(tx, wanted))
    salon.act(lambda tx: take_cash(tx, booking.code, Money(500, "EUR")))
    salon.act(lambda tx: refund(tx, booking.code, Back(Money(1_500, "EUR"))))
    return booking


def report(desk: Desk, *words: str, **variables: str) -> Ran:
    return desk("report", *words, check=True, **variables)


def minor(row: dict[str, Any]) -> dict[str, int]:
    return {name: row[name]["amount_minor"] for name in AMOUNTS}


def test_the_keys_that_scripts_rely_on(desk: Desk, sold: Booking) -> None:
    for by in ("day", "week", "month", "service", "category", "staff", "location", "method"):
        found = report(desk, "revenue", "--by", by, "--json").json
        assert found["by"] == by
        assert {"from", "to", "as_of", "provisional", "rows", "total"} <= set(found)
        for row in (*found["rows"], found["total"]):
            assert {"key", "bookings", *AMOUNTS} <= set(row)
            assert row["gross"]["currency"] == "EUR"
        assert minor(found["total"])["collected"] == 3_500
        sums = {name: sum(minor(row)[name] for row in found["rows"]) for name in AMOUNTS}
        assert sums == minor(found["total"])


def test_a_row_says_how_it_is_opened(desk: Desk, sold: Booking) -> None:
    (row,) = report(desk, "revenue", "--by", "staff", "--json").json["rows"]
    program, *words = shlex.split(row["open"])
    assert program == "bookra"
    entries = desk(*words, "--json", check=True).json
    assert {entry["kind"] for entry in entries} == {"cash_payment", "cash_refund"}
    assert sum(entry["net"]["amount_minor"] for entry in entries) == minor(row)["net"]
    assert {entry["subject"] for entry in entries} == {sold.code}
    explained = desk(*shlex.split(entries[0]["open"])[1:], "--json", check=True)
    assert sold.code in explained.stdout


def test_csv_has_a_header_the_rows_and_the_total(desk: Desk, sold: Booking) -> None:
    text = report(desk, "revenue", "--by", "service", "--output", "csv").stdout
    first, total = csv.DictReader(io.StringIO(text))
    assert (first["key"], total["key"]) == ("cut", "total")
    assert first["gross.amount_minor"] == total["gross.amount_minor"] == "3782"


def test_columns_for_a_pipe_have_amounts_without_their_currency(desk: Desk, sold: Booking) -> None:
    lines = report(desk, "revenue", "--by", "service").stdout.splitlines()
    assert [line.split("\t")[:3] for line in lines] == [
        ["cut", "1", "37.82"],
        ["total", "1", "37.82"],
    ]


def test_bars_are_drawn_without_colour(desk: Desk, sold: Booking) -> None:
    for words in (("revenue", "--by", "staff"), ("tax",), ("liabilities",), ("close-of-day",)):
        drawn = report(desk, *words, "--plot", COLUMNS="60").stdout
        assert "█" in drawn
        assert "\x1b" not in drawn
        assert all(len(line) <= 60 for line in drawn.splitlines())
    assert report(desk, "revenue", "--plot", "--json").json["rows"]


def test_the_other_reports_have_their_keys(desk: Desk, sold: Booking) -> None:
    (ana, _) = report(desk, "staff", "--json").json["rows"]
    assert (ana["staff"], ana["tickets"], ana["tips"]["amount_minor"]) == ("ana", 1, 500)
    assert {"scheduled_minutes", "booked_minutes", "utilisation_percent", "rebooked"} <= set(ana)
    assert "h\t" in report(desk, "staff").stdout
    tax = report(desk, "tax", "--by", "month", "--json").json
    assert tax["rows"][0]["rate"] == "19"
    payable = {name: tax["total"][name]["amount_minor"] for name in ("tax", "refunded", "payable")}
    assert payable == {"tax": 718, "refunded": 239, "payable": 479}
    owed = report(desk, "liabilities", "--json").json
    assert owed["totals"]["tips"]["amount_minor"] == 500
    assert owed["total"]["balance"]["amount_minor"] == 500 + 479
    card = desk("gift-card", "sell", "20", "--cash", "--json", check=True).json["code"]
    owed = report(desk, "liabilities", "--json")
    (row,) = [row for row in owed.json["rows"] if row["key"] == "gift-cards"]
    assert row["owner"] == f"…{card[-4:]}"  # all of the code is as good as money
    assert card not in owed.stdout
    day = report(desk, "close-of-day", "--json").json
    assert day["methods"][0]["given_back"]["amount_minor"] == 1_500
    assert {"sales", "drawer", "deposits", "gift_cards", "open_tabs", "unpaid"} <= set(day)
    assert "cash" in report(desk, "close-of-day").stdout


def test_what_was_known_before_anything_happened_is_nothing(desk: Desk, sold: Booking) -> None:
    found = report(desk, "revenue", "--as-of", "2026-01-01T00:00", "--json").json
    assert (found["rows"], found["provisional"]) == ([], False)
    soon = report(desk, "revenue", "--as-of", "tomorrow 12:00")
    assert "Provisional" in soon.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("revenue", "--by", "nose"), 6),
        (("revenue", "--from", "2026-02-02", "--to", "2026-02-01"), 6),
        (("revenue", "--as-of", "yesterweek"), 6),
        (("revenue", "--by", "staff", "--open", "nobody"), 3),
        (("tax", "--by", "staff"), 6),
        (("staff", "--staff", "nobody"), 3),
        (("close-of-day", "2026-13-01"), 6),
    ],
)
def test_refusals(desk: Desk, words: tuple[str, ...], code: int) -> None:
    assert desk("report", *words).code == code


def test_invoices_are_listed_by_kind_and_day_and_printed_together(
    desk: Desk, sold: Booking
) -> None:
    salon = desk.salon
    salon.act(lambda tx: issue(tx, sold.id))
    (entry,) = [
        one
        for one in report(desk, "revenue", "--open", day_of(desk), "--json").json
        if one["kind"] == "cash_refund"
    ]
    key = desk("ledger", "entries", "--json", check=True).json
    refund_key = next(one["key"] for one in key if one["id"] == entry["entry"])
    salon.act(lambda tx: credit(tx, sold.id, None, refund_key))
    invoice, note = desk("invoice", "list", "--json", check=True).json
    assert (invoice["kind"], note["kind"]) == ("invoice", "credit-note")
    assert (note["corrects"], note["gross"]["amount_minor"]) == (invoice["number"], -1_500)
    assert desk("invoice", "list", "--kind", "credit-note", "--json").json == [note]
    assert desk("invoice", "list", "--to", "2026-01-01", "--json").json == []
    assert desk("invoice", "list", "--kind", "letter").code == 6
    assert desk("invoice", "show", note["number"], "--json").json["document"]["lines"]
    printed = desk("invoice", "pdf", "--all", "--folder", "papers", "--json", check=True).json
    folder = desk.shop.command_line.folder / "papers"
    assert [row["number"] for row in printed] == [invoice["number"], note["number"]]
    assert all((folder / f"{row['number']}.pdf").read_bytes()[:4] == b"%PDF" for row in printed)
    assert desk("invoice", "pdf").code == 2
    number, none = printed[0]["number"], ("--from", "2001-01-01", "--to", "2001-01-31")
    one = desk("invoice", "pdf", number, "--to", "mine.pdf", "--json", check=True).json
    assert one == {"number": number, "file": "mine.pdf"}
    assert desk("invoice", "pdf", "--all", *none, "--json", check=True).json == []


def day_of(desk: Desk) -> str:
    (row,) = report(desk, "revenue", "--json").json["rows"]
    return str(row["key"])
