"""Customers: added with a checked phone number, found by name, phone or e-mail."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.people.matching import FOLDED, folded, like_prefix, word_patterns
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.ids import checked_name, new_id

MAX_EMAIL = 254
"""The longest address that mail can carry (RFC 5321, with erratum 1690)."""

COLUMNS = """
    SELECT c.id, c.name, c.phone, c.email, c.language, c.notes, c.opted_out_of, c.created_at,
           (SELECT count(*) FROM bookings b
             WHERE b.tenant_id = c.tenant_id AND b.customer_id = c.id
               AND b.status NOT IN ('cancelled', 'late_cancelled', 'expired', 'no_show')) AS visits
      FROM customers c
     WHERE c.tenant_id = :tenant_id
"""
SEARCH = text(
    COLUMNS
    + f"""
       AND c.erased_at IS NULL
       AND (c.id::text = :exact OR c.phone LIKE :phone OR lower(c.email) LIKE :email
            OR {FOLDED} ~ ALL(CAST(:words AS text[])))
     ORDER BY ({FOLDED} LIKE :like) DESC, {FOLDED}, c.id
     LIMIT :limit
    """
)
BY_PHONE_OR_EMAIL = text(COLUMNS + " AND (c.phone = :phone OR c.email = :email)")
BY_ID = text(COLUMNS + " AND c.id = :id")
# The same lock that a row which refers to the customer takes: an erasure waits for it, or is seen.
BOOKABLE = text(
    "SELECT erased_at FROM customers WHERE tenant_id = :tenant_id AND id = :id FOR KEY SHARE"
)
EVERYBODY = text(COLUMNS + " AND c.erased_at IS NULL ORDER BY lower(c.name), c.id")
INSERT = text(
    "INSERT INTO customers (tenant_id, id, name, phone, email, language, created_at)"
    " VALUES (:tenant_id, :id, :name, :phone, :email, :language, :now)"
)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. ``phone`` is E.164 (``+4930123456``); ``visits`` counts bookings that stand.

    ``opted_out_of`` is what they want no messages of: ``reminders``, ``everything`` or nothing.
    """

    id: UUID
    name: str
    phone: str | None
    email: str | None
    language: str = ""
    visits: int = 0
    notes: str = field(default="", repr=False)
    opted_out_of: str | None = None


def add_customer(
    tx: Tx, name: str, *, phone: str | None = None, email: str | None = None, language: str = ""
) -> tuple[Customer, bool]:
    """Add a customer; the same name, phone and e-mail again returns the first one (False).

    Phones are read in the country of the business. A phone or e-mail that belongs to somebody
    else raises ConflictError (``customer_exists``).
    """
    customer = Customer(
        new_id(),
        checked_name(name, "customer"),
        checked_phone(phone, tx.tenant.country) if phone else None,
        checked_email(email) if email else None,
        language,
    )
    if customer.phone or customer.email:
        for row in tx.rows(BY_PHONE_OR_EMAIL, phone=customer.phone, email=customer.email):
            return _same(_customer(row), customer), False
    tx.run(
        INSERT,
        id=customer.id,
        name=customer.name,
        phone=customer.phone,
        email=customer.email,
        language=customer.language,
        now=tx.now,
    )
    tx.concerns("customer", customer.id)
    return customer, True


def find_customers(tx: Tx, words: str, *, limit: int = 20) -> list[Customer]:
    """Return customers whose name has words that begin so, or whose phone or e-mail matches.

    Accents, case and the order of words don't matter. A phone may be written as in the country
    of the business.
    """
    cleaned = words.replace("\x00", "").strip().lower()
    digits = re.sub(r"[^0-9]", "", cleaned)
    rows = tx.rows(
        SEARCH,
        exact=cleaned,
        email=like_prefix(cleaned),
        words=word_patterns(cleaned),
        like=like_prefix(folded(cleaned)),
        phone=f"%{digits.lstrip('0')}%" if len(digits) >= 3 else "",
        limit=limit,
    )
    return [_customer(row) for row in rows]


def all_customers(tx: Tx) -> list[Customer]:
    """Return every customer by name; those who were erased are nobody any more."""
    return [_customer(row) for row in tx.rows(EVERYBODY)]


def the_customer(tx: Tx, words: str) -> Customer:
    """Return the one customer that ``words`` names (id, phone, e-mail or name).

    Raises NotFoundError (``unknown_customer``), or ConflictError (``ambiguous_customer``) that
    lists the candidates.
    """
    found = find_customers(tx, words, limit=6)
    exact = [c for c in found if words.strip().lower() in (c.name.lower(), c.email, str(c.id))]
    chosen = exact if len(exact) == 1 else found
    if not chosen:
        raise NotFoundError(
            "unknown_customer",
            f"No customer matches '{words}'",
            hint="Add one: bookra customer add --name …",
            details={"customer": words},
        )
    if len(chosen) > 1:
        raise ConflictError(
            "ambiguous_customer",
            f"'{words}' matches {len(chosen)} customers",
            hint="Name one by phone, e-mail or id",
            details={"customers": [str(customer.id) for customer in chosen]},
        )
    return chosen[0]


def customer_by_id(tx: Tx, customer_id: UUID) -> Customer:
    """Return a customer; raises NotFoundError (``unknown_customer``)."""
    row = tx.row(BY_ID, id=customer_id)
    if row is None:
        raise NotFoundError("unknown_customer", f"There is no customer {customer_id}")
    return _customer(row)


def require_bookable(tx: Tx, customer_id: UUID) -> None:
    """Refuse to book for nobody, or for somebody who was erased; holds their row's key.

    Raises NotFoundError (``unknown_customer``), ConflictError (``customer_erased``).
    """
    row = tx.row(BOOKABLE, id=customer_id)
    if row is None:
        raise NotFoundError("unknown_customer", f"There is no customer {customer_id}")
    if row.erased_at is not None:
        raise ConflictError(
            "customer_erased",
            "This customer was erased, and can't be booked for",
            hint="Add them anew, if they want that: bookra customer add --name …",
            details={"customer": str(customer_id)},
        )


def checked_phone(text_: str, country: str) -> str:
    """Return E.164 of a number as written in ``country`` or abroad; raises ``bad_phone``."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text_, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise InvalidInputError(
            "bad_phone",
            f"'{text_}' is not a phone number in {country}",
            hint="Write it with its country: +49 30 901820",
        )
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def checked_email(text_: str) -> str:
    """Return the address in lower case; raises ``bad_email`` unless it has the shape of one."""
    cleaned = text_.strip().lower()
    if len(cleaned) > MAX_EMAIL or not re.fullmatch(
        r"[^\s@,;<>]{1,64}@[^\s@,;<>]+\.[^\s@,;<>]{2,}", cleaned
    ):
        raise InvalidInputError(
            "bad_email", f"'{text_}' is not an e-mail address", hint="Such as rosa@example.com"
        )
    return cleaned


def _same(found: Customer, wanted: Customer) -> Customer:
    if (found.name, found.phone, found.email) != (wanted.name, wanted.phone, wanted.email):
        raise ConflictError(
            "customer_exists",
            "Another customer has this phone number or e-mail address",
            hint=f"Look at them: bookra customer show {found.id}",
            details={"customer": str(found.id)},
        )
    return found


def _customer(row: Row[Any]) -> Customer:
    return Customer(
        row.id,
        row.name,
        row.phone,
        row.email,
        row.language,
        row.visits,
        row.notes,
        row.opted_out_of,
    )
