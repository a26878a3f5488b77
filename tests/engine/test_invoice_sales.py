"""What invoices say of sales with everything in them, and the credit notes that correct them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from factories import Salon
from refunding import give_back, pay_at_counter
from selling import crowded, eur, product
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.invoices.actions import Invoice, credit, invoices, issue
from bookra.engine.invoices.pdf import typeset
from bookra.engine.invoices.stored import from_json, to_json
from bookra.engine.ledger.verify import verify
from bookra.engine.orders.gift_cards import sell_gift_card
from bookra.engine.orders.redeeming import redeem_gift_card
from bookra.engine.orders.selling import pay_by, sell_goods
from bookra.engine.payments.fees import cancel_visit
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.prices.discounts import discount_by_hand
from bookra.engine.prices.items import Wanted, add_item
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.actions import set_brand

REFUND_KEYS = text(
    "SELECT payload ->> 'refund_key' AS key FROM outbox"
    " WHERE tenant_id = :tenant_id AND topic = 'invoice.credit'"
    "   AND (booking_id = :id OR payload ->> 'order_id' = CAST(:id AS text)) ORDER BY id"
)


def issued(salon: Salon, booking_id: UUID | None, order_id: UUID | None = None) -> Invoice:
    return salon.act(lambda tx: issue(tx, booking_id, order_id))


def credited(salon: Salon, sale: UUID, *, order: bool = False) -> list[Invoice]:
    """Carry out every credit note that the outbox asks for, each twice."""
    keys = [row.key for row in salon.ask(lambda tx: tx.rows(REFUND_KEYS, id=sale))]
    owner = (None, sale) if order else (sale, None)
    found = []
    for key in keys:
        once, again = (salon.act(lambda tx, key=key: credit(tx, *owner, key)) for _ in range(2))
        assert once is not None
        assert once == again
        found.append(once)
    return found


def visit(salon: Salon, wall: str = "2026-11-24 10:00") -> Booking:
    """A colour with two oils at another rate, a tenth off."""
    product(salon, "oil", 1290, tax_bps=700)
    booking = salon.book(wall, service="color")
    salon.act(lambda tx: add_item(tx, booking.code, Wanted("oil", 2, staff="ben")))
    return salon.act(lambda tx: discount_by_hand(tx, booking.code, bps=1000))


def test_an_invoice_shows_goods_rates_discounts_and_each_payment(salon: Salon) -> None:
    booking = visit(salon)
    pay_at_counter(salon, booking, "cash", 2_000)
    card = salon.act(lambda tx: sell_gift_card(tx, eur(3_000)))
    salon.act(lambda tx: pay_by(tx, card.order, "cash"))
    salon.act(lambda tx: redeem_gift_card(tx, booking.code, card.code))
    pay_at_counter(salon, booking, "terminal", tip=333)
    document = issued(salon, booking.id).document
    assert [(line.description, line.quantity, line.tax_bps) for line in document.lines] == [
        ("Color", 1, 1900),
        ("Oil", 2, 700),
    ]
    assert all(line.discount for line in document.lines)
    assert [row.rate_bps for row in document.tax_rows] == [700, 1900]
    price = booking.price.minor
    assert price == 10_422  # 90.00 and 2 × 12.90, less a tenth
    assert [(p.method, p.amount.minor, p.deposit) for p in document.payments] == [
        ("cash", 2_000, True),
        ("gift-card", 3_000, True),
        ("terminal", price - 5_000 + 333, False),
    ]
    assert (document.totals.tip.minor, document.totals.due.minor) == (333, 0)
    assert typeset(document).pdf.startswith(b"%PDF")


def test_part_refunds_are_corrected_one_by_one_until_nothing_is_left(salon: Salon) -> None:
    booking = visit(salon)
    pay_at_counter(salon, booking, "cash", tip=500)
    invoice = issued(salon, booking.id)
    for minor in (1_111, 3_333):
        give_back(salon, booking, minor)
    give_back(salon, booking, tips="too")
    notes = credited(salon, booking.id)
    assert [note.number for note in notes] == [f"LUN-2026-{n:05d}" for n in (2, 3, 4)]
    assert {(note.kind, note.corrects) for note in notes} == {("credit-note", invoice.number)}
    for name in ("net", "tax", "gross"):
        left = sum(getattr(note, name).minor for note in (invoice, *notes))
        assert left == 0, name
    assert [note.document.totals.paid.minor for note in notes][:2] == [-1_111, -3_333]
    assert notes[2].document.totals.tip.minor == -500
    assert all(not note.document.totals.due for note in notes)
    assert [len(note.document.tax_rows) for note in notes] == [2, 2, 2]
    assert salon.ask(verify).ok


def test_a_deposit_that_is_given_back_makes_no_document(salon: Salon) -> None:
    booking = salon.book("2026-11-24 10:00")
    pay_at_counter(salon, booking, "cash", 1_000)
    give_back(salon, booking)
    assert credited(salon, booking.id) == []
    key = text("SELECT key FROM entries WHERE tenant_id = :tenant_id AND kind = 'cash_refund'")
    (row,) = salon.ask(lambda tx: tx.rows(key))
    assert salon.act(lambda tx: credit(tx, booking.id, None, row.key)) is None
    assert salon.ask(invoices) == []


def test_a_credit_note_that_is_quicker_than_the_invoice_issues_it_first(salon: Salon) -> None:
    booking = salon.book("2026-11-24 10:00")
    pay_at_counter(salon, booking, "cash")
    give_back(salon, booking, 1_000)
    (note,) = credited(salon, booking.id)
    assert [found.number for found in salon.ask(invoices)] == ["LUN-2026-00001", "LUN-2026-00002"]
    assert (note.corrects, note.number) == ("LUN-2026-00001", "LUN-2026-00002")
    assert issued(salon, booking.id).number == "LUN-2026-00001"


def test_what_is_kept_as_a_fee_stands_in_the_credit_note(salon: Salon) -> None:
    booking = salon.book("2026-11-24 10:00")
    pay_at_counter(salon, booking, "cash")
    salon.act(lambda tx: cancel_visit(tx, booking.code, fee=eur(1_500)))
    notes = credited(salon, booking.id)
    fees = [line for note in notes for line in note.document.lines if line.gross.minor > 0]
    assert [(line.description, line.gross.minor) for line in fees] == [
        ("Fee for a late cancellation", 1_500)
    ]
    assert sum(note.gross.minor for note in notes) == -3_000
    assert sum(note.document.totals.paid.minor for note in notes) == -3_000
    assert sum(note.tax.minor for note in notes) == -718

    salon.act(lambda tx: refund(tx, booking.code, Back()))  # in the end the fee goes back too
    *_, last = notes = credited(salon, booking.id)
    assert [(line.description, line.gross.minor) for line in last.document.lines] == [
        ("Fee for a late cancellation", -1_500)
    ]
    assert sum(note.gross.minor for note in notes) == -4_500
    assert sum(note.document.totals.paid.minor for note in notes) == -4_500


def test_orders_have_invoices_and_value_to_be_used_later_carries_no_tax(salon: Salon) -> None:
    product(salon, "oil", 1290, tax_bps=700)
    goods = salon.act(lambda tx: sell_goods(tx, [Wanted("oil", 3)], None, "cash", None))
    invoice = issued(salon, None, goods.id)
    assert (invoice.order, invoice.booking, invoice.gross.minor) == (goods.code, None, 3_870)
    assert invoice.document.customer.name == "Walk-in customer"
    assert issued(salon, None, goods.id) == invoice
    salon.act(lambda tx: set_brand(tx, {"language": "de"}))
    card = salon.act(lambda tx: sell_gift_card(tx, eur(5_000)))
    order = salon.act(lambda tx: pay_by(tx, card.order, "terminal"))
    voucher = issued(salon, None, order.id)
    (line,) = voucher.document.lines
    assert (line.description, line.detail, line.tax.minor) == ("Gutschein", card.code, 0)
    assert voucher.document.note.startswith("Auf diesen Verkauf fällt keine Steuer an")
    assert typeset(voucher.document).replaced == ()


def test_a_document_of_an_older_release_still_loads_and_prints(salon: Salon) -> None:
    booking = salon.book("2026-11-24 10:00")
    pay_at_counter(salon, booking, "cash")
    stored = to_json(issued(salon, booking.id).document)
    for name in ("payments", "order_code"):
        stored.pop(name)
    stored["lines"][0].pop("discount_minor")
    stored["payment_note"] = "Paid in cash on 23 November 2026"
    older = from_json(stored)
    assert (older.payments, older.totals.paid.minor) == ((), 4_500)
    assert typeset(older).pdf.startswith(b"%PDF")


def test_sixteen_at_once_number_invoices_and_credit_notes_without_a_gap(salon: Salon) -> None:
    """Each issues one for good, after one that it rolls back; half of them correct a refund."""
    walls = [f"2026-11-24 {hour}:00" for hour in range(10, 18)]
    sold = [salon.book(wall, staff=who) for wall in walls for who in ("ana", "ben")]
    work: list[Callable[[Tx], object]] = []
    for number, booking in enumerate(sold):
        pay_at_counter(salon, booking, "cash")
        work.append(lambda tx, booking=booking: issue(tx, booking.id))
        if number % 2:
            give_back(salon, booking, 1_000)
            (row,) = salon.ask(lambda tx, one=booking.id: tx.rows(REFUND_KEYS, id=one))
            work[-1] = lambda tx, one=booking.id, key=row.key: credit(tx, one, None, key)
    crowd = crowded(salon, 16)
    failures: list[BaseException] = []

    def race(one: Callable[[Tx], object]) -> None:
        try:
            crowd.act(one, dry_run=True)
            crowd.act(one)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=race, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    crowd.pool.dispose()
    assert failures == []
    numbers = [found.number for found in salon.ask(invoices)]
    assert numbers == [f"LUN-2026-{n:05d}" for n in range(1, 16 + 8 + 1)]
    assert salon.ask(verify).ok


DIES = """
import os, signal, sys
from uuid import UUID
from bookra.engine.database import conninfo_of, open_pool
from bookra.engine.invoices.actions import issue
from bookra.engine.runtime import Engine

def die(tx):
    issue(tx, UUID(sys.argv[2]))
    print(tx.now, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

Engine(open_pool(conninfo_of(sys.argv[1]))).act("luna", die, command="test")
"""


def test_a_process_killed_in_the_middle_leaves_its_number_to_the_next(salon: Salon) -> None:
    first, second = (salon.book(f"2026-11-24 {hour}:00") for hour in (10, 12))
    for booking in (first, second):
        pay_at_counter(salon, booking, "cash")
    died = subprocess.run(
        [sys.executable, "-c", DIES, salon.database.url, str(first.id)],
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert died.stdout  # it had drawn its number
    assert issued(salon, second.id).number == "LUN-2026-00001"
    assert issued(salon, first.id).number == "LUN-2026-00002"
    assert salon.ask(verify).ok


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_a_credit_note_prints_in_each_language(salon: Salon, language: str) -> None:
    salon.act(lambda tx: set_brand(tx, {"language": language}))
    booking = salon.book("2026-11-24 10:00")
    pay_at_counter(salon, booking, "cash")
    give_back(salon, booking, 1_000)
    (note,) = credited(salon, booking.id)
    assert typeset(note.document).replaced == ()
