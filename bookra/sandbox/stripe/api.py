"""The door of the Stripe stand-in: who asks, for whom, which endpoint, executed how often.

The order is Stripe's: the key, the account, the rate limit, the endpoint; then the idempotency
layer, the validation of parameters, and the work itself. Work and stored answer are one
transaction, so a kill leaves either both or neither.
"""

from __future__ import annotations

import base64
import binascii
import sqlite3
import time
from typing import Any

from bookra.sandbox.faults import SLOW_SECONDS
from bookra.sandbox.state import Json, State, now, random_id, token_owner
from bookra.sandbox.stripe import accounts, events, idempotency, sessions
from bookra.sandbox.stripe.errors import (
    RefusedError,
    bad_parameter,
    internal_error,
    invalid_key,
    key_in_use,
    too_many_requests,
)
from bookra.sandbox.stripe.forms import decode
from bookra.sandbox.stripe.idempotency import Answer, InFlight
from bookra.sandbox.stripe.payments import DeclinedError
from bookra.sandbox.stripe.routes import TAKES_MONEY, Route, match
from bookra.sandbox.stripe.store import Call, expand, public
from bookra.sandbox.wire import Reply, Request


class StripeApi:
    """Stripe's API over one state file; any number of threads may ask at once."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._in_flight = InFlight()

    def answer(self, request: Request, fault: str | None = None) -> Reply:
        """Return Stripe's reply; ``fault`` is one of 500, 500-after, 409, 429 or slow."""
        request_id = random_id("req_", 14)
        try:
            answered = self._answer(request, request_id, fault)
        except RefusedError as refusal:
            answered = Answer(refusal.status, refusal.body())
        return _reply(answered, request, request_id)

    def sweep(self) -> None:
        """Expire the Checkout Sessions whose time is over."""
        with self._state.reading() as tx:
            due = sessions.lapsed(tx, now(tx))
        if due:
            with self._state.writing() as tx:
                sessions.lapse(tx, accounts.platform(tx), now(tx))

    def _answer(self, request: Request, request_id: str, fault: str | None) -> Answer:
        account, platform = self._authenticate(request)
        if fault == "429":
            raise too_many_requests()
        found = match(request.method, request.path)
        if found is None:
            raise RefusedError(
                f"Unrecognized request URL ({request.method}: {request.path}). Please see "
                "https://stripe.com/docs or we can help at https://support.stripe.com/.",
                status=404,
                executed=False,
            )
        route, ids = found
        self.sweep()
        raw = _parameters(request)
        if request.method == "GET":
            return self._read(route, ids, raw, account, platform, fault)
        key = idempotency.checked_key(request.headers.get("idempotency-key"))
        if fault == "409":
            raise key_in_use(key or request_id)
        with self._in_flight.only(account, key):
            if fault == "slow":
                time.sleep(SLOW_SECONDS)
            with self._state.writing() as tx:
                call = Call(tx, account, platform, now(tx), request.base_url, request_id, key)
                return _once(call, route, ids, raw, request.path, fault)

    def _authenticate(self, request: Request) -> tuple[str, str]:
        """Return ``(account to act for, platform)``; refuses unknown keys and accounts."""
        secret = _secret(request)
        with self._state.reading() as tx:
            owner = token_owner(tx, secret, provider="stripe")
            if owner is None or not secret.startswith("sk_test_"):
                raise invalid_key(secret)
            header = request.headers.get("stripe-account")
            return accounts.acting_account(tx, secret, header, own=owner), owner

    def _read(
        self,
        route: Route,
        ids: tuple[str, ...],
        raw: Json,
        account: str,
        platform: str,
        fault: str | None,
    ) -> Answer:
        if fault == "slow":
            time.sleep(SLOW_SECONDS)
        if fault in ("500", "500-after"):
            raise internal_error()
        with self._state.reading() as tx:
            params = route.parameters.read(raw)
            call = Call(tx, account, platform, now(tx), params=params)
            return Answer(200, _work(call, route, ids))


def _once(
    call: Call, route: Route, ids: tuple[str, ...], raw: Json, path: str, fault: str | None
) -> Answer:
    """Execute a request, or replay the answer that its key has had."""
    digest = idempotency.digest(raw)
    where = f"{route.method} {path}"
    if call.key is not None:
        known = idempotency.recall(call.tx, call.account, call.key, where, digest, now=call.now)
        if known is not None:
            return known
    params = route.parameters.read(raw)
    if path in TAKES_MONEY:
        accounts.check_charges(call)
    answered = Answer(500, internal_error().body())
    if fault != "500":
        executed = _execute(call, params, route, ids)
        answered = executed if fault != "500-after" else answered
    if call.key is not None:
        idempotency.store(call.tx, call.account, call.key, where, digest, answered, now=call.now)
    return answered


def _execute(call: Call, params: Json, route: Route, ids: tuple[str, ...]) -> Answer:
    """Do the work. A refusal undoes it, a declined card keeps what happened."""
    call = Call(
        call.tx,
        call.account,
        call.platform,
        call.now,
        call.base_url,
        call.request_id,
        call.key,
        params,
    )
    call.tx.execute("SAVEPOINT work")
    try:
        return Answer(200, _work(call, route, ids))
    except DeclinedError as declined:
        return Answer(402, public(declined.body))
    except RefusedError as refusal:
        if not refusal.executed:
            raise
        _undo(call.tx)
        return Answer(refusal.status, refusal.body())


def _undo(tx: sqlite3.Connection) -> None:
    tx.execute("ROLLBACK TO work")


def _work(call: Call, route: Route, ids: tuple[str, ...]) -> Json:
    body = route.handler(call, *ids)
    shown: Json = public(expand(call, body, call.params.get("expand", [])))
    return shown


def _secret(request: Request) -> str:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request.bearer or ""
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _parameters(request: Request) -> Json:
    if request.method == "GET":
        return decode(request.query)
    if not request.path.startswith("/v2/"):
        try:
            return decode(request.body.decode("utf-8"))
        except UnicodeDecodeError:
            raise bad_parameter("The request body is not valid UTF-8.", "body") from None
    try:
        document: Any = request.json() if request.body else {}
    except ValueError:
        raise bad_parameter("The request body is not valid JSON.", "body") from None
    if not isinstance(document, dict):
        raise bad_parameter("The request body must be a JSON object.", "body")
    return document


def _reply(answered: Answer, request: Request, request_id: str) -> Reply:
    headers = {
        "Request-Id": request_id,
        "Stripe-Version": request.headers.get("stripe-version", events.API_VERSION),
    }
    if key := request.headers.get("idempotency-key"):
        headers["Idempotency-Key"] = key
    if account := request.headers.get("stripe-account"):
        headers["Stripe-Account"] = account
    if answered.replayed:
        headers["Idempotent-Replayed"] = "true"
    reply = Reply.of_json(answered.status, answered.body)
    return Reply(reply.status, reply.body, {**reply.headers, **headers})
