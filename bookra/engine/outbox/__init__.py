"""The outbox: intentions written with the fact that caused them, delivered by the relay."""
