"""One run of the command line: global options, settings, and the engine once it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from bookra import config
from bookra.errors import InvalidInputError, UsageError

if TYPE_CHECKING:
    from bookra.engine.runtime import Engine, Tx

Result = TypeVar("Result")

VALUED = {
    "--tenant": "tenant",
    "-t": "tenant",
    "--output": "output",
    "--database": "database",
    "--database-url": "database_url",
    "--home": "home",
    "--profile": "profile",
}
SWITCHES = {"--json": "json", "--quiet": "quiet", "--yes": "yes", "--version": "version"}
FORMATS = ("table", "json", "csv")


@dataclass(slots=True)
class Flags:
    """The global options as given; they stand before or after the command."""

    values: dict[str, str | None] = field(default_factory=dict)
    json: bool = False
    quiet: bool = False
    yes: bool = False
    version: bool = False


def extract_globals(arguments: Sequence[str]) -> tuple[Flags, list[str]]:
    """Split the global options from the rest, wherever they stand; ``--`` ends the search."""
    flags, rest = Flags(), []
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif name in VALUED:
            given = value if equals else next(words, None)
            if given is None:
                raise UsageError("missing_value", f"{name} needs a value")
            flags.values[VALUED[name]] = given
        elif word in SWITCHES:
            setattr(flags, SWITCHES[word], True)
        else:
            rest.append(word)
    return flags, rest


@dataclass
class Session:
    """What a command works with. ``engine`` opens the database the first time it is asked for."""

    settings: config.Settings
    format: str
    quiet: bool
    yes: bool
    _engine: Engine | None = None
    _replica: Engine | None = None
    _replica_asked: bool = False

    @classmethod
    def open(cls, flags: Flags) -> Session:
        """Load the settings and check the output format."""
        settings = config.load(flags.values)
        chosen = "json" if flags.json else settings.output
        if chosen not in FORMATS:
            raise InvalidInputError(
                "bad_output", f"'{chosen}' is not an output format", hint="table, json or csv"
            )
        return cls(settings, chosen, flags.quiet, flags.yes)

    @property
    def engine(self) -> Engine:
        """The engine on the settings' database."""
        if self._engine is None:
            from bookra.bootstrap import open_engine

            self._engine = open_engine(self.settings)
        return self._engine

    @property
    def reading(self) -> Engine:
        """The engine for reports: the replica's where there is one that is current.

        Never for what a write depends on. The first use decides, so use it after any write.
        """
        if not self._replica_asked:
            from bookra.bootstrap import open_replica
            from bookra.commands import output

            self._replica_asked = True
            self._replica, why = open_replica(self.settings, self.engine)
            if why is not None:
                output.remark(f"The replica {why}: the primary answers.")
        return self._replica or self.engine

    @property
    def tenant(self) -> str:
        """The business to work in; raises UsageError (``no_tenant``) when none was named."""
        if self.settings.tenant is None:
            raise UsageError(
                "no_tenant",
                "No business was named",
                hint="Add --tenant SLUG, or remember one: bookra use SLUG",
            )
        return self.settings.tenant

    def ask(self, question: Callable[[Tx], Result]) -> Result:
        """Run a question in the business's read-only transaction."""
        return self.engine.ask(self.tenant, question)

    def report(self, question: Callable[[Tx], Result], *, consistent: bool = False) -> Result:
        """Run a question that may be answered by a replica, some seconds late."""
        return self.reading.ask(self.tenant, question, consistent=consistent)

    def write(
        self,
        command: str,
        action: Callable[[Tx], dict[str, Any]],
        *,
        parameters: Mapping[str, Any] | None = None,
        key: str | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Run a writing action that returns its JSON document; ``key`` makes it idempotent."""
        from bookra.engine.tenancy.once import once

        return self.engine.act(
            self.tenant,
            lambda tx: once(tx, key, command, parameters or {}, lambda: action(tx)),
            command=command,
            dry_run=dry_run,
        )

    def write_in_parts(
        self,
        command: str,
        work: Callable[[], dict[str, Any]],
        *,
        parameters: Mapping[str, Any],
        key: str | None,
    ) -> dict[str, Any]:
        """Do ``work``, which takes several transactions, unless a run with ``key`` has ended.

        Its result is stored after its last transaction, not with it: a run that was killed is
        done again, and must find what it had kept.
        """
        if key is None:
            return work()

        def nothing_yet(_tx: Tx) -> dict[str, Any]:
            raise _NotYetDoneError

        try:
            return self.write(command, nothing_yet, parameters=parameters, key=key)
        except _NotYetDoneError:
            document = work()
        return self.write(command, lambda _tx: document, parameters=parameters, key=key)

    @contextmanager
    def alone(self, job: str, *, dry_run: bool = False) -> Iterator[None]:
        """Hold a job of the business while the block runs, so that runs of cron don't overlap.

        A dry run holds nothing. Raises ConflictError (``job_running``) with who is at it.
        """
        if dry_run:
            yield
            return
        from bookra.engine.tenancy.locks import held

        with held(self.engine, self.tenant, job):
            yield

    def adopt(self, engine: Engine) -> None:
        """Work with an engine that was opened with options of its own."""
        self._engine = engine

    def close(self) -> None:
        """Close the database connections, if any were opened."""
        for engine in (self._engine, self._replica):
            if engine is not None:
                engine.close()


class _NotYetDoneError(Exception):
    """No earlier run with this key has ended."""


_CURRENT: ContextVar[Session] = ContextVar("session")


@contextmanager
def use(session: Session) -> Iterator[None]:
    """Make ``session`` the current one."""
    token = _CURRENT.set(session)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Session:
    """Return the current session."""
    return _CURRENT.get()
