"""Availability: what is free, and why not."""
