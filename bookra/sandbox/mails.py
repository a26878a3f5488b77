"""The mails that arrived at the stand-in, as their reader sees them."""

from __future__ import annotations

import email
import email.policy
import json
import sqlite3
from collections.abc import Sequence
from email.message import EmailMessage

from bookra.sandbox.state import Json, now, random_id


def keep(tx: sqlite3.Connection, sender: str, recipients: Sequence[str], raw: bytes) -> None:
    """Store a mail, once for each recipient."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    body = json.dumps(_read(message))
    for recipient in recipients:
        tx.execute(
            "INSERT INTO mails (id, sender, recipient, created, body) VALUES (?, ?, ?, ?, ?)",
            (random_id("mail_"), sender, recipient, now(tx), body),
        )


def shown(tx: sqlite3.Connection) -> list[Json]:
    """Return the mails, the oldest first."""
    rows = tx.execute("SELECT recipient, body FROM mails ORDER BY sequence").fetchall()
    return [{"to": row["recipient"], **json.loads(row["body"])} for row in rows]


def _read(message: EmailMessage) -> Json:
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "subject": str(message["Subject"] or ""),
        "from": str(message["From"] or ""),
        "booking": message["X-Bookra-Booking"],
        "message_id": str(message["Message-ID"] or "").strip("<>"),
        "text": "" if plain is None else plain.get_content(),
        "html": "" if rich is None else rich.get_content(),
        "attachments": [part.get_filename() for part in message.iter_attachments()],
    }
