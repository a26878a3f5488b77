"""Settings, and where each one came from: flags > environment > project file > user file.

The project file is ``bookra.toml`` in the working directory or the nearest folder above it; the
user file is ``config.toml`` in the platform's configuration folder. Both hold the keys of
``ENVIRONMENT``. The user file may have sections besides: ``[profiles.NAME]``, sets of the same
settings to choose from (`profiles`), and ``[keys]`` (`preferences`).
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from bookra.errors import InvalidInputError, NotFoundError, UnavailableError

APP = "bookra"
PROFILES = "profiles"
LONGEST_LAG_SECONDS = 86_400
ROOT_HOME = Path("/var/lib/bookra")
"""Where data lives for root: PostgreSQL refuses to run as root, and its user can't enter a home."""

ENVIRONMENT = {
    "home": "BOOKRA_HOME",
    "database_url": "BOOKRA_DATABASE_URL",
    "database": "BOOKRA_DATABASE",
    "tenant": "BOOKRA_TENANT",
    "output": "BOOKRA_OUTPUT",
    "key_source": "BOOKRA_KEY_SOURCE",
    "profile": "BOOKRA_PROFILE",
    "replica_url": "BOOKRA_REPLICA_URL",
    "replica_lag_seconds": "BOOKRA_REPLICA_LAG",
}
KEY_SOURCES = ("file", "keyring")
DEFAULTS = {"database": APP, "output": "table", "key_source": "file", "replica_lag_seconds": "5"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run of the program works with. ``sources`` names where each value came from."""

    home: Path
    database_url: str | None = None
    database: str = APP
    tenant: str | None = None
    output: str = "table"
    key_source: str = "file"
    profile: str | None = None
    replica_url: str | None = None
    replica_lag_seconds: float = 5.0
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
        import hashlib  # OpenSSL: 15 ms that a completed word does not wait for

        digest = hashlib.sha256(place.encode()).hexdigest()[:12]
        return self.home / "sandbox" / f"server-{digest}"

    @property
    def key_file(self) -> Path:
        """The file with the keys that encrypt provider tokens in the database."""
        return self.home / "secret.key"

    @property
    def uses_keyring(self) -> bool:
        """Tell whether these keys are in the system's keyring, not in the file."""
        return self.key_source == "keyring"


def load(flags: Mapping[str, str | None], environ: Mapping[str, str] | None = None) -> Settings:
    """Merge the sources into Settings.

    A profile stands right behind what names it: one of the flags before the environment, one of
    the environment before the project file, one of the project file before the user file, and one
    of the user file before that file's own values. Only the first that is named counts. Raises
    InvalidInputError (``bad_settings``) and NotFoundError (``unknown_profile``).
    """
    env = os.environ if environ is None else environ
    user = user_file()
    layers = [
        ("flag", {key: value for key, value in flags.items() if value}),
        ("environment", {key: env[name] for key, name in ENVIRONMENT.items() if env.get(name)}),
        *((str(path), _read(path)) for path in (project_file(), user) if path),
        ("default", {**DEFAULTS, "home": str(default_home())}),
    ]
    naming = next((at for at, (_, layer) in enumerate(layers) if layer.get("profile")), None)
    if naming is not None:
        source, layer = layers[naming]
        chosen = _profile(str(layer["profile"]), user)
        behind = naming if source == str(user) else naming + 1
        layers.insert(behind, (f"profile {layer['profile']} in {user}", chosen))
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for source, layer in layers:
        for key, value in layer.items():
            if key in ENVIRONMENT and key not in values and value is not None:
                values[key], sources[key] = value, source
    return _settings(values, sources)


def _settings(values: Mapping[str, str], sources: Mapping[str, str]) -> Settings:
    return Settings(
        home=Path(values["home"]).expanduser().absolute(),
        database_url=values.get("database_url"),
        database=values["database"],
        tenant=values.get("tenant"),
        output=values["output"],
        key_source=_key_source(values["key_source"]),
        profile=values.get("profile"),
        replica_url=values.get("replica_url"),
        replica_lag_seconds=_seconds(values["replica_lag_seconds"]),
        sources=sources,
    )


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= LONGEST_LAG_SECONDS:
        raise InvalidInputError(
            "bad_settings",
            f"BOOKRA_REPLICA_LAG is '{text}', which is no number of seconds up to a day",
            hint="Set it to the seconds that a report may be behind, such as 5",
        )
    return found


def profiles() -> dict[str, dict[str, str]]:
    """Return the settings of each profile in the user's file, by its name."""
    found = parsed(user_file()).get(PROFILES, {})
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise InvalidInputError(
            "bad_settings",
            f"[{PROFILES}] in {user_file()} holds something that is no profile",
            hint=f"Write a section for each one: [{PROFILES}.luna-prod]",
        )
    return {name: _known(values) for name, values in found.items()}


def _profile(name: str, user: Path) -> dict[str, str]:
    known = profiles()
    if name not in known:
        raise NotFoundError(
            "unknown_profile",
            f"There is no profile '{name}' in {user}",
            hint=f"There are: {', '.join(sorted(known))}"
            if known
            else f"Add a section [{PROFILES}.{name}] there",
            details={"profile": name, "profiles": sorted(known)},
        )
    # A profile within a profile would be a riddle.
    return {key: value for key, value in known[name].items() if key != "profile"}


def _key_source(word: str) -> str:
    if word not in KEY_SOURCES:
        raise InvalidInputError(
            "bad_settings",
            f"Keys can't come from '{word}'",
            hint=f"key_source is one of: {', '.join(KEY_SOURCES)}",
        )
    return word


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
    return _known(parsed(path))


def _known(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items() if key in ENVIRONMENT}


def parsed(path: Path) -> dict[str, Any]:
    """Return what a settings file holds, nothing where there is none.

    Raises InvalidInputError (``bad_settings``).
    """
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InvalidInputError(
            "bad_settings", f"{path} can't be read: {error}", hint="Mend or remove that file"
        ) from None
