"""Every command of the documentation is run, page by page, as a reader would run it."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import Ran
from databases import Database
from lived_in import codes_in_order, furnish, work_last_month
from relay.served_sandbox import serving
from written import Command, File, Page, pages

from bookra.clock import WEEKDAY_NAMES
from bookra.commands.root import run
from bookra.config import Settings

FILES = Path(__file__).parent / "files"
PAGES = [page for page in pages() if page.steps()]
MODES = {"luna", "empty", "stand-ins", "last month"}

ELSEWHERE = {
    ("tui",): "needs a terminal: tests/tui drive it",
    ("demo",): "half a minute: tests/commands/test_commands_demo.py tells it whole",
    ("torture",): "minutes: tests/commands/test_commands_torture.py",
    ("db", "up"): "the embedded server's: tests/commands/test_commands_embedded.py",
    ("db", "down"): "the embedded server's: tests/commands/test_commands_embedded.py",
}
"""What is run by other tests, whole; here only the words are checked (test_docs_pages.py)."""

_CODE = re.compile(r"\b(?:[A-Z]{3}|WL|PK|MB)-[0-9A-Z]{4,12}\b")
_WEEKDAY = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun) ")


@dataclass
class Reader:
    """Somebody at a terminal, in a folder with the files that pages take for granted."""

    settings: Settings
    folder: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    relays: bool = False
    """A relay runs in another terminal: here it delivers after each command."""
    serves: str = ""
    """Where the stand-ins serve, in another terminal."""
    elsewhere: ExitStack = field(default_factory=ExitStack)

    def types(self, command: Command) -> Ran:
        """Run one command in this process; what other terminals do is done between two."""
        words = coming(command.words)
        if words[:2] == ["sandbox", "run"]:
            if not self.serves:
                self.serves = self.elsewhere.enter_context(serving(self.settings.sandbox_dir))
            return Ran(0, "", "")
        if words[:2] == ["relay", "run"]:
            self.relays = True
            words = ["relay", "drain"]
        if "--wait" in words:  # for a relay that delivers meanwhile
            at = words.index("--wait")
            words = words[:at] + words[at + 2 :]
        ran = self._run(words)
        if command.into:
            (self.folder / command.into).write_text(ran.stdout, "utf-8")
        if self.relays and ran.code == 0:
            self._run(["relay", "drain", "--quiet"])
        return ran

    def _run(self, words: list[str]) -> Ran:
        self.capture.readouterr()
        self.patch.setattr("sys.stdin", io.StringIO())
        return Ran(run(words), *self.capture.readouterr())


@pytest.fixture
def reader(
    page: Page,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Reader]:
    """A reader of the page, with a home, a database and a business as the page takes them."""
    folder = Path(tempfile.mkdtemp(prefix="bookra-docs-", dir="/tmp"))
    settings = Settings(home=folder / "home", database_url=database.admin_url)
    for name, value in variables(settings, folder).items():
        monkeypatch.setenv(name, value)
    shutil.copytree(FILES, folder / "work")
    monkeypatch.chdir(folder / "work")
    found = Reader(settings, folder / "work", monkeypatch, capsys)
    codes = known_codes(page)
    with found.elsewhere, codes_in_order(monkeypatch, codes):
        if "empty" not in page.mode:
            furnish(database, [code for code in codes if code.startswith("LUN-")])
            monkeypatch.setenv("BOOKRA_TENANT", "luna")
        if "last month" in page.mode:
            work_last_month(settings, database)
        if "stand-ins" in page.mode:
            _connect(found)
        yield found
    shutil.rmtree(folder)


def known_codes(page: Page) -> list[str]:
    """Return the codes that a page speaks of, in its order, but those that lead nowhere."""
    calls = [step for step in page.steps() if isinstance(step, Command)]
    nowhere = {word for call in calls if call.expected == {3} for word in call.words}
    return [code for code in dict.fromkeys(_CODE.findall(page.text)) if code not in nowhere]


def variables(settings: Settings, folder: Path) -> Mapping[str, str]:
    """Return the environment of the reader's terminal."""
    return {
        "BOOKRA_HOME": str(settings.home),
        "BOOKRA_DATABASE_URL": str(settings.database_url),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "NO_COLOR": "1",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_work_one_after_the_other(page: Page, reader: Reader) -> None:
    assert set(page.mode) <= MODES, page.mode
    failed = []
    for step in page.steps():
        if isinstance(step, File):
            (reader.folder / step.name).write_text(step.text, "utf-8")
        elif not elsewhere(step):
            ran = reader.types(step)
            if ran.code not in step.expected:
                told = f"{page.name}:{step.line}: bookra {' '.join(step.words)}"
                failed.append(f"{told}\n{ran.stdout}{ran.stderr}")
    assert not failed, "\n".join(failed)


def test_what_is_run_elsewhere_is_still_run_there() -> None:
    for reason in ELSEWHERE.values():
        for path in re.findall(r"tests/\S+", reason):
            assert (FILES.parents[2] / path).exists(), path


def elsewhere(command: Command) -> bool:
    """Tell whether a command is one that other tests run."""
    words = tuple(word for word in command.words if not word.startswith("-"))
    return any(words[: len(known)] == known for known in ELSEWHERE)


def coming(words: Sequence[str]) -> list[str]:
    """Return words in which ``--at 'thu 14:30'`` is after today: today's Thursday may be over."""
    today = datetime.now(UTC).date()
    found = []
    for before, word in zip(["", *words], words, strict=False):
        day = _WEEKDAY.match(word) if before in ("--at", "--window") else None
        ahead = {
            name[:3]: today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
            for number, name in enumerate(WEEKDAY_NAMES)
        }
        found.append(word.replace(day[1], f"{ahead[day[1]]}", 1) if day else word)
    return found


def _connect(reader: Reader) -> None:
    """Serve the stand-ins and give Luna an account at each."""
    reader.types(Command(("sandbox", "run"), 0))
    for provider in ("stripe", "google", "whatsapp", "mail"):
        ran = reader.types(Command(("tenant", "provider", "set", provider, "--sandbox"), 0))
        assert ran.code == 0, ran.stderr
