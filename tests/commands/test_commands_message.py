"""The commands of messages: preview, list, show, send, words, rules and wishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import Ran
from front_desk import Desk
from moments import monday_at

BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--at")


@pytest.fixture
def connected(desk: Desk, tmp_path: Path) -> Desk:
    """A desk whose business sends by WhatsApp. Nobody delivers."""
    desk.salon.connect_provider("whatsapp", desk.shop.settings.key_file, phone_number_id="1")
    return desk


def booked(desk: Desk) -> str:
    return str(desk(*BOOK, monday_at("10:00"), "--json", check=True).json["code"])


def listed(desk: Desk, *words: str) -> list[dict[str, Any]]:
    return list(desk("message", "list", *words, "--json", check=True).json)


def refused(ran: Ran, exit_code: int, code: str) -> None:
    assert (ran.code, ran.error["code"]) == (exit_code, code), ran.stderr


def test_a_message_is_shown_before_anybody_reads_it(connected: Desk) -> None:
    code = booked(connected)
    before = connected.rows()
    shown = connected(
        "message", "preview", "booking_confirmed", "--booking", code, "--json", check=True
    ).json
    assert (shown["channel"], shown["language"], shown["own_words"]) == ("whatsapp", "en", False)
    assert shown["parameters"][0] == "Rosa Vega"
    assert shown["parameters"][4] == code
    assert code in shown["text"]
    mail = ("--language", "de", "--channel", "mail", "--json")
    made_up = connected("message", "preview", "payment_link", *mail, check=True).json
    assert made_up["subject"] == "Bitte bezahlen Sie Ihren Termin bei Luna"
    assert "45,00" in made_up["text"]
    assert connected.rows() == before


def test_a_booking_lists_its_messages_and_each_says_where_it_is(connected: Desk) -> None:
    code = booked(connected)
    (message,) = listed(connected, "--booking", code)
    assert (message["template"], message["status"]) == ("booking_confirmed", "planned")
    shown = connected("message", "show", message["id"], "--json", check=True).json
    assert shown == {**message, "sent_instead": None}
    assert listed(connected, "--status", "sent") == []
    assert "booking_confirmed" in connected("message", "list", check=True).stdout
    assert "Rosa" not in connected("message", "list", "--json", check=True).stdout


def test_a_message_by_hand_goes_once_unless_somebody_insists(connected: Desk) -> None:
    code = booked(connected)
    send = ("message", "send", "booking_reminder", code, "--json")
    assert connected(*send, "--dry-run", check=True).json["status"] == "planned"
    first = connected(*send, "--idempotency-key", "k", check=True).json
    assert connected(*send, "--idempotency-key", "k", check=True).json == first
    refused(connected(*send), 4, "message_sent")
    again = connected(*send, "--again", check=True).json
    assert again["id"] != first["id"]
    assert len(listed(connected, "--booking", code)) == 3


def test_a_message_by_hand_tells_nothing_that_is_not_so(connected: Desk) -> None:
    code = booked(connected)
    refused(connected("message", "send", "booking_cancelled", code, "--json"), 4, "not_true")
    refused(connected("message", "send", "payment_link", code, "--json"), 4, "not_true")
    refused(connected("message", "send", "waitlist_offer", code, "--json"), 4, "not_true")
    refused(connected("message", "send", "receipt", code, "--json"), 4, "not_by_hand")
    connected("booking", "cancel", code, check=True)
    refused(connected("message", "send", "booking_reminder", code, "--json"), 4, "not_true")


def test_who_wants_no_messages_gets_none_until_they_do(connected: Desk) -> None:
    stop = ("message", "stop", "Rosa Vega", "--json")
    assert connected(*stop, check=True).json["changed"] is True
    assert connected(*stop, check=True).json["changed"] is False
    code = booked(connected)
    assert listed(connected, "--booking", code) == []
    refused(connected("message", "send", "booking_confirmed", code, "--json"), 4, "not_reachable")
    started = connected("message", "start", "Rosa Vega", "--json", check=True).json
    assert started["opted_out_of"] is None
    connected("message", "send", "booking_confirmed", code, "--json", check=True)
    refused(connected(*stop, "--of", "invoices"), 6, "bad_opt_out")


def test_a_business_puts_its_own_words_and_takes_them_back(connected: Desk) -> None:
    folder = connected.shop.command_line.folder
    (folder / "words.txt").write_text("Servus {customer}, bis {when}! {code} gilt.", "utf-8")
    where = ("booking_confirmed", "--channel", "whatsapp", "--language", "de")
    words = ("--text", "words.txt", "--provider-name", "luna_1", "--json")
    stored = connected("message", "template", "set", *where, *words, check=True).json
    assert (stored["provider_name"], stored["language"]) == ("luna_1", "de")
    listing = ("message", "template", "list", "--language", "de", "--provider-text", "--json")
    texts = {
        each["template"]: each for each in connected(*listing, check=True).json if each["text"]
    }
    assert texts["booking_confirmed"]["text"] == "Servus {{1}}, bis {{2}}! {{3}} gilt."
    assert texts["booking_confirmed"]["own_words"] is True
    assert texts["booking_moved"]["text"].startswith("Guten Tag {{1}}, Ihr Termin bei {{2}}")
    shown = ("message", "preview", "booking_confirmed", "--language", "de", "--json")
    assert connected(*shown, check=True).json["text"].startswith("Servus Rosa Vega")
    connected("message", "template", "remove", *where, check=True)
    assert connected(*shown, check=True).json["own_words"] is False
    refused(connected("message", "template", "remove", *where, "--json"), 3, "no_own_words")


def test_words_that_can_not_be_are_refused_with_the_list_of_placeholders(connected: Desk) -> None:
    folder = connected.shop.command_line.folder
    (folder / "words.txt").write_text("Hallo {name}!", "utf-8")
    ran = connected(
        *("message", "template", "set", "booking_moved", "--channel", "mail"),
        *("--language", "de", "--text", "words.txt", "--json"),
    )
    refused(ran, 6, "bad_placeholder")
    assert "{customer}" in ran.error["hint"]


def test_quiet_hours_and_reminders_are_shown_and_set(connected: Desk) -> None:
    rules = ("tenant", "messages", "--json")
    assert connected(*rules, check=True).json == {
        "quiet_hours": "off",
        "reminders": "24h",
        "reminder_minutes": [1440],
    }
    change = ("--quiet-hours", "22:00-07:30", "--reminders", "2d,2h")
    changed = connected(*rules, *change, check=True).json
    assert changed == connected(*rules, check=True).json
    assert (changed["quiet_hours"], changed["reminders"]) == ("22:00-07:30", "2d,2h")
    off = connected(*rules, "--quiet-hours", "off", "--reminders", "none", check=True).json
    assert (off["quiet_hours"], off["reminder_minutes"]) == ("off", [])
    refused(connected(*rules, "--quiet-hours", "night"), 6, "bad_quiet_hours")
    refused(connected(*rules, "--reminders", "soon"), 6, "bad_reminders")


def test_a_customer_is_written_to_in_the_language_that_they_read(connected: Desk) -> None:
    words = ("--name", "Ines Paz", "--phone", "+34911234567", "--language", "es_ES")
    added = connected("customer", "add", *words, "--json", check=True).json
    ask = ("message", "preview", "booking_moved", "--booking", booked(connected), "--json")
    for tag, changed, spoken in (("it", True, "it"), ("it", False, "it"), ("own", True, "en")):
        done = connected("message", "language", "Rosa Vega", tag, "--json", check=True).json
        assert done["changed"] is changed
        assert connected(*ask, check=True).json["language"] == spoken
    again = connected("message", "language", added["id"], "es-ES", "--json", check=True).json
    assert again["changed"] is False
    refused(connected("message", "language", "Rosa Vega", "spanish!", "--json"), 6, "bad_language")


def test_what_names_nothing_exits_as_documented(connected: Desk) -> None:
    for exit_code, word, words in (
        (3, "unknown_template", ("preview", "booking_lost")),
        (3, "unknown_booking", ("preview", "booking_moved", "--booking", "LUN-0000")),
        (6, "unknown_language", ("preview", "booking_moved", "--language", "tlh")),
        (6, "unknown_channel", ("preview", "booking_moved", "--channel", "pigeon")),
        (6, "bad_template", ("preview", "receipt", "--channel", "whatsapp")),
        (3, "unknown_message", ("show", "7")),
        (3, "unknown_message", ("show", "00000000-0000-0000-0000-000000000007")),
        (6, "unknown_status", ("list", "--status", "lost")),
        (3, "unknown_booking", ("list", "--booking", "LUN-0000")),
        (3, "unknown_template", ("send", "booking_lost", "LUN-0000")),
        (3, "unknown_customer", ("stop", "Nobody")),
    ):
        refused(connected("message", *words, "--json"), exit_code, word)
