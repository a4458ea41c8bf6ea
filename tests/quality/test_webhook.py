"""Alerts are posted once when they begin and once when they end, and no receiver can hold up or break a check."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from oo.adapters.webhook import Webhook
from oo.domain.errors import InvalidSetting
from oo.domain.instant import DAY, MINUTE, format_instant
from oo.domain.quality import Checked
from oo.settings import load_settings
from oo.usecases.quality import Quality
from tests.quality.crowd import HOUR_OF_DAY, NOW, RATE, Crowd, alerts
from tests.quality.receiver import Receiver, free_port, receiving

QUICK_SEC = 0.5


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def told(crowd: Crowd, url: str) -> Quality:
    return replace(crowd.app.quality, messenger=Webhook(url, QUICK_SEC))


def breach(crowd: Crowd, name: str = HOUR_OF_DAY) -> None:
    crowd.store(name, [99.0] * crowd.people)


def mend(crowd: Crowd, name: str = HOUR_OF_DAY) -> None:
    crowd.store(name, [1.0] * crowd.people)


def states(crowd: Crowd) -> list[tuple[int, int]]:
    return crowd.rows("SELECT posted, failures FROM quality_alerts ORDER BY seq")


def test_an_alert_is_posted_once_when_it_begins_and_once_when_it_ends(
    crowd: Crowd, receiver: Receiver
) -> None:
    quality = told(crowd, receiver.url)
    crowd.grow(5)
    breach(crowd)
    for number in range(3):
        quality.run(now_ms=NOW + number * MINUTE)
    mend(crowd)
    for number in range(3, 6):
        quality.run(now_ms=NOW + number * MINUTE)

    first, second = receiver.posted
    assert first == {
        "event": "raised",
        "alert": first["alert"],
        "kind": "range",
        "subject": HOUR_OF_DAY,
        "message": "5 of 5 values of preferred_hour cannot be: it is declared to be 0 to 23.",
        "hint": first["hint"],
        "since": format_instant(NOW),
        "cleared_at": None,
    }
    assert second == first | {"event": "cleared", "cleared_at": format_instant(NOW + 3 * MINUTE)}
    assert receiver.headers[0]["Content-Type"] == "application/json"


@pytest.mark.parametrize("behaviour", [500, 404, 301, 302, 307, 308, "silent", "drip"])
def test_what_was_not_taken_is_counted_and_told_at_the_next_check(
    crowd: Crowd, receiver: Receiver, behaviour: int | str
) -> None:
    quality = told(crowd, receiver.url)
    crowd.grow(5)
    breach(crowd)
    receiver.behaviour = behaviour
    began = time.monotonic()
    failed = quality.run(now_ms=NOW)
    took = time.monotonic() - began
    after = states(crowd)
    receiver.behaviour = 204

    again = quality.run(now_ms=NOW + MINUTE)

    assert alerts(failed) == {("range", HOUR_OF_DAY)}
    assert failed.undelivered is not None
    assert "s3cret" not in failed.undelivered
    assert took < 4 * QUICK_SEC
    assert (after, states(crowd)) == ([(0, 1)], [(1, 1)])
    assert again.undelivered is None
    assert [each["event"] for each in receiver.posted] == ["raised", "raised"]
    assert receiver.others == [], "a redirect is not followed"


def test_one_who_says_yes_and_then_goes_on_and_on_has_taken_it_in_time(
    crowd: Crowd, receiver: Receiver
) -> None:
    crowd.grow(5)
    breach(crowd)
    receiver.behaviour = "drip headers"
    began = time.monotonic()

    assert told(crowd, receiver.url).run(now_ms=NOW).undelivered is None
    assert time.monotonic() - began < 4 * QUICK_SEC


def test_nobody_who_listens_breaks_no_check(crowd: Crowd) -> None:
    crowd.grow(5)
    breach(crowd)

    checked = told(crowd, f"http://127.0.0.1:{free_port()}/hook").run(now_ms=NOW)

    assert alerts(checked) == {("range", HOUR_OF_DAY)}
    assert "ConnectionRefusedError" in str(checked.undelivered)


def test_somebody_who_does_not_answer_costs_one_timeout_however_many_alerts_there_are(
    crowd: Crowd, receiver: Receiver
) -> None:
    crowd.grow(5)
    names = [HOUR_OF_DAY, RATE, "dismiss_rate_30d", "snooze_rate_30d"]
    for name in names:
        breach(crowd, name)
    receiver.behaviour = "silent"

    began = time.monotonic()
    checked = told(crowd, receiver.url).run(now_ms=NOW)

    assert len(checked.raised) == len(names)
    assert time.monotonic() - began < 3 * QUICK_SEC
    assert len(receiver.posted) == 1


def test_an_alert_that_is_refused_for_ever_holds_up_no_other(crowd: Crowd, receiver: Receiver) -> None:
    quality = told(crowd, receiver.url)
    crowd.grow(5)
    breach(crowd)
    receiver.behaviour = 500
    quality.run(now_ms=NOW)
    breach(crowd, RATE)
    receiver.behaviour = 204

    quality.run(now_ms=NOW + MINUTE)

    assert [each["subject"] for each in receiver.posted] == [HOUR_OF_DAY, RATE, HOUR_OF_DAY]


def test_one_that_began_and_ended_while_nobody_listened_is_told_in_order(
    crowd: Crowd, receiver: Receiver
) -> None:
    quality = told(crowd, receiver.url)
    crowd.grow(5)
    breach(crowd)
    receiver.behaviour = 500
    quality.run(now_ms=NOW)
    mend(crowd)
    quality.run(now_ms=NOW + MINUTE)
    receiver.behaviour = 204
    receiver.posted.clear()

    quality.run(now_ms=NOW + 2 * MINUTE)

    assert [each["event"] for each in receiver.posted] == ["raised", "cleared"]


def test_it_is_given_up_after_a_day_of_refusals(crowd: Crowd, receiver: Receiver) -> None:
    quality = told(crowd, receiver.url)
    crowd.grow(5)
    breach(crowd)
    receiver.behaviour = 500
    quality.run(now_ms=NOW)
    crowd.execute("UPDATE quality_alerts SET failures = 288")
    receiver.posted.clear()

    checked = quality.run(now_ms=NOW + DAY)

    assert (checked.undelivered, receiver.posted) == (None, [])


def test_what_happened_without_a_webhook_is_not_told_when_there_is_one(
    crowd: Crowd, receiver: Receiver
) -> None:
    crowd.grow(5)
    breach(crowd)
    breach(crowd, RATE)
    crowd.check(NOW)
    mend(crowd)
    crowd.check(NOW + MINUTE)
    quality = told(crowd, receiver.url)
    quality.run(now_ms=NOW + 2 * MINUTE)
    before = list(receiver.posted)
    mend(crowd, RATE)

    quality.run(now_ms=NOW + 3 * MINUTE)

    assert before == []
    assert [(each["event"], each["subject"]) for each in receiver.posted] == [("cleared", RATE)]


def test_a_measurement_and_findings_tell_nobody(crowd: Crowd, receiver: Receiver) -> None:
    quality = told(crowd, receiver.url)
    crowd.grow(5)
    breach(crowd)

    quality.panel(now_ms=NOW)

    assert [finding.kind for finding in quality.findings(now_ms=NOW)] == ["range"]
    assert receiver.posted == []


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "file:///etc/passwd", "host/x", "http://", "https://me:pw@host/x", "//host"]
)
def test_only_an_address_of_the_web_can_be_set(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("OO_ALERT_WEBHOOK", url)

    with pytest.raises(InvalidSetting, match="OO_ALERT_WEBHOOK"):
        load_settings()


def test_an_address_that_cannot_be_called_is_said_and_breaks_nothing(crowd: Crowd) -> None:
    crowd.grow(5)
    breach(crowd)

    for url in ("http://127.0.0.1:1/a b\r\nX: y", "http://127.0.0.1:1/é", "https://127.0.0.1:1/x"):
        checked: Checked = told(crowd, url).run(now_ms=NOW)
        assert checked.undelivered is not None, url
