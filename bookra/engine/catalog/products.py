"""What is sold besides a visit's time: goods from the shelf, and extras to a service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.ids import checked_name, checked_slug, new_id
from bookra.money import Money

KINDS = ("product", "add-on")

SELECT = """
    SELECT id, slug, name, kind, category, price_minor, currency, tax_bps, active
      FROM products WHERE tenant_id = :tenant_id
"""
ONE = text(SELECT + " AND slug = :slug")
LOCKED = text(SELECT + " AND slug = :slug FOR NO KEY UPDATE")
ALL = text(SELECT + " AND (active OR :retired) ORDER BY category, name, slug")
INSERT = text(
    """
    INSERT INTO products (tenant_id, id, slug, name, kind, category, price_minor, currency,
                          tax_bps, active, created_at)
    VALUES (:tenant_id, :id, :slug, :name, :kind, :category, :price_minor, :currency, :tax_bps,
            :active, :now)
    ON CONFLICT (tenant_id, slug) DO NOTHING
    """
)
UPDATE = text(
    """
    UPDATE products SET name = :name, kind = :kind, category = :category,
                        price_minor = :price_minor, tax_bps = :tax_bps, active = :active,
                        changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


@dataclass(frozen=True, slots=True)
class Product:
    """Goods (``product``) or an extra (``add-on``); ``tax_bps`` None is the business's rate.

    ``price`` is as the business lists its prices: with tax, or without.
    """

    id: UUID
    slug: str
    name: str
    kind: str
    price: Money
    category: str = ""
    tax_bps: int | None = None
    active: bool = True


class ProductChanges(TypedDict, total=False):
    """What to change of a product: what is left out stays."""

    name: str
    kind: str
    price: Money
    category: str
    tax_bps: int | None
    active: bool


def add_product(tx: Tx, new: Product) -> tuple[Product, bool]:
    """Add a product. The same again changes nothing (False); another raises ConflictError."""
    product = _checked(tx, new)
    if not tx.run(INSERT, **_row(product), currency=product.price.currency, now=tx.now):
        existing = find_product(tx, new.slug)
        if replace(existing, id=product.id) != product:
            raise ConflictError(
                "exists",
                f"The product '{new.slug}' exists with other settings",
                hint=f"Change it: bookra product set {new.slug}",
            )
        return existing, False
    tx.concerns("product", product.id)
    return product, True


def new_product(slug: str, name: str, kind: str, price: Money, category: str = "") -> Product:
    """Return a product that has not been added yet."""
    return Product(new_id(), slug, name, kind, price, category)


def set_product(tx: Tx, slug: str, changes: ProductChanges) -> Product:
    """Change what is given of a product, for sales from now on. Locks it."""
    row = tx.row(LOCKED, slug=slug)
    if row is None:
        raise unknown_product(slug)
    wanted = _checked(tx, replace(_product(row), **changes))
    tx.run(UPDATE, **_row(wanted))
    tx.concerns("product", wanted.id)
    return wanted


def find_product(tx: Tx, slug: str) -> Product:
    """Return the product with this slug; raises NotFoundError (``unknown_product``)."""
    row = tx.row(ONE, slug=slug)
    if row is None:
        raise unknown_product(slug)
    return _product(row)


def sold_product(tx: Tx, slug: str) -> Product:
    """Return a product that is sold now; raises ConflictError (``not_offered``) otherwise."""
    product = find_product(tx, slug)
    if not product.active:
        raise ConflictError("not_offered", f"'{slug}' is not sold any more")
    return product


def products(tx: Tx, *, retired: bool = False) -> list[Product]:
    """Return what is sold, by category and name; with ``retired`` the rest too."""
    return [_product(row) for row in tx.rows(ALL, retired=retired)]


def unknown_product(slug: str) -> NotFoundError:
    """Return the error for a slug that names no product."""
    return NotFoundError(
        "unknown_product",
        f"There is no product '{slug}'",
        hint="List them: bookra product list",
        details={"product": slug},
    )


def _checked(tx: Tx, product: Product) -> Product:
    checked_slug(product.slug, "product")
    if product.kind not in KINDS:
        raise InvalidInputError(
            "bad_kind", f"'{product.kind}' is no kind of product", hint="product or add-on"
        )
    if product.price.currency != tx.tenant.currency:
        raise InvalidInputError("wrong_currency", f"The business sells in {tx.tenant.currency}")
    name = checked_name(product.name, "product")
    return replace(product, name=name, category=product.category.strip())


def _row(product: Product) -> dict[str, Any]:
    names = ("id", "slug", "name", "kind", "category", "tax_bps", "active")
    return {
        **{name: getattr(product, name) for name in names},
        "price_minor": product.price.minor,
    }


def _product(row: Row[Any]) -> Product:
    return Product(
        row.id,
        row.slug,
        row.name,
        row.kind,
        Money(row.price_minor, row.currency),
        row.category,
        row.tax_bps,
        row.active,
    )
