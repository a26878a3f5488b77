"""``bookra config``: the settings in force and where each one comes from."""

from __future__ import annotations

import re

from bookra.commands import output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.config import ENVIRONMENT, profiles, user_file

app = group("Settings, and where each one comes from.")


@app.callback()
def nouns() -> None:
    """Settings, and where each one comes from."""


@app.command()
def show() -> None:
    """Show every setting with its source; a password in a URL is not shown.

    Examples:

      bookra config show --json
    """
    settings = current().settings
    found = []
    for name, variable in ENVIRONMENT.items():
        value = getattr(settings, name)
        text = _masked(str(value)) if value is not None else None
        source = settings.sources.get(name, "unset")
        found.append({"setting": name, "value": text, "source": source, "variable": variable})
    output.rows(found, ("setting", "value", "source", "variable"))


@app.command("profiles")
def profiles_() -> None:
    """List the profiles of the user's settings file, and which one is in force.

    Choose one by --profile NAME, or by BOOKRA_PROFILE.

    Examples:

      bookra config profiles
      bookra config profiles --json
    """
    chosen = current().settings.profile
    found = [
        {
            "profile": name,
            "in_force": name == chosen,
            "settings": {key: _masked(value) for key, value in sorted(values.items())},
        }
        for name, values in profiles().items()
    ]
    empty = f"No profiles yet. Add a section [profiles.NAME] to {user_file()}"
    output.rows(found, ("profile", "in_force", "settings"), empty=empty)


def _masked(value: str) -> str:
    """Return a setting as it may be shown; a URL's password is left out, of a broken one too."""
    text = re.sub(r"(//[^:/@]*:).*@", r"\1…@", value)
    return re.sub(r"(password\s*=\s*)[^&\s]*", r"\1…", text, flags=re.IGNORECASE)
