"""A client erased for good: here, at Stripe and in the calendar, with the books as they were."""

from __future__ import annotations

import json
import stat
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from connected import PHONE, Connected
from sqlalchemy import text

from bookra.commands import root
from bookra.engine.bookings import actions
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.payments import saved_cards
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.people.editing import Change, change_customer
from bookra.engine.schema import metadata
from bookra.errors import ConflictError

MARKED = ("Rosa", "Vega", "30901820", "rosa@example.com", "sensible", "allergisch", "4242")
PAGES = text("SELECT url FROM operations WHERE tenant_id = :tenant_id AND kind = 'setup'")
NOTE = text(
    "UPDATE bookings SET note = 'allergisch', changed_by = session_user"
    " WHERE tenant_id = :tenant_id"
)
REFERENCES = text("SELECT count(provider_ref) FROM messages WHERE tenant_id = :tenant_id")
AUDIT = text(
    "SELECT subjects FROM audit WHERE tenant_id = :tenant_id AND command = 'customer erase'"
)


def told(luna: Connected, mark: str) -> set[str]:
    """Return the tables in which a word is anywhere in the business's rows."""
    found = set()
    for table in metadata.sorted_tables:
        if "tenant_id" in table.c:
            rows = luna.salon.ask(lambda tx, table=table: tx.rows(_rows(table.name)))
            found |= {table.name for row in rows if mark in row[0]}
    return found


def _rows(table: str) -> Any:
    return text(f"SELECT CAST(t AS text) FROM {table} t WHERE t.tenant_id = :tenant_id")


def visited(luna: Connected) -> UUID:
    """Let Rosa come and pay by link, with a part given back; her card is saved."""
    visit = luna.book_with_link()
    rosa = visit.customer_id
    details = Change(email="rosa@example.com", notes="sensible Kopfhaut")
    luna.salon.act(lambda tx: change_customer(tx, rosa, details))
    luna.drain()
    luna.pay(visit)
    luna.salon.act(lambda tx: saved_cards.request_setup(tx, rosa))
    luna.drain()
    (page,) = luna.salon.ask(lambda tx: tx.rows(PAGES))
    luna.outside.pay(page.url, "visa")
    luna.drain()
    luna.salon.act(lambda tx: tx.run(NOTE))
    luna.salon.act(lambda tx: refund(tx, visit.code, Back(reason="unhappy")))
    luna.drain()
    after = luna.salon.at(visit.ends_at + timedelta(hours=1))
    after.act(lambda tx: actions.check_in(tx, visit.code))
    after.act(lambda tx: actions.complete(tx, visit.code))
    luna.drain()
    return rosa


@pytest.fixture
def bookra(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Run a command in this process: its code, and the document on stdout or stderr."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, Any]:
        code = root.run([*words, "--tenant", "luna", "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out or err)

    return run


def test_a_client_is_exported_erased_and_nothing_tells_of_them_but_the_invoice(
    luna: Connected, bookra: Any, tmp_path: Path
) -> None:
    rosa = visited(luna)
    wanted = BookingRequest("cut", "ana", luna.free(2).start, rosa)
    (event,) = luna.outside.show()["calendar"]["events"]
    assert "Rosa Vega" in event["summary"]
    assert {"customers", "bookings", "saved_cards", "invoices"} <= set().union(
        *(told(luna, mark) for mark in MARKED)
    )
    assert luna.salon.ask(lambda tx: tx.rows(REFERENCES))[0][0] > 0

    archive = tmp_path / "rosa.zip"
    code, done = bookra("customer", "export", PHONE, str(archive))
    assert (code, stat.S_IMODE(archive.stat().st_mode)) == (0, 0o600)
    with zipfile.ZipFile(archive) as opened:
        assert "Rosa Vega" in opened.read("summary.txt").decode()
        data = json.loads(opened.read("data.json"))
    assert sum(map(len, data["tables"].values())) == done["rows"]
    assert {"invoices", "saved_cards", "messages", "charges", "movements"} <= set(data["tables"])

    code, dry = bookra("customer", "erase", PHONE, "--dry-run")
    assert code == 0
    code, refused = bookra("customer", "erase", PHONE)
    assert (code, refused["error"]["code"]) == (2, "needs_yes")
    balances = luna.salon.balances()
    code, erased = bookra("customer", "erase", PHONE, "--yes")
    assert erased["cleared"] == dry["cleared"]
    assert set(erased["cleared"]) == {
        "saved cards",
        "events in calendars",
        "notes of visits",
        "digits of cards",
        "pages and reasons of payments",
        "references of messages",
    }
    luna.drain()
    assert luna.rows() == []
    (event,) = luna.outside.show()["calendar"]["events"]
    assert event["summary"].endswith("Erased customer")
    assert (
        luna.stripe_list(
            f"customers/{data['tables']['saved_cards'][0]['customer_ref']}/payment_methods"
        )
        == []
    )

    where = {mark: told(luna, mark) for mark in MARKED}
    assert {name for names in where.values() for name in names} == {"invoices"}
    assert luna.salon.ask(lambda tx: tx.rows(REFERENCES))[0][0] == 0
    (row,) = luna.salon.ask(lambda tx: tx.rows(AUDIT))
    assert row.subjects[-1] == f"customer:{rosa}"
    assert luna.salon.balances() == balances
    luna.prove_the_money()
    code, again = bookra("customer", "erase", str(rosa), "--yes")
    assert (code, again["erased_at"], again["cleared"]) == (0, erased["erased_at"], {})
    assert bookra("customer", "show", PHONE)[0] == 3
    with pytest.raises(ConflictError) as late:
        luna.salon.act(lambda tx: book(tx, wanted))
    assert late.value.code == "customer_erased"


def test_consent_is_written_down_and_shown(luna: Connected, bookra: Any) -> None:
    luna.request()

    def said(*words: str) -> dict[str, Any]:
        code, document = bookra("customer", "consent", "Rosa Vega", *words)
        assert code == 0
        return dict(document)

    first = said("--kind", "photos", "--given", "--wording", "On our page")
    assert (first["recorded"], first["consents"]) == (True, {"photos": True})
    assert said("--kind", "photos", "--given")["recorded"] is False
    said("--kind", "messages", "--withdrawn")
    shown = bookra("customer", "show", "Rosa Vega")[1]
    assert [(each["kind"], each["given"]) for each in shown["consents"]] == [
        ("messages", False),
        ("photos", True),
    ]
    assert shown["consents"][1]["wording"] == "On our page"
    assert shown["opted_out_of"] == "everything"
    assert bookra("customer", "consent", "Rosa Vega", "--kind", "tea", "--given")[0] == 6


def test_a_schedule_erases_and_counts(luna: Connected, bookra: Any) -> None:
    luna.request()
    bookra("tenant", "rules", "--erase-after", "30")
    code, ran = bookra("schedule", "run", "nightly-retention")
    assert (code, ran["state"], ran["outcome"]) == (0, "done", "nobody to erase")
    assert bookra("tenant", "rules", "--erase-after", "7")[0] == 6
    assert bookra("tenant", "rules", "--erase-after", "never")[1]["erase_after_days"] is None
