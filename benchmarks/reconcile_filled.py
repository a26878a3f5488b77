"""A ledger of so many movements with its stand-in: what ``reconcile`` measures.

An administrator copies them in, by one rule on both sides, since COPY and bulk inserts are refused
under row-level security; the days are closed by the engine itself.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine.ledger import chart
from bookra.engine.ledger.days import close_all
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy
from bookra.engine.tenancy.providers import ProviderAccount, Vault, set_account
from bookra.sandbox import StripeAccount, open_stripe_account
from bookra.sandbox.state import State

SLUG = "luna"
DAYS = 1000
BATCH = 20_000

# Of the movement n: its second, its amount, the two fees. Both sides are made by this rule.
AMOUNT, STRIPE_FEE, PLATFORM_FEE = "1000 + mod(n * 7919, 20000)", "30 + mod(n, 600)", "10"

# Foreign keys are looked up elsewhere: here a superuser copies what is known to be right.
FILL = (
    "SET LOCAL session_replication_role = replica",
    "SET LOCAL statement_timeout = 0",
    "UPDATE bookra.tenants SET created_at = to_timestamp({first}) - interval '2 days'",
    """
    INSERT INTO bookra.accounts (tenant_id, id, code, kind, currency, opened_at)
    SELECT '{tenant}'::uuid, md5(code)::uuid, code, kind, 'EUR', to_timestamp({first})
      FROM (VALUES ('{clearing}', 'asset'), ('{available}', 'asset'), ('{income}', 'income'),
                   ('{stripe}', 'expense'), ('{platform}', 'expense')) AS account (code, kind)
    """,
    """
    CREATE TEMP TABLE made AS
    SELECT n, to_timestamp({first} + n * {days} * 86400 / {movements}) AS at,
           {amount} AS amount, {stripe_fee} AS stripe_fee, {platform_fee} AS platform_fee,
           md5('p' || n)::uuid AS payment, md5('m' || n)::uuid AS movement
      FROM generate_series(1, {movements}::bigint) AS n
    """,
    """
    INSERT INTO bookra.entries (tenant_id, id, key, kind, effective_at, posted_at)
    SELECT '{tenant}'::uuid, payment, 'charge:ch_' || n, 'card_payment', at, at FROM made
     UNION ALL
    SELECT '{tenant}'::uuid, movement, 'stripe:{account}:txn_' || n, 'stripe_charge', at, at
      FROM made
    """,
    """
    INSERT INTO bookra.transfers (tenant_id, id, entry_id, line, debit_account_id,
                                  credit_account_id, currency, amount_minor)
    SELECT '{tenant}'::uuid, md5(part.entry || '-' || part.line)::uuid, part.entry, part.line,
           d.id, c.id, 'EUR', part.minor
      FROM made
     CROSS JOIN LATERAL (VALUES
           (payment, 0, '{clearing}', '{income}', amount),
           (movement, 0, '{available}', '{clearing}', amount - stripe_fee - platform_fee),
           (movement, 1, '{stripe}', '{clearing}', stripe_fee::bigint),
           (movement, 2, '{platform}', '{clearing}', platform_fee::bigint))
           AS part (entry, line, debit, credit, minor)
      JOIN bookra.accounts d ON d.code = part.debit
      JOIN bookra.accounts c ON c.code = part.credit
    """,
    """
    INSERT INTO bookra.movements (tenant_id, id, account_ref, txn_ref, type, category, source_ref,
                                  amount_minor, fee_minor, net_minor, currency, moved_at, entry_id)
    SELECT '{tenant}'::uuid, md5('r' || n)::uuid, '{account}', 'txn_' || n, 'charge', 'charge',
           'ch_' || n, amount, stripe_fee + platform_fee, amount - stripe_fee - platform_fee, 'EUR',
           at, movement
      FROM made
    """,
)
DONE = text("SELECT EXISTS (SELECT FROM bookra.ledger_days)")


@dataclass(frozen=True, slots=True)
class Filled:
    """A database whose Stripe account moved ``movements`` times."""

    name: str
    movements: int
    settings: Settings
    engine: Engine
    stripe: StripeAccount


def filled_ledger(home: Path, name: str, movements: int) -> Filled:
    """Open one database with its account; fill both if that was not done before."""
    settings = Settings(home=home / name, database=name)
    settings.home.mkdir(exist_ok=True)
    settings.home.chmod(0o711)  # the server's account must be able to pass through
    engine = bootstrap.open_engine(settings, size=1)
    noted = settings.home / "account.json"
    with bootstrap.administration(settings) as connection:
        done = connection.execute(DONE).scalar_one()
    if done:
        stripe = StripeAccount(**json.loads(noted.read_text("utf-8")))
        return Filled(name, movements, settings, engine, stripe)
    begun = time.perf_counter()
    first = int(time.time()) // 86_400 * 86_400 - (DAYS + 3) * 86_400
    stripe = open_stripe_account(settings.sandbox_dir, country="DE", currency="EUR", name="Luna")
    _fill_ledger(settings, engine, stripe, movements, first)
    filled = time.perf_counter()
    _fill_stand_in(settings.sandbox_dir, stripe, movements, first)
    close_all(engine, SLUG, command=None)
    with bootstrap.administration(settings) as connection:
        connection.exec_driver_sql("ANALYZE")
    noted.write_text(json.dumps({"id": stripe.id, "secret_key": stripe.secret_key}), "utf-8")
    done_at = time.perf_counter()
    sys.stderr.write(f"{name}: filled in {filled - begun:.0f} + {done_at - filled:.0f} s\n")
    return Filled(name, movements, settings, engine, stripe)


def _fill_ledger(
    settings: Settings, engine: Engine, stripe: StripeAccount, movements: int, first: int
) -> None:
    with bootstrap.administration(settings) as connection:
        new = tenancy.NewTenant(SLUG, "Luna", "Europe/Berlin", "EUR", "DE", 1900)
        tenant = tenancy.create(connection, new)[0]
    account = ProviderAccount("stripe", sandbox=True, config={"account": stripe.id})

    def connect(tx: Tx) -> None:
        set_account(tx, Vault(settings.key_file), account, {"token": stripe.secret_key})

    engine.act(SLUG, connect, command="benchmark")
    facts = {
        "tenant": tenant.id,
        "account": stripe.id,
        "movements": movements,
        "days": DAYS,
        "first": first,
        "amount": AMOUNT,
        "stripe_fee": STRIPE_FEE,
        "platform_fee": PLATFORM_FEE,
        "clearing": chart.CLEARING,
        "available": chart.AVAILABLE,
        "income": chart.SERVICES,
        "stripe": chart.STRIPE_FEES,
        "platform": chart.PLATFORM_FEES,
    }
    for statements in (FILL, ("ANALYZE",)):
        with bootstrap.administration(settings) as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.format(**facts))


def _fill_stand_in(folder: Path, stripe: StripeAccount, movements: int, first: int) -> None:
    """Write the same movements into the stand-in's file, as if it had made them."""
    with closing(State(folder)) as state:
        for begin in range(1, movements + 1, BATCH):
            numbers = range(begin, min(begin + BATCH, movements + 1))
            rows = [_object(n, stripe.id, first + n * DAYS * 86_400 // movements) for n in numbers]
            with state.writing() as tx:
                tx.executemany(
                    "INSERT INTO objects (id, account, kind, created, body) VALUES (?, ?, ?, ?, ?)",
                    rows,
                )


def _object(n: int, account: str, created: int) -> tuple[object, ...]:
    amount, stripe_fee, platform_fee = 1000 + n * 7919 % 20_000, 30 + n % 600, 10
    fees = {"stripe_fee": stripe_fee, "application_fee": platform_fee}
    body = {
        "id": f"txn_{n}",
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created,
        "balance_type": "payments",
        "created": created,
        "currency": "eur",
        "description": None,
        "exchange_rate": None,
        "fee": stripe_fee + platform_fee,
        "fee_details": [
            {"amount": fee, "application": None, "currency": "eur", "description": "", "type": kind}
            for kind, fee in fees.items()
        ],
        "net": amount - stripe_fee - platform_fee,
        "reporting_category": "charge",
        "source": f"ch_{n}",
        "status": "available",
        "type": "charge",
    }
    return body["id"], account, "balance_transaction", created, json.dumps(body)
