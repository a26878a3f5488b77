"""The note of one visit: what to know of it and no other. A customer's is in ``people.editing``.

It is personal data: it goes nowhere but to whoever reads the booking. Audit and history say that
there was a change and whose, never what was written; erasing the customer clears it.
"""

from __future__ import annotations

from sqlalchemy import text

from bookra.engine.bookings import store
from bookra.engine.bookings.history import note
from bookra.engine.bookings.model import Booking
from bookra.engine.people.customers import require_bookable
from bookra.engine.people.editing import checked_note
from bookra.engine.runtime import Tx

SET = text(
    """
    UPDATE bookings SET note = :note, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


def set_note(tx: Tx, code: str, written: str) -> Booking:
    """Write the note of a visit in place of the one before; an empty one removes it.

    At most 2,000 letters; control characters become blanks, lines stay. The same again changes
    nothing. Locks the booking, then the customer's key, in the order of who erases them. Raises
    InvalidInputError (``bad_note``), NotFoundError (``unknown_booking``), ConflictError
    (``customer_erased``) where there is something to write.
    """
    wanted = checked_note(written)
    booking = store.locked_by_code(tx, code)
    if wanted == booking.note:
        return booking
    if wanted:
        require_bookable(tx, booking.customer_id)
    tx.run(SET, id=booking.id, note=wanted)
    note(tx, booking.id, "note", what="written" if wanted else "removed")
    tx.concerns("booking", booking.id)
    return store.booking_by_id(tx, booking.id)
