"""The mail client against the stand-in and against servers that misbehave: at most one mail."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from served_sandbox import serving

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
from bookra.relay.providers.mail import NONE, STARTTLS, TLS, MailAccess, MailClient
from bookra.relay.providers.mail_message import Attachment, Mail
from bookra.sandbox import SandboxClient, mails, open_mail_account
from bookra.sandbox.state import State

SENDER = "hallo@luna.example"
MAIL = Mail(
    to="ana@guest.example",
    subject="Ihr Termin – übermorgen",
    text="Guten Tag\n.\n..und ein Punkt\nMit Grüßen",
    message_id="0192@luna.example",
    html="<p>Grüße</p>",
    booking_code="LUN-7F3K",
    attachments=(
        Attachment("visit.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
        Attachment("invoice.pdf", "application/pdf", b"%PDF-1.7\x00"),
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("stand-in")
    with serving(directory):
        yield directory


@pytest.fixture(scope="module")
def access(folder: Path) -> MailAccess:
    recorded = json.loads((folder / "address.json").read_text("utf-8"))["smtp"]
    host, _, port = recorded.rpartition(":")
    account = open_mail_account(folder, sender=SENDER)
    return MailAccess(
        host, int(port), NONE, SENDER, account.password, SENDER, "Lüna & Söhne, Salon"
    )


def arrived(folder: Path) -> list[dict[str, object]]:
    with closing(State(folder)) as state, state.reading() as tx:
        return mails.shown(tx)


def plan(folder: Path, kind: str) -> None:
    recorded = json.loads((folder / "address.json").read_text("utf-8"))
    SandboxClient(recorded["url"]).fault("mail", kind, count=1)


def test_a_mail_arrives_as_it_was_written(folder: Path, access: MailAccess) -> None:
    assert MailClient(access).send(MAIL) == Delivered(MAIL.message_id)
    mail = arrived(folder)[-1]
    assert mail["to"] == MAIL.to
    assert mail["subject"] == MAIL.subject
    assert mail["from"] == '"Lüna & Söhne, Salon" <hallo@luna.example>'
    assert str(mail["text"]).replace("\r\n", "\n") == f"{MAIL.text}\n"
    assert "<p>Grüße</p>" in str(mail["html"])
    assert mail["attachments"] == ["visit.ics", "invoice.pdf"]
    assert (mail["booking"], mail["message_id"]) == ("LUN-7F3K", MAIL.message_id)


def test_a_header_can_not_be_smuggled_in(folder: Path, access: MailAccess) -> None:
    sly = replace(MAIL, subject="Hello\r\nBcc: all@guest.example", booking_code="A\nB")
    assert isinstance(MailClient(access).send(sly), Delivered)
    mail = arrived(folder)[-1]
    assert mail["subject"] == "Hello Bcc: all@guest.example"
    assert mail["booking"] == "A B"
    assert len([one for one in arrived(folder) if one["to"] == "all@guest.example"]) == 0


@pytest.mark.parametrize(
    "to", ["nobody@guest.example", "not an address", "", "a@b\r\nRCPT TO:<c@d>"]
)
def test_a_recipient_who_can_not_be_reached_is_left_to_another_channel(
    folder: Path, access: MailAccess, to: str
) -> None:
    before = len(arrived(folder))
    became = MailClient(access).send(replace(MAIL, to=to))
    assert isinstance(became, Dead)
    assert became.error_class == UNDELIVERABLE
    assert len(arrived(folder)) == before


@pytest.mark.parametrize(
    ("kind", "expected", "taken"),
    [
        ("drop-before", Retry("mail no_answer SMTPServerDisconnected", TRANSIENT), 0),
        ("drop-after", Unknown("mail no_answer SMTPServerDisconnected"), 1),
        ("500", Retry("mail sender 451", THROTTLE, counts=False), 0),
        ("429", Retry("mail sender 421", THROTTLE, counts=False), 0),
        ("409", Retry("mail sender 450", THROTTLE, counts=False), 0),
        ("revoked", Retry("mail sender 535", ACCOUNT), 0),
        ("html", Retry("mail sender -1", TRANSIENT), 0),
    ],
)
def test_each_fault_is_what_it_is_and_no_more(
    folder: Path, access: MailAccess, kind: str, expected: Outcome, taken: int
) -> None:
    before = len(arrived(folder))
    plan(folder, kind)
    assert MailClient(access).send(MAIL) == expected
    assert len(arrived(folder)) == before + taken
    assert isinstance(MailClient(access).send(MAIL), Delivered)


def test_a_bug_of_the_stand_in_is_told_without_whose_mail_it_was(
    access: MailAccess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(_self: object, *given: object) -> str:
        raise KeyError(given)

    monkeypatch.setattr("bookra.sandbox.mail._Post.handle_RCPT", broken)
    assert isinstance(MailClient(access).send(MAIL), Retry)
    said = capsys.readouterr()
    assert '"event": "sandbox.bug", "provider": "mail", "error": "KeyError"' in said.err
    assert MAIL.to not in said.out + said.err


def test_a_rate_limit_lets_some_through_and_puts_the_rest_off(
    folder: Path, access: MailAccess
) -> None:
    recorded = json.loads((folder / "address.json").read_text("utf-8"))
    sandbox = SandboxClient(recorded["url"])
    sandbox.fault("mail", "rate-limit", per_second=0.001)
    try:
        became = [MailClient(access).send(MAIL) for _ in range(3)]
    finally:
        sandbox.fault("mail", "rate-limit", off=True)
    assert became.count(Retry("mail sender 421", THROTTLE, counts=False)) >= 2
    assert isinstance(MailClient(access).send(MAIL), Delivered)


def test_what_is_wrong_with_the_account_is_not_the_mails_fault(access: MailAccess) -> None:
    wrong = (
        replace(access, password="another"),
        replace(access, password=""),
        replace(access, sender="somebody@else.example"),
        replace(access, security=STARTTLS),
    )
    for account in wrong:
        became = MailClient(account).send(MAIL)
        assert isinstance(became, Retry)
        assert became.error_class == ACCOUNT


def test_nobody_listening_is_no_reason_to_give_up(access: MailAccess) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        became = MailClient(replace(access, port=probe.getsockname()[1])).send(MAIL)
    assert isinstance(became, Retry)
    assert became.error_class == TRANSIENT


def test_no_trouble_names_the_recipient_or_the_password(access: MailAccess) -> None:
    for account in (access, replace(access, password="s3cret-of-luna"), replace(access, port=1)):
        for to in (MAIL.to, "nobody@guest.example", "änne@guest.example"):
            became = MailClient(account).send(replace(MAIL, to=to))
            told = str(getattr(became, "why", ""))
            assert "guest" not in told
            assert "s3cret" not in told


@contextmanager
def scripted(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve one connection by hand: what no well-behaved server does."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def serve() -> None:
            taken, _ = listening.accept()
            with taken:
                answer(taken)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


def _replies(*codes: str) -> Callable[[socket.socket], None]:
    """Greet, and answer each line in turn; the last answer follows the mail's own end."""

    def answer(taken: socket.socket) -> None:
        lines = taken.makefile("rb")
        taken.sendall(b"220 hello\r\n")
        for code in codes:
            line = lines.readline()
            if code == "END":
                while line and line != b".\r\n":
                    line = lines.readline()
            else:
                taken.sendall(f"{code}\r\n".encode())
        lines.close()

    return answer


