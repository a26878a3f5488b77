"""``bookra config``: the settings in force and where each one comes from."""

from __future__ import annotations

import re

from bookra.commands import output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.config import ENVIRONMENT

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
        text = re.sub(r"(//[^:/@]*:)[^@]*@", r"\1…@", str(value)) if value is not None else None
        source = settings.sources.get(name, "unset")
        found.append({"setting": name, "value": text, "source": source, "variable": variable})
    output.rows(found, ("setting", "value", "source", "variable"))
