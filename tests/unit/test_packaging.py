"""The units that systemd is given: they stop a relay later than it ends by itself, and trust it
with little.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bookra.relay.options import RelayOptions

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "packaging").glob("*.service"))


def directives(unit: Path) -> dict[str, str]:
    """Return a unit's settings, all sections as one."""
    found = re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE)
    return dict(found)


def test_the_relay_is_given_longer_to_end_than_it_takes_itself() -> None:
    relay = directives(ROOT / "packaging" / "bookra-relay.service")
    grace = re.search(r"--grace (\d+)", relay["ExecStart"])
    assert grace is not None
    assert int(grace[1]) == RelayOptions().grace_seconds
    assert int(relay["TimeoutStopSec"]) > int(grace[1]) + 5
    assert (relay["KillSignal"], relay["Restart"]) == ("SIGTERM", "always")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_gains_no_rights_and_writes_where_its_data_is_alone(unit: Path) -> None:
    told = directives(unit)
    assert told["User"] == "bookra"
    assert told["NoNewPrivileges"] == told["ProtectHome"] == "yes"
    assert told["ProtectSystem"] == "strict"
    assert told["Environment"] == f"BOOKRA_HOME=/var/lib/{told['StateDirectory']}"


def test_the_units_are_part_of_the_source_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "packaging" in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert len(UNITS) == 2
