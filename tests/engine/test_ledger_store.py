"""The ledger on disk: written once, never changed, and a proof that sees what is wrong."""

from __future__ import annotations

import pytest
from factories import NOW, Salon
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bookra.engine.database import open_pool
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.reading import balances, entries
from bookra.engine.ledger.store import post
from bookra.engine.ledger.verify import verify
from bookra.engine.payments.taking import take_cash
from bookra.engine.runtime import Tx
from bookra.errors import NotAllowedError, NotFoundError

DRAWER, SERVICES = "assets:cash:drawer", "income:services"
ONE_LINE = (
    "INSERT INTO bookra.transfers (tenant_id, id, entry_id, line, debit_account_id,"
    " credit_account_id, currency, amount_minor) SELECT tenant_id, gen_random_uuid(), entry_id,"
    " {line}, debit_account_id, credit_account_id, currency, {amount} FROM bookra.transfers LIMIT 1"
)


def draft(key: str, minor: int = 500) -> Draft:
    return Draft(key, "test", NOW, "EUR", (Posting(DRAWER, minor), Posting(SERVICES, -minor)))


def as_administrator(salon: Salon, *statements: str) -> None:
    pool = open_pool(salon.database.administrator, pooled=False)
    with pool.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_key_is_posted_once_and_answers_with_its_entry(salon: Salon) -> None:
    first = salon.act(lambda tx: post(tx, draft("k-1")))
    again = salon.act(lambda tx: post(tx, draft("k-1", 999)))
    assert (first[1], again) == (True, (first[0], False))
    assert salon.balances() == {DRAWER: 500, SERVICES: -500}


def test_accounts_are_opened_when_they_are_first_used(salon: Salon) -> None:
    with pytest.raises(NotFoundError):
        salon.ask(lambda tx: balances(tx, DRAWER))
    salon.act(lambda tx: post(tx, draft("k-1")))
    (drawer,) = salon.ask(lambda tx: balances(tx, DRAWER))
    assert (drawer.kind, str(drawer.balance)) == ("asset", "5.00 EUR")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET memo = 'mended' WHERE tenant_id = :tenant_id",
        "UPDATE transfers SET amount_minor = 1 WHERE tenant_id = :tenant_id",
        "DELETE FROM transfers WHERE tenant_id = :tenant_id",
        "DELETE FROM entries WHERE tenant_id = :tenant_id",
        "DELETE FROM audit WHERE tenant_id = :tenant_id",
        "TRUNCATE entries CASCADE",
        "UPDATE accounts SET kind = 'asset' WHERE tenant_id = :tenant_id",
        (
            "INSERT INTO entries (tenant_id, id, key, kind, effective_at, recorded_by)"
            " VALUES (:tenant_id, gen_random_uuid(), 'k', 'k', now(), 'somebody')"
        ),
        (
            "INSERT INTO entries (tenant_id, id, key, kind, effective_at, posted_at)"
            " VALUES (:tenant_id, gen_random_uuid(), 'k', 'k', now(), '2020-01-01')"
        ),
        (
            "INSERT INTO audit (tenant_id, id, command, subjects, recorded_by)"
            " VALUES (:tenant_id, gen_random_uuid(), 'k', '[]', 'somebody')"
        ),
    ],
)
def test_what_is_written_is_not_changed_and_nobody_signs_for_another(
    salon: Salon, statement: str
) -> None:
    salon.act(lambda tx: post(tx, draft("k-1")))
    with pytest.raises(NotAllowedError):
        salon.act(lambda tx: tx.run(text(statement)))


def test_a_line_can_not_join_an_entry_after_its_transaction(salon: Salon) -> None:
    salon.act(lambda tx: post(tx, draft("k-1")))
    late = text(ONE_LINE.format(line=7, amount=1).replace("bookra.", ""))
    with pytest.raises(DBAPIError, match="written_in"):
        salon.act(lambda tx: tx.run(late))


def test_a_transfer_moves_something_between_two_accounts(salon: Salon) -> None:
    def twice(tx: Tx) -> None:
        post(tx, draft("k-1"))
        tx.run(text(ONE_LINE.format(line=7, amount=0).replace("bookra.", "")))

    with pytest.raises(DBAPIError, match="amount_positive"):
        salon.act(twice)


def test_a_sound_ledger_is_proven(salon: Salon) -> None:
    booked = salon.book("2026-11-24 10:00")
    salon.act(lambda tx: take_cash(tx, booked.code))
    proof = salon.ask(verify)
    assert (proof.entries, proof.transfers, proof.accounts, proof.ok) == (1, 2, 3, True)


