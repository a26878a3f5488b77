"""What the desk answered about operations, as messages."""

from __future__ import annotations

from dataclasses import dataclass

from bookra.tui.desk.ops import Ops
from bookra.tui.messages import Answer


@dataclass(eq=False)
class OpsRead(Answer):
    """How everything stands."""

    ops: Ops
