"""The ledger: double entry, balanced by construction, append-only."""
