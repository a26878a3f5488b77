"""Money as the desk writes it: the currency's sign, grouped thousands, all decimal places."""

from __future__ import annotations

from bookra.money import Money, exponent, format_minor

_SIGNS = {
    "AUD": "$", "BRL": "R$", "CAD": "$", "CNY": "¥", "CZK": "Kč", "EUR": "€", "GBP": "£",
    "GHS": "₵", "HKD": "$", "ILS": "₪", "INR": "₹", "JPY": "¥", "KRW": "₩", "KZT": "₸",
    "MXN": "$", "NGN": "₦", "NZD": "$", "PHP": "₱", "PLN": "zł", "PYG": "₲", "RUB": "₽",
    "SGD": "$", "THB": "฿", "TRY": "₺", "TWD": "$", "UAH": "₴", "USD": "$", "VND": "₫",
    "ZAR": "R",
}  # fmt: skip
"""Signs for the tenant's own currency. Only one is ever on the screen, so ``$`` is clear."""


def sign(currency: str, *, ascii_only: bool = False) -> str:
    """Return the sign that stands before an amount; the code itself where there is none."""
    found = _SIGNS.get(currency, "")
    return found if found and (found.isascii() or not ascii_only) else f"{currency} "


def due_mark(currency: str, *, ascii_only: bool = False) -> str:
    """Return one character that says "money is due" in the corner of a block."""
    found = _SIGNS.get(currency, "$")[0]
    return found if found.isascii() or not ascii_only else "$"


def amount(money: Money, *, ascii_only: bool = False) -> str:
    """Return ``£1,204.50``; a negative amount begins with its minus."""
    places = exponent(money.currency)
    whole, _, fraction = format_minor(abs(money.minor), money.currency).partition(".")
    digits = f"{int(whole):,}" + (f".{fraction}" if places else "")
    return ("-" if money.minor < 0 else "") + sign(money.currency, ascii_only=ascii_only) + digits


def rounded(money: Money, *, ascii_only: bool = False) -> str:
    """Return the amount without decimals when they are all zero, for narrow places."""
    written = amount(money, ascii_only=ascii_only)
    return written.removesuffix(f".{'0' * exponent(money.currency)}")
