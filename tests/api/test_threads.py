"""Whose turn it is: requests wait a bounded while for a thread, and whoever only looks waits behind none of them."""

import asyncio
import threading
import time

import pytest

from oo.api import threads
from oo.api.threads import MOST, on_a_lookout, on_a_thread
from oo.domain.errors import Overloaded, StoreBusy
from tests.support.asynchronous import run

WAIT_SEC = 30


class Busy:
    """Keeps every thread of the requests busy."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun: list[int] = []

    def call(self, number: int) -> int:
        self.begun.append(number)
        assert self.go_on.wait(WAIT_SEC)
        return number

    async def all(self) -> list[asyncio.Task[int]]:
        tasks = [
            asyncio.create_task(on_a_thread(lambda number=number: self.call(number)))  # type: ignore[misc]
            for number in range(MOST)
        ]
        while len(self.begun) < MOST:  # noqa: ASYNC110  # they begin on threads
            await asyncio.sleep(0.01)
        return tasks


def test_whoever_has_no_turn_in_time_is_told_so_and_nothing_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "TURN_SEC", 0.2)
    busy = Busy()

    async def crowd() -> list[int]:
        tasks = await busy.all()
        with pytest.raises(Overloaded, match="nothing was recorded"):
            await on_a_thread(lambda: busy.call(MOST))
        busy.go_on.set()
        return await asyncio.gather(*tasks)

    assert run(crowd()) == list(range(MOST))
    assert sorted(busy.begun) == list(range(MOST)), (
        "those that had begun were waited for, the other never began"
    )


def test_a_request_whose_client_has_gone_is_no_overload() -> None:
    busy = Busy()

    async def gone() -> bool:
        await busy.all()
        waiting = asyncio.create_task(on_a_thread(lambda: busy.call(MOST)))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.wait([waiting])
        busy.go_on.set()
        return waiting.cancelled()

    assert run(gone())


def test_a_look_waits_behind_no_request_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "LOOK_SEC", 0.2)
    busy = Busy()

    async def look() -> float:
        tasks = await busy.all()
        assert await on_a_lookout(lambda: 7) == 7
        began = time.monotonic()
        with pytest.raises(StoreBusy, match="has not answered"):
            await on_a_lookout(lambda: busy.go_on.wait(WAIT_SEC))
        took = time.monotonic() - began
        busy.go_on.set()
        await asyncio.gather(*tasks)
        return took

    assert run(look()) < WAIT_SEC / 2
