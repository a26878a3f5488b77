"""Bookings: their states, holds, prices and the day's picture."""
