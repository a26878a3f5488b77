"""``bookra completion``: what a shell needs so that Tab completes words of this program."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from bookra.commands import output
from bookra.commands.completing import VARIABLE
from bookra.commands.options import group

app = group("Completion of words in bash, zsh and fish: show, install.")


class Shell(StrEnum):
    """The shells that are known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


Which = Annotated[Shell, typer.Argument(help="bash, zsh or fish.")]


@app.command()
def show(shell: Which) -> None:
    """Print the script that a shell runs at its start. Slugs and codes are completed live.

    Examples:

      bookra completion show bash
      eval "$(bookra completion show bash)"
      bookra completion show fish
    """
    from typer._completion_shared import get_completion_script

    text = get_completion_script(prog_name="bookra", complete_var=VARIABLE, shell=shell.value)
    sys.stdout.write(text + "\n")


@app.command()
def install(shell: Which) -> None:
    """Write that script into this user's files; shells that are started later complete words.

    Examples:

      bookra completion install bash
      bookra completion install zsh
    """
    from typer._completion_shared import install as write

    _, path = write(shell=shell.value, prog_name="bookra", complete_var=VARIABLE)
    output.record({"shell": shell.value, "installed": str(path)})
