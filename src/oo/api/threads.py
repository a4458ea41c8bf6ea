"""Use cases wait for the disk: they run on threads beside the loop that serves."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")
MOST = 40
"""So many requests may wait for the store at once; more of them wait for their turn."""
_threads = ThreadPoolExecutor(MOST, thread_name_prefix="oo-request")


async def on_a_thread(call: Callable[[], Result]) -> Result:
    """Return what `call` returns, or raise what it raises, without keeping other requests waiting.

    A plain route would do the same at three times the cost. The log's context goes along.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, contextvars.copy_context().run, call)
