"""Verbs of tenancy: open a business, change its brand, list what this login may see."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from bookra import clock
from bookra.engine import roles
from bookra.engine.business import TENANT_COLUMNS, Brand, Tenant, tenant_of, unknown_tenant
from bookra.engine.runtime import AUDIT, Tx, audit_row
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import MAX_NAME, checked_name, checked_slug, code_prefix, new_id

NO_MONEY = frozenset("XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX".split())
"""Codes of ISO 4217 that are metals, funds, tests or nothing at all."""

LANGUAGES = ("en", "de", "fr", "es")
DEFAULT_PRIMARY = "#C56BA8"
DEFAULT_ACCENT = "#F2B5D4"

INSERT = text(
    """
    INSERT INTO tenants (id, slug, name, timezone, currency, country, tax_bps, tax_inclusive,
                         code_prefix, logo_text, primary_color, accent_color, legal_name,
                         created_at)
    VALUES (:id, :slug, :name, :timezone, :currency, :country, :tax_bps, :tax_inclusive,
            :code_prefix, :name, :primary, :accent, :name, now())
    """
)
# Where businesses are distributed no index keeps slugs unique: whoever opens one does so alone.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('bookra tenant create', 0))")
BY_SLUG = text(f"SELECT now(), {TENANT_COLUMNS} FROM tenants WHERE slug = :slug")  # noqa: S608
ALL = text(f"SELECT now(), {TENANT_COLUMNS} FROM tenants ORDER BY slug")  # noqa: S608
SLUGS = text("SELECT slug FROM tenants ORDER BY slug")
UPDATE_BRAND = text(
    """
    UPDATE tenants
       SET logo_text = :logo_text, primary_color = :primary_color, accent_color = :accent_color,
           legal_name = :legal_name, address = :address, vat_id = :vat_id, email = :email,
           phone = :phone, language = :language, changed_by = session_user
     WHERE id = :tenant_id
    """
)


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What a business is opened with. ``tax_bps`` 0 means that prices carry no tax."""

    slug: str
    name: str
    timezone: str
    currency: str
    country: str
    tax_bps: int = 0
    tax_inclusive: bool = True


def checked(new: NewTenant) -> NewTenant:
    """Return ``new`` with codes in upper case; raises InvalidInputError for what can't be right."""
    from babel import Locale

    english = Locale("en")
    checked_slug(new.slug, "business")
    clock.zone(new.timezone)
    currency, country = new.currency.upper(), new.country.upper()
    checked_name(new.name, "business")
    if currency not in english.currencies or currency in NO_MONEY:
        raise InvalidInputError(
            "unknown_currency", f"'{new.currency}' is not a currency", hint="ISO 4217, such as EUR"
        )
    if len(country) != 2 or country not in english.territories:
        raise InvalidInputError(
            "unknown_country", f"'{new.country}' is not a country", hint="ISO 3166, such as DE"
        )
    return replace(new, currency=currency, country=country)


def create(connection: Connection, new: NewTenant) -> tuple[Tenant, bool]:
    """Open a business on an administrative connection, with its database role.

    Returns the tenant and whether it is new: the same parameters again change nothing, others
    raise ConflictError (``exists``).
    """
    roles.require_administrator(connection)
    connection.execute(ONE_AT_A_TIME)
    found = connection.execute(BY_SLUG, {"slug": new.slug}).first()
    if found is not None:
        return _same(tenant_of(found), new), False
    tenant_id = new_id()
    roles.create_role(connection, roles.tenant_role(tenant_id))
    connection.execute(text(f"SET LOCAL ROLE {roles.PLATFORM}"))
    connection.execute(text("SELECT set_config('app.tenant', :id, true)"), {"id": str(tenant_id)})
    connection.execute(
        INSERT,
        {
            "id": tenant_id,
            "slug": new.slug,
            "name": new.name.strip(),
            "timezone": new.timezone,
            "currency": new.currency,
            "country": new.country,
            "tax_bps": new.tax_bps,
            "tax_inclusive": new.tax_inclusive,
            "code_prefix": code_prefix(new.slug),
            "primary": DEFAULT_PRIMARY,
            "accent": DEFAULT_ACCENT,
        },
    )
    connection.execute(AUDIT, audit_row(tenant_id, "tenant create", [f"tenant:{tenant_id}"]))
    row = connection.execute(BY_SLUG, {"slug": new.slug}).one()
    connection.execute(text("RESET ROLE"))
    return tenant_of(row), True


def _same(tenant: Tenant, new: NewTenant) -> Tenant:
    existing = NewTenant(
        tenant.slug,
        tenant.name,
        tenant.zone.key,
        tenant.currency,
        tenant.country,
        tenant.tax_bps,
        tenant.tax_inclusive,
    )
    if replace(existing, name=new.name.strip()) != replace(new, name=new.name.strip()):
        raise ConflictError(
            "exists",
            f"The business '{new.slug}' exists with other settings",
            hint=f"Look at it: bookra tenant show {new.slug}",
        )
    return tenant


def slugs(connection: Connection) -> list[str]:
    """Return the slugs of the businesses that this login may see, and no more of them."""
    return [row.slug for row in connection.execute(SLUGS)]


def visible(connection: Connection) -> list[Tenant]:
    """Return the businesses that this login may see."""
    return [tenant_of(row) for row in connection.execute(ALL)]


def find(connection: Connection, slug: str) -> Tenant:
    """Return one business that this login may see; raises NotFoundError (``unknown_tenant``)."""
    row = connection.execute(BY_SLUG, {"slug": slug}).first()
    if row is None:
        raise unknown_tenant(slug)
    return tenant_of(row)


def set_brand(tx: Tx, changes: dict[str, str]) -> Brand:
    """Change the named fields of the brand; the others stay. Colours are ``#RRGGBB``."""
    for name in ("primary_color", "accent_color"):
        if name in changes and not re.fullmatch(r"#[0-9A-Fa-f]{6}", changes[name]):
            raise InvalidInputError(
                "bad_color", f"'{changes[name]}' is not a colour", hint="Write it as #C56BA8"
            )
    if changes.get("language", "en") not in LANGUAGES:
        raise InvalidInputError(
            "unknown_language",
            f"'{changes['language']}' is not a language that invoices are printed in",
            hint=f"One of: {', '.join(LANGUAGES)}",
        )
    longest = max((len(value) for value in changes.values()), default=0)
    if longest > MAX_NAME * 2:
        raise InvalidInputError("too_long", f"{longest} letters are too many for a brand's text")
    brand = replace(tx.tenant.brand, **changes)
    tx.run(UPDATE_BRAND, **{name: getattr(brand, name) for name in Brand.__dataclass_fields__})
    tx.concerns("tenant", tx.tenant.id)
    return brand