OPENING = ("250 hello", "250 ok", "250 ok", "354 go on", "END")


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ((), Unknown),
        (("554 5.6.0 no",), Dead),
        (("452 4.3.1 full",), Retry),
        (("nonsense",), Unknown),
        (("999 what",), Unknown),
    ],
)
def test_from_the_last_line_on_only_the_servers_word_counts(
    access: MailAccess, ending: tuple[str, ...], expected: type
) -> None:
    def answer(taken: socket.socket) -> None:
        _replies(*OPENING)(taken)
        for line in ending:
            taken.sendall(f"{line}\r\n".encode())

    with scripted(answer) as port:
        account = replace(access, port=port, password="")
        became = MailClient(account, answer=2).send(MAIL)
    assert isinstance(became, expected), became
    if isinstance(became, Dead):
        assert became.error_class == PERMANENT


def test_a_server_that_never_answers_leaves_the_mail_unsent_or_unknown(access: MailAccess) -> None:
    def silent(taken: socket.socket) -> None:
        taken.recv(10)

    with scripted(silent) as port:
        became = MailClient(replace(access, port=port), answer=0.2).send(MAIL)
    assert isinstance(became, Retry)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


def _encrypted(certificate: Path, answer: Callable[[socket.socket], None]) -> Callable[..., None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(taken: socket.socket) -> None:
        try:
            with context.wrap_socket(taken, server_side=True) as safe:
                answer(safe)
        except ssl.SSLError:
            pass  # the client found the certificate wanting, as it should

    return serve


def test_a_wire_that_is_encrypted_from_the_first_byte_is_checked(
    access: MailAccess, certificate: Path
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    spoken = _replies(*OPENING)

    def answer(taken: socket.socket) -> None:
        spoken(taken)
        taken.sendall(b"250 taken\r\n")

    with scripted(_encrypted(certificate, answer)) as port:
        account = replace(access, host="localhost", port=port, security=TLS, password="")
        assert isinstance(MailClient(account, tls=trusting).send(MAIL), Delivered)
    with scripted(_encrypted(certificate, answer)) as port:
        account = replace(access, host="localhost", port=port, security=TLS, password="")
        became = MailClient(account).send(MAIL)
    assert became == Retry("mail certificate not trusted", ACCOUNT)
