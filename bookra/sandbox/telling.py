"""What the stand-ins say of their own bugs: one JSON line on stderr, and nothing of a request.

People try them with their own clients' names, and tokens come in every header: the line has the
error's type and the places in the code, never its text.
"""

from __future__ import annotations

import json
import sys
import traceback


def tell(event: str, error: BaseException, **values: str) -> None:
    """Say on stderr what broke, and where in the code."""
    places = traceback.extract_tb(error.__traceback__)
    told = {
        "event": event,
        **values,
        "error": type(error).__name__,
        "at": [f"{place.filename}:{place.lineno} {place.name}" for place in places],
    }
    print(json.dumps(told), file=sys.stderr, flush=True)  # noqa: T201 - as above
