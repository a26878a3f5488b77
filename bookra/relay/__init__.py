"""The relay: the only part that talks to the outside. Drains the outbox, polls the providers."""
