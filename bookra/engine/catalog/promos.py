"""Promo codes: a share or an amount off, for whom, when and how often. Ended, never changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.catalog.actions import find_service
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.ids import new_id
from bookra.money import BPS, Money

SELECT = """
    SELECT p.id, p.code, p.percent_bps, p.amount_minor, p.currency, p.service_id,
           s.slug AS service, p.starts_on, p.ends_on, p.max_uses, p.max_uses_per_customer,
           p.least_total_minor, p.active,
           (SELECT count(*) FROM promo_uses u
             WHERE u.tenant_id = p.tenant_id AND u.promo_id = p.id) AS uses
      FROM promo_codes p
      LEFT JOIN services s ON s.tenant_id = p.tenant_id AND s.id = p.service_id
     WHERE p.tenant_id = :tenant_id
"""
ONE = text(SELECT + " AND p.code = :code")
ALL = text(SELECT + " AND (p.active OR :retired) ORDER BY p.code")
INSERT = text(
    """
    INSERT INTO promo_codes (tenant_id, id, code, percent_bps, amount_minor, currency, service_id,
                             starts_on, ends_on, max_uses, max_uses_per_customer,
                             least_total_minor, created_at)
    VALUES (:tenant_id, :id, :code, :percent_bps, :amount_minor, :currency, :service_id,
            :starts_on, :ends_on, :max_uses, :max_uses_per_customer, :least_total_minor, :now)
    ON CONFLICT (tenant_id, code) DO NOTHING
    """
)
END = text(
    "UPDATE promo_codes SET active = false, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND code = :code"
)

_CODE = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,38}[A-Z0-9])?")


@dataclass(frozen=True, slots=True)
class Promo:
    """A promo code. Of ``percent_bps`` and ``amount`` one is None; None elsewhere is no limit.

    ``starts_on`` and ``ends_on`` are the first and the last local day on which it may be used;
    ``least_total`` is what the visit must be listed at.
    """

    code: str
    percent_bps: int | None = None
    amount: Money | None = None
    service: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    max_uses: int | None = None
    max_uses_per_customer: int | None = None
    least_total: Money | None = None
    id: UUID | None = None
    service_id: UUID | None = None
    active: bool = True
    uses: int = 0


def add_promo(tx: Tx, new: Promo) -> tuple[Promo, bool]:
    """Add a code. The same again changes nothing (False); another one raises ConflictError."""
    promo = _checked(tx, new)
    written = tx.run(
        INSERT,
        id=promo.id,
        code=promo.code,
        percent_bps=promo.percent_bps,
        amount_minor=promo.amount.minor if promo.amount else None,
        currency=tx.tenant.currency,
        service_id=promo.service_id,
        starts_on=promo.starts_on,
        ends_on=promo.ends_on,
        max_uses=promo.max_uses,
        max_uses_per_customer=promo.max_uses_per_customer,
        least_total_minor=promo.least_total.minor if promo.least_total else None,
        now=tx.now,
    )
    if not written:
        existing = find_promo(tx, promo.code)
        if replace(existing, id=promo.id, uses=0) != promo:
            raise ConflictError(
                "exists",
                f"The promo code '{promo.code}' exists with other settings",
                hint="Use another code; a code that was given out never changes",
            )
        return existing, False
    tx.concerns("promo", promo.id)
    return promo, True


def end_promo(tx: Tx, code: str) -> Promo:
    """End a code: from now on nobody can use it; what has it keeps it."""
    if not tx.run(END, code=_code(code)):
        raise unknown_promo(code)
    promo = find_promo(tx, code)
    tx.concerns("promo", promo.id)
    return promo


def find_promo(tx: Tx, code: str) -> Promo:
    """Return a code, read in any case; raises NotFoundError (``unknown_promo``)."""
    row = tx.row(ONE, code=_code(code))
    if row is None:
        raise unknown_promo(code)
    return _promo(row)


def promos(tx: Tx, *, ended: bool = False) -> list[Promo]:
    """Return the codes with how often each is in use; with ``ended`` the old ones too."""
    return [_promo(row) for row in tx.rows(ALL, retired=ended)]


def unknown_promo(code: str) -> NotFoundError:
    """Return the error for a word that is no promo code."""
    return NotFoundError(
        "unknown_promo",
        f"There is no promo code '{code}'",
        hint="List them: bookra promo list",
        details={"promo": code},
    )


def _code(code: str) -> str:
    return code.strip().upper()


def _checked(tx: Tx, new: Promo) -> Promo:
    code = _code(new.code)
    if _CODE.fullmatch(code) is None:
        raise InvalidInputError(
            "bad_code",
            f"'{new.code}' is not a usable promo code",
            hint="Use letters, digits and dashes, 40 at most: AUTUMN-10",
        )
    if (new.percent_bps is None) == (new.amount is None):
        raise InvalidInputError(
            "bad_discount", "A code takes a percentage or an amount off", hint="--percent 10"
        )
    if new.percent_bps is not None and not 1 <= new.percent_bps <= BPS:
        raise InvalidInputError("bad_percent", "A discount is more than 0 and at most 100 percent")
    for name, value in (
        ("amount", new.amount.minor if new.amount else None),
        ("least total", new.least_total.minor if new.least_total else None),
        ("number of uses", new.max_uses),
        ("number of uses of a customer", new.max_uses_per_customer),
    ):
        if value is not None and not 1 <= value < 2**31:
            raise InvalidInputError("bad_limit", f"The {name} of a code is more than zero")
    if new.starts_on and new.ends_on and new.ends_on < new.starts_on:
        raise InvalidInputError("bad_period", f"{new.ends_on} is before {new.starts_on}")
    service_id = find_service(tx, new.service).id if new.service else None
    return replace(new, code=code, id=new_id(), service_id=service_id, active=True, uses=0)


def _promo(row: Row[Any]) -> Promo:
    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, row.currency)

    return Promo(
        row.code,
        row.percent_bps,
        money(row.amount_minor),
        row.service,
        row.starts_on,
        row.ends_on,
        row.max_uses,
        row.max_uses_per_customer,
        money(row.least_total_minor),
        row.id,
        row.service_id,
        row.active,
        row.uses,
    )
