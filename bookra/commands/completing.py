"""Which words may stand where the cursor is: commands, options, and live slugs and codes.

A shell asks for this at each press of Tab: one command's module is loaded, and no driver. What goes
wrong is an empty answer: nobody at a prompt wants to read why.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bookra import config
from bookra.commands.catalogue import COMMANDS, GLOBAL_OPTIONS
from bookra.commands.session import FORMATS, VALUED, extract_globals

VARIABLE = "_BOOKRA_COMPLETE"
"""Names the shell that asks, as Typer's scripts set it: ``complete_bash``."""

# What stands for what, by the option's or argument's name; a noun before it narrows it down.
NAMES = {
    "staff": "staff",
    "to_staff": "staff",
    "service": "services",
    "services": "services",
    "location": "locations",
    "product": "products",
    "products": "products",
    "promo": "promos",
    "plan": "plans",
    "pool": "pools",
    "booking": "bookings",
    "other": "bookings",
    "order": "orders",
}
OF_A_NOUN = {
    ("staff", "slug"): "staff",
    ("service", "slug"): "services",
    ("resource", "slug"): "resources",
    ("location", "slug"): "locations",
    ("product", "slug"): "products",
    ("block", "slug"): "bookables",
    ("membership", "slug"): "plans",
    ("schedule", "name"): "schedules",
    ("invoice", "name"): "invoices",
    ("booking", "code"): "bookings",
    ("displaced", "code"): "bookings",
    ("message", "code"): "bookings",
    ("pay", "code"): "owing",
    ("refund", "code"): "owing",
    ("explain", "name"): "owing",
    ("order", "code"): "orders",
    ("waitlist", "code"): "wishes",
    ("class", "code"): "classes",
    ("membership", "code"): "memberships",
    ("package", "code"): "packages",
    ("promo", "code"): "promos",
    ("tenant", "slug"): "tenants",
    ("use", "slug"): "tenants",
}
NEW = ("add", "create")
"""Verbs whose slug is one that nobody has yet."""


class Candidate(NamedTuple):
    """A word, and what it means where that is known."""

    word: str
    meaning: str = ""


def answer(shell: str) -> str:
    """Return what the shell's script is to read, from the line in the environment."""
    given, beginning = _line(shell)
    try:
        found = [each for each in candidates(given, beginning) if each.word.startswith(beginning)]
    except Exception:  # noqa: BLE001 - a prompt is no place for an error
        found = []
    return _WRITERS[shell](found)


def candidates(given: Sequence[str], beginning: str) -> Iterator[Candidate]:
    """Yield the words that may follow ``given``; those with another beginning may be among them."""
    if given and given[-1] in VALUED:
        flags, _ = extract_globals(given[:-1])
        yield from _of_a_global(VALUED[given[-1]], config.load(flags.values), beginning)
        return
    flags, rest = extract_globals(given)
    command, path, left = _found(rest)
    if command is None and left:
        return  # a word that is no command is left for the person to mend
    if command is None:
        yield from (Candidate(name, entry.help) for name, entry in COMMANDS.items())
        if beginning.startswith("-"):
            yield from _globals()
        return
    below = getattr(command, "commands", None)
    if below is not None:
        yield from (Candidate(name, each.get_short_help_str(80)) for name, each in below.items())
        return
    wanted = _wanted(command, left)
    if wanted is None or (beginning.startswith("-") and wanted.param_type_name == "argument"):
        if beginning.startswith("-"):
            yield from _options(command, left)
            yield from _globals()
        return
    yield from _values(wanted, path, config.load(flags.values), beginning)


def _found(rest: Sequence[str]) -> tuple[Any, list[str], list[str]]:
    """Return the command that the words name, its path, and the words after it."""
    if not rest or rest[0] not in COMMANDS:
        return None, [], list(rest)
    from bookra.commands.root import load

    path, left = [rest[0]], list(rest[1:])
    command = load(rest[0], COMMANDS[rest[0]])
    while left and left[0] in getattr(command, "commands", {}):
        command = command.commands[left[0]]
        path.append(left.pop(0))
    return command, path, left


def _wanted(command: Any, left: Sequence[str]) -> Any:
    """Return the option whose value is next, or the argument; None when neither is."""
    valued = {name: option for option in command.params for name in _valued(option)}
    if left and left[-1] in valued:
        return valued[left[-1]]
    before = ["", *left]
    place = sum(
        not word.startswith("-") and previous not in valued
        for previous, word in zip(before, left, strict=False)
    )
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    many = [each for each in arguments if each.nargs == -1]
    return next(iter([*arguments[place:], *many]), None)


