"""Writes the list of what is shipped, ``dist/bookra.cdx.json`` (CycloneDX), from the lock file.

It is checked at once: every pinned package is in it by name and version, with its hashes, so that
who installs Bookra can compare.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from locked import ROOT, RUNTIME, Pin, pins

TARGET = ROOT / "dist" / "bookra.cdx.json"


def main() -> int:
    """Write the list; print what is missing in it and return 1 if something is."""
    TARGET.parent.mkdir(exist_ok=True)
    write(RUNTIME, TARGET)
    shipped = pins(RUNTIME)
    missing = lacking(json.loads(TARGET.read_text("utf-8")), shipped)
    for finding in missing:
        print(f"sbom: {finding}")
    if not missing:
        print(f"SBOM: {len(shipped)} packages in {TARGET.relative_to(ROOT)}.")
    return 1 if missing else 0


def write(lock: Path, target: Path) -> None:
    """Let cyclonedx-py make and validate the document; the same lock gives the same bytes."""
    words = ["requirements", str(lock), "--pyproject", str(ROOT / "pyproject.toml")]
    options = ["--output-reproducible", "--spec-version", "1.6", "--output-file", str(target)]
    command = [sys.executable, "-m", "cyclonedx_py", *words, *options]
    subprocess.run(command, check=True, capture_output=True)


def lacking(document: Mapping[str, Any], wanted: Iterable[Pin]) -> list[str]:
    """Return a line for each pinned package that the list lacks, or has without a hash."""
    listed = {
        (part["name"].lower(), part.get("version")): json.dumps(part)
        for part in document.get("components", ())
    }
    found = []
    for pin in wanted:
        part = listed.get((pin.name, pin.version))
        if part is None:
            found.append(f"{pin.name} {pin.version} is missing")
        elif '"SHA-256"' not in part:
            found.append(f"{pin.name} {pin.version} has no hash")
    return found


if __name__ == "__main__":
    sys.exit(main())
