"""Stripe's form encoding, decoded and checked: ``line_items[0][price_data][currency]=usd``.

Each endpoint declares its parameters with the shapes below. What isn't declared is refused with
``parameter_unknown``, as Stripe does: a misspelt parameter must not pass here and fail there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

from bookra.sandbox.state import Json
from bookra.sandbox.stripe.errors import bad_parameter

_PART = re.compile(r"\[([^\[\]]*)\]")


def decode(encoded: str) -> Json:
    """Return the nested mapping behind a form body or a query string; lists keep their indices."""
    tree: Json = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        head, bracket, _ = name.partition("[")
        path = [head, *(_PART.findall(name[len(head) :]) if bracket else [])]
        _place(tree, path, value, name)
    return tree


def _place(tree: Json, path: list[str], value: str, name: str) -> None:
    node = tree
    for part, following in zip(path, [*path[1:], None], strict=True):
        key = str(len(node)) if part == "" else part
        if following is None:
            node[key] = value
        else:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                raise bad_parameter(f"Invalid parameter: {name}", name)


class Shape(Protocol):
    """What a parameter must look like."""

    def read(self, value: Any, name: str) -> Any:
        """Return the typed value of parameter ``name``, or raise RefusedError."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string, not empty, of at most ``longest`` characters; ``choices`` limits it."""

    longest: int = 5000
    choices: tuple[str, ...] = ()

    def read(self, value: Any, name: str) -> str:
        """Return the string."""
        if not isinstance(value, str):
            raise bad_parameter("Invalid string: must be a string", name)
        if value == "":
            raise bad_parameter(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt "
                f"to unset a parameter; however '{name}' cannot be unset.",
                name,
                "parameter_invalid_empty",
            )
        if len(value) > self.longest:
            raise bad_parameter(f"Invalid string: must be at most {self.longest} characters", name)
        if self.choices and value not in self.choices:
            raise bad_parameter(f"Invalid {name}: must be one of {', '.join(self.choices)}", name)
        return value


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number between two bounds; Stripe takes no ``5.0``."""

    least: int | None = None
    most: int | None = None

    def read(self, value: Any, name: str) -> int:
        """Return the number."""
        if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,18}", str(value)):
            raise bad_parameter(f"Invalid integer: {value}", name, "parameter_invalid_integer")
        number = int(value)
        if self.least is not None and number < self.least:
            raise bad_parameter(
                f"This value must be greater than or equal to {self.least}.",
                name,
                "parameter_invalid_integer",
            )
        if self.most is not None and number > self.most:
            raise bad_parameter(
                f"This value must be less than or equal to {self.most}.",
                name,
                "parameter_invalid_integer",
            )
        return number


@dataclass(frozen=True, slots=True)
class Flag:
    """``true`` or ``false``."""

    def read(self, value: Any, name: str) -> bool:
        """Return the truth value."""
        if isinstance(value, bool):
            return value
        if value not in ("true", "false"):
            raise bad_parameter(f"Invalid boolean: {value}", name)
        return bool(value == "true")


@dataclass(frozen=True, slots=True)
class Items:
    """A list of one shape."""

    of: Shape
    most: int = 100

    def read(self, value: Any, name: str) -> list[Any]:
        """Return the list in the order of its indices."""
        if isinstance(value, dict) and all(key.isdigit() for key in value):
            value = [value[key] for key in sorted(value, key=int)]
        if not isinstance(value, list):
            raise bad_parameter("Invalid array", name)
        if len(value) > self.most:
            raise bad_parameter(f"Array {name} exceeded maximum {self.most} elements.", name)
        return [self.of.read(item, f"{name}[{index}]") for index, item in enumerate(value)]


@dataclass(frozen=True, slots=True)
class Group:
    """Named parameters, some required; the top of every endpoint's declaration."""

    optional: Mapping[str, Shape] = field(default_factory=dict)
    required: Mapping[str, Shape] = field(default_factory=dict)

    def read(self, value: Any, name: str = "") -> Json:
        """Return the typed values that were given; refuses unknown names, then missing ones."""
        if not isinstance(value, dict):
            raise bad_parameter("Invalid object", name)
        known = {**self.optional, **self.required}
        for key in value:
            if key not in known:
                full = _nested(name, key)
                raise bad_parameter(
                    f"Received unknown parameter: {full}", full, "parameter_unknown"
                )
        for key in self.required:
            if key not in value:
                full = _nested(name, key)
                raise bad_parameter(f"Missing required param: {full}.", full, "parameter_missing")
        return {key: known[key].read(item, _nested(name, key)) for key, item in value.items()}


@dataclass(frozen=True, slots=True)
class Metadata:
    """At most 50 names of 40 characters with values of 500."""

    def read(self, value: Any, name: str) -> dict[str, str]:
        """Return the pairs; ``""`` means none."""
        if value == "":
            return {}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise bad_parameter("Invalid object: metadata must be key-value pairs", name)
        if len(value) > 50:
            raise bad_parameter("You can only have up to 50 metadata keys.", name)
        for key, text in value.items():
            if len(key) > 40 or len(text) > 500:
                raise bad_parameter(
                    "Metadata keys have at most 40 characters, values at most 500",
                    _nested(name, key),
                )
        return {key: text for key, text in value.items() if text != ""}


@dataclass(frozen=True, slots=True)
class Span:
    """A moment in epoch seconds, or a range of them by ``gt``, ``gte``, ``lt`` and ``lte``."""

    def read(self, value: Any, name: str) -> tuple[int | None, int | None]:
        """Return ``[start, end)``, either side open when None."""
        if not isinstance(value, dict):
            exact = Integer().read(value, name)
            return exact, exact + 1
        edges = Group(dict.fromkeys(("gt", "gte", "lt", "lte"), Integer())).read(value, name)
        start = max(
            (e for e in (edges.get("gte"), _next(edges.get("gt"))) if e is not None), default=None
        )
        end = min(
            (e for e in (edges.get("lt"), _next(edges.get("lte"))) if e is not None), default=None
        )
        return start, end


def _next(second: int | None) -> int | None:
    return None if second is None else second + 1


def _nested(outer: str, inner: str) -> str:
    return f"{outer}[{inner}]" if outer else inner
