"""Tenancy: businesses, their brand and providers, operators, the audit trail."""
