"""What the doctor finds: one thing that was looked at, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``remedy`` says what to do when it is not ``ok``."""

    check: str
    ok: bool
    message: str
    remedy: str = ""
