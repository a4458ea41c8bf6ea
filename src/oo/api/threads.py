"""Use cases wait for the disk: they run on threads beside the loop that serves."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from oo.domain.errors import Overloaded, StoreBusy

Result = TypeVar("Result")
MOST = 40
"""So many requests may wait for the store at once; more of them wait for their turn."""
TURN_SEC = 10.0
"""Whoever has not had their turn by then is told to come again: nothing has been done for them yet."""
LOOK_SEC = 2.0
"""So long may a look at the store take that an operator's program waits for."""
_threads = ThreadPoolExecutor(MOST, thread_name_prefix="oo-request")
_lookouts = ThreadPoolExecutor(4, thread_name_prefix="oo-lookout")
"""For whoever asks how things stand: they wait behind no request."""


async def on_a_thread(call: Callable[[], Result]) -> Result:
    """Return what `call` returns, or raise what it raises, without keeping other requests waiting.

    A plain route would do the same at three times the cost. The log's context goes along. Raises `Overloaded` where
    `call` has not begun after `TURN_SEC`; once begun it is waited for, since nobody knows what it has done.
    """
    begun = _threads.submit(contextvars.copy_context().run, call)
    timer = asyncio.get_running_loop().call_later(TURN_SEC, begun.cancel)
    try:
        return await asyncio.wrap_future(begun)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise Overloaded(
            f"No turn came in {TURN_SEC:g} seconds; nothing was recorded.", "Ask again in a moment."
        ) from None
    finally:
        timer.cancel()


async def on_a_lookout(call: Callable[[], Result]) -> Result:
    """Return what `call` returns, or raise what it raises; it waits behind no request, and only looks.

    Raises `StoreBusy` where it takes longer than `LOOK_SEC`.
    """
    begun = asyncio.wrap_future(_lookouts.submit(contextvars.copy_context().run, call))
    try:
        return await asyncio.wait_for(begun, LOOK_SEC)
    except TimeoutError:
        raise StoreBusy(
            f"The store has not answered in {LOOK_SEC:g} seconds.", "Does it run, and is its disk all right?"
        ) from None
