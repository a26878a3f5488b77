"""Whose bank account: a staff member's, or the business's own. A manager's to read, and masked.

An IBAN is checked by its country's form and its check digits (ISO 13616) before it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.clock import local_day
from bookra.engine.payouts import runs
from bookra.engine.payouts.figures import Run, State
from bookra.engine.payouts.pain001 import Account, Transfer
from bookra.engine.payouts.period import Period
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import checked_name, new_id

SHOWN = 4

UPSERT = text(
    """
    INSERT INTO bank_accounts (tenant_id, id, staff_id, holder, iban, bic, created_at)
    VALUES (:tenant_id, :id, :staff_id, :holder, :iban, :bic, :now)
    ON CONFLICT (tenant_id, staff_id)
    DO UPDATE SET holder = excluded.holder, iban = excluded.iban, bic = excluded.bic,
                  changed_by = EXCLUDED.changed_by
    RETURNING id
    """
)
ACCOUNTS = text(
    """
    SELECT a.staff_id, k.slug AS staff, a.holder, a.iban, a.bic
      FROM bank_accounts a
      LEFT JOIN bookables k ON k.tenant_id = a.tenant_id AND k.id = a.staff_id
     WHERE a.tenant_id = :tenant_id ORDER BY k.slug NULLS FIRST
    """
)
DELETE = text(
    "DELETE FROM bank_accounts WHERE tenant_id = :tenant_id"
    " AND staff_id IS NOT DISTINCT FROM CAST(:staff_id AS uuid)"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A bank account as it is shown: ``staff`` is None for the business's own."""

    staff: str | None
    holder: str
    masked_iban: str
    bic: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What a bank file says: the payer, the payments, and when it was written."""

    payer: Account
    transfers: tuple[Transfer, ...]
    written_at: datetime
    execute_on: date


def set_account(tx: Tx, staff: str | None, holder: str, iban: str, bic: str = "") -> Kept:
    """Keep or replace the account of a staff member, or the business's own when there is none.

    Raises InvalidInputError: ``bad_iban``, ``bad_bic``.
    """
    staff_id = find_staff(tx, staff).id if staff is not None else None
    account = Account(checked_name(holder, "account holder"), checked_iban(iban), checked_bic(bic))
    row = tx.row(
        UPSERT,
        id=new_id(),
        staff_id=staff_id,
        holder=account.holder,
        iban=account.iban,
        bic=account.bic,
        now=tx.now,
    )
    assert row is not None
    tx.concerns("bank-account", row.id)
    return _kept(staff, account)


def remove_account(tx: Tx, staff: str | None) -> bool:
    """Forget an account; False when there was none."""
    staff_id = find_staff(tx, staff).id if staff is not None else None
    return bool(tx.run(DELETE, staff_id=staff_id))


def kept_accounts(tx: Tx) -> list[Kept]:
    """Return every account, masked, the business's own first."""
    return [_kept(row.staff, _account(row)) for row in tx.rows(ACCOUNTS)]


def batch(tx: Tx, period: Period, staff: str | None = None, *, paid: bool = False) -> Batch:
    """Return what the bank is to pay of a period's approved runs; with ``paid`` what it was.

    Those are never mixed, so that no file pays anybody again. Raises ConflictError:
    ``nothing_to_pay``, ``no_bank_account``.
    """
    staff_id = find_staff(tx, staff).id if staff is not None else None
    found = [run for run in runs.found_runs(tx, period, staff_id) if _wanted(run, paid=paid)]
    if not found:
        raise ConflictError(
            "nothing_to_pay",
            f"No run of {period} {'was paid by bank' if paid else 'is approved and not paid'}",
            hint=f"Look at it: bookra payout show {period}",
        )
    accounts = {row.staff_id: _account(row) for row in tx.rows(ACCOUNTS)}
    _require_accounts(found, accounts)
    transfers = tuple(
        Transfer(run.id.hex, accounts[run.staff_id], run.net, f"{tx.tenant.name} pay {run.period}")
        for run in found
    )
    return Batch(accounts[None], transfers, tx.now, local_day(tx.now, tx.tenant.zone))


def checked_iban(text_: str) -> str:
    """Return an IBAN in capitals without spaces; raises InvalidInputError (``bad_iban``)."""
    from stdnum import iban
    from stdnum.exceptions import ValidationError

    try:
        return str(iban.validate(text_, check_country=False))
    except ValidationError:
        raise InvalidInputError(
            "bad_iban",
            "That is not an IBAN: its length or its check digits are wrong",
            hint="Copy it from a statement of the account",
        ) from None


def checked_bic(text_: str) -> str:
    """Return a BIC in capitals, '' for none; raises InvalidInputError (``bad_bic``)."""
    from stdnum import bic
    from stdnum.exceptions import ValidationError

    if not text_.strip():
        return ""
    try:
        return str(bic.validate(text_))
    except ValidationError:
        raise InvalidInputError(
            "bad_bic", f"'{text_}' is not a BIC", hint="It has 8 or 11 letters, or none is needed"
        ) from None


def mask(iban: str) -> str:
    """Return what tells accounts apart: the country, the check digits and the last four."""
    return f"{iban[:SHOWN]} … {iban[-SHOWN:]}"


def _wanted(run: Run, *, paid: bool) -> bool:
    if paid:
        return run.state is State.PAID and run.method == "bank"
    return run.state is State.APPROVED


def _require_accounts(found: list[Run], accounts: dict[UUID | None, Account]) -> None:
    missing = [run.staff for run in found if run.staff_id not in accounts]
    if None not in accounts:
        raise ConflictError(
            "no_bank_account",
            "The business has no bank account to pay from",
            hint="Set it: bookra bank-account set --holder NAME --iban IBAN",
        )
    if missing:
        raise ConflictError(
            "no_bank_account",
            f"No bank account is known of {', '.join(missing)}",
            hint=f"Set it: bookra bank-account set --staff {missing[0]} --holder NAME --iban IBAN",
            details={"staff": missing},
        )


def _account(row: Row[Any]) -> Account:
    return Account(row.holder, row.iban, row.bic)


def _kept(staff: str | None, account: Account) -> Kept:
    return Kept(staff, account.holder, mask(account.iban), account.bic)
