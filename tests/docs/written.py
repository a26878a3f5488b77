"""The documentation as a reader takes it: pages, blocks, and the commands that they would type.

A page's first lines may say where its commands run: ``<!-- run: luna -->`` in a furnished salon
(the default), ``<!-- run: luna, stand-ins -->`` with accounts at the stand-ins, which serve,
``<!-- run: luna, last month -->`` where somebody worked last month, ``<!-- run: empty -->`` in a
database without any business. Blocks marked ``sh`` or ``console`` are
run; ``text`` ones are for what needs a terminal, systemd or a server of one's own. A trailing
``# exits 3`` says that a command ends so, ``# exits 8 when …`` that it may.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN = frozenset({"sh", "console"})

_FENCE = re.compile(r"^\s*```(\w*)\s*$")
_MODE = re.compile(r"<!--\s*run:\s*([^>]*?)\s*-->")
_EXIT = re.compile(r"#.*\bexits? (\d+)(?P<may> (?:when|if|on))?")
_COMMENT = re.compile(r"""^((?:'[^']*'|"[^"]*"|[^'"#]|(?<=\S)#)*)(?<!\S)#.*$""")
_HERE = re.compile(r"^cat > (\S+) <<'?(\w+)'?$")
_BEFORE = re.compile(r"[A-Za-z_]+=.*|[\d*,/-]+|sudo|exec|if|then|do|!|time")
_ENDS = frozenset("| || && ; & < ( ) )) ((".split())
_INLINE = re.compile(r"`(bookra [^`]+)`", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One call of the program: its words, where it stands, and the codes it may end with."""

    words: tuple[str, ...]
    line: int
    expected: frozenset[int] = frozenset({0})
    into: str | None = None
    """The file that its output goes into."""


@dataclass(frozen=True)
class File:
    """A file that the reader is told to write."""

    name: str
    text: str


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    kind: str
    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """One page: its steps in order, and the commands that it only shows."""

    path: Path
    text: str
    blocks: tuple[Block, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The path from the checkout on."""
        return str(self.path.relative_to(ROOT))

    @property
    def mode(self) -> tuple[str, ...]:
        """The words of its run comment."""
        found = _MODE.search(self.text)
        return tuple(word.strip() for word in found[1].split(",")) if found else ("luna",)

    def steps(self) -> list[Command | File]:
        """Return what a reader does, in order."""
        return [step for block in self.blocks if block.kind in RUN for step in steps_of(block)]

    def calls(self) -> list[Command]:
        """Return every call of the program in the page's blocks, run or not."""
        steps = [step for block in self.blocks for step in steps_of(block)]
        return [step for step in steps if isinstance(step, Command)]

    def shown(self) -> list[Command]:
        """Return every call of the program on the page; in running text not always whole."""
        found = self.calls()
        text = "\n".join(_without_blocks(self.text))
        for match in _INLINE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found += _commands(" ".join(match[1].split()), line)
        return found


def pages() -> list[Page]:
    """Return the README and every page below ``docs``, by name."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [read(path) for path in paths]


def read(path: Path) -> Page:
    """Read one page."""
    text = path.read_text("utf-8")
    return Page(path, text, tuple(_blocks(text.splitlines())))


def steps_of(block: Block) -> Iterator[Command | File]:
    """Yield the commands of a block and the files that it writes with ``cat > … <<``."""
    lines = iter(enumerate(_joined(block), block.line + 1))
    for number, line in lines:
        if here := _HERE.match(line):
            body = []
            for _, text in lines:
                if text.strip() == here[2]:
                    break
                body.append(text)
            yield File(here[1], "\n".join([*body, ""]))
        else:
            bare = line.strip().removeprefix("$ ") if block.kind == "console" else line.strip()
            if block.kind != "console" or line.lstrip().startswith("$ "):
                yield from _commands(bare, number)


def _commands(line: str, number: int) -> Iterator[Command]:
    """Yield the calls in one line; what stands before and behind them is the shell's."""
    ended = _EXIT.search(line)
    ends = frozenset({int(ended[1])} if ended else {0}) | ({0} if ended and ended["may"] else set())
    for words, into in _calls(_split(line)):
        if words:
            yield Command(tuple(words[1:]), number, ends, into)


def _split(line: str) -> list[str]:
    lexer = shlex.shlex(_COMMENT.sub(r"\1", line), posix=True, punctuation_chars="()|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # prose with an apostrophe, in a block that is no shell's
        return line.split()


def _calls(words: Sequence[str]) -> Iterator[tuple[list[str], str | None]]:
    call: list[str] = []
    into, redirected = None, False
    for word in words:
        if redirected:
            into, redirected = word, False
        elif word in (">", ">>"):
            redirected = True
            if call[-1:] == ["2"]:  # stderr's
                call.pop()
        elif word in _ENDS:
            yield _bare(call), into
            call, into = [], None
        else:
            call.append(word)
    yield _bare(call), into


def _bare(call: list[str]) -> list[str]:
    """Return a call without what a shell or a crontab has before it: variables, times, sudo."""
    for at, word in enumerate(call):
        if re.fullmatch(r"(?:/[\w.-]+)*/?bookra", word):
            return ["bookra", *call[at + 1 :]]
        if not _BEFORE.fullmatch(word):
            break
    return []


def _joined(block: Block) -> list[str]:
    """Return the lines of a block, those that end with a backslash with the next one."""
    joined: list[str] = []
    going_on = False
    for line in block.lines:
        if going_on:
            joined[-1] = joined[-1][:-1] + line.strip()
        else:
            joined.append(line)
        going_on = line.endswith("\\")
    return joined


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    kind, begun, inside = "", 0, list[str]()
    opened = False
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence and not opened:
            opened, kind, begun, inside = True, fence[1], number, []
        elif fence:
            opened = False
            yield Block(kind, begun, tuple(inside))
        elif opened:
            inside.append(line)


def _without_blocks(text: str) -> Iterator[str]:
    """Yield the lines of a page, those of blocks empty."""
    opened = False
    for line in text.splitlines():
        fence = bool(_FENCE.match(line))
        opened ^= fence
        yield "" if opened or fence else line
