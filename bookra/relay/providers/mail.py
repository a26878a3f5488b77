"""Mail's wire: one message by SMTP, at most once.

SMTP has no idempotency: the same message twice is two in the inbox. Until the last line of the
message is out, nothing was sent, and trouble is what the server's code says (RFC 5321, 4.2; the
enhanced codes of RFC 3463). From then until the server answers it is Unknown. The wire is
encrypted, or it stays on this machine.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Self

from bookra.relay.outcome import (
    ACCOUNT,
    PERMANENT,
    THROTTLE,
    TRANSIENT,
    UNDELIVERABLE,
    Dead,
    Delivered,
    Outcome,
    Retry,
    Unknown,
)
from bookra.relay.providers.mail_message import Mail, composed
from bookra.relay.providers.wire import ANSWER_SECONDS, CONNECT_SECONDS

TLS, STARTTLS, NONE = "tls", "starttls", "none"

_LINE_OF_A_DOT = re.compile(rb"(?m)^\.")
_ACCOUNT_TROUBLE = frozenset({432, 454, 530, 534, 535, 538})
"""What a server says of our login and not of the mail (RFC 4954, 6)."""
_BUSY = frozenset({421, 450, 451, 452})
_NO_SUCH_RECIPIENT = frozenset({550, 551, 553, 556})


@dataclass(frozen=True, slots=True)
class MailAccess:
    """A business's mail server. ``security`` is tls, starttls or none (loopback alone).

    ``password`` empty logs in as nobody. ``sender`` is the address that mails come from.
    """

    host: str
    port: int
    security: str
    user: str
    password: str
    sender: str
    sender_name: str = ""


class MailClient:
    """Sends mails through one server, a connection each. May be shared by threads."""

    def __init__(
        self, access: MailAccess, *, tls: ssl.SSLContext | None = None, answer: float | None = None
    ) -> None:
        """Take an account; ``tls`` and ``answer`` (seconds) replace what is usual in tests."""
        self._access = access
        self._tls = tls
        self._answer_seconds = ANSWER_SECONDS if answer is None else answer

    def send(self, mail: Mail) -> Outcome:
        """Send one mail: Delivered(its Message-ID). Never raises."""
        try:
            message = composed(mail, self._access.sender, self._access.sender_name)
        except (ValueError, IndexError):  # the library's parser of addresses raises both
            return Dead("mail address_not_valid", UNDELIVERABLE)
        try:
            with self._connected() as server:
                return self._hand_over(server, message, mail)
        except smtplib.SMTPAuthenticationError as error:
            return Retry(_why("auth", error.smtp_code), ACCOUNT)
        except smtplib.SMTPResponseException as error:
            return _refused("hello", error.smtp_code)
        except smtplib.SMTPNotSupportedError:
            return Retry("mail the server offers no encryption or no login", ACCOUNT)
        except ssl.SSLCertVerificationError:
            return Retry("mail certificate not trusted", ACCOUNT)
        except (OSError, smtplib.SMTPException) as error:  # nothing left this machine yet
            return Retry(f"mail no_answer {type(error).__name__}", TRANSIENT)

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage, mail: Mail) -> Outcome:
        code, _ = server.mail(self._access.sender)
        if code != 250:
            return _refused("sender", code)
        code, _ = server.rcpt(mail.to)
        if code not in (250, 251):
            return _refused("recipient", code)
        code, _ = server.docmd("DATA")
        if code != 354:
            return _refused("data", code)
        return _deliver(server, bytes(message), mail)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Give a session that is encrypted and logged in, and say goodbye at its end."""
        access = self._access
        server = self._opened()
        try:
            server.timeout = self._answer_seconds
            if server.sock is not None:
                server.sock.settimeout(self._answer_seconds)
            server.ehlo_or_helo_if_needed()
            if access.security == STARTTLS:
                server.starttls(context=self._context())
                server.ehlo_or_helo_if_needed()
            if access.password:
                server.login(access.user, access.password)
            yield server
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _opened(self) -> smtplib.SMTP:
        access = self._access
        if access.security == TLS:
            return smtplib.SMTP_SSL(
                access.host, access.port, timeout=CONNECT_SECONDS, context=self._context()
            )
        return smtplib.SMTP(access.host, access.port, timeout=CONNECT_SECONDS)

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    def close(self) -> None:
        """Hold nothing: each mail has its own connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_trouble: object) -> None:
        self.close()


def _deliver(server: smtplib.SMTP, lines: bytes, mail: Mail) -> Outcome:
    """Send the message's lines and its end; from here on no answer means that nobody knows."""
    ended = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    try:
        server.send(_LINE_OF_A_DOT.sub(b"..", ended) + b".\r\n")
        code, _ = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return Unknown(f"mail no_answer {type(error).__name__}")
    if code == 250:
        return Delivered(mail.message_id)
    if not 400 <= code < 600:
        return Unknown(_why("message", code))  # an answer, but none of SMTP's
    return _refused("message", code)


def _refused(step: str, code: int) -> Outcome:
    """Return what a refusal comes to: 4xx may pass, 5xx never does (RFC 5321, 4.2.1)."""
    why = _why(step, code)
    if code in _ACCOUNT_TROUBLE:
        return Retry(why, ACCOUNT)
    if code in _BUSY:
        return Retry(why, THROTTLE, counts=False)
    if 400 <= code < 500:
        return Retry(why, TRANSIENT)
    if not 500 <= code < 600:
        return Retry(why, TRANSIENT)  # not a code of SMTP's: no mail was taken
    if step == "recipient" and code in _NO_SUCH_RECIPIENT:
        return Dead(why, UNDELIVERABLE)
    if step == "sender":
        return Retry(why, ACCOUNT)  # the server won't send as us: only the business can mend it
    return Dead(why, PERMANENT)


def _why(step: str, code: int) -> str:
    return f"mail {step} {code}"
