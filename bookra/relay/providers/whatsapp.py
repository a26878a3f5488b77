"""WhatsApp's wire: one message, at most once.

The Cloud API has no idempotency: the same request twice is two messages. So a message that
certainly never left is tried again, one that the API refuses in its own words is what the words
say, and everything in between is Unknown, for a status webhook or a rule to resolve. The codes are
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from bookra.relay.outcome import (
    ACCOUNT,
    PERMANENT,
    RECIPIENT_THROTTLE,
    THROTTLE,
    TRANSIENT,
    UNDELIVERABLE,
    Dead,
    Delivered,
    Outcome,
    Retry,
    Unknown,
)
from bookra.relay.providers.wire import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    open_client,
    wished_seconds,
)

API_URL = "https://graph.facebook.com"
API_VERSION = "v23.0"

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,  # a header that can't be written, such as a token with a line end
)
_NUMBER = re.compile(r"\+?(\d{7,15})")

_BUSY_ACCOUNT = frozenset({4, 80007, 130429})
_BUSY_RECIPIENT = 131056
_ILL = frozenset({2, 131016, 131057})
_OTHER_CHANNEL = frozenset({131026, 131047, 131049, 131050, 130472})
_STOPPED = frozenset({0, 10, 190, 368, 131031, 131042, *range(200, 300)})


@dataclass(frozen=True, slots=True)
class WhatsAppAccess:
    """A tenant's way in. ``base_url`` None is Meta itself."""

    token: str = field(repr=False)
    phone_number_id: str
    base_url: str | None


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """An approved template with its parameters, for one number.

    ``opaque`` travels along and comes back in the status webhooks.
    """

    to_e164: str = field(repr=False)
    name: str
    language: str
    parameters: tuple[str, ...] = field(repr=False)
    opaque: str

    def __post_init__(self) -> None:
        _check_number(self.to_e164)

    def body(self) -> dict[str, Any]:
        """Return the message as the API takes it.

        A parameter's blanks are made single: the API refuses line ends, tabs and runs of spaces.
        """
        texts = [{"type": "text", "text": " ".join(text.split())} for text in self.parameters]
        template: dict[str, Any] = {"name": self.name, "language": {"code": self.language}}
        if texts:
            template["components"] = [{"type": "body", "parameters": texts}]
        return {**_envelope(self.to_e164, self.opaque), "type": "template", "template": template}


@dataclass(frozen=True, slots=True)
class TextMessage:
    """An answer in free text, which WhatsApp takes for 24 hours after a customer has written."""

    to_e164: str = field(repr=False)
    text: str = field(repr=False)
    opaque: str

    def __post_init__(self) -> None:
        _check_number(self.to_e164)

    def body(self) -> dict[str, Any]:
        """Return the message as the API takes it; an address in it shows no preview."""
        text = {"preview_url": False, "body": self.text}
        return {**_envelope(self.to_e164, self.opaque), "type": "text", "text": text}


class WhatsAppClient:
    """One sender. ``close`` it, or use it in a ``with``.

    Each message goes over a connection of its own: one kept open may have been closed by the other
    side, and a request that is lost on it looks like one that may have arrived.
    """

    def __init__(
        self,
        access: WhatsAppAccess,
        *,
        timeout_seconds: tuple[float, float] = (CONNECT_SECONDS, ANSWER_SECONDS),
    ) -> None:
        self._access = access
        self._http = open_client(
            access.base_url or API_URL, timeout_seconds=timeout_seconds, keep_alive=False
        )

    def send(self, message: TemplateMessage | TextMessage) -> Outcome:
        """Send one message: Delivered(message id), which means accepted, not yet read.

        A text after its 24 hours is Dead(``undeliverable``), as 131047 says.
        """
        try:
            request = self._request(message)
        except ValueError:
            return Retry("whatsapp not sent: the token is not one", ACCOUNT)
        try:
            return _outcome_of(self._http.send(request))
        except _NEVER_SENT as error:
            return Retry(f"whatsapp not sent: {type(error).__name__}", TRANSIENT)
        except Exception as error:  # noqa: BLE001 - whatever broke by now, it may have been sent
            return Unknown(f"whatsapp no_answer {type(error).__name__}")

    def _request(self, message: TemplateMessage | TextMessage) -> httpx.Request:
        return self._http.build_request(
            "POST",
            f"/{API_VERSION}/{self._access.phone_number_id}/messages",
            json=message.body(),
            headers={"Authorization": f"Bearer {self._access.token}"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_trouble: object) -> None:
        self.close()


def _envelope(to_e164: str, opaque: str) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to_e164.removeprefix("+"),
        "biz_opaque_callback_data": opaque,
    }


def _check_number(to_e164: str) -> None:
    if _NUMBER.fullmatch(to_e164) is None:
        raise ValueError("a message needs a number in E.164: + and 7 to 15 digits")


def _outcome_of(reply: httpx.Response) -> Outcome:
    return _accepted(reply) if reply.is_success else _refused(reply, _code(reply))


def _accepted(reply: httpx.Response) -> Outcome:
    try:
        message = reply.json()["messages"][0]["id"]
    except (ValueError, KeyError, TypeError, IndexError):
        return Unknown(f"whatsapp {reply.status_code} without a message id")
    if not isinstance(message, str) or not message:
        return Unknown(f"whatsapp {reply.status_code} without a message id")
    return Delivered(message)


def _code(reply: httpx.Response) -> int | None:
    """Return the code of Graph's error document, None when there is none."""
    try:
        code = reply.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return None
    return code if isinstance(code, int) else None


def _refused(reply: httpx.Response, code: int | None) -> Outcome:
    """Return what a refusal comes to. Only a known code or a 4xx in Graph's words is clear."""
    wish = wished_seconds(reply.headers)
    why = f"whatsapp {reply.status_code} {'' if code is None else code}".rstrip()
    if code in _BUSY_ACCOUNT or (code is None and reply.status_code == 429):
        return Retry(why, THROTTLE, wish, counts=False)
    if code in _STOPPED or (code is None and reply.status_code == 401):
        return Retry(why, ACCOUNT, wish)
    if code is None:
        return Unknown(f"{why} without an error code")
    if code == _BUSY_RECIPIENT:
        # It counts: Meta's wait of 4^n seconds grows by the attempt.
        return Retry(why, RECIPIENT_THROTTLE, wish)
    if code in _ILL:
        # With a server error the message may be out; sending it again would be a second one.
        return Unknown(why) if reply.status_code >= 500 else Retry(why, TRANSIENT, wish)
    if code in _OTHER_CHANNEL:
        return Dead(why, UNDELIVERABLE)
    if 400 <= reply.status_code < 500:
        return Dead(why, PERMANENT)
    return Unknown(why)
