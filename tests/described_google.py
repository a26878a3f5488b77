"""Google's own description of its Calendar API, and what our requests do that it does not know.

The stand-in is ours, so it could take what Google refuses. The discovery document, which comes
with google-api-python-client, is not ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl

import httpx

BASE = "/calendar/v3/"
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@dataclass(frozen=True)
class Sent:
    """One request to the Calendar API, as it left us."""

    method: str
    path: str
    query: str
    body: bytes

    def problems(self) -> list[str]:
        """Return what Google's description does not know of this request."""
        known = _method(self.method, self.path.removeprefix(BASE))
        if known is None:
            return [f"Google has no {self.method} {self.path}"]
        found = _of_query(parse_qsl(self.query, keep_blank_values=True), known["parameters"])
        if self.body:
            given = json.loads(self.body)
            wanted = known.get("request")
            found += _of_value(given, wanted, "body") if wanted else ["a body that nobody reads"]
        return [f"{self.method} {known['path']}: {problem}" for problem in found]


@dataclass
class Recording:
    """The requests that were sent to the Calendar API while it ran."""

    sent: list[Sent] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Return every problem once, in the order in which it first came."""
        unique = dict.fromkeys(self.sent)
        return list(dict.fromkeys(problem for one in unique for problem in one.problems()))


@contextmanager
def recording_google() -> Iterator[Recording]:
    """Record what our clients send to the Calendar API, whoever answers it."""
    recorded = Recording()
    send = httpx.Client.send

    def sending(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        if path.startswith(BASE):
            query = request.url.query.decode()
            recorded.sent.append(Sent(request.method, path, query, request.content))
        return send(client, request, **options)

    with patch.object(httpx.Client, "send", sending):
        yield recorded


@cache
def description() -> Mapping[str, Any]:
    """Return the discovery document."""
    documents = resources.files("googleapiclient") / "discovery_cache" / "documents"
    known: Mapping[str, Any] = json.loads((documents / "calendar.v3.json").read_text("utf-8"))
    return known


def _method(verb: str, path: str) -> Mapping[str, Any] | None:
    for resource in description()["resources"].values():
        for method in resource["methods"].values():
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", method["path"])
            if method["httpMethod"] == verb and re.fullmatch(pattern, path):
                found: Mapping[str, Any] = method
                return found
    return None


def _of_query(pairs: list[tuple[str, str]], known: Mapping[str, Any]) -> list[str]:
    taken = {name: one for name, one in known.items() if one["location"] == "query"}
    taken |= description()["parameters"]
    missing = [name for name, one in taken.items() if one.get("required")]
    found = [f"{name} is missing" for name in missing if name not in dict(pairs)]
    names = [name for name, _ in pairs]
    for name, value in pairs:
        if name not in taken:
            found.append(f"{name} is unknown")
        elif names.count(name) > 1 and not taken[name].get("repeated"):
            found.append(f"{name} is there twice")
        else:
            found += _of_text(value, taken[name], name)
    return found


def _of_text(value: str, schema: Mapping[str, Any], name: str) -> list[str]:
    kind = schema["type"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{name} can't be {value}"]
    if kind == "boolean" and value not in ("true", "false"):
        return [f"{name} is neither true nor false"]
    if kind == "integer":
        if not re.fullmatch(r"-?\d+", value):
            return [f"{name} is not a whole number"]
        if not int(schema.get("minimum", value)) <= int(value) <= int(schema.get("maximum", value)):
            return [f"{name} is out of range"]
    if schema.get("format") == "date-time" and not _is_instant(value):
        return [f"{name} is not an instant"]
    return []


def _of_value(value: Any, schema: Mapping[str, Any], name: str) -> list[str]:
    if "$ref" in schema:
        schema = description()["schemas"][schema["$ref"]]
    kind = schema["type"]
    if kind == "object":
        if not isinstance(value, dict):
            return [f"{name} is not an object"]
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        found = []
        for key, inner in value.items():
            below = known.get(key, more)
            inside = f"{name}.{key}"
            found += _of_value(inner, below, inside) if below else [f"{inside} is unknown"]
        return found
    if kind == "array":
        if not isinstance(value, list):
            return [f"{name} is not a list"]
        return [p for one in value for p in _of_value(one, schema["items"], f"{name}[]")]
    if not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        return [f"{name} is not {kind}"]
    if schema.get("format") == "date-time" and not _is_instant(value):
        return [f"{name} is not an instant"]
    return []


def _is_instant(text: str) -> bool:
    offset = r"(Z|[+-]\d\d:\d\d)"
    return re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?{offset}", text) is not None
