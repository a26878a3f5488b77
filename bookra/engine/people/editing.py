"""Changing what is known of a customer. What is left out of a change stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from bookra.engine.people.customers import (
    BY_PHONE_OR_EMAIL,
    Customer,
    checked_email,
    checked_phone,
    customer_by_id,
)
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import checked_name

MAX_NOTES = 2000
"""Letters of a note: what a person reads while the client waits."""

LOCK = text(
    "SELECT erased_at FROM customers WHERE tenant_id = :tenant_id AND id = :id FOR NO KEY UPDATE"
)
CHANGE = text(
    """
    UPDATE customers
       SET name = :name, phone = :phone, email = :email, notes = :notes,
           changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different: None leaves it, an empty phone, e-mail or note removes it."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    notes: str | None = None


def change_customer(tx: Tx, customer_id: UUID, change: Change) -> Customer:
    """Change a customer, whose row is locked; the same change again changes nothing.

    Raises InvalidInputError (``bad_name``, ``bad_phone``, ``bad_email``, ``bad_note``), and
    ConflictError (``customer_exists``) for a phone or an e-mail that is somebody else's, or
    (``customer_erased``).
    """
    row = tx.row(LOCK, id=customer_id)
    if row is not None and row.erased_at is not None:
        raise ConflictError(
            "customer_erased",
            "This customer was erased: nothing is to be known of them any more",
            hint="Add them anew, if they want that: bookra customer add --name …",
            details={"customer": str(customer_id)},
        )
    known = customer_by_id(tx, customer_id)
    wanted = {
        "name": known.name if change.name is None else checked_name(change.name, "customer"),
        "phone": known.phone if change.phone is None else _phone(tx, change.phone),
        "email": known.email if change.email is None else _email(change.email),
        "notes": known.notes if change.notes is None else checked_note(change.notes),
    }
    if wanted == {name: getattr(known, name) for name in wanted}:
        return known
    for row in tx.rows(BY_PHONE_OR_EMAIL, phone=wanted["phone"], email=wanted["email"]):
        if row.id != customer_id:
            raise ConflictError(
                "customer_exists",
                "Another customer has this phone number or e-mail address",
                hint=f"Look at them: bookra customer show {row.id}",
                details={"customer": str(row.id)},
            )
    tx.run(CHANGE, id=customer_id, **wanted)
    tx.concerns("customer", customer_id)
    return customer_by_id(tx, customer_id)


def checked_note(written: str) -> str:
    """Return a note without control characters, its lines kept; raises ``bad_note``."""
    lines = written.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ["".join(c if c.isprintable() else " " for c in one).strip() for one in lines]
    cleaned = "\n".join(kept).strip()
    if len(cleaned) > MAX_NOTES:
        raise InvalidInputError(
            "bad_note",
            f"A note has at most {MAX_NOTES} letters, this one has {len(cleaned)}",
            hint="Keep what matters at the next visit",
        )
    return cleaned


def _phone(tx: Tx, written: str) -> str | None:
    return checked_phone(written, tx.tenant.country) if written.strip() else None


def _email(written: str) -> str | None:
    return checked_email(written) if written.strip() else None
