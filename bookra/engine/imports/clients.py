"""Whom appointments are for: found by phone, by e-mail, or by a name that only one person has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bookra.engine.imports.appointments import Contact
from bookra.engine.people.customers import INSERT
from bookra.engine.people.importing import BY_EMAIL, BY_PHONE
from bookra.engine.people.matching import FOLDED, folded
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import new_id

BY_NAME = text(
    f"SELECT c.id, c.name, c.phone, c.email FROM customers c"  # noqa: S608 - a constant
    f" WHERE c.tenant_id = :tenant_id AND {FOLDED} = ANY(:wanted)"
)


class Clients:
    """The customers whom some contacts mean, and those that are added for them."""

    def __init__(self, tx: Tx, contacts: Iterable[Contact]) -> None:
        self._tx = tx
        self._phones: dict[str, UUID] = {}
        self._emails: dict[str, UUID] = {}
        self._names: dict[str, set[UUID]] = {}
        self._new: dict[UUID, Contact] = {}
        wanted = list(contacts)
        for statement, values in (
            (BY_PHONE, {contact.phone for contact in wanted if contact.phone}),
            (BY_EMAIL, {contact.email for contact in wanted if contact.email}),
            (BY_NAME, {folded(contact.name) for contact in wanted if _by_name(contact)}),
        ):
            if values:
                self._note(tx.rows(statement, wanted=sorted(values)))

    def find(self, contact: Contact) -> UUID | None:
        """Return the customer whom a contact means; None if it is somebody new.

        A phone number or an address goes before the name. Raises ConflictError
        (``ambiguous_customer``) for a name of several people, NotFoundError
        (``unknown_customer``) for a contact that gives no name and is nobody's.
        """
        if contact.phone and contact.phone in self._phones:
            return self._phones[contact.phone]
        if contact.email and contact.email in self._emails:
            return self._emails[contact.email]
        if _by_name(contact):
            same = self._names.get(folded(contact.name), set())
            if len(same) > 1:
                raise ConflictError(
                    "ambiguous_customer", "Several customers have its client's name: add a phone"
                )
            if same:
                return next(iter(same))
        if not contact.name:
            raise NotFoundError("unknown_customer", "Nobody has its phone number or address")
        return None

    def add(self, contact: Contact) -> UUID:
        """Return the id of somebody new, who is found from now on and kept by `write`."""
        customer_id = new_id()
        self._new[customer_id] = contact
        self._remember(customer_id, contact.name, contact.phone, contact.email)
        return customer_id

    def write(self) -> None:
        """Write those who are new."""
        self._tx.run_many(
            INSERT,
            [
                {
                    "id": customer_id,
                    "name": contact.name,
                    "phone": contact.phone,
                    "email": contact.email,
                    "language": "",
                    "now": self._tx.now,
                }
                for customer_id, contact in self._new.items()
            ],
        )
        for customer_id in self._new:
            self._tx.concerns("customer", customer_id)

    def _note(self, rows: Sequence[Any]) -> None:
        for row in rows:
            self._remember(row.id, row.name, row.phone, row.email)

    def _remember(self, customer_id: UUID, name: str, phone: str | None, email: str | None) -> None:
        if phone:
            self._phones[phone] = customer_id
        if email:
            self._emails[email] = customer_id
        self._names.setdefault(folded(name), set()).add(customer_id)


def _by_name(contact: Contact) -> bool:
    return not contact.phone and not contact.email
