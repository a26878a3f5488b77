"""The reconciliation with Stripe finds each way in which two sides can differ, and says which.

Both sides are tampered with behind everybody's back: Stripe's in the stand-in's own file, ours by
an administrator's SQL.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from connected import Connected, connected_salon
from databases import Database
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine as Pool
from sqlalchemy import text
from trusting import NOBODY

from bookra.clock import from_epoch
from bookra.config import Settings
from bookra.engine.payments.bank_payouts import bank_payouts
from bookra.engine.reports.reconcile_model import (
    BALANCE,
    BOOKS,
    ONE_TO_ONE,
    OPEN_ITEMS,
    PAYOUTS,
    ROLL_FORWARD,
    Period,
    Reconciliation,
)
from bookra.engine.reports.reconcile_open import GIVEN_BACK
from bookra.relay.facts import prove_stripe
from bookra.relay.repairing import repair_stripe
from bookra.sandbox.state import FILE

Tampering = Callable[["Luna"], AbstractContextManager[str]]

HERE = text("INSERT INTO relays (id) VALUES (gen_random_uuid())")


class Luna:
    """A connected salon with one visit paid by card, and a hand in both sides' stores."""

    def __init__(self, connected: Connected, database: Database) -> None:
        self.connected = connected
        self.database = database
        booking = connected.book_with_link()
        connected.drain()
        self.charge = connected.pay(booking)["charge"]
        connected.drain()
        (self.movement,) = self.movements()

    def movements(self) -> list[dict[str, Any]]:
        return self.connected.stripe_list("balance_transactions")

    def prove(self, period: Period | None = None) -> Reconciliation:
        """Return the proof in the salon's own currency."""
        connected = self.connected
        return prove_stripe(connected.salon.engine, connected.settings, connected.slug, period)[0]

    def repair(self) -> list[str]:
        connected = self.connected
        return repair_stripe(connected.salon.engine, connected.settings, connected.slug)

    def at_stripe(self, statement: str, *values: object) -> None:
        """Change the stand-in's own file."""
        file = self.connected.settings.sandbox_dir / FILE
        with closing(sqlite3.connect(file, timeout=30)) as state, state:
            assert state.execute(statement, values).rowcount > 0

    def change_there(self, identifier: str, **fields: object) -> None:
        """Change fields of an object at Stripe."""
        for name, value in fields.items():
            self.at_stripe(
                "UPDATE objects SET body = json_set(body, ?, ?) WHERE id = ?",
                f"$.{name}",
                value,
                identifier,
            )

    def add_there(self, **fields: object) -> str:
        """Add a balance transaction like the first one, but for some fields; return its id."""
        body = {**self.movement, "id": f"txn_{len(self.movements())}added", **fields}
        self.at_stripe(
            "INSERT INTO objects (id, account, kind, created, body) VALUES (?, ?, ?, ?, ?)",
            body["id"],
            self.connected.stripe.id,
            "balance_transaction",
            body["created"],
            json.dumps(body),
        )
        return str(body["id"])

    def post_there(self, path: str, **data: object) -> dict[str, Any]:
        """Do something in Stripe's dashboard: past Bookra."""
        stripe = self.connected.stripe
        headers = {"Authorization": f"Bearer {stripe.secret_key}", "Stripe-Account": stripe.id}
        with httpx.Client(base_url=self.connected.url, trust_env=False, verify=NOBODY) as http:
            answered = http.post(path, data=data, headers=headers)
        made: dict[str, Any] = answered.raise_for_status().json()
        return made

    def sql(self, *statements: str) -> None:
        """Change our own tables as a superuser, past every rule."""
        with psycopg.connect(make_conninfo(**self.database.administrator)) as connection:
            connection.execute("SET search_path = bookra")
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                assert connection.execute(statement.encode()).rowcount > 0, statement


@pytest.fixture
def luna(database: Database, pool: Pool, settings: Settings) -> Iterator[Luna]:
    with connected_salon(database, pool, settings) as connected:
        yield Luna(connected, database)


def failing(found: Reconciliation) -> set[str]:
    return {part.name for part in found.proof if not part.ok}


def classes(found: Reconciliation) -> list[tuple[str, str]]:
    return [(item.kind, item.id) for item in found.drift]


def test_a_paid_visit_is_proven_in_six_parts(luna: Luna) -> None:
    found = luna.prove()
    assert found.ok
    assert [part.name for part in found.proof] == [
        ONE_TO_ONE,
        BALANCE,
        PAYOUTS,
        OPEN_ITEMS,
        ROLL_FORWARD,
        BOOKS,
    ]
    net = luna.movement["net"]
    assert (found.ledger.minor, found.stripe.minor, found.difference.minor) == (net, net, 0)
    assert (found.entries, found.balance_transactions, found.drift, found.open) == (1, 1, (), ())
    (line,) = found.rolled
    assert (line.type, line.count, line.net.minor, line.ledger.minor) == ("charge", 1, net, net)
    assert line.amount.minor - line.fees.minor == line.net.minor


