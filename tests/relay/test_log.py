"""The relay's log: lines that machines read, and nothing personal, whatever a provider answers."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from connected import Connected
from scripted_wire import Drop, Reply, Script, scripted
from sqlalchemy import text

from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.payments.taking import book_with_link
from bookra.engine.people.customers import add_customer
from bookra.ids import new_id
from bookra.relay import log as logging_room
from bookra.relay.log import log, masked

NAME, PHONE, EMAIL = "Rosalinde Vegavarro", "+4930901829", "rosalinde@vegavarro.example"
TOKENS = ("sk_live_51Hsecretsecret", "whsec_verysecret", "ya29.a0AfSecretToken", "Bearer abc.def")
PERSONAL = ("Rosalinde", "Vegavarro", "901829", "vegavarro", "secret", "Secret", "abc.def")
GOSSIP = f"{NAME} <{EMAIL}> {PHONE} {' '.join(TOKENS)} \x1b[31m\r\n\x00"

STORED = text(
    """
    SELECT last_error AS said FROM outbox WHERE tenant_id = :tenant_id
    UNION ALL SELECT reference FROM outbox_history WHERE tenant_id = :tenant_id
    UNION ALL SELECT last_error FROM inbox WHERE tenant_id = :tenant_id
    UNION ALL SELECT failure FROM operations WHERE tenant_id = :tenant_id
    UNION ALL SELECT error_code FROM messages WHERE tenant_id = :tenant_id
    UNION ALL SELECT state_why FROM provider_accounts WHERE tenant_id = :tenant_id
    UNION ALL SELECT why FROM breakers WHERE tenant_id = :tenant_id
    """
)

WELL_AGAIN = (
    text(
        "UPDATE provider_accounts SET state = 'active', state_why = '', changed_by = session_user"
        " WHERE tenant_id = :tenant_id"
    ),
    text(
        "UPDATE breakers SET state = 'closed', until = NULL, changed_by = session_user"
        " WHERE tenant_id = :tenant_id"
    ),
)
"""A provider's refusal ends the calls to it: the next answer is to be heard as well."""


def refusal(status: int, code: object) -> Reply:
    """Return an error in the shape of all three providers at once, that tells what it must not."""
    error = {
        "type": "invalid_request_error",
        "code": code,
        "message": GOSSIP,
        "param": GOSSIP,
        "decline_code": "generic_decline",
        "status": GOSSIP,
        "errors": [{"domain": GOSSIP, "reason": "forbidden", "message": GOSSIP}],
        "error_user_msg": GOSSIP,
        "error_data": {"details": GOSSIP},
        "error_subcode": 7,
        "fbtrace_id": GOSSIP,
        "doc_url": GOSSIP,
        "payment_intent": {"id": "pi_1", "receipt_email": EMAIL},
    }
    return Reply(status, {"error": error}, {"Request-Id": "req_1", "Retry-After": "0"})


REPLIES = (
    refusal(400, "parameter_invalid"),
    refusal(401, 190),
    refusal(402, "card_declined"),
    refusal(403, 10),
    refusal(404, 132001),
    refusal(409, "lock_timeout"),
    refusal(429, 130429),
    refusal(500, 131000),
    Reply(503, f"<html>{GOSSIP}</html>".encode()),
    Reply(200, GOSSIP.encode()),
    Reply(200, {"object": GOSSIP, "data": GOSSIP, "items": [GOSSIP], "messages": GOSSIP}),
    Reply(302, None, {"Location": f"http://127.0.0.1:1/{EMAIL}"}),
    Drop(),
)


class Always(list[Reply]):
    """A script that gives the same answer for ever."""

    def __bool__(self) -> bool:
        return True

    def pop(self, _index: Any = 0) -> Reply:
        return self[0]


