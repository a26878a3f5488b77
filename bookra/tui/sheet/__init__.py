"""The day sheet as text, for a terminal, a mail or a printer without typesetting."""
