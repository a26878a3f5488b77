"""What a visit costs: discounts, promo codes, items, deposits, and the policy that was accepted."""
