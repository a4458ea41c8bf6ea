"""Bound the size of bodies, and the time they take to come."""

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oo.api.errors import error_answer

READ_AWAY = 32
"""So many times the limit is read of a body that is too large, and dropped: then its sender reads the answer."""


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """Reads a body whole, up to `most_bytes` within `most_sec`, before the app sees the request."""

    app: ASGIApp
    most_bytes: int
    most_sec: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400, 408 or 413, or pass the request on with its body."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.most_sec):
                body = await self._read(receive)
        except TimeoutError:
            answer = error_answer(408, "body_too_slow", "The body did not come in time.", "Send it again.")
            await answer(scope, receive, send)
            return
        except ClientDisconnect:
            # Whoever has closed only one way can still read this.
            answer = error_answer(400, "body_incomplete", "The body did not come whole.", "Send it again.")
            await answer(scope, receive, send)
            return
        if body is None:
            answer = error_answer(
                413,
                "body_too_large",
                f"The body has more than {self.most_bytes:,} bytes.",
                "Send it in parts.",
            )
            await answer(scope, receive, send)
            return
        await self.app(scope, _replayed(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """Return the body, None for one that is too large."""
        parts, size, more = [], 0, True
        while more and size <= READ_AWAY * self.most_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part = message.get("body", b"")
            size += len(part)
            if size <= self.most_bytes:
                parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts) if size <= self.most_bytes else None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that hands out a body once, and then what comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
