"""What goes wrong with a NATS server, in words that say what to change there or here; never with an address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

_DENIED = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"', re.IGNORECASE)
GRANTS: Mapping[str, str] = {
    "signals.": "signals.>",
    "feedback.": "feedback.>",
    "$JS.API.STREAM.NAMES": "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.CREATE.": "$JS.API.STREAM.CREATE.*",
    "$JS.API.CONSUMER.": "$JS.API.CONSUMER.>",
    "$JS.ACK.": "$JS.ACK.>",
    "_INBOX.": "_INBOX.>",
}
"""How a subject begins that oO uses, and what a server has to grant for it; docs/how-to/connect-a-bus.md has all."""
_UNTRUSTED = (
    "Its certificate has to be of an authority that this machine trusts; SSL_CERT_FILE names another one."
)
_HINTS: Mapping[str, str] = {
    "authorization violation": "Are the name and the password in OO_BUS right?",
    "certificate verify failed": _UNTRUSTED,
    "certificate required": "It asks its clients for certificates, which oO has none of.",
    "secure connection not available": "OO_BUS says tls://, and the server does not encrypt.",
}
"""What to do, by what is said."""


@dataclass(frozen=True, slots=True)
class Denied:
    """What a server's permissions let nobody do by this name: `deed` (publish or subscribe) to a `subject`.

    The client tells subjects in small letters.
    """

    deed: str
    subject: str

    @classmethod
    def read(cls, said: str) -> Self | None:
        """Return what is denied by what a server has said, None where that is something else."""
        found = _DENIED.search(said)
        return cls("publish" if found[1] == "publish" else "subscribe", found[2].lower()) if found else None

    def concerns(self, what: str) -> bool:
        """Return whether it is in the way of publishing to a subject, or of listening to a stream, by its name.

        Answers come to an inbox, which is in the way of everything.
        """
        wanted = what.lower()
        api = self.subject.startswith("$js.") and f".{wanted}." in f"{self.subject}."
        return self.subject == wanted or api or self.subject.startswith("_inbox.")

    @property
    def words(self) -> str:
        return f'permissions violation for {self.deed} to "{self.subject}"'

    @property
    def hint(self) -> str:
        fitting = (grant for begins, grant in GRANTS.items() if self.subject.startswith(begins.lower()))
        granted = next(fitting, self.subject)
        return f'Let its user {self.deed} to "{granted}", in the server\'s configuration.'


def hint_for(said: str) -> str | None:
    """Return what to do about what was said, None where nothing is known of it."""
    return next((hint for words, hint in _HINTS.items() if words in said.lower()), None)
