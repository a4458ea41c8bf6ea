"""The service's watch over its data: a check now and then, on a thread of its own, out of every request's way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog

from oo.api import garbage
from oo.api.metrics import Metrics
from oo.domain.errors import StoreClosed, StoreError
from oo.domain.quality import Checked
from oo.usecases.app import App

STOP_SEC = 5.0
"""So long does a stop wait for a check that is under way; it changes nothing before it has measured all."""
TURN_SEC = 5.0
"""So often does a process ask, of several that serve one store, whether it is its turn."""
_log: structlog.stdlib.BoundLogger = structlog.get_logger("oo.quality")


@contextmanager
def watched(
    app: App,
    metrics: Metrics,
    *,
    clock: Callable[[], int],
    every_sec: float,
    mine: Callable[[], bool] = lambda: True,
) -> Iterator[None]:
    """Check the quality of the data at once and then every so often, inside the block; 0 never.

    `mine` says, each time, whether it is this process of several that checks.

    A check that fails is logged, and the next one comes in its time.
    """
    if not every_sec:
        yield
        return
    stopping = threading.Event()
    watch = _Watch(app, metrics, clock, every_sec, mine, stopping)
    thread = threading.Thread(target=watch, name="oo-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(STOP_SEC)


@dataclass(slots=True)
class _Watch:
    app: App
    metrics: Metrics
    clock: Callable[[], int]
    every_sec: float
    mine: Callable[[], bool]
    stopping: threading.Event
    _settled: bool = False

    def __call__(self) -> None:
        """Look, and look again, until stopped."""
        with suppress(StoreClosed):
            while not self.stopping.wait(self._look()):
                pass

    def _look(self) -> float:
        """Check if it is this process's turn; return how long to wait then."""
        try:
            if not self.mine():
                self.metrics.not_measured()
                return min(self.every_sec, TURN_SEC)
            self._check()
        except StoreClosed:
            raise
        except StoreError as error:  # its words say what to do
            _log.error("quality could not be checked", reason=str(error))
            self.metrics.check_failed()
        except Exception:  # noqa: BLE001  # whatever it is, the service goes on, and looks again
            _log.exception("quality could not be checked")
            self.metrics.check_failed()
        return self.every_sec

    def _check(self) -> None:
        checked = self.app.quality.run(now_ms=self.clock())
        self.metrics.checked(checked)
        _tell(checked)
        if not self._settled:
            garbage.settle()  # the first check loads what later ones use again
            self._settled = True


def _tell(checked: Checked) -> None:
    for alert in checked.raised:
        of = alert.condition
        _log.warning(
            "alert raised",
            alert=alert.number,
            kind=of.kind,
            subject=of.subject,
            message=of.message,
            hint=of.hint,
        )
    for alert in checked.cleared:
        of = alert.condition
        _log.warning("alert cleared", alert=alert.number, kind=of.kind, subject=of.subject)
    if checked.undelivered is not None:
        _log.warning("the webhook did not take an alert", reason=checked.undelivered)
