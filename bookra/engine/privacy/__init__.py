"""What is held of a person: consent, an export of all of it, erasure, and how long it is kept."""
