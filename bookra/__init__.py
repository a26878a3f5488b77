"""Bookra: bookings, payments and payouts for salons and coaches, from the terminal."""
