"""The parts of the torture: its arena, its tickets, its writers, their crew, and the judge."""
