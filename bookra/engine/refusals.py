"""What the database refuses, in words: each SQLSTATE and each named constraint to one error.

A constraint's name is matched by its beginning, because a sharded table's constraints come back
with a suffix (``allocations_no_overlap_102124``).
"""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import DBAPIError

from bookra.errors import (
    BookraError,
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    UnavailableError,
)

CONSTRAINTS: dict[str, tuple[type[BookraError], str, str, str]] = {
    "allocations_no_overlap": (
        ConflictError,
        "slot_taken",
        "Somebody else has just taken that time",
        "Look again: bookra slots",
    ),
    "allocations_length": (
        InvalidInputError,
        "too_long",
        "A visit can't occupy anybody for more than 25 hours",
        "Shorten its segments or buffers",
    ),
    "tenants_slug": (ConflictError, "exists", "A business with this slug exists", ""),
    "customers_phone_key": (
        ConflictError,
        "customer_exists",
        "Another customer has this phone number",
        "Find them: bookra customer find",
    ),
    "customers_email_key": (
        ConflictError,
        "customer_exists",
        "Another customer has this e-mail address",
        "Find them: bookra customer find",
    ),
    "entries_tenant_id_key": (ConflictError, "already_posted", "This fact is already posted", ""),
    "charges_not_over_refunded": (
        ConflictError,
        "over_refund",
        "That is more than what is left of the charge",
        "",
    ),
    "invoices_tenant_id_number": (
        ConflictError,
        "number_taken",
        "An invoice with the next number exists already",
        "Look at the last ones: bookra invoice list",
    ),
    "invoices_tenant_id_year_sequence": (
        ConflictError,
        "number_taken",
        "An invoice with the next number exists already",
        "Look at the last ones: bookra invoice list",
    ),
    "command_results_tenant_id_key": (
        ConflictError,
        "in_progress",
        "The same command with this idempotency key is running now",
        "Run it again in a moment",
    ),
}

UNAVAILABLE_STATES = {
    "53100": ("disk_full", "The database server's disk is full", "Free some space on it"),
    "25006": (
        "read_only",
        "The database is read-only here: nothing can be written",
        "Name the primary server, not a standby",
    ),
    "53300": ("too_many_connections", "The database server takes no more connections", ""),
    "57014": ("too_slow", "The database took too long and was stopped", "Try again"),
    "55P03": ("locked", "Somebody else is changing the same thing", "Try again in a moment"),
    "40001": ("contended", "Too many people change the same thing at once", "Try again"),
    "40P01": ("contended", "Too many people change the same thing at once", "Try again"),
}


def sqlstate(error: DBAPIError) -> str:
    """Return PostgreSQL's five-character code, or '' when there was no answer."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def explain(error: DBAPIError) -> Exception:
    """Return the BookraError for a refusal, or ``error`` itself when it is a bug of ours."""
    state, cause = sqlstate(error), error.orig
    if state in UNAVAILABLE_STATES:
        code, message, hint = UNAVAILABLE_STATES[state]
        return UnavailableError(code, message, hint=hint)
    if state == "42501":
        return NotAllowedError(
            "not_allowed",
            "The database does not let this login do that",
            hint="Ask the owner of the business, or use another operator's login",
        )
    if state.startswith("23") and isinstance(cause, psycopg.Error):
        known = _constraint(cause)
        if known is not None:
            return known
    # What the driver itself can't say to PostgreSQL, such as a NUL byte, has no SQLSTATE.
    if state.startswith("22") or state == "54000" or isinstance(cause, psycopg.DataError):
        return InvalidInputError("bad_value", "A value does not fit the database", hint="")
    if state in ("42P01", "3F000", "42883"):
        return UnavailableError(
            "not_migrated",
            "This database does not have Bookra's tables",
            hint="Run: bookra db upgrade",
        )
    if state.startswith(("08", "57P", "28", "3D")) or isinstance(cause, psycopg.OperationalError):
        return unreachable(str(cause))
    return error


def unreachable(cause: str) -> UnavailableError:
    """Return the error for a database that does not answer, with the driver's last line."""
    lines = [line.strip() for line in cause.splitlines() if line.strip()]
    return UnavailableError(
        "database_unavailable",
        f"The database can't be reached: {lines[-1] if lines else 'no answer'}",
        hint="Check it: bookra db status",
    )


def _constraint(cause: psycopg.Error) -> BookraError | None:
    name = cause.diag.constraint_name or ""
    for prefix, (kind, code, message, hint) in CONSTRAINTS.items():
        if name.startswith(prefix):
            return kind(code, message, hint=hint, details={"constraint": prefix})
    return None
