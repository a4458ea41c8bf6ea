"""One structured line a request, under an id that its answer carries; and the last net under every error."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oo.api.errors import internal_error
from oo.api.metrics import Metrics
from oo.domain.errors import InvalidId
from oo.domain.ids import checked, shortened

HEADER = "X-Request-ID"
_UNMATCHED = "(none)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_LONGEST_PATH = 200
"""So much of a path is logged: it comes from outside, and may be anything."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RequestLog:
    """Logs and measures each request. A client may name it by X-Request-ID; else it gets a new id."""

    app: ASGIApp
    metrics: Metrics
    new_id: Callable[[], str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and say how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = self._id(Headers(scope=scope))
        answer = _Answer(send, request_id)
        began = time.perf_counter()
        self.metrics.began()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._passed_on(scope, receive, answer)
            finally:
                self._say(scope, answer.status, time.perf_counter() - began)

    async def _passed_on(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self.app(scope, receive, answer)
        except Exception:  # noqa: BLE001  # whatever it is, it is logged and answered
            _log.exception("unforeseen", path=_path(scope))
            if answer.status is None:
                await internal_error()(scope, receive, answer)

    def _id(self, headers: Headers) -> str:
        try:
            return checked(headers.get(HEADER, ""))
        except InvalidId:
            return self.new_id()

    def _say(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNMATCHED)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.metrics.answered(method, route, status or 0, seconds)
        _log.info("answered", method=method, path=_path(scope), status=status, ms=round(seconds * 1000, 2))


def _path(scope: Scope) -> str:
    """Return a request's path for the log, on one line: what no terminal should be told is spelled out."""
    return shortened(scope["path"], _LONGEST_PATH)[1:-1]


class _Answer:
    """Passes an answer on, with the request's id among its headers, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.request_id = request_id
        self.status: int | None = None
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[HEADER] = self.request_id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)
