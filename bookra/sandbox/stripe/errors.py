"""Refusals in Stripe's own shape: type, code, message, param (https://docs.stripe.com/error-codes)."""

from __future__ import annotations

from bookra.sandbox.state import Json


class RefusedError(Exception):
    """A request that Stripe would refuse.

    ``executed`` tells whether the endpoint had begun its work: only then is the refusal kept
    under the idempotency key and replayed (https://docs.stripe.com/api/idempotent_requests).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = True,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.executed = executed

    def body(self) -> Json:
        """Return the JSON document that Stripe answers with."""
        error: Json = {"message": self.message, "type": self.kind}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        return {"error": error}


def bad_parameter(message: str, param: str, code: str | None = None) -> RefusedError:
    """Return the refusal of a parameter before any work was done."""
    return RefusedError(message, code=code, param=param, executed=False)


def missing_object(noun: str, identifier: str, param: str | None = None) -> RefusedError:
    """Return "No such …": 404 for an id in the path, 400 with ``param`` for one in the body."""
    return RefusedError(
        f"No such {noun.replace('_', '')}: '{identifier}'",
        status=404 if param is None else 400,
        code="resource_missing",
        param=param or "id",
    )


def invalid_key(secret: str) -> RefusedError:
    """Return the 401 of a key that Stripe doesn't know; the key itself is not repeated whole."""
    if not secret:
        message = (
            "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_KEY')."
        )
    else:
        message = f"Invalid API Key provided: {masked(secret)}"
    return RefusedError(message, status=401, executed=False)


def masked(secret: str) -> str:
    """Return a key as Stripe quotes it: its kind and its last four characters."""
    return f"{secret[:8]}{'*' * 12}{secret[-4:]}" if len(secret) > 16 else "*" * 12


def internal_error() -> RefusedError:
    """Return the 500 that says nothing of whether the request had an effect."""
    return RefusedError(
        "An unknown error occurred. Contact us at https://support.stripe.com if the problem "
        "persists.",
        status=500,
        kind="api_error",
    )


def key_in_use(key: str) -> RefusedError:
    """Return the 409 for a key whose first request is still being worked on."""
    return RefusedError(
        "There is currently another in-progress request using this Idempotent Key (that probably "
        f"means you submitted twice, and the other request is still going through): {key}. "
        "Please try again later.",
        status=409,
        kind="idempotency_error",
        code="idempotency_key_in_use",
        executed=False,
    )


def too_many_requests() -> RefusedError:
    """Return the 429, which comes before the idempotency layer."""
    return RefusedError(
        "Request rate limit exceeded. Learn more about rate limits "
        "https://docs.stripe.com/rate-limits.",
        status=429,
        code="rate_limit",
        executed=False,
    )