# Each changes one side, says what it changed, and takes it back.


@contextmanager
def deleted_there(luna: Luna) -> Iterator[str]:
    file = luna.connected.settings.sandbox_dir / FILE
    with closing(sqlite3.connect(file, timeout=30)) as state:
        row = state.execute("SELECT * FROM objects WHERE id = ?", (luna.movement["id"],)).fetchone()
    luna.at_stripe("DELETE FROM objects WHERE id = ?", luna.movement["id"])
    luna.add_there(id="txn_tiny", amount=5, fee=0, net=5, source=None, type="stripe_fee")
    # The answer must not be empty: that is another case.
    luna.connected.poll()
    yield luna.movement["id"]
    luna.at_stripe("INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?)", *row)


@contextmanager
def other_amount_there(luna: Luna) -> Iterator[str]:
    amount, net = luna.movement["amount"], luna.movement["net"]
    luna.change_there(luna.movement["id"], amount=amount + 7, net=net + 7)
    yield luna.movement["id"]
    luna.change_there(luna.movement["id"], amount=amount, net=net)


@contextmanager
def other_amount_here(luna: Luna) -> Iterator[str]:
    of_entry = (
        " WHERE entry_id = (SELECT entry_id FROM movements WHERE txn_ref = "
        f"'{luna.movement['id']}') AND line = 0"
    )
    luna.sql("UPDATE transfers SET amount_minor = amount_minor + 1" + of_entry)
    yield luna.movement["id"]
    luna.sql("UPDATE transfers SET amount_minor = amount_minor - 1" + of_entry)


@contextmanager
def other_fee_there(luna: Luna) -> Iterator[str]:
    amount, fee = luna.movement["amount"], luna.movement["fee"]
    luna.change_there(luna.movement["id"], amount=amount + 7, fee=fee + 7)
    yield luna.movement["id"]
    luna.change_there(luna.movement["id"], amount=amount, fee=fee)


@contextmanager
def other_moment_here(luna: Luna) -> Iterator[str]:
    of_it = f" WHERE txn_ref = '{luna.movement['id']}'"
    luna.sql("UPDATE movements SET moved_at = moved_at - interval '3 days'" + of_it)
    yield luna.movement["id"]
    luna.sql("UPDATE movements SET moved_at = moved_at + interval '3 days'" + of_it)


@contextmanager
def posted_again_here(luna: Luna) -> Iterator[str]:
    key = f"stripe:{luna.connected.stripe.id}:{luna.movement['id']}:again"
    entries = "tenant_id, kind, effective_at, memo"
    lines = (
        "tenant_id, line, debit_account_id, credit_account_id, currency, amount_minor, written_in"
    )
    luna.sql(
        f"INSERT INTO entries (id, key, {entries}) SELECT gen_random_uuid(), '{key}', {entries}"
        " FROM entries WHERE kind = 'stripe_charge'",
        f"INSERT INTO transfers (id, entry_id, {lines}) SELECT gen_random_uuid(),"
        f" (SELECT id FROM entries WHERE key = '{key}'), {lines} FROM transfers WHERE entry_id ="
        " (SELECT entry_id FROM movements ORDER BY id LIMIT 1)",
    )
    yield key
    of_it = f"(SELECT id FROM entries WHERE key = '{key}')"
    luna.sql(
        f"DELETE FROM transfers WHERE entry_id IN {of_it}",
        f"DELETE FROM entries WHERE key = '{key}'",
    )


TAMPERED: dict[str, tuple[Tampering, ...]] = {
    "amount_differs": (other_amount_there, other_amount_here),
    "mutated": (other_fee_there, other_moment_here),
    "duplicate": (posted_again_here,),
    "missing_there": (deleted_there,),
}


def test_what_differs_on_either_side_is_found_and_named(luna: Luna) -> None:
    for kind, tampered in TAMPERED.items():
        for tamper in tampered:
            with tamper(luna) as changed:
                found = luna.prove()
                assert not found.ok, tamper
                assert (kind, changed) in classes(found), (tamper, found)
                assert ONE_TO_ONE in failing(found), tamper
                assert {one for one, _ in classes(found)} <= {kind, "amount_differs"}, found.drift
            assert luna.prove().ok, (tamper, luna.prove())


