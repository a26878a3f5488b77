"""A Stripe on loopback: Checkout, charges, refunds, balance, events and idempotency.

It refuses what Stripe refuses, with Stripe's words, and moves money with deterministic fees, so
that the program's own Stripe client is the real one in every test.
"""
