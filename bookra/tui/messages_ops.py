"""What the desk answered about operations, as messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bookra.tui.messages import Answer

if TYPE_CHECKING:
    from bookra.tui.desk.ops import Ops


@dataclass(eq=False)
class OpsRead(Answer):
    """How everything stands."""

    ops: Ops
