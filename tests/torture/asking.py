"""A client of a fleet: it asks one service after the other until one answers, and publishes on the bus."""

import time
from typing import Any

import httpx2
import nats
from nats.errors import Error

from tests.support.asynchronous import run
from tests.support.fleet import Fleet
from tests.torture.calls import BUS, Call, NotNow
from tests.torture.lines import Line, message_of

_ANSWER_SEC = 30.0
_PUBLISH_SEC = 5.0
_PACE_SEC = 0.1
"""So long does whoever publishes wait before the next lines: the bus takes them faster than they can be recorded."""
_LATER = frozenset({503})


class Asking:
    """Asks the service of its number first; one that does not answer is left for the next."""

    def __init__(self, fleet: Fleet, number: int) -> None:
        self._fleet, self._turn = fleet, number
        self._client = httpx2.Client(timeout=_ANSWER_SEC, trust_env=False)

    def __call__(self, call: Call) -> Any:
        if call.path == BUS:
            return self._published(call.body)
        service = self._fleet.services[self._turn % len(self._fleet.services)]
        try:
            asked = call.over_http()
            answer = self._client.request(**asked | {"url": f"{service.address}{asked['url']}"})
        except httpx2.TransportError:
            self._turn += 1
            raise NotNow from None
        if answer.status_code in _LATER:
            raise NotNow
        return answer.json()

    def close(self) -> None:
        self._client.close()

    def _published(self, lines: list[Line | str]) -> Any:
        try:
            run(self._publish(lines))
        except (Error, OSError, TimeoutError):
            raise NotNow from None
        time.sleep(_PACE_SEC)
        return {"published": len(lines)}

    async def _publish(self, lines: list[Line | str]) -> None:
        """Publish as another system would, which gives no ids: what is sent again is on the bus again."""
        client = await nats.connect(
            self._fleet.nats.url.split(","),
            allow_reconnect=False,
            connect_timeout=1,
            max_reconnect_attempts=1,
        )
        try:
            jetstream = client.jetstream(timeout=_PUBLISH_SEC)
            for line in lines:
                subject, body = message_of(line)
                await jetstream.publish(subject, body.encode())
        finally:
            await client.close()


async def _passed_over(_: Exception) -> None:
    """Pass over what the client says of each server that it tries: it raises where none answers."""
