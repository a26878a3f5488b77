"""Reports: what the ledger says, for owners, and the proofs behind it."""
