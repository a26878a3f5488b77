"""Every room's tables in one import, for the migrations and for tests that walk the schema."""

from __future__ import annotations

from bookra.engine.availability import tables as _availability
from bookra.engine.bookings import tables as _bookings
from bookra.engine.catalog import tables as _catalog
from bookra.engine.commissions import tables as _commissions
from bookra.engine.invoices import tables as _invoices
from bookra.engine.ledger import tables as _ledger
from bookra.engine.messages import tables as _messages
from bookra.engine.orders import tables as _orders
from bookra.engine.outbox import tables as _outbox
from bookra.engine.payments import tables as _payments
from bookra.engine.payouts import tables as _payouts
from bookra.engine.people import tables as _people
from bookra.engine.schedules import tables as _schedules
from bookra.engine.schema import metadata
from bookra.engine.tenancy import tables as _tenancy
from bookra.engine.till import tables as _till

ROOMS = (
    _tenancy,
    _catalog,
    _people,
    _availability,
    _bookings,
    _ledger,
    _payments,
    _orders,
    _till,
    _commissions,
    _payouts,
    _invoices,
    _outbox,
    _messages,
    _schedules,
)

__all__ = ["ROOMS", "metadata"]
