"""What the lock files pin: the packages that the checks of this folder are about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;\s*([^\\]+))?")


@dataclass(frozen=True)
class Pin:
    """One pinned package. ``marker`` says where it is installed; empty: everywhere."""

    name: str
    version: str
    marker: str = ""


def pins(lock: Path) -> list[Pin]:
    """Return what a lock file pins, in its order; continuation lines hold hashes."""
    found = (_PIN.match(line) for line in lock.read_text("utf-8").splitlines())
    return [Pin(m[1].lower(), m[2], (m[3] or "").strip()) for m in found if m]
