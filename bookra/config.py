"""Settings, and where each one came from: flags > environment > project file > user file.

The project file is ``bookra.toml`` in the working directory or the nearest folder above it; the
user file is ``config.toml`` in the platform's configuration folder. Both hold the same keys:
``home``, ``database_url``, ``database``, ``tenant``, ``output``. The user file may have a section
``[keys]`` besides: other keys for the front desk's actions.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from bookra.errors import InvalidInputError, UnavailableError

APP = "bookra"
ROOT_HOME = Path("/var/lib/bookra")
"""Where data lives for root: PostgreSQL refuses to run as root, and its user can't enter a home."""

ENVIRONMENT = {
    "home": "BOOKRA_HOME",
    "database_url": "BOOKRA_DATABASE_URL",
    "database": "BOOKRA_DATABASE",
    "tenant": "BOOKRA_TENANT",
    "output": "BOOKRA_OUTPUT",
}
DEFAULTS = {"database": APP, "output": "table"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run of the program works with. ``sources`` names where each value came from."""

    home: Path
    database_url: str | None = None
    database: str = APP
    tenant: str | None = None
    output: str = "table"
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Tell whether the embedded server is used, not one named by a URL."""
        return self.database_url is None

    @property
    def sandbox_dir(self) -> Path:
        """The stand-ins' own folder: one a database, so that a demo never meets real work."""
        if self.database_url is None:
            return self.home / "sandbox" / self.database
        # Without the login: every operator of a database meets the same stand-ins.
        place = re.sub(r"//[^@/]*@", "//", self.database_url)
        digest = hashlib.sha256(place.encode()).hexdigest()[:12]
        return self.home / "sandbox" / f"server-{digest}"

    @property
    def key_file(self) -> Path:
        """The file with the key that encrypts provider tokens in the database."""
        return self.home / "secret.key"


def load(flags: Mapping[str, str | None], environ: Mapping[str, str] | None = None) -> Settings:
    """Merge the four sources into Settings. A file that can't be read is InvalidInputError."""
    env = os.environ if environ is None else environ
    layers = (
        ("flag", {key: value for key, value in flags.items() if value}),
        ("environment", {key: env[name] for key, name in ENVIRONMENT.items() if env.get(name)}),
        *((str(path), _read(path)) for path in (project_file(), user_file()) if path),
        ("default", {**DEFAULTS, "home": str(default_home())}),
    )
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for source, layer in layers:
        for key, value in layer.items():
            if key in ENVIRONMENT and key not in values:
                values[key], sources[key] = value, source
    return Settings(
        home=Path(values["home"]).expanduser().absolute(),
        database_url=values.get("database_url"),
        database=values["database"],
        tenant=values.get("tenant"),
        output=values["output"],
        sources=sources,
    )


def default_home() -> Path:
    """Return the folder for data: the platform's user data folder, or a system one for root."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return ROOT_HOME
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def user_file() -> Path:
    """Return the path of the user's settings file, whether it exists or not."""
    return Path(platformdirs.user_config_dir(APP, appauthor=False)) / "config.toml"


def project_file() -> Path | None:
    """Return the nearest ``bookra.toml`` at or above the working directory."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return None
    return next((f for d in (here, *here.parents) if (f := d / "bookra.toml").is_file()), None)


def remember_tenant(slug: str) -> Path:
    """Write ``tenant`` into the user's settings file, keeping its other lines; return its path."""
    path = user_file()
    kept = [
        line
        for line in (path.read_text("utf-8").splitlines() if path.is_file() else [])
        if line.split("=")[0].strip() != "tenant"
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text("\n".join([f"tenant = {json.dumps(slug)}", *kept]) + "\n", "utf-8")
    partial.replace(path)
    return path


def wished_keys() -> dict[str, str]:
    """Return the section ``[keys]`` of the user's settings: keys by an action's id.

    An id may stand with or without quotes: ``"booking.new" = "b"``, ``booking.new = "b"``. Raises
    InvalidInputError (``bad_settings``).
    """
    section = _parsed(user_file()).get("keys", {})
    found: dict[str, str] = {}
    _flatten("", section, found)
    return found


def _flatten(name: str, value: object, found: dict[str, str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{name}.{key}" if name else str(key), inner, found)
    elif isinstance(value, str) and name:
        found[name] = value
    else:
        raise InvalidInputError(
            "bad_settings",
            f"[keys] in {user_file()} has {name or 'something'} that is no key",
            hint='Write lines such as "booking.new" = "b"; see: bookra tui --list-keys',
        )


def sandbox_address(settings: Settings) -> str:
    """Return the base URL of the running stand-ins, as ``sandbox run`` recorded it.

    Raises UnavailableError (``sandbox_down``) when none was started for this database.
    """
    return _sandbox_recorded(settings)["url"]


def sandbox_mail_address(settings: Settings) -> tuple[str, int]:
    """Return host and port of the running mail stand-in; raises as `sandbox_address`."""
    host, _, port = _sandbox_recorded(settings)["smtp"].rpartition(":")
    return host, int(port)


def _sandbox_recorded(settings: Settings) -> dict[str, str]:
    try:
        recorded = json.loads((settings.sandbox_dir / "address.json").read_text("utf-8"))
    except (OSError, ValueError):
        raise UnavailableError(
            "sandbox_down",
            "The sandbox is not running for this database",
            hint="Start it in another terminal: bookra sandbox run",
        ) from None
    return {name: str(value) for name, value in recorded.items()}


def _read(path: Path) -> dict[str, str]:
    return {key: str(value) for key, value in _parsed(path).items() if key in ENVIRONMENT}


def _parsed(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InvalidInputError(
            "bad_settings", f"{path} can't be read: {error}", hint="Mend or remove that file"
        ) from None
