"""Invoices: gapless numbers, immutable content, a branded PDF."""
