"""Asks for published advisories against what is pinned, and says so when nobody could be asked.

pip-audit alone passes for want of an answer as easily as for want of an advisory: without
``--strict`` it skips what the service does not know, and with it a machine that reaches package
files only can never pass. So a release with famous holes is asked about first. If its advisories
come back, the service answers, and the lock file is audited strictly; if not, this says NOT
AUDITED and ends well, or with 1 where ``BOOKRA_AUDIT=required`` demands an answer (before a
release, say). Another service: pip-audit's own ``PIP_AUDIT_VULNERABILITY_SERVICE=osv``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from locked import DEVELOPMENT, pins

CONTROL = "jinja2==2.4.1"
"""Has had advisories for a decade: a service that knows of none knows nothing."""

ACCEPTED: dict[str, str] = {}
"""Advisories that do not concern Bookra, or have no mended release yet: their id, and why."""

LONGEST_SECONDS = 300
LONGEST_ANSWER_SECONDS = "10"


def main() -> int:
    """Audit the lock file; return pip-audit's code, or what an audit without an answer is worth."""
    count = len(pins(DEVELOPMENT))
    if not service_answers():
        required = os.environ.get("BOOKRA_AUDIT") == "required"
        print(
            f"NOT AUDITED: no advisory service answers from here, so nothing is known about the"
            f" {count} pinned packages. Run make check where one can be reached."
        )
        return 1 if required else 0
    ignored = [word for name in ACCEPTED for word in ("--ignore-vuln", name)]
    code = _audit(DEVELOPMENT, "--strict", *ignored).returncode
    if code == 0:
        print(
            f"Audited: no advisory against the {count} pinned packages; {len(ACCEPTED)} accepted."
        )
    return code


def service_answers() -> bool:
    """Tell whether the advisories of a release that has some come back."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "control.txt"
        asked.write_text(f"{CONTROL}\n", "utf-8")
        try:
            ran = _audit(asked, "--no-deps", "--format", "json", capture=True)
        except subprocess.TimeoutExpired:
            return False
    return has_advisories(ran.stdout)


def has_advisories(report: str) -> bool:
    """Tell whether pip-audit's JSON names an advisory; anything else is no answer."""
    try:
        packages = json.loads(report)["dependencies"]
        return any(package.get("vulns") for package in packages)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _audit(
    requirements: Path, *words: str, capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run pip-audit over what a file names, and nothing that those would need besides."""
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--disable-pip"]
    command += ["--timeout", LONGEST_ANSWER_SECONDS]
    return subprocess.run(
        [*command, "--requirement", str(requirements), *words],
        capture_output=capture,
        encoding="utf-8",
        timeout=LONGEST_SECONDS,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
