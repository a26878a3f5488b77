"""The demo, whole: its story holds for any seed, its proofs can fail, a reset drops it alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from command_line import BOOKRA, CommandLine

from bookra import bootstrap, config
from bookra.commands.story.proofs import gather
from bookra.commands.story.stage import Stage, demo_settings

LONGEST_SECONDS = 300


@pytest.fixture
def embedded(home: Path) -> Iterator[CommandLine]:
    """The command line on the embedded server of a home of its own."""
    line = CommandLine.in_folder(home, BOOKRA_HOME=str(home / "data"))
    yield line
    line("db", "down", "--immediate")


def tell(line: CommandLine, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BOOKRA, "demo", *words],
        env=dict(line.variables),
        cwd=line.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=LONGEST_SECONDS,
        check=False,
    )


@pytest.mark.slow
def test_every_proof_of_the_demo_holds(embedded: CommandLine) -> None:
    told = tell(embedded, "--seed", os.environ.get("BOOKRA_TEST_SEED", "2026"))
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Every proof holds." in told.stdout
    assert "✗" not in told.stdout
    assert told.stdout.count("✓ the ledger equals what the stand-in says it moved") == 2
    visits = embedded("--database", "demo", "-t", "luna", "day", "tomorrow", "--json", check=True)
    assert visits.json["visits"]
    _proofs_fail_when_the_outside_saw_something_else(Path(embedded.variables["BOOKRA_HOME"]))
    assert embedded("demo", "--reset", "--json", check=True).json["dropped"] is True
    assert embedded("demo", "--reset", "--json", check=True).json["dropped"] is False


def _proofs_fail_when_the_outside_saw_something_else(home: Path) -> None:
    """Take one event, double one message and move one cent at the stand-ins: three proofs break."""
    settings = demo_settings(config.load({"home": str(home)}, {}))
    engine = bootstrap.open_engine(settings)
    stage = Stage(settings)
    try:
        stage.start_sandbox()
        outside = stage.outside()
        assert all(proof.holds for proof in gather(engine, settings, outside))
        paid = next(
            event["booking"]
            for event in outside["calendar"]["events"]
            if event["booking"].startswith("LUN")
            and engine.ask("luna", lambda tx, code=event["booking"]: _is_paid(tx, code))
        )
        changed = deepcopy(outside)
        events, messages = changed["calendar"]["events"], changed["whatsapp"]["messages"]
        changed["calendar"]["events"] = [event for event in events if event["booking"] != paid]
        messages.append(next(m for m in messages if m["booking"] == paid))
        for account in changed["stripe"]["accounts"]:
            account["net"] += 1
        broken = {proof.claim for proof in gather(engine, settings, changed) if not proof.holds}
    finally:
        stage.close()
        engine.close()
    assert broken == {
        "each paid booking has one event in the calendar",
        "nobody was told anything twice",
        "the ledger equals what the stand-in says it moved",
    }


def _is_paid(tx: object, code: str) -> bool:
    from bookra.engine.bookings.store import booking_by_code

    # In full: a deposit alone has no invoice yet, and is no proof's business.
    return booking_by_code(tx, code).recognised_at is not None  # type: ignore[arg-type]
