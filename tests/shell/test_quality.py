"""`oo quality`: the panel from a shell, what its exit code says, and new baselines."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from oo.domain.instant import DAY, HOUR, format_instant
from tests.api.calling import now_ms
from tests.quality.receiver import receiving
from tests.shell.running import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def moods(shell: Shell, *, last_ms: int) -> None:
    """Bring in forty check-ins, one an hour, the last one so long from now."""
    lines = ['{"type": "user", "user_id": "ada", "tz": "UTC"}']
    lines += [
        f'{{"type": "mood.checkin", "user_id": "ada", "event_id": "m{number}{last_ms}", '
        f'"at": "{format_instant(now_ms() + last_ms - number * HOUR)}", "score": 0.5}}'
        for number in range(40)
    ]
    log = shell.folder / "log.jsonl"
    log.write_text("\n".join(lines), "utf-8")
    assert shell.here("import", str(log)).code == 0


def test_an_empty_store_is_shown_and_nothing_is_wrong_with_it(shell: Shell) -> None:
    ran = shell.here("quality")

    assert ran.code == 0
    assert "completion_rate_30d" in ran.out
    assert ran.out.rstrip().endswith("No alert is open.")


def test_an_open_alert_is_shown_with_what_to_do_and_ends_with_1(shell: Shell) -> None:
    moods(shell, last_ms=-3 * DAY)

    first, second, document = shell.here("quality"), shell.here("quality"), shell.here("quality", "--json")

    assert (first.code, second.code, document.code) == (1, 1, 1)
    assert "Nothing has come of mood.checkin for 72 h; its rhythm allows 24 h." in first.out
    assert first.out.count("silent since") == second.out.count("silent since") == 1
    assert document.document["ok"] is False
    assert [each["subject"] for each in document.document["alerts"]] == ["mood.checkin"]


def test_an_alert_that_ended_is_said_once(shell: Shell) -> None:
    moods(shell, last_ms=-3 * DAY)
    shell.here("quality")
    moods(shell, last_ms=0)

    ended, after = shell.here("quality"), shell.here("quality")

    assert (ended.code, after.code) == (0, 0)
    assert "silent mood.checkin: this has ended." in ended.out
    assert "has ended" not in after.out


def test_a_source_that_is_given_up_is_shown_as_that(shell: Shell) -> None:
    moods(shell, last_ms=-31 * DAY)

    ran = shell.here("quality")

    assert ran.code == 0
    assert re.search(r"mood\.checkin .* 744 h +24 h +given up", ran.out)


def test_a_baseline_needs_people_and_says_so(shell: Shell) -> None:
    ran = shell.here("quality", "baseline")

    assert (ran.code, shell.here("quality", "baseline", "--json").document) == (0, {"baselines": []})
    assert "a feature needs values of 50 people" in ran.out


def test_new_baselines_are_named(shell: Shell) -> None:
    shell.here("quality")
    document = shell.here("features", "list", "--json").document
    known = {each["name"]: each["fingerprint"] for each in document["features"]}
    with closing(sqlite3.connect(shell.database)) as connection, connection:
        for number in range(50):
            connection.execute("INSERT INTO users VALUES (?, 0)", (f"u{number}",))
            connection.execute(
                "INSERT INTO user_profile_features VALUES (?, ?, ?, NULL, 0, 1, ?)",
                (f"u{number}", "completion_rate_30d", number / 50, known["completion_rate_30d"]),
            )

    every = shell.here("quality", "baseline", "--json")
    one = shell.here("quality", "baseline", "completion_rate_30d")

    assert every.document == {"baselines": ["completion_rate_30d"]}
    assert "completion_rate_30d" in one.out


def test_a_baseline_of_what_is_no_feature_is_refused(shell: Shell) -> None:
    ran = shell.here("quality", "baseline", "done_rate")

    assert ran.code == 1
    assert "'done_rate' is not in the catalogue" in ran.err


@pytest.mark.parametrize("arguments", [("nonsense",), ("show", "completion_rate_30d")])
def test_other_words_are_wrong_usage(shell: Shell, arguments: tuple[str, ...]) -> None:
    assert shell.here("quality", *arguments).code == 2


def test_the_webhook_is_told_from_a_shell_too_and_a_refusal_is_a_warning(
    shell: Shell,
) -> None:
    moods(shell, last_ms=-3 * DAY)
    with receiving() as receiver:
        receiver.behaviour = 500
        refused = shell.process("quality", env={"OO_ALERT_WEBHOOK": receiver.url})
        receiver.behaviour = 204
        taken = shell.process("quality", env={"OO_ALERT_WEBHOOK": receiver.url})

    assert (refused.code, taken.code) == (1, 1)
    assert "The webhook did not take an alert: it answered 500" in refused.err
    assert taken.err == ""
    assert [each["event"] for each in receiver.posted] == ["raised", "raised"]