def _valued(option: Any) -> list[str]:
    flag = option.param_type_name == "argument" or option.is_flag
    return [] if flag else [*option.opts, *option.secondary_opts]


def _options(command: Any, left: Sequence[str]) -> Iterator[Candidate]:
    for option in command.params:
        if option.param_type_name == "option" and not option.hidden:
            for name in (*option.opts, *option.secondary_opts):
                if option.multiple or name not in left:
                    yield Candidate(name, option.help or "")
    yield Candidate("--help", "Show this message and exit.")


def _globals() -> Iterator[Candidate]:
    for flag, meaning in GLOBAL_OPTIONS:
        yield Candidate(flag.split()[-2] if " " in flag else flag, meaning)


def _values(param: Any, path: list[str], settings: config.Settings, beginning: str) -> Any:
    for choice in getattr(param.type, "choices", ()):
        yield Candidate(str(getattr(choice, "value", choice)))
    what = OF_A_NOUN.get((path[0], param.name)) or NAMES.get(param.name)
    own = param.name in ("slug", "name", "code")
    if what is not None and not (own and path[-1] in NEW):
        yield from _live(what, settings, beginning)
        if what == "staff" and path[-1] in ("slots", "book", "why"):
            yield Candidate("any", "Whoever is free.")


def _of_a_global(name: str, settings: config.Settings, beginning: str) -> Iterator[Candidate]:
    if name == "output":
        yield from map(Candidate, FORMATS)
    elif name == "profile":
        yield from map(Candidate, config.profiles())
    elif name == "tenant":
        yield from _live("tenants", settings, beginning)


def _live(what: str, settings: config.Settings, beginning: str) -> Iterator[Candidate]:
    """Ask the database, unless it is the embedded one and is not running."""
    from bookra.engine import glance

    conninfo = settings.database_url
    if conninfo is None:
        from bookra.engine.embedded import EmbeddedServer

        keywords = EmbeddedServer(settings.home).conninfo("bookra", settings.database)
        conninfo = " ".join(f"{name}='{value}'" for name, value in keywords.items())
    if what == "tenants":
        yield from map(Candidate, glance.tenants(conninfo, beginning))
    elif settings.tenant is not None:
        yield from map(Candidate, glance.words(conninfo, settings.tenant, what, beginning))


def _line(shell: str) -> tuple[list[str], str]:
    """Return the words before the cursor's, without the program, and the beginning of that one."""
    if shell == "bash":
        text, at = os.environ.get("COMP_WORDS", ""), int(os.environ.get("COMP_CWORD", "0"))
        words = text.split("\n") if "\n" in text else text.split()
        # bash takes the = of --tenant=luna for a word of its own.
        given = [word for word in words[1:at] if word != "="]
        beginning = words[at] if at < len(words) else ""
        return given, "" if beginning == "=" else beginning
    text = os.environ.get("_TYPER_COMPLETE_ARGS", "")
    try:
        words = shlex.split(text)
    except ValueError:  # a quote that is still open
        words = text.split()
    if not text.endswith(" ") and len(words) > 1:
        return words[1:-1], words[-1]
    return words[1:], ""


def _bash(found: Sequence[Candidate]) -> str:
    return "".join(f"{each.word}\n" for each in found)


def _zsh(found: Sequence[Candidate]) -> str:
    if not found:
        return "_files"
    described = " ".join(
        f'"{_quoted(each.word)}":"{_quoted(each.meaning)}"'
        if each.meaning
        else f'"{_quoted(each.word)}"'
        for each in found
    )
    return f"_arguments '*: :(({described}))'"


def _quoted(text: str) -> str:
    """Return a text that zsh evaluates to itself within the quotes of the answer."""
    kept = "".join(" " if letter in "\"'\\`$\n" else letter for letter in text)
    return kept.replace(":", r"\\:")


def _fish(found: Sequence[Candidate]) -> str:
    if os.environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        raise SystemExit(0 if found else 1)
    return "".join(f"{each.word}\t{' '.join(each.meaning.split())}\n" for each in found)


_WRITERS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
SHELLS = tuple(_WRITERS)