@contextmanager
def gossiping(luna: Connected) -> Iterator[Script]:
    """Let the stand-ins' address lead to a server that tells all it knows."""
    address = luna.settings.sandbox_dir / "address.json"
    before = address.read_text("utf-8")
    with scripted() as script:
        known = json.loads(before)
        address.write_text(json.dumps({**known, "url": script.url}), "utf-8")
        yield script
        address.write_text(before, "utf-8")


def test_nothing_personal_gets_into_log_or_rows_whatever_a_provider_answers(
    luna: Connected, capfd: pytest.CaptureFixture[str]
) -> None:
    salon = luna.salon
    rosa = salon.act(lambda tx: add_customer(tx, NAME, phone=PHONE, email=EMAIL)[0])
    with gossiping(luna) as script:
        for number, reply in enumerate(REPLIES):
            script.rest = Always([reply])
            wanted = BookingRequest("cut", "ana", luna.free(number * 2).start, rosa.id)
            salon.act(lambda tx, wanted=wanted: book(tx, wanted))
            other = BookingRequest("cut", "ana", luna.free(number * 2 + 1).start, rosa.id)
            salon.act(lambda tx, other=other: book_with_link(tx, other))
            with luna.relay() as relay:
                relay._drain.once()
                relay._drain.finish()
                relay._inbound.once()
            for statement in WELL_AGAIN:
                salon.act(lambda tx, statement=statement: tx.run(statement))
    assert len(script.seen) > 3 * len(REPLIES)
    written = capfd.readouterr().err
    assert written.count('"event": "outbox.settled"') > 2 * len(REPLIES)
    said = [row.said or "" for row in salon.ask(lambda tx: tx.rows(STORED))]
    assert any(said)
    for personal in PERSONAL:
        assert personal not in written, personal
        assert not [text for text in said if personal in text], personal
    for line in written.splitlines():
        json.loads(line)
        assert line.isprintable()


def test_a_line_is_one_json_object_with_its_fields(capfd: pytest.CaptureFixture[str]) -> None:
    row = new_id()
    log("outbox.settled", row=row, tenant="luna", attempt=2, sandbox=True, why=None, ms=1.5)
    found = json.loads(capfd.readouterr().err)
    assert found.pop("at").endswith("+00:00")
    assert found == {
        "level": "info",
        "event": "outbox.settled",
        "row": str(row),
        "tenant": "luna",
        "attempt": 2,
        "sandbox": True,
        "ms": 1.5,
    }


def test_what_looks_personal_is_masked_in_whatever_field_it_is(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log("x", why=f"{EMAIL} {PHONE} +49 30 90-1829", url="postgresql://luna:pass@db/bookra")
    for token in TOKENS:
        log("x", why=f"a {token} b")
    written = capfd.readouterr().err
    for personal in ("vegavarro", "901829", "90-1829", "pass", *TOKENS):
        assert personal not in written
    assert written.count("[masked]") == 3 + 1 + len(TOKENS)
    for harmless in (str(new_id()), "2026-11-24T14:30:00+01:00", "evt_1Q8x", "calendar.upsert"):
        assert masked(harmless) == harmless


def test_control_characters_are_never_written_as_they_are(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log("x", why="\x1b[31m\r\n\x00\u202e\u2028 forged", other='"}{"event":"forged"')
    (line,) = capfd.readouterr().err.splitlines()
    assert line.isprintable()
    assert json.loads(line)["event"] == "x"


def test_a_long_field_is_cut(capfd: pytest.CaptureFixture[str]) -> None:
    log("x", why="y" * 10_000)
    assert len(capfd.readouterr().err) < 500


def test_what_is_below_the_level_is_not_written(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging_room, "_least", logging_room.ORDER["info"])
    log("quiet", level="debug")
    assert logging_room.set_level("warning")
    log("quiet")
    log("loud", level="error")
    assert not logging_room.set_level("shouting")
    assert logging_room.set_level("off")
    log("quiet", level="error")
    assert [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()] == ["loud"]


def test_nobody_reading_the_log_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    log("x")
