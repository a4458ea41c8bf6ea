"""Tell somebody outside of alerts: once that one began, once that it ended."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from oo.domain.instant import format_instant
from oo.domain.quality import Alert
from oo.ports import Messenger, Store


def tell(store: Store, messenger: Messenger | None) -> str | None:
    """Tell what has not been told; return why something was not taken, None where there is nothing left.

    After the first that is not taken the others wait for the next run, so that somebody who does not answer costs one
    timeout. What was taken is recorded at once; a process that ends in between says it again, under the same number.
    """
    if messenger is None:
        return None
    for alert in store.read(lambda reader: reader.untold_alerts()):
        for told, message in _messages(alert):
            why_not = messenger.tell(message)
            if why_not is not None:
                _record(store, replace(told, posted=told.posted - 1, failures=alert.failures + 1))
                return why_not
            _record(store, told)
    return None


def _record(store: Store, alert: Alert) -> None:
    store.write(lambda transaction: transaction.change_alert(alert))


def _messages(alert: Alert) -> Iterator[tuple[Alert, dict[str, Any]]]:
    """Yield what is to be said of an alert, each with how the alert stands once it is."""
    if alert.posted == 0:
        alert = replace(alert, posted=1)
        yield alert, _message("raised", alert)
    if alert.cleared_at_ms is not None:
        yield replace(alert, posted=2), _message("cleared", alert)


def _message(event: Literal["raised", "cleared"], alert: Alert) -> dict[str, Any]:
    of, ended = alert.condition, alert.cleared_at_ms
    return {
        "event": event,
        "alert": alert.number,
        "kind": of.kind,
        "subject": of.subject,
        "message": of.message,
        "hint": of.hint,
        "since": format_instant(alert.since_ms),
        "cleared_at": None if event == "raised" or ended is None else format_instant(ended),
    }
