"""The chart of accounts: codes and what kind of account each is. Debit is plus, credit minus."""

from __future__ import annotations

from bookra.money import format_minor

AVAILABLE = "assets:stripe:available"
CLEARING = "assets:stripe:clearing"
IN_TRANSIT = "assets:payouts:in-transit"
DRAWER = "assets:cash:drawer"
REFUNDS_OWED = "liabilities:refunds-owed"
SUSPENSE = "liabilities:suspense"
SERVICES = "income:services"
STRIPE_FEES = "expenses:stripe-fees"
PLATFORM_FEES = "expenses:platform-fees"
COMMISSION_EXPENSE = "expenses:commission"

KINDS = {"assets": "asset", "liabilities": "liability", "income": "income", "expenses": "expense"}

TIPS_PREFIX = "liabilities:tips:"
COMMISSION_PREFIX = "liabilities:commission:"


def tips(staff: str) -> str:
    """Return the account that owes a staff member their tips."""
    return TIPS_PREFIX + staff


def commission(staff: str) -> str:
    """Return the account that owes a staff member their commission."""
    return COMMISSION_PREFIX + staff


def tax(bps: int) -> str:
    """Return the account that owes the tax of one rate: ``liabilities:tax:19``, ``…:7.5``."""
    return "liabilities:tax:" + format_minor(bps, "EUR").rstrip("0").rstrip(".")


def kind_of(code: str) -> str:
    """Return the kind of account that a code names: asset, liability, income or expense."""
    return KINDS[code.partition(":")[0]]


def staff_of(code: str) -> str | None:
    """Return the slug of the staff member that an account belongs to, if any."""
    for prefix in (TIPS_PREFIX, COMMISSION_PREFIX):
        if code.startswith(prefix):
            return code.removeprefix(prefix)
    return None
