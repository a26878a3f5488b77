"""The chart of accounts: codes and what kind of account each is. Debit is plus, credit minus."""

from __future__ import annotations

from bookra.money import format_minor

AVAILABLE = "assets:stripe:available"
CLEARING = "assets:stripe:clearing"
IN_TRANSIT = "assets:payouts:in-transit"
DISPUTED = "assets:disputes:held"
DRAWER = "assets:cash:drawer"
TERMINAL = "assets:card-terminal"
BANK = "assets:bank"
RECEIVABLE = "assets:receivable:clients"
RENT_RECEIVABLE = "assets:receivable:chair-rent"

DEPOSITS = "liabilities:deposits"
GIFT_CARDS = "liabilities:gift-cards"
PACKAGES = "liabilities:packages"
REFUNDS_OWED = "liabilities:refunds-owed"
SUSPENSE = "liabilities:suspense"

SERVICES = "income:services"
PRODUCTS = "income:products"
DISCOUNTS = "income:discounts"
REFUNDS = "income:refunds"
NO_SHOW = "income:no-show"
LATE_CANCEL = "income:late-cancel"
CHAIR_RENT = "income:chair-rent"
MEMBERSHIPS = "income:memberships"
BREAKAGE = "income:breakage"

STRIPE_FEES = "expenses:stripe-fees"
PLATFORM_FEES = "expenses:platform-fees"
TERMINAL_FEES = "expenses:terminal-fees"
DISPUTE_FEES = "expenses:dispute-fees"
DISPUTE_LOSSES = "expenses:dispute-losses"
COMMISSION_EXPENSE = "expenses:commission"
OVER_SHORT = "expenses:cash-over-short"
PETTY_CASH = "expenses:petty-cash"

KINDS = {"assets": "asset", "liabilities": "liability", "income": "income", "expenses": "expense"}

TIPS_PREFIX = "liabilities:tips:"
COMMISSION_PREFIX = "liabilities:commission:"
CLAWBACK_PREFIX = "assets:receivable:clawback:"
TAX_PREFIX = "liabilities:tax:"

TENDERS = {
    "card": CLEARING,
    "cash": DRAWER,
    "terminal": TERMINAL,
    "gift-card": GIFT_CARDS,
    "package": PACKAGES,
}
"""How somebody pays, and the account that a payment in this way debits."""

MONEY_IN = ("card", "cash", "terminal")
"""The tenders that are money; the others use up what was bought before."""

PAYMENT_KINDS = {
    "card": "card_payment",
    "cash": "cash_payment",
    "terminal": "terminal_payment",
    "gift-card": "gift_card_payment",
    "package": "package_redemption",
}
"""How somebody pays, and the kind of the entry that says so."""


def tips(staff: str) -> str:
    """Return the account that owes a staff member their tips."""
    return TIPS_PREFIX + staff


def commission(staff: str) -> str:
    """Return the account that owes a staff member their commission."""
    return COMMISSION_PREFIX + staff


def clawback(staff: str) -> str:
    """Return the account of what a staff member owes back of commission that was paid out."""
    return CLAWBACK_PREFIX + staff


def tax(bps: int) -> str:
    """Return the account that owes the tax of one rate: ``liabilities:tax:19``, ``…:7.5``."""
    text = format_minor(bps, "EUR").rstrip("0").rstrip(".")
    return TAX_PREFIX + (text or "0")


def kind_of(code: str) -> str:
    """Return the kind of account that a code names: asset, liability, income or expense."""
    return KINDS[code.partition(":")[0]]


def staff_of(code: str) -> str | None:
    """Return the slug of the staff member that an account belongs to, if any."""
    for prefix in (TIPS_PREFIX, COMMISSION_PREFIX, CLAWBACK_PREFIX):
        if code.startswith(prefix):
            return code.removeprefix(prefix)
    return None
