"""What the documentation says exists: commands with their options, links, the pages themselves."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from typer.exceptions import TyperException
from written import ROOT, Page, pages

from bookra.commands.catalogue import COMMANDS
from bookra.commands.root import app as root
from bookra.commands.root import load
from bookra.commands.session import extract_globals

sys.path.insert(0, str(ROOT / "packaging" / "documentation"))

import error_codes
import reference
import remedies

error_codes.raised = cache(error_codes.raised)  # it reads the whole program, for three tests
PAGES = pages()
HISTORY = re.compile(r"^docs/decisions/")
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)(#[^)\s]*)?\)")
_PLACEHOLDER = re.compile(r"[A-Z_]{2,}.*|…|\.\.\.|\[.*|<.*")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_on_a_page_exists_with_its_options(page: Page) -> None:
    wrong = [
        f"{page.name}:{command.line}: {' '.join(command.words)}: {complaint}"
        for command in page.shown()
        for complaint in complaints(list(command.words))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_call_in_a_block_would_be_understood(page: Page) -> None:
    wrong = [
        f"{page.name}:{call.line}: {' '.join(call.words)}: {complaint}"
        for call in page.calls()
        if not any(map(_PLACEHOLDER.fullmatch, call.words)) and (complaint := misread(call.words))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_call_that_lacks_something_is_noticed() -> None:
    assert misread(["book", "cut", "--at", "fri 10:00", "--customer", "Rosa"]) == ""
    assert misread(["pay", "LUN-7F3K", "--amount"])
    assert misread(["report", "revenue", "--by", "colour"]) == ""  # decided by the room
    assert misread(["slots", "cut", "--rank", "beauty"])
    assert misread(["book", "cut"])


def test_a_command_that_does_not_exist_is_noticed() -> None:
    assert list(complaints(["book", "cut", "--staff", "any", "--tenant", "luna"])) == []
    assert list(complaints(["outbox", "retry|discard", "ID"])) == []
    assert list(complaints(["bok", "cut"])) == ["no command 'bok'"]
    assert list(complaints(["outbox", "retry|redo", "ID"])) == ["no command 'redo'"]
    assert list(complaints(["book", "cut", "--stuff", "any"])) == ["no option --stuff"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_block_with_commands_says_whether_it_is_run(page: Page) -> None:
    unsaid = [
        f"{page.name}:{block.line}"
        for block in page.blocks
        if not block.kind and any(re.match(r"\s*(\$ )?bookra ", line) for line in block.lines)
    ]
    assert not unsaid, f"mark as sh, console or text: {unsaid}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Page) -> None:
    lost = [
        target + (anchor or "")
        for target, anchor in _LINK.findall(_prose(page))
        if not re.match(r"[a-z]+:", target) and not _leads(page, target, anchor)
    ]
    assert not lost, f"{page.name}: {lost}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    named = {target for target, _ in _LINK.findall(index)}
    there = {page.name.removeprefix("docs/") for page in PAGES if not HISTORY.match(page.name)}
    assert there - {"README.md"} - named == set()


def test_the_command_reference_is_what_help_says() -> None:
    assert reference.PAGE.read_text("utf-8") == reference.reference(), "run: make pages"


def test_every_error_code_has_its_cause_and_remedy_on_the_page() -> None:
    assert error_codes.PAGE.read_text("utf-8") == error_codes.page(), "run: make pages"


def test_the_architecture_names_every_layer_and_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    flat = " ".join(text.split())
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if contract["type"] == "layers":
            assert " > ".join(f"`{layer}`" for layer in contract["layers"]) in flat
    rooms = (ROOT / "bookra" / "engine").glob("*/__init__.py")
    assert [room.parent.name for room in rooms if f"{room.parent.name}/`" not in text] == []


def test_every_file_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`([\w*/]+\.py)`", text))
    assert len(named) > 50
    rooms = [ROOT / room for room in ("bookra", "migrations", "packaging")]
    lost = {
        name
        for name in named
        if not (ROOT / name).exists() and not any(any(room.rglob(name)) for room in rooms)
    }
    assert lost == set()


def test_no_command_has_two_options_of_one_name() -> None:
    twice = [
        (path, option)
        for name in COMMANDS
        for path, verb in reference.verbs(name, _loaded(name))
        for option, count in Counter(o for p in verb.params for o in p.opts).items()
        if count > 1
    ]
    assert not twice


def test_a_remedy_written_by_hand_is_for_a_code_that_there_is() -> None:
    assert remedies.REMEDIES.keys() - {place.code for place in error_codes.raised()} == set()


def test_an_error_code_is_read_wherever_it_stands() -> None:
    places = error_codes.raised()
    from_trees, chosen, tables, named = "slot_taken", "class_full", "disk_full", "job_running"
    assert {from_trees, chosen, tables, named} <= {place.code for place in places}
    hints = {place.hint for place in places if place.code == "unknown_booking"}
    assert "List them: bookra booking list" in hints


def test_decisions_are_numbered_without_gaps_and_listed_by_their_titles() -> None:
    decisions = ROOT / "docs" / "decisions"
    found = sorted(decisions.glob("0*.md"))
    titles = [path.read_text("utf-8").partition("\n")[0].removeprefix("# ") for path in found]
    assert [path.name[:4] for path in found] == [f"{at:04d}" for at in range(1, len(found) + 1)]
    rows = [
        f"| [{path.name[:4]}]({path.name}) | {title.removeprefix(path.name[:4] + ': ')} |"
        for path, title in zip(found, titles, strict=True)
    ]
    index = (decisions / "README.md").read_text("utf-8").splitlines()
    assert [line for line in index if line.startswith("| [")] == rows


def complaints(words: list[str]) -> Iterator[str]:
    """Yield what is wrong with a call: a command or an option that the program does not have."""
    _, rest = extract_globals([word for word in words if word not in ("-h", "--help")])
    rest = [word for word in rest if word != "--help"]
    if not rest or _PLACEHOLDER.fullmatch(rest[0]) or rest[0].startswith("--"):
        known = {option for parameter in root_parameters() for option in parameter.opts}
        yield from (f"no option {word}" for word in rest if word[:2] == "--" and word not in known)
        return
    yield from _follow(rest)


def misread(words: Sequence[str]) -> str:
    """Return why the program would not understand a call, '' if it would; nothing is run.

    Files that a page speaks of need not be there.
    """
    _, rest = extract_globals(words)
    if not rest or rest[0].startswith("-") or "--help" in rest:
        return ""
    command, name = _loaded(rest.pop(0)), ""
    try:
        while below := _below(command):
            name, command = rest[0], below[rest.pop(0)]
        with command.make_context(name, rest, resilient_parsing=False):
            return ""
    except TyperException as error:
        told = str(getattr(error, "format_message", error.__str__)())
        return "" if "No such file" in told or "does not exist" in told else told


def _follow(words: list[str]) -> Iterator[str]:
    """Walk from noun to verb, through alternatives too, and look the options up."""
    reached = [None]
    rest = list(words)
    while rest and any(command is None or _below(command) for command in reached):
        word = rest[0]
        if _PLACEHOLDER.fullmatch(word) or word.startswith("--"):
            return
        rest.pop(0)
        found = []
        for name in re.split(r"[|/]", word):
            known = [_child(command, name) for command in reached]
            if not any(known):
                yield f"no command '{name}'"
                return
            found += [command for command in known if command]
        reached = found
    options = {
        option
        for command in reached
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    for word in rest:
        for name in re.findall(r"--[a-z][a-z0-9-]*", word.partition("=")[0]):
            if word.lstrip("[(").startswith("--") and name not in options:
                yield f"no option {name}"


def _child(command: Any, name: str) -> Any:
    if command is None:
        return _loaded(name) if name in COMMANDS else None
    return _below(command).get(name)


def _below(command: Any) -> dict[str, Any]:
    return getattr(command, "commands", None) or {}


@cache
def _loaded(name: str) -> Any:
    return load(name, COMMANDS[name])


def root_parameters() -> list[Any]:
    """Return the options of the program itself, completion's among them."""
    import typer

    return list(typer.main.get_command(root).params)


def _prose(page: Page) -> str:
    kept = page.text
    for block in page.blocks:
        kept = kept.replace("\n".join(block.lines), "") if block.lines else kept
    return re.sub(r"`[^`]*`", "", kept)


def _leads(page: Page, target: str, anchor: str) -> bool:
    path = (page.path.parent / target).resolve() if target else page.path
    if not path.exists():
        return False
    if not anchor or path.suffix != ".md":
        return True
    heads = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return anchor[1:] in {_slug(head) for head in heads}


def _slug(head: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head).lower()).replace(
        " ", "-"
    )
