"""The business that a transaction works for, as its row has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Tenant:
    """The business that a transaction works for. Times and rates in the units of their names."""

    id: UUID
    slug: str
    name: str
    zone: ZoneInfo
    currency: str
    country: str
    tax_bps: int
    tax_inclusive: bool
    code_prefix: str
    granularity_minutes: int
    notice_minutes: int
    horizon_days: int
    hold_minutes: int
    brand: Brand
    created_at: datetime
    channel: str
    """Where the business's changes are announced: a token that only its own may read."""


@dataclass(frozen=True, slots=True)
class Brand:
    """How a business presents itself: in the TUI, on invoices and in messages."""

    logo_text: str
    primary_color: str
    accent_color: str
    legal_name: str
    address: str
    vat_id: str
    email: str
    phone: str
    language: str


TENANT_COLUMNS = (
    "id, slug, name, timezone, currency, country, tax_bps, tax_inclusive, code_prefix,"
    " granularity_minutes, notice_minutes, horizon_days, hold_minutes, logo_text, primary_color,"
    " accent_color, legal_name, address, vat_id, email, phone, language, created_at, channel"
)


def tenant_of(row: Sequence[Any]) -> Tenant:
    """Return the Tenant of a row that holds the clock and then ``TENANT_COLUMNS``."""
    values = dict(zip(TENANT_COLUMNS.replace(" ", "").split(","), row[1:], strict=True))
    brand = Brand(**{name: values.pop(name) for name in Brand.__dataclass_fields__})
    return Tenant(zone=clock.zone(values.pop("timezone")), brand=brand, **values)


def unknown_tenant(slug: str) -> NotFoundError:
    """Return the error for a slug that names no business visible to this login."""
    return NotFoundError(
        "unknown_tenant",
        f"There is no business '{slug}' here",
        hint="List them: bookra tenant list",
        details={"tenant": slug},
    )
