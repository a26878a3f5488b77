"""Rows in every table of money, written as they stand: for tests of who may see and touch them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from factories import Salon
from sqlalchemy import text

from bookra.engine.runtime import Tx
from bookra.ids import new_id

ONE = text(
    """
    SELECT (SELECT id FROM customers WHERE tenant_id = :tenant_id LIMIT 1) AS customer_id,
           (SELECT id FROM staff WHERE tenant_id = :tenant_id LIMIT 1) AS staff_id,
           (SELECT id FROM services WHERE tenant_id = :tenant_id LIMIT 1) AS service_id,
           (SELECT id FROM charges WHERE tenant_id = :tenant_id LIMIT 1) AS charge_id,
           (SELECT id FROM entries WHERE tenant_id = :tenant_id LIMIT 1) AS entry_id,
           (SELECT id FROM accounts WHERE tenant_id = :tenant_id LIMIT 1) AS account_id,
           l.id AS booking_line_id, l.booking_id
      FROM booking_lines l WHERE l.tenant_id = :tenant_id LIMIT 1
    """
)
DAY, NEXT_DAY = date(2026, 11, 23), date(2026, 11, 24)


def treasure(salon: Salon) -> None:
    """Give a salon that has sold something a row in each table of money that is left."""
    salon.act(_write)


def _write(tx: Tx) -> None:
    (one,) = tx.rows(ONE)
    now = tx.now
    _drawer_and_days(tx, one.entry_id, one.account_id)
    add = {"currency": "EUR", "created_at": now}
    product = _insert(
        tx, "products", slug="oil", name="Oil", kind="product", price_minor=900, **add
    )
    promo = _insert(tx, "promo_codes", code="AUTUMN", percent_bps=1000, **add)
    _insert(
        tx,
        "promo_uses",
        promo_id=promo,
        use_no=1,
        customer_id=one.customer_id,
        customer_use_no=1,
        booking_id=one.booking_id,
    )
    order = _insert(tx, "orders", code="OIL-1", kind="retail", amount_minor=900, **add)
    _insert(
        tx,
        "booking_items",
        order_id=order,
        product_id=product,
        position=1,
        quantity=1,
        net_minor=900,
        tax_minor=0,
        tax_bps=0,
        **add,
    )
    _insert(
        tx, "gift_cards", code="G1", order_id=order, initial_minor=900, balance_minor=900, **add
    )
    plan = _insert(tx, "membership_plans", slug="gold", name="Gold", price_minor=5000, **add)
    _insert(
        tx,
        "memberships",
        code="M1",
        plan_id=plan,
        customer_id=one.customer_id,
        state="active",
        started_on=DAY,
        billed_until=NEXT_DAY,
        created_at=now,
    )
    package = _insert(
        tx,
        "packages",
        code="P1",
        order_id=order,
        customer_id=one.customer_id,
        visits=3,
        price_minor=900,
        **add,
    )
    _insert(
        tx,
        "package_uses",
        package_id=package,
        use_no=1,
        booking_line_id=one.booking_line_id,
        amount_minor=300,
    )
    _insert(tx, "policies", version=1, body="Come.", cancel_window_minutes=60, effective_at=now)
    _with_stripe(tx, one.customer_id, one.charge_id)
    _pay(tx, one.staff_id, one.entry_id)


def _drawer_and_days(tx: Tx, entry_id: UUID, account_id: UUID) -> None:
    drawer = _insert(tx, "drawer_sessions", opened_at=tx.now, float_minor=100, currency="EUR")
    _insert(
        tx, "drawer_events", session_id=drawer, kind="open", amount_minor=100, entry_id=entry_id
    )
    _insert(tx, "ledger_days", day=DAY, entries=1, transfers=1, hash="a", previous="")
    _insert(
        tx,
        "ledger_snapshots",
        account_id=account_id,
        effective_on=DAY,
        posted_on=DAY,
        debit_minor=1,
        credit_minor=0,
    )


def _with_stripe(tx: Tx, customer_id: UUID, charge_id: UUID) -> None:
    _insert(
        tx,
        "saved_cards",
        customer_id=customer_id,
        customer_ref="cus_1",
        method_ref="pm_1",
        created_at=tx.now,
    )
    _insert(
        tx,
        "disputes",
        dispute_ref="du_1",
        charge_id=charge_id,
        amount_minor=100,
        currency="EUR",
        state="needs_response",
        opened_at=tx.now,
    )
    payout = _insert(
        tx,
        "stripe_payouts",
        payout_ref="po_1",
        amount_minor=100,
        currency="EUR",
        state="paid",
        automatic=True,
        created_at=tx.now,
    )
    _insert(tx, "payout_members", payout_id=payout, txn_ref="txn_1")


def _pay(tx: Tx, staff_id: UUID, entry_id: UUID) -> None:
    span = {"staff_id": staff_id, "starts_on": DAY, "ends_on": NEXT_DAY, "currency": "EUR"}
    nothing = dict.fromkeys(
        "earned_minor tips_minor clawback_minor rent_minor carried_minor net_minor"
        " commission_due_minor tips_due_minor clawback_due_minor rent_due_minor".split(),
        0,
    )
    _insert(tx, "pay_runs", computed_at=tx.now, **span, **nothing)
    _insert(tx, "chair_rents", amount_minor=100, entry_id=entry_id, **span)
    _insert(
        tx,
        "rent_terms",
        staff_id=staff_id,
        amount_minor=100,
        currency="EUR",
        per="month",
        effective_from=DAY,
        created_at=tx.now,
    )
    _insert(tx, "bank_accounts", holder="Ana", iban="DE02120300000000202051", created_at=tx.now)
    _insert(
        tx,
        "commission_rules",
        kind="percent",
        rate_bps=4000,
        currency="EUR",
        effective_from=DAY,
        created_at=tx.now,
    )


def _insert(tx: Tx, table: str, **values: object) -> UUID:
    """Write a row, and return its id."""
    row_id = new_id()
    names = ["tenant_id", "id", *values]
    tx.run(
        text(
            f"INSERT INTO {table} ({', '.join(names)})"
            f" VALUES ({', '.join(':' + name for name in names)})"
        ),
        id=row_id,
        **values,
    )
    return row_id
