"""A webhook as it came in, and the answer to it: what each provider's part takes and returns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RETRY_SECONDS = 30
"""What a provider is asked to wait when the database can't be reached."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request of a provider's. ``header`` names are lower-case, ``body`` is as it was signed."""

    tenant: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and one word for whoever reads the provider's list of deliveries."""

    status: int
    word: str = ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The answer's headers."""
        found = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(self.word.encode()))),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return found if self.status < 500 else [*found, ("Retry-After", str(RETRY_SECONDS))]


KEPT = Answer(200, "kept")
KNOWN = Answer(200, "known")
"""It came before, and is kept."""
IGNORED = Answer(200, "ignored")
"""It is signed, and it is not for us: saying no would only make it come again."""
NOT_HERE = Answer(404)
NOT_SIGNED = Answer(400, "bad signature")
MALFORMED = Answer(400, "malformed")
DOWN = Answer(503, "try again")


def document(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a body; None when it is anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or nested past any purpose
        return None
    return found if isinstance(found, dict) else None
