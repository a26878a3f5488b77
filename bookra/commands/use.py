"""``bookra use``: remember a business for this user."""

from __future__ import annotations

from typing import Annotated

import typer

from bookra import config
from bookra.commands import output
from bookra.commands.options import single
from bookra.commands.session import current

app = single()


@app.command()
def use(slug: Annotated[str, typer.Argument(help="The business's slug.")]) -> None:
    """Remember a business, so that --tenant can be left out.

    Examples:

      bookra use luna
    """
    name = current().engine.ask(slug, lambda tx: tx.tenant.name)
    path = config.remember_tenant(slug)
    output.record({"tenant": slug, "name": name, "remembered_in": str(path)})
