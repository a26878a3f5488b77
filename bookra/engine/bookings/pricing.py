"""What a line costs: the catalogue's price, split into net and tax by the tenant's rule. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bookra.money import Money, included_tax, share


@dataclass(frozen=True, slots=True)
class LinePrice:
    """Net and tax of one line; their sum is what the customer pays for it."""

    net: Money
    tax: Money


def line_price(price: Money, tax_bps: int, *, inclusive: bool) -> LinePrice:
    """Split ``price`` when it includes the tax, or put the tax on top when it does not."""
    if inclusive:
        tax = included_tax(price.minor, tax_bps)
        return LinePrice(Money(price.minor - tax, price.currency), Money(tax, price.currency))
    return LinePrice(price, Money(share(price.minor, tax_bps), price.currency))
