"""The schema revision that this program works on; a test holds it to the newest migration.

Kept apart from Alembic, whose import every command would otherwise pay for.
"""

HEAD = "0006"
