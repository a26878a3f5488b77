"""Commissions: what a staff member earns on a line, split from the sale once it is paid."""
