"""``bookra use``: remember a business for this user."""

from __future__ import annotations

from typing import Annotated

import typer

from bookra import preferences
from bookra.commands import output
from bookra.commands.options import single
from bookra.commands.session import current

app = single()


@app.command()
def use(slug: Annotated[str, typer.Argument(help="The business's slug.")]) -> None:
    """Remember a business, so that --tenant can be left out.

    With --profile it is remembered in that profile alone.

    Examples:

      bookra use luna
      bookra use luna --profile luna-prod
    """
    session = current()
    name = session.engine.ask(slug, lambda tx: tx.tenant.name)
    profile = session.settings.profile
    path = preferences.remember_tenant(slug, profile)
    document = {"tenant": slug, "name": name, "profile": profile, "remembered_in": str(path)}
    output.record(document)
