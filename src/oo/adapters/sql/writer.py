"""The one writer of a store in this process: a thread that commits together what waits together.

Each write runs in a savepoint of its own, so that one that fails takes nothing of the others with it; every caller has
its answer only after the COMMIT.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Protocol, TypeAlias, TypeVar

from oo.domain.errors import Overloaded, StoreClosed, StoreError
from oo.ports import Transaction

Result = TypeVar("Result")
Change: TypeAlias = Callable[[Transaction], Any]
Outcome: TypeAlias = tuple[Any, BaseException | None]
"""A change's result, or what it raised."""
_Queued: TypeAlias = tuple[Change, Future[Any]]
_GROUP = 128
"""At most this many writes share a commit."""
MOST_WAITING = 1000
"""At most this many writes wait, where nothing else is asked for."""


class Commits(Protocol):
    """How a database commits; every method is called on the writer's thread alone."""

    def commit(self, changes: Sequence[Change]) -> Sequence[Outcome | None]:
        """Run changes in one transaction, each in a savepoint of its own; return their outcomes after the COMMIT.

        What the database refuses is an outcome, too: nothing is raised. One that is postponed has none: it comes
        again before all others.
        """

    def rest(self, *, idle: bool) -> None:
        """Do what has to be done now and then, between commits; `idle`: nothing waits at the moment."""

    def purge(self) -> bool:
        """Leave no trace of what was deleted; return whether that was possible now."""

    def close(self) -> None:
        """Let go of the database."""


class Writer:
    """Runs writes one after the other on a thread of its own, from `start` until `close`."""

    def __init__(self, commits: Commits, most_waiting: int = MOST_WAITING) -> None:
        """Write through `commits`, which is closed at the end; let at most `most_waiting` writes wait."""
        self._commits = commits
        self._most_waiting = most_waiting
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._closed = False
        self._purges: deque[Future[bool]] = deque()
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._write_until_closed, name="oo-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, change: Callable[[Transaction], Result]) -> "Future[Result]":
        """Queue a change; raises `Overloaded` where too many wait, `StoreClosed` after `close`.

        A write out of a write is a `StoreError`.
        """
        if threading.current_thread() is self._thread:
            raise StoreError("A write cannot wait for another write.", "Use the transaction it was handed.")
        if self._queue.qsize() >= self._most_waiting:
            raise Overloaded(
                f"{self._most_waiting:,} writes wait for the store already; nothing was recorded.",
                "Ask again in a moment.",
            )
        return self._queued(change)

    def _queued(self, change: Callable[[Transaction], Result]) -> "Future[Result]":
        answer: Future[Result] = Future()
        with self._closing:
            if self._closed:
                raise StoreClosed("The store is closed.", "Nothing was recorded.")
            self._queue.put((change, answer))
        return answer

    def purge(self) -> "Future[bool]":
        """Leave, between writes, no trace of what was deleted; False where a reader keeps one for now."""
        answer: Future[bool] = Future()
        self._purges.append(answer)
        self._queued(lambda _: None)  # wakes the thread, which purges after the commit
        return answer

    def close(self) -> None:
        """Finish what is queued, and end the thread."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _write_until_closed(self) -> None:
        try:
            again: list[_Queued] = []
            while (batch := self._next_batch(again)) is not None:
                again = _answered(batch, self._commits.commit([change for change, _ in batch]))
                self._commits.rest(idle=self._queue.empty())
                self._purge()
        finally:
            self._commits.close()
            self._refuse_the_rest()

    def _purge(self) -> None:
        """Answer those who wait for a purge."""
        while self._purges:
            answer = self._purges.popleft()
            try:
                answer.set_result(self._commits.purge())
            except Exception as failure:  # noqa: BLE001  # it is handed to the caller, who raises it
                answer.set_exception(failure)

    def _next_batch(self, postponed: Sequence[_Queued]) -> list[_Queued] | None:
        """Return what was postponed, or wait for a write, with all that wait behind it; None once closed."""
        batch = list(postponed)
        while len(batch) < _GROUP:
            try:
                item = self._queue.get(block=not batch)
            except queue.Empty:
                break
            if item is None:
                if not batch:
                    return None
                self._queue.put(None)
                break
            if item[1].set_running_or_notify_cancel():
                batch.append(item)
        return batch

    def _refuse_the_rest(self) -> None:
        with self._closing:
            self._closed = True
        while self._purges:
            self._purges.popleft().set_exception(StoreClosed("The store is closed.", "Nothing was purged."))
        with suppress(queue.Empty):
            while item := self._queue.get_nowait():
                item[1].set_exception(StoreClosed("The store is closed.", "Nothing was recorded."))


def _answered(batch: Sequence[_Queued], outcomes: Sequence[Outcome | None]) -> list[_Queued]:
    """Answer those that have an outcome; return the others."""
    for (_, answer), outcome in zip(batch, outcomes, strict=True):
        match outcome:
            case (result, None):
                answer.set_result(result)
            case (_, failure):
                answer.set_exception(failure)
    return [each for each, outcome in zip(batch, outcomes, strict=True) if outcome is None]
