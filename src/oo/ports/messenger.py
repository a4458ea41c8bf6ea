"""Somebody outside who wants to know of alerts."""

from collections.abc import Mapping
from typing import Any, Protocol


class Messenger(Protocol):
    """Somebody outside who wants to know of alerts."""

    def tell(self, message: Mapping[str, Any]) -> str | None:
        """Deliver a JSON document, once and soon; return why it was not taken, None where it was."""
