"""Visits that are booked together, one each so often."""