PLANTED = {
    "has no transfer": ["DELETE FROM bookra.transfers"],
    "have a gap": ["DELETE FROM bookra.transfers WHERE line = 0"],
    "is paid beyond its price": ["UPDATE bookra.transfers SET amount_minor = amount_minor + 1"],
    "belongs to no entry or account": [
        "SET session_replication_role = replica",
        "DELETE FROM bookra.entries",
    ],
    "is of another kind than its code": ["UPDATE bookra.accounts SET kind = 'asset'"],
    "does not reverse what it says": [
        (
            "INSERT INTO bookra.entries (tenant_id, id, key, kind, effective_at, reverses)"
            " SELECT tenant_id, gen_random_uuid(), 'back', 'reversal', now(), id"
            " FROM bookra.entries"
        )
    ],
    "moves Stripe's balance without a movement": [
        "UPDATE bookra.accounts SET code = 'assets:stripe:available' WHERE kind = 'asset'"
    ],
    "reserves another sum than its refunds": [
        (
            "INSERT INTO bookra.charges (tenant_id, id, booking_id, charge_ref, intent_ref,"
            " captured_minor, tip_minor, refund_reserved_minor, currency, captured_at, changed_by)"
            " SELECT tenant_id, gen_random_uuid(), id, 'ch_1', 'pi_1', 900, 0, 1, 'EUR', now(), ''"
            " FROM bookra.bookings"
        )
    ],
    "the gift cards in EUR hold another sum": [
        "UPDATE bookra.accounts SET code = 'liabilities:gift-cards' WHERE kind = 'liability'"
    ],
    "the packages in EUR hold another sum": [
        "UPDATE bookra.accounts SET code = 'liabilities:packages' WHERE kind = 'liability'"
    ],
    "and its entry disagree": [
        (
            "INSERT INTO bookra.movements (tenant_id, id, account_ref, txn_ref, type,"
            " amount_minor, fee_minor, net_minor, currency, moved_at, entry_id)"
            " SELECT tenant_id, gen_random_uuid(), 'a', 'txn_1', 'charge', 5, 0, 5, 'EUR', now(),"
            " id FROM bookra.entries"
        )
    ],
    "is beyond the counter": [
        (
            "INSERT INTO bookra.invoices (tenant_id, id, number, year, sequence, booking_id,"
            " issued_at, net_minor, tax_minor, gross_minor, currency, document)"
            " SELECT tenant_id, gen_random_uuid(), 'X-2026-1', 2026, 1, id, now(), 0, 0, 0, 'EUR',"
            " '{}' FROM bookra.bookings"
        )
    ],
    "is missing from the sequence": [
        (
            "INSERT INTO bookra.invoice_counters (tenant_id, id, year, last_number)"
            " SELECT id, gen_random_uuid(), 2026, 1 FROM bookra.tenants"
        )
    ],
}


@pytest.mark.parametrize("problem", PLANTED)
def test_the_proof_names_what_an_administrator_broke(salon: Salon, problem: str) -> None:
    booked = salon.book("2026-11-24 10:00")
    salon.act(lambda tx: take_cash(tx, booked.code))
    as_administrator(salon, *PLANTED[problem])
    assert any(problem in found for found in salon.ask(verify).problems)


def test_entries_are_read_whole(salon: Salon) -> None:
    salon.act(lambda tx: post(tx, draft("k-1")))
    salon.act(lambda tx: post(tx, draft("k-2", 700)))
    (entry,) = salon.ask(lambda tx: entries(tx, key="k-2"))
    assert {line.account: line.amount.minor for line in entry.postings} == {
        DRAWER: 700,
        SERVICES: -700,
    }
    assert [found.key for found in salon.ask(lambda tx: entries(tx, limit=1))] == ["k-2"]


def test_an_account_that_a_dry_run_opened_is_not_remembered(salon: Salon) -> None:
    """Its id must not be used: nothing of a dry run exists."""
    salon.act(lambda tx: post(tx, draft("k-1")), dry_run=True)
    salon.act(lambda tx: (post(tx, draft("k-2")), post(tx, draft("k-3"))))
    salon.act(lambda tx: post(tx, draft("k-4")))
    assert salon.balances() == {DRAWER: 1500, SERVICES: -1500}


def test_an_account_that_is_not_there_any_more_is_forgotten(salon: Salon) -> None:
    """As after a database was restored underneath a running program."""
    for key in ("k-1", "k-2"):
        salon.act(lambda tx, key=key: post(tx, draft(key)))
    as_administrator(
        salon,
        "DELETE FROM bookra.transfers",
        "DELETE FROM bookra.entries",
        "DELETE FROM bookra.accounts",
    )
    with pytest.raises(DBAPIError):
        salon.act(lambda tx: post(tx, draft("k-3")))
    salon.act(lambda tx: post(tx, draft("k-4")))
    assert salon.balances() == {DRAWER: 500, SERVICES: -500}


def test_an_entry_that_only_moves_within_one_account_is_refused(salon: Salon) -> None:
    within = Draft("k-1", "test", NOW, "EUR", (Posting(DRAWER, 5), Posting(DRAWER, -5)))
    with pytest.raises(ValueError, match="moves nothing"):
        salon.act(lambda tx: post(tx, within))
