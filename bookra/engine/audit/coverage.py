"""Which tables the audit speaks for: every table is in one of three lists, and a test holds that.

A row of a checked table carries the id of an audited transaction, always. What the relay keeps for
itself (leases, positions, marks of a delivery) is written without audit rows, so those tables are
checked only where somebody else wrote last, or not at all.
"""

from __future__ import annotations

CHECKED = frozenset(
    """
    absences accounts allocations bank_accounts bookables booking_changes booking_items
    booking_lines bookings chair_rents charges closures command_results commission_rules
    commission_splits consents customers day_places disputes drawer_events drawer_sessions entries
    external_busy gift_cards imported_rows invoice_counters invoices ledger_days ledger_snapshots
    locations membership_plans memberships message_templates movements operations operators orders
    package_uses packages pay_runs payout_members policies pools products promo_codes promo_uses
    provider_accounts rent_terms resources saved_cards seats series service_hours service_levels
    service_resources service_segments services sessions staff staff_services stripe_payouts
    tenants transfers wish_offers wish_windows wishes working_exceptions working_hours
    """.split()
)
"""Every row was written in a transaction that has an audit row."""

BY_RELAYS = {
    "breakers": "the relay opens and closes them as providers answer",
    "calendar_events": "noted before each event is written to a calendar",
    "calendar_feeds": "the position in a calendar moves with every reading",
    "inbox": "events are kept as providers tell them, before they are settled",
    "messages": "each step of a delivery is marked, and reminders are planned",
    "outbox": "claimed, leased, put back and promoted",
    "outbox_aggregates": "counts what waits in a line",
    "provider_cursors": "how far a provider's list has been read",
    "schedule_runs": "taken, renewed and ended",
    "schedules": "the next due time moves with every run",
}
"""Checked unless a relay's login wrote the row last; the reason is what the relay writes there."""

LEFT_OUT = {
    "alembic_version": "the migrations' own; an upgrade is a baseline of the audit",
    "audit": "it is the record itself, and nobody may change it",
    "audit_baselines": "where the record begins; only the owning role writes it",
    "installation_events": "a record of its own, of what belongs to no business",
    "job_locks": "leases of commands: who holds one says so in the row",
    "message_statuses": "written once, as providers tell them",
    "outbox_history": "written once, as deliveries end",
    "relay_jobs": "when each job of the relays ran last",
    "relay_leases": "which relay leads",
    "relays": "which relays run",
}
"""Not checked, and why."""
