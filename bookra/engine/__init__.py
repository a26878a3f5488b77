"""The engine: availability, bookings, money and the outbox on PostgreSQL."""
