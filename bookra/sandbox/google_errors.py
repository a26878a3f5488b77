"""Refusals in the shape of Google's APIs."""

from __future__ import annotations

from bookra.sandbox.state import Json


class GoogleRefusedError(Exception):
    """A request that Google Calendar would refuse."""

    def __init__(
        self, status: int, reason: str, message: str, domain: str, location: tuple[str, str] | None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.domain = domain
        self.location = location

    def body(self) -> Json:
        """Return the JSON document that Google answers with."""
        detail = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.location is not None:
            detail |= {"locationType": self.location[0], "location": self.location[1]}
        return {"error": {"errors": [detail], "code": self.status, "message": self.message}}


def refused(
    status: int,
    reason: str,
    message: str,
    *,
    domain: str = "global",
    location: tuple[str, str] | None = None,
) -> GoogleRefusedError:
    """Return the refusal; ``location`` names the parameter or header at fault."""
    return GoogleRefusedError(status, reason, message, domain, location)
