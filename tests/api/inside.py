"""The service's ASGI app called inside this process, with a clock that a test sets, over an App that it may break."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx2
from starlette.types import ASGIApp

from oo.api.service import Limits, build
from oo.usecases.app import App
from tests.support.asynchronous import run

HOST = "oo.test"
START_MS = 1_790_000_000_000


@dataclass(slots=True)
class Inside:
    """Calls the service over an App; `now_ms` is what its clock shows."""

    app: App
    now_ms: int = START_MS
    _asgi: ASGIApp = field(init=False)

    def __post_init__(self) -> None:
        numbers = count(1)
        self._asgi = build(
            self.app,
            hosts=frozenset({HOST}),
            limits=Limits(body_bytes=1_000_000, body_sec=5),
            clock=lambda: self.now_ms,
            new_id=lambda: f"id{next(numbers)}",
        )

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return run(self._call("GET", path, options))

    def post(self, path: str, **options: Any) -> httpx2.Response:
        return run(self._call("POST", path, options))

    def delete(self, path: str) -> httpx2.Response:
        return run(self._call("DELETE", path, {}))

    def send(self, *signals: object) -> None:
        """Send signals, none of which may be refused."""
        answer = self.post("/signals", json=list(signals))
        assert (answer.status_code, answer.json()["refused"]) == (200, []), answer.text

    async def _call(self, method: str, path: str, options: dict[str, Any]) -> httpx2.Response:
        transport = httpx2.ASGITransport(self._asgi)
        async with httpx2.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.request(method, path, **options)
