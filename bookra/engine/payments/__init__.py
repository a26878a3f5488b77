"""Payments: what was asked of Stripe, what it said, and what the ledger made of it."""