def test_what_is_missing_here_is_found_and_taken_over_by_the_repair(luna: Luna) -> None:
    before = luna.connected.salon.balances()
    of_it = "(SELECT entry_id FROM movements)"
    luna.sql(
        f"DELETE FROM transfers WHERE entry_id IN {of_it}",
        f"DELETE FROM entries WHERE id IN {of_it}",
        "DELETE FROM movements",
        # A cursor that ran ahead: no poll would ever see the movement again.
        "UPDATE provider_cursors SET position = position + 1000000",
    )
    found = luna.prove()
    assert classes(found) == [("missing_here", luna.movement["id"])]
    assert failing(found) == {ONE_TO_ONE, BALANCE, ROLL_FORWARD}
    assert found.difference.minor == -luna.movement["net"]
    (waits,) = found.open
    assert (waits.id, waits.what) == (luna.charge, "payment not moved yet")
    luna.connected.poll()
    assert not luna.prove().ok
    assert luna.repair() == [f"{luna.movement['id']} (charge) was missing, and is recorded"]
    assert luna.prove().ok
    assert luna.connected.salon.balances() == before
    assert luna.repair() == []


def test_a_payment_that_was_never_settled_is_taken_over_by_the_repair(luna: Luna) -> None:
    before = luna.connected.salon.balances()
    of_it = "(SELECT id FROM entries WHERE kind = 'card_payment')"
    luna.sql(
        f"DELETE FROM transfers WHERE entry_id IN {of_it}",
        "DELETE FROM entries WHERE kind = 'card_payment'",
        "DELETE FROM charges",
        "UPDATE bookings SET recognised_at = NULL",
        "UPDATE operations SET state = 'open'",
    )
    found = luna.prove()
    assert classes(found) == [("missing_here", luna.charge)]
    assert failing(found) == {OPEN_ITEMS}
    assert luna.repair() == [f"{luna.charge} (charge) was settled again"]
    assert luna.prove().ok
    assert luna.connected.salon.balances() == before


def test_the_repair_invents_nothing(luna: Luna) -> None:
    for tamper in (other_amount_there, other_amount_here, posted_again_here):
        with tamper(luna):
            before = luna.connected.entries(), luna.connected.salon.balances()
            assert luna.repair() == []
            assert not luna.prove().ok
            assert (luna.connected.entries(), luna.connected.salon.balances()) == before


def test_a_type_without_a_rule_waits_in_suspense_and_breaks_the_proof(luna: Luna) -> None:
    strange = luna.add_there(type="climate_order_purchase", amount=-500, fee=0, net=-500,
                             source=None, reporting_category="climate_order_purchase")  # fmt: skip
    luna.connected.poll()
    found = luna.prove()
    assert classes(found) == [("unknown_type", strange)]
    assert failing(found) == {ONE_TO_ONE, OPEN_ITEMS}
    assert found.difference.minor == 0


def test_money_that_moved_twice_for_one_payment_is_a_duplicate(luna: Luna) -> None:
    again = luna.add_there(created=luna.movement["created"] + 1)
    luna.connected.poll()
    assert classes(luna.prove()) == [("duplicate", max(again, luna.movement["id"]))]


def test_a_payment_made_in_the_dashboard_is_an_orphan_until_it_is_given_back(luna: Luna) -> None:
    made = luna.post_there(
        "/v1/payment_intents",
        amount=1000,
        currency="eur",
        payment_method="pm_card_visa",
        confirm="true",
    )
    luna.connected.poll()
    found = luna.prove()
    charge = made["latest_charge"]
    assert classes(found) == [("orphan", charge)]
    assert failing(found) == {OPEN_ITEMS}
    assert found.difference.minor == 0

    luna.post_there("/v1/refunds", charge=charge, amount=400)
    luna.connected.poll()
    assert [kind for kind, _ in classes(luna.prove())] == ["orphan", "orphan"]  # 6.00 are there
    luna.post_there("/v1/refunds", charge=charge, amount=600)
    luna.connected.poll()
    found = luna.prove()
    assert (found.drift, found.ok) == ((), True)
    assert {(item.what, item.amount.minor) for item in found.open} == {
        (GIVEN_BACK, minor) for minor in (-1000, 400, 600)
    }


def test_an_empty_answer_or_a_part_of_one_proves_nothing(luna: Luna) -> None:
    own = luna.connected.stripe.id
    only = "kind = 'balance_transaction' AND account"
    luna.at_stripe(f"UPDATE objects SET account = 'elsewhere' WHERE {only} = ?", own)
    found = luna.prove()
    assert failing(found) == {ONE_TO_ONE, BALANCE, PAYOUTS, OPEN_ITEMS, ROLL_FORWARD}
    assert all("not proven" in part.shows for part in found.proof if not part.ok)
    luna.at_stripe(f"UPDATE objects SET account = ? WHERE {only} = 'elsewhere'", own)

    broken = luna.add_there(net=1)  # its own sums don't agree: the list can't be read to its end
    found = luna.prove()
    assert not found.ok
    assert "broke off" in found.proof[0].shows
    luna.at_stripe("DELETE FROM objects WHERE id = ?", broken)
    assert luna.prove().ok


