"""What load and victim say to each other: calls in the shape of the HTTP API, whoever answers them."""

from dataclasses import dataclass
from typing import Any, Protocol

BUS = "/bus"
"""The path of lines that are published on the bus, each under its subject, and acknowledged by the bus alone."""

ERASE = "/erase"
"""The path of an erasure; over HTTP it has another method and the person in its address."""

HALF = "/half"
"""The path of a change that fails when it is half done: nothing of it may stay, whatever is committed with it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A path of the API and the body that is posted to it; `now_ms` is for a victim that has no clock of its own.

    `never` are the places of lines in the body that can never be recorded.
    """

    path: str
    body: Any
    now_ms: int = 0
    never: frozenset[int] = frozenset()

    def over_http(self) -> dict[str, Any]:
        """Return it as HTTP has it: its method, its address and its body."""
        if self.path == ERASE:
            return {"method": "DELETE", "url": f"/users/{self.body['user_id']}"}
        return {"method": "POST", "url": self.path, "json": self.body}


class Gone(Exception):
    """Nobody is there to answer any more, and nobody will be in this life. Whether the call counted is not known."""


class NotNow(Exception):
    """No answer, or one that says to ask again: the same call is sent again soon. Whether it counted is not known."""


class Client(Protocol):
    """One connection to a victim; it is used by one thread."""

    def __call__(self, call: Call) -> Any:
        """Return the document that a call is answered with, an error's too; raises `Gone` and `NotNow`."""

    def close(self) -> None:
        """Let go of the connection."""
