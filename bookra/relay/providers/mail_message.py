"""A mail as it goes out: its headers, its two texts and what is attached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail: its name, its media type (``application/pdf``), its bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person. ``message_id`` is ours, without brackets: ``0192…@luna.example``.

    ``html`` empty sends the text alone. ``reply_to`` is where an answer goes, if not to the sender.
    ``booking_code`` travels in a header of ours, for whoever looks at the mail later.
    """

    to: str
    subject: str
    text: str
    message_id: str
    html: str = ""
    reply_to: str = ""
    booking_code: str = ""
    attachments: tuple[Attachment, ...] = ()


def composed(mail: Mail, sender: str, sender_name: str) -> EmailMessage:
    """Return the mail with its headers; line ends within a header's value become spaces."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender, _line(sender_name))
    message["To"] = _address(mail.to)
    if mail.reply_to and mail.reply_to != sender:
        message["Reply-To"] = _address(mail.reply_to)
    message["Subject"] = _line(mail.subject)
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{mail.message_id}>"
    # No holiday notice in answer, please (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    if mail.booking_code:
        message["X-Bookra-Booking"] = _line(mail.booking_code)
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for attached in mail.attachments:
        _attach(message, attached)
    return message


def _attach(message: EmailMessage, attached: Attachment) -> None:
    main, _, sub = attached.media_type.partition("/")
    if main == "text":
        text = attached.content.decode("utf-8")
        message.add_attachment(text, subtype=sub, filename=attached.name, cte="base64")
    else:
        message.add_attachment(attached.content, maintype=main, subtype=sub, filename=attached.name)


def _address(address: str, name: str = "") -> Address:
    return Address(display_name=name, addr_spec=address)


def _line(text: str) -> str:
    """Return text fit for a header: one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
