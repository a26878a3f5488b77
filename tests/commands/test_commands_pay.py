"""``bookra pay``, ``bookra book --pay`` and ``bookra customer card`` as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest
from front_desk import Desk
from moments import monday_at

BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--json", "--at")


def booked(desk: Desk, wall: str = "10:00") -> str:
    return str(desk(*BOOK, monday_at(wall), check=True).json["code"])


def test_a_visit_is_paid_in_parts_and_by_different_ways(desk: Desk) -> None:
    code = booked(desk)
    part = desk(
        "pay", code, "--cash", "--amount", "20.00", "--tip", "5.00", "--to-staff", "ana=3,ben=2",
        "--json", check=True,
    ).json  # fmt: skip
    assert (part["paid"]["amount_minor"], part["due"]["amount_minor"]) == (2000, 2500)
    assert "payment" not in part
    over = desk("pay", code, "--terminal", "--amount", "25.01", "--json")
    assert (over.code, over.error["code"]) == (4, "over_payment")
    assert over.error["details"]["due"]["amount_minor"] == 2500
    dry = desk("pay", code, "--terminal", "--dry-run", "--json", check=True).json
    assert dry["due"]["amount_minor"] == 0
    keyed = ("pay", code, "--terminal", "--reference", "4711", "--idempotency-key", "k1", "--json")
    first, again = desk(*keyed, check=True).json, desk(*keyed, check=True).json
    assert first == again
    assert first["due"]["amount_minor"] == 0
    late = desk("pay", code, "--cash", "--json")
    assert (late.code, late.error["code"]) == (4, "already_paid")


@pytest.mark.parametrize(
    ("options", "exit_code"),
    [
        ((), 2),
        (("--cash", "--link"), 2),
        (("--cash", "--days", "3"), 2),
        (("--cash", "--deposit"), 2),
        (("--link", "--deposit", "--amount", "5"), 2),
        (("--cash", "--reference", "4711"), 2),
        (("--cash", "--amount", "0"), 6),
        (("--cash", "--amount", "5,00"), 6),
        (("--cash", "--amount", "5.001"), 6),
        (("--cash", "--to-staff", "ana"), 6),
        (("--cash", "--to-staff", "zoe=3.00"), 3),
        (("--terminal", "--reference", "4242 4242 4242 4242"), 6),
        (("--link", "--qr-file", "link.pdf"), 6),
        (("--saved-card",), 3),
        (("--link",), 4),
    ],
)
def test_what_can_not_be_is_refused_by_its_exit_code(
    desk: Desk, options: tuple[str, ...], exit_code: int
) -> None:
    code = booked(desk)
    before = desk.shop.rows()
    assert desk("pay", code, *options, "--json").code == exit_code
    assert desk.shop.rows() == before


def test_a_link_for_days_is_asked_for_and_named_with_the_visit(desk: Desk) -> None:
    desk("tenant", "provider", "set", "stripe", "--sandbox", check=True)
    asked = desk(*BOOK, monday_at("10:00"), "--pay", "link", "--days", "3", check=True).json
    payment = asked["payment"]
    assert (payment["kind"], payment["state"]) == ("payment-link", "new")
    assert payment["amount"] == asked["price"]
    shown = desk("booking", "show", asked["code"], "--json", check=True).json
    assert shown["payments"] == [payment]
    refused = desk(*BOOK, monday_at("12:00"), "--pay", "cash", "--days", "3")
    assert refused.code == 2


def test_a_deposit_is_asked_for_where_the_service_wants_one(desk: Desk) -> None:
    desk("tenant", "provider", "set", "stripe", "--sandbox", check=True)
    desk("service", "set", "cut", "--deposit", "20%", check=True)
    part = desk(*BOOK, monday_at("10:00"), "--pay", "link", check=True).json["payment"]
    assert (part["purpose"], part["amount"]["amount_minor"]) == ("deposit", 900)
    whole = desk(*BOOK, monday_at("12:00"), "--pay", "link", "--full", check=True).json["payment"]
    assert (whole["purpose"], whole["amount"]["amount_minor"]) == ("balance", 4500)


def test_a_page_that_saves_a_card_is_asked_for_once(desk: Desk) -> None:
    desk("tenant", "provider", "set", "stripe", "--sandbox", check=True)
    booked(desk)
    add = ("customer", "card", "add", "Rosa Vega", "--json")
    first, again = desk(*add, check=True).json, desk(*add, check=True).json
    assert first == again
    assert (first["kind"], first["state"]) == ("setup", "new")
    assert desk("customer", "card", "list", "Rosa Vega", "--json", check=True).json == []
    assert desk("customer", "card", "remove", "Rosa Vega", "4242", "--json").code == 3


def test_a_link_is_drawn_for_a_phone(tmp_path: Path) -> None:
    """The code holds the address: drawn twice the same, and otherwise for another."""
    from bookra.commands.linked import show_qr

    files = [tmp_path / name for name in ("one.svg", "two.svg", "three.png")]
    urls = ["https://pay.example/1", "https://pay.example/2", "https://pay.example/1"]
    for url, file in zip(urls, files, strict=True):
        show_qr(url, file, shown=False)
    assert files[0].read_bytes() != files[1].read_bytes()
    assert files[2].read_bytes().startswith(b"\x89PNG")
    show_qr(None, tmp_path / "none.svg", shown=False)
    assert not (tmp_path / "none.svg").exists()
