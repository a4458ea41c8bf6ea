"""The service's watch over its data: a check now and then, on a thread of its own, out of every request's way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from oo.api import garbage
from oo.api.metrics import Metrics
from oo.domain.errors import StoreClosed
from oo.domain.quality import Checked
from oo.usecases.app import App

STOP_SEC = 5.0
"""So long does a stop wait for a check that is under way; it changes nothing before it has measured all."""
_log: structlog.stdlib.BoundLogger = structlog.get_logger("oo.quality")


@contextmanager
def watched(app: App, metrics: Metrics, *, clock: Callable[[], int], every_sec: float) -> Iterator[None]:
    """Check the quality of the data at once and then every so often, inside the block; 0 never.

    A check that fails is logged, and the next one comes in its time.
    """
    if not every_sec:
        yield
        return
    stopping = threading.Event()
    thread = threading.Thread(
        target=_watch, args=(app, metrics, clock, every_sec, stopping), name="oo-watch", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(STOP_SEC)


def _watch(
    app: App, metrics: Metrics, clock: Callable[[], int], every_sec: float, stopping: threading.Event
) -> None:
    settled = False
    while True:
        try:
            checked = app.quality.run(now_ms=clock())
        except StoreClosed:
            return
        except Exception:  # noqa: BLE001  # whatever it is, the service goes on, and looks again
            _log.exception("quality could not be checked")
            metrics.check_failed()
        else:
            metrics.checked(checked)
            _tell(checked)
            if not settled:
                garbage.settle()  # the first check loads what later ones use again
                settled = True
        if stopping.wait(every_sec):
            return


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
