"""Messages as they arrive: in the reader's language, true, by the way that works, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from connected import PHONE, Connected
from sqlalchemy import text

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.messages import replies, store, unsure
from bookra.engine.messages.model import MessageStatus
from bookra.engine.messages.planning import plan, plan_trouble
from bookra.engine.messages.reminders import reminder_key
from bookra.engine.messages.statuses import note_status
from bookra.engine.messages.store import Message
from bookra.engine.outbox import inspect
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import SendMessage
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.actions import set_brand
from bookra.engine.tenancy.providers import ProviderAccount, account, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.sandbox import open_mail_account

MAIL = "rosa@example.com"
SENDER = "hello@luna.example"
AGED = text(
    "UPDATE outbox SET due_at = due_at - interval '6 minutes', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND state = 'unknown'"
)
REFUSED = text(
    "UPDATE provider_accounts SET state = 'refused', state_why = '190', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND provider = 'whatsapp'"
)


@pytest.fixture
def mailing(luna: Connected) -> Connected:
    """A salon that sends mails too."""
    opened = open_mail_account(luna.settings.sandbox_dir, sender=SENDER)
    mailbox = ProviderAccount("mail", sandbox=True, config={"sender": SENDER})
    vault = Vault(luna.settings.key_file)
    luna.salon.act(lambda tx: set_account(tx, vault, mailbox, {"token": opened.password}))
    return luna


def set_token(luna: Connected, token: str) -> None:
    """Store another WhatsApp token, as a business does whose old one was revoked."""
    vault = Vault(luna.settings.key_file)

    def store_it(tx: Tx) -> None:
        known = account(tx, "whatsapp")
        assert known is not None
        set_account(tx, vault, known, {"token": token})

    luna.salon.act(store_it)


def booked(
    luna: Connected, *, phone: str | None = PHONE, email: str | None = None, language: str = ""
) -> Booking:
    """Book a visit of somebody who can be reached so."""
    who = luna.salon.act(
        lambda tx: add_customer(tx, "Rosa Vega", phone=phone, email=email, language=language)[0]
    )
    wanted = BookingRequest("cut", "ana", luna.free().start, who.id)
    return luna.salon.act(lambda tx: book(tx, wanted))


def told(luna: Connected) -> list[str]:
    """Return the templates that WhatsApp has sent."""
    return [each["template"] for each in luna.outside.show()["whatsapp"]["messages"]]


def mails(luna: Connected) -> list[dict[str, Any]]:
    return list(luna.outside.show()["mail"]["messages"])


def rows_of(luna: Connected, template: str) -> list[Message]:
    return [each for each in luna.salon.ask(store.messages) if each.template == template]


def only(luna: Connected, template: str) -> Message:
    (found,) = rows_of(luna, template)
    return found


def remind(luna: Connected, visit: Booking) -> UUID | None:
    key = reminder_key(visit.id, visit.starts_at, 120)
    return luna.salon.act(lambda tx: plan(tx, visit, "booking_reminder", once_key=key))


def test_a_message_that_whatsapp_took_is_sent_and_known_by_its_id(luna: Connected) -> None:
    booked(luna)
    luna.drain()
    message = only(luna, "booking_confirmed")
    assert message.status is MessageStatus.SENT
    (sent,) = luna.outside.show()["whatsapp"]["messages"]
    assert sent["booking"] == message.booking
    assert (message.provider_ref or "").startswith("wamid.")


def test_a_customer_without_a_phone_gets_a_mail_with_the_visit_for_their_calendar(
    mailing: Connected,
) -> None:
    visit = booked(mailing, phone=None, email=MAIL, language="de")
    mailing.drain()
    (mail,) = mails(mailing)
    assert mail["to"] == MAIL
    assert mail["subject"].startswith("Ihr Termin bei Luna")
    assert "Guten Tag Rosa Vega" in mail["text"]
    assert visit.code in mail["html"]
    assert mail["attachments"] == [f"{visit.code}.ics"]
    assert only(mailing, "booking_confirmed").provider_ref == mail["message_id"]
    assert told(mailing) == []


def test_a_booking_to_be_paid_brings_its_link_and_once_paid_its_confirmation(
    mailing: Connected,
) -> None:
    visit = mailing.book_with_link()
    mailing.drain()
    mailing.drain()
    assert told(mailing) == ["payment_link"]
    mailing.pay(visit)
    mailing.drain()
    assert told(mailing) == ["payment_link", "booking_confirmed"]
    mailing.drain()
    assert len(told(mailing)) == 2


def test_a_link_to_what_is_gone_is_not_sent(luna: Connected) -> None:
    luna.outside.fault("whatsapp", "429", count=1)
    visit = luna.book_with_link()
    luna.drain()
    luna.salon.act(lambda tx: cancel(tx, visit.code))
    luna.drain_past_failures()
    assert told(luna) == []
    assert only(luna, "payment_link").status is MessageStatus.SKIPPED
    assert luna.rows() == []


def test_an_invoice_reaches_who_has_paid_once(mailing: Connected) -> None:
    visit = booked(mailing, email=MAIL)
    mailing.take_cash(visit)
    mailing.drain()
    mailing.drain()
    (mail,) = mails(mailing)
    (attached,) = mail["attachments"]
    assert attached.endswith(".pdf")
    assert mailing.count("invoices") == 1
    assert only(mailing, "receipt").status is MessageStatus.SENT
    assert told(mailing) == ["booking_confirmed"]


def test_a_number_that_is_not_on_whatsapp_is_told_by_mail(mailing: Connected) -> None:
    booked(mailing, phone="+493090100000", email=MAIL)
    mailing.drain()
    assert mails(mailing) == []
    reference = only(mailing, "booking_confirmed").provider_ref or ""
    failed: Any = lambda tx: note_status(  # noqa: E731
        tx, reference, "failed", tx.now, "131026"
    )
    mailing.salon.act(failed)
    mailing.salon.act(failed)
    mailing.drain()
    (mail,) = mails(mailing)
    assert mail["to"] == MAIL
    statuses = {each.channel: each.status for each in rows_of(mailing, "booking_confirmed")}
    assert statuses == {"whatsapp": MessageStatus.FAILED, "mail": MessageStatus.SENT}


@pytest.mark.parametrize(("fault", "out"), [("drop-before", 0), ("drop-after", 1)])
def test_a_confirmation_in_doubt_goes_by_mail_and_never_again_by_whatsapp(
    mailing: Connected, fault: str, out: int
) -> None:
    mailing.outside.fault("whatsapp", fault, count=1)
    booked(mailing, email=MAIL)
    mailing.drain()
    assert mailing.salon.act(unsure.resolve) == 0
    mailing.salon.act(lambda tx: tx.run(AGED))
    assert mailing.salon.act(unsure.resolve) == 1
    mailing.drain_past_failures()
    assert len(mails(mailing)) == 1
    assert len(told(mailing)) == out
    assert mailing.rows() == []


def test_a_mail_in_place_of_a_message_that_arrived_after_all_is_not_sent(
    mailing: Connected,
) -> None:
    mailing.outside.fault("whatsapp", "drop-after", count=1)
    visit = booked(mailing, email=MAIL)
    mailing.drain()
    mailing.salon.act(lambda tx: tx.run(AGED))
    assert mailing.salon.act(unsure.resolve) == 1
    (first, _) = sorted(rows_of(mailing, "booking_confirmed"), key=lambda each: each.channel)[::-1]
    opaque = f"{visit.code}/{first.id}"
    mailing.salon.act(lambda tx: note_status(tx, "wamid.7", "read", tx.now, opaque=opaque))
    mailing.drain()
    assert (len(told(mailing)), mails(mailing), mailing.rows()) == (1, [], [])


def test_a_message_that_can_not_go_out_at_all_falls_back_to_mail(mailing: Connected) -> None:
    """It is refused for good (an unknown template): dead for an operator, told by mail."""
    visit = booked(mailing, email=MAIL)
    broken = text(
        "INSERT INTO message_templates (tenant_id, id, name, channel, language, provider_name,"
        " created_at) VALUES (:tenant_id, :id, 'booking_confirmed', 'whatsapp', 'en', 'Not One',"
        " now())"
    )
    mailing.salon.act(lambda tx: tx.run(broken, id=visit.id))
    mailing.drain()
    mailing.drain()
    assert len(mails(mailing)) == 1
    row = mailing.row("message.send")
    assert row.state == "dead"
    mailing.salon.act(lambda tx: inspect.retry(tx, row.id))
    mailing.drain()
    assert (told(mailing), len(mails(mailing)), mailing.rows()) == ([], 1, [])


def test_a_reminder_that_comes_in_quiet_hours_waits_for_their_end(luna: Connected) -> None:
    visit = booked(luna)
    luna.keep_quiet(120)
    remind(luna, visit)
    luna.drain()
    row = luna.row("message.send")
    assert (row.state, row.error_class) == ("ready", "snoozed")
    assert timedelta(minutes=100) < row.due_at - datetime.now(UTC) < timedelta(minutes=125)
    assert told(luna) == ["booking_confirmed"]
    luna.speak_again(120)
    luna.drain_past_failures()
    assert told(luna) == ["booking_confirmed", "booking_reminder"]


def test_what_a_customer_did_is_told_in_quiet_hours_too(luna: Connected) -> None:
    luna.keep_quiet()
    booked(luna)
    luna.drain()
    assert told(luna) == ["booking_confirmed"]


def test_a_reminder_that_waits_does_not_hold_up_a_cancellation(luna: Connected) -> None:
    visit = booked(luna)
    luna.keep_quiet()
    remind(luna, visit)
    luna.drain()
    luna.salon.act(lambda tx: cancel(tx, visit.code))
    luna.drain()
    assert told(luna) == ["booking_confirmed", "booking_cancelled"]


def test_who_opts_out_before_the_turn_comes_is_sent_nothing(luna: Connected) -> None:
    visit = booked(luna)
    luna.salon.act(lambda tx: replies.stop(tx, visit.customer_id))
    luna.drain()
    assert told(luna) == []
    assert only(luna, "booking_confirmed").status is MessageStatus.SKIPPED


def test_an_answer_that_comes_too_late_is_left_out(luna: Connected) -> None:
    """The stand-in says 131047: it is more than 24 hours since the customer wrote."""
    booked(luna)
    luna.drain()
    luna.salon.act(lambda tx: replies.heard(tx, PHONE, "STOP", tx.now))
    luna.drain()
    assert only(luna, "opted_out").status is MessageStatus.SKIPPED
    assert (luna.rows(), told(luna)) == ([], ["booking_confirmed"])


def test_a_row_of_an_older_version_is_sent_without_a_message_of_its_own(luna: Connected) -> None:
    visit = luna.salon.act(lambda tx: book(tx, luna.request(phone=None)))
    luna.drain()
    give = text("UPDATE customers SET phone = :phone WHERE tenant_id = :tenant_id")
    luna.salon.act(lambda tx: tx.run(give, phone=PHONE))
    luna.salon.act(lambda tx: emit(tx, SendMessage(visit.id, "booking_moved")))
    luna.drain()
    assert told(luna) == ["booking_moved"]
    assert luna.rows() == []


def test_the_business_reads_by_mail_that_whatsapp_refuses_it(mailing: Connected) -> None:
    def trouble(tx: Tx) -> UUID | None:
        set_brand(tx, {"email": "owner@luna.example", "language": "fr"})
        tx.run(REFUSED)
        return None

    mailing.salon.act(trouble)
    assert mailing.salon.act(lambda tx: plan_trouble(tx, "whatsapp"))
    mailing.drain()
    (mail,) = mails(mailing)
    assert mail["to"] == "owner@luna.example"
    assert "WhatsApp a refusé" in mail["text"]
    assert "190" in mail["text"]


def test_a_token_that_is_revoked_stops_whatsapp_alone_and_the_business_is_told_once(
    mailing: Connected,
) -> None:
    mailing.salon.act(lambda tx: set_brand(tx, {"email": "owner@luna.example"}))
    set_token(mailing, "revoked")
    first, second = booked(mailing), mailing.book(1)
    mailing.drain()
    mailing.drain()
    assert [(mail["to"], mail["subject"]) for mail in mails(mailing)] == [
        ("owner@luna.example", "Luna: WhatsApp refuses our access")
    ]
    waiting = {(row.topic, row.booking, row.state) for row in mailing.rows()}
    assert waiting == {("message.send", visit.code, "ready") for visit in (first, second)}
    assert mailing.seen(first)["events"] == 1


def test_no_log_and_no_row_of_ours_holds_a_word_of_a_message(
    mailing: Connected, capfd: pytest.CaptureFixture[str]
) -> None:
    booked(mailing, email=MAIL)
    mailing.outside.fault("whatsapp", "drop-before", count=1)
    mailing.drain()
    kept = mailing.salon.ask(
        lambda tx: [
            tx.rows(text(f"SELECT * FROM {table} WHERE tenant_id = :tenant_id"))
            for table in ("outbox", "outbox_history", "messages", "audit")
        ]
    )
    shown = str([[tuple(row) for row in rows] for rows in kept]) + "".join(capfd.readouterr())
    assert "message.send" in shown
    assert not any(word in shown for word in ("Rosa", PHONE, PHONE[1:], MAIL))