def test_another_currency_is_proven_apart(luna: Luna) -> None:
    luna.add_there(currency="usd", type="stripe_fee", amount=-100, fee=0, net=-100, source=None)
    luna.connected.poll()
    euros, dollars = luna.connected.reconciled()
    assert (euros.ok, euros.ledger.minor) == (True, luna.movement["net"])
    assert (dollars.ok, dollars.currency, dollars.ledger.minor) == (True, "USD", -100)
    luna.sql(
        "UPDATE transfers SET amount_minor = 99 WHERE currency = 'USD'",
    )
    euros, dollars = luna.connected.reconciled()
    assert (euros.ok, dollars.ok) == (True, False)
    assert dollars.drift[0].kind == "amount_differs"


def test_what_is_young_is_open_while_a_relay_is_at_work(luna: Luna) -> None:
    young = luna.add_there(id="txn_young", created=int(time.time()))
    assert classes(luna.prove()) == [("missing_here", young)]
    luna.connected.salon.engine.across_tenants(
        lambda connection: connection.execute(HERE), write=True
    )
    found = luna.prove()
    assert found.ok
    assert [(item.id, item.what) for item in found.open] == [(young, "timing")]
    assert found.waiting.minor == luna.movement["net"]
    luna.sql("UPDATE tenants SET created_at = created_at - interval '1 day'")
    luna.change_there(young, created=int(time.time()) - 400)
    luna.at_stripe("UPDATE objects SET created = created - 400 WHERE id = ?", young)
    assert classes(luna.prove()) == [("missing_here", young)]


def test_what_moved_before_the_business_came_is_told_apart(luna: Luna) -> None:
    long_ago = luna.movement["created"] - 10**6
    luna.add_there(id="txn_older", created=long_ago, amount=900, fee=0, net=900)
    luna.connected.poll()
    found = luna.prove()
    assert found.ok
    assert (found.before.minor, found.difference.minor) == (900, 0)
    assert found.stripe.minor - found.ledger.minor == 900


def test_the_roll_forward_opens_and_closes_with_its_days(luna: Luna) -> None:
    net, created = luna.movement["net"], luna.movement["created"]
    later = Period(start=from_epoch(created + 1))
    found = luna.prove(later)
    assert found.ok
    assert (found.opening.minor, found.rolled, found.closing.minor) == (net, (), net)
    earlier = luna.prove(Period(end=from_epoch(created)))
    assert earlier.ok
    assert (earlier.opening.minor, earlier.rolled, earlier.closing.minor) == (0, (), 0)


def test_a_payout_is_followed_to_the_bank_and_back(luna: Luna) -> None:
    connected, account = luna.connected, luna.connected.stripe.id
    net = luna.movement["net"]
    (made,) = connected.outside.run_payouts(account, early=True)
    connected.drain()
    (known,) = connected.salon.ask(bank_payouts)
    assert (known.payout_ref, known.state, known.amount.minor) == (made["id"], "in_transit", net)
    assert known.members == 1
    connected.outside.settle_payout(account, made["id"], "paid")
    connected.drain()
    found = luna.prove()
    assert found.ok
    assert found.proof[2].shows.startswith("1 of 1 paid automatic payouts")
    (way,) = found.open
    assert (way.id, way.what, way.amount.minor) == (made["id"], "payout paid", net)

    luna.change_there(made["id"], amount=net - 1)
    found = luna.prove()
    assert ("amount_differs", made["id"]) in classes(found)
    assert failing(found) == {PAYOUTS}
    luna.change_there(made["id"], amount=net)

    connected.outside.settle_payout(account, made["id"], "failed")
    connected.drain()
    found = luna.prove()
    assert (found.ok, found.open) == (True, ())
    (known,) = connected.salon.ask(bank_payouts)
    assert (known.state, known.failure) == ("failed", "account_closed")
    assert connected.salon.balances()["assets:stripe:available"] == net


def test_a_payout_whose_events_are_lost_is_known_by_its_movement(luna: Luna) -> None:
    connected, account = luna.connected, luna.connected.stripe.id
    (made,) = connected.outside.run_payouts(account, early=True)
    connected.outside.settle_payout(account, made["id"], "paid")
    luna.at_stripe("DELETE FROM objects WHERE kind = 'event' AND account = ?", account)
    connected.drain()
    (known,) = connected.salon.ask(bank_payouts)
    assert (known.state, known.members) == ("paid", 0)
    assert luna.repair() == [f"{made['id']} was read again; it carries 1 movements"]
    assert connected.salon.ask(bank_payouts)[0].members == 1
