"""The main job, from the shell: a person's own tasks go in, one tip comes out, a reaction changes what comes next."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oo.domain.instant import DAY, HOUR, MINUTE, format_instant
from oo.domain.state import State
from oo.usecases.app import App
from tests.shell.running import Shell

# As another tool writes it: a byte order mark, Windows line ends, projects and contexts, dates, a completed line.
LIST = (
    "\ufeff(A) 2026-08-01 Call the plumber +house @phone due:2026-08-20\r\n"
    "(B) Write the report +work\r\n"
    "Buy milk @errands\r\n"
    "x 2026-08-02 2026-08-01 Pay the rent +house\r\n"
)
NOW = time.time_ns() // 1_000_000


def at(after_ms: int) -> str:
    """A time so long after the tests began, as the shell takes it."""
    return format_instant(NOW + after_ms)


@pytest.fixture
def imported(shell: Shell, tmp_path: Path) -> Callable[[str], Any]:
    """Writes ada's list, imports it, and returns what the import answers about it."""
    file = tmp_path / "todo.txt"

    def import_list(content: str) -> Any:
        file.write_bytes(content.encode())
        return shell.json("import", str(file), "--user", "ada", "--tz", "Europe/Berlin")["files"][0]

    return import_list


def counts(report: Any) -> dict[str, int]:
    return {fate: report[fate] for fate in ("accepted", "duplicate", "waiting", "refused") if report[fate]}


def profile(shell: Shell, *options: str) -> dict[str, Any]:
    features = shell.json("profile", "ada", *options)["features"]
    return {name: envelope["value"] for name, envelope in features.items()}


def titles(shell: Shell, *options: str) -> dict[str, str]:
    tasks = shell.json("tasks", "list", "ada", *options)["tasks"]
    return {task["title"]: task["status"] for task in tasks}


def states(app: App) -> dict[str, State]:
    """What each policy has learned about ada."""
    return app.store.read(
        lambda reader: {
            name: app.learner.state(reader, "ada", policy) for name, policy in app.learner.policies.items()
        }
    )


def unlearned(app: App) -> dict[str, State]:
    return {name: State.empty(policy.dimensions) for name, policy in app.learner.policies.items()}


def taught(app: App, tip_id: str, reward: float) -> dict[str, State]:
    """What each policy would have learned from nothing but one reward for one tip."""
    scores = {score.policy: score.row for score in app.store.read(lambda reader: reader.scores(tip_id))}
    return {
        name: policy.learn(state, scores[name], reward) if name in scores else state
        for (name, policy), state in zip(app.learner.policies.items(), unlearned(app).values(), strict=True)
    }


def test_the_loop_runs_from_a_real_shell(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "todo.txt").write_bytes(LIST.encode())

    first = shell.process("import", str(tmp_path / "todo.txt"), "--user", "ada", "--tz", "Europe/Berlin")
    again = shell.process("import", str(tmp_path / "todo.txt"), "--user", "ada", "--tz", "Europe/Berlin")
    tip = shell.process("recommend", "ada", "--json").document
    answer = shell.process("feedback", tip["tip_id"], "dismiss")
    following = shell.process("recommend", "ada", "--json").document

    assert (first.code, first.out) == (0, "todo.txt: 4 new or changed.\n")
    assert (again.code, again.out) == (0, "todo.txt: 4 known already.\n")
    assert (answer.code, answer.out) == (0, "Dismissed. It comes back only if its task changes.\n")
    assert following["tip_id"] not in {None, tip["tip_id"]}
    assert following["candidate_id"] != tip["candidate_id"]
    features = shell.process("profile", "ada", "--json").document["features"]
    assert (features["dismiss_rate_30d"]["value"], features["tip_volume_30d"]["value"]) == (0.5, 2)


def test_a_list_of_another_tool_comes_in_once(shell: Shell, imported: Callable[[str], Any]) -> None:
    first = imported(LIST)
    tasks = shell.json("tasks", "list", "ada", "--all")
    again = imported(LIST)

    assert counts(first) == {"accepted": 4}
    assert counts(again) == {"duplicate": 4}
    assert shell.json("tasks", "list", "ada", "--all") == tasks
    assert titles(shell, "--all") == {
        "Call the plumber": "open",
        "Write the report": "open",
        "Buy milk": "open",
        "Pay the rent": "completed",
    }


def test_dismissing_shows_another_task_and_changes_the_rates(
    shell: Shell, imported: Callable[[str], Any]
) -> None:
    imported(LIST)
    before = profile(shell)
    seen = []
    for _ in range(3):
        tip = shell.json("recommend", "ada")
        seen.append(tip["text"])
        assert shell.json("feedback", tip["tip_id"], "dismiss") == {"status": "applied"}

    assert before["dismiss_rate_30d"] == 0.0
    assert sorted(seen) == ["Buy milk", "Call the plumber", "Write the report"]
    after = profile(shell)
    assert (after["dismiss_rate_30d"], after["completion_rate_30d"], after["tip_volume_30d"]) == (1.0, 0.0, 3)
    assert after["mean_dwell_ms_30d"] > 0
    assert shell.json("recommend", "ada")["tip_id"] is None


def test_a_dismissed_task_comes_back_only_when_its_line_has_changed_and_is_imported_again(
    shell: Shell, imported: Callable[[str], Any]
) -> None:
    imported("Buy milk\n")
    tip = shell.json("recommend", "ada")
    shell.json("feedback", tip["tip_id"], "dismiss")

    assert counts(imported("Buy milk\n")) == {"duplicate": 1}
    assert shell.json("recommend", "ada")["tip_id"] is None
    assert shell.json("recommend", "ada", "--at", at(90 * DAY))["tip_id"] is None

    assert counts(imported("(A) Buy milk\n")) == {"accepted": 1}
    back = shell.json("recommend", "ada")
    assert (back["candidate_id"], back["text"]) == (tip["candidate_id"], "Buy milk")
    assert back["tip_id"] != tip["tip_id"]


def test_a_snoozed_task_returns_after_an_hour(shell: Shell, imported: Callable[[str], Any]) -> None:
    imported("Buy milk\n")
    tip = shell.json("recommend", "ada", "--at", at(0))
    shell.json("feedback", tip["tip_id"], "snooze", "--at", at(MINUTE))

    early = shell.json("recommend", "ada", "--at", at(MINUTE + HOUR - 1))
    late = shell.json("recommend", "ada", "--at", at(MINUTE + HOUR))

    assert (early["tip_id"], early["reason"]) == (None, "no open task: 1 snoozed")
    assert late["candidate_id"] == tip["candidate_id"]


def test_a_snooze_with_a_time_of_its_own_ends_then(shell: Shell, imported: Callable[[str], Any]) -> None:
    imported("Buy milk\n")
    tip = shell.json("recommend", "ada", "--at", at(0))
    shell.json("feedback", tip["tip_id"], "snooze", "--at", at(MINUTE), "--until", at(3 * DAY))

    assert shell.json("recommend", "ada", "--at", at(3 * DAY - 1))["tip_id"] is None
    assert shell.json("recommend", "ada", "--at", at(3 * DAY))["candidate_id"] == tip["candidate_id"]


def test_a_done_task_leaves_for_good(shell: Shell, imported: Callable[[str], Any]) -> None:
    imported("Buy milk\n")
    tip = shell.json("recommend", "ada")
    shell.json("feedback", tip["tip_id"], "done")

    assert counts(imported("Buy milk\n")) == {"duplicate": 1}
    following = shell.json("recommend", "ada", "--at", at(90 * DAY))
    assert (following["tip_id"], following["reason"]) == (None, "no open task: 1 done")
    assert titles(shell, "--all") == {"Buy milk": "done"}
    assert titles(shell) == {}


def test_an_open_tip_is_returned_again_for_thirty_minutes(
    shell: Shell, imported: Callable[[str], Any]
) -> None:
    imported(LIST)
    tip = shell.json("recommend", "ada", "--at", at(0))

    again = shell.json("recommend", "ada", "--at", at(30 * MINUTE - 1))
    later = shell.json("recommend", "ada", "--at", at(30 * MINUTE))

    assert {**again, "reason": None} == {**tip, "reason": None}
    assert again["reason"] == "still open: no answer yet"
    assert later["tip_id"] != tip["tip_id"]
    assert profile(shell, "--at", at(30 * MINUTE))["tip_volume_30d"] == 2


def test_a_fresh_tip_is_asked_for_by_name(shell: Shell, imported: Callable[[str], Any]) -> None:
    imported(LIST)
    tip = shell.json("recommend", "ada")

    assert shell.json("recommend", "ada", "--fresh")["tip_id"] != tip["tip_id"]


def test_an_open_tip_is_not_returned_when_its_task_is_gone(
    shell: Shell, imported: Callable[[str], Any]
) -> None:
    imported(LIST)
    tip = shell.json("recommend", "ada")
    shell.json("tasks", "done", "ada", tip["candidate_id"])

    following = shell.json("recommend", "ada")

    assert following["tip_id"] != tip["tip_id"]
    assert following["candidate_id"] != tip["candidate_id"]


def test_an_open_tip_comes_back_when_its_answer_is_taken_back(
    shell: Shell, imported: Callable[[str], Any]
) -> None:
    imported("Buy milk\n")
    tip = shell.json("recommend", "ada", "--at", at(0))
    shell.json("feedback", tip["tip_id"], "dismiss", "--at", at(MINUTE))
    shell.json("feedback", tip["tip_id"], "none", "--at", at(2 * MINUTE))

    assert shell.json("recommend", "ada", "--at", at(3 * MINUTE))["tip_id"] == tip["tip_id"]


def test_a_changed_reaction_corrects_the_profile_the_task_and_what_was_learned(
    shell: Shell, imported: Callable[[str], Any], open_app: Callable[[], App]
) -> None:
    imported(LIST)
    tip = shell.json("recommend", "ada")
    dwell_ms = 0

    for reaction, status, completed, dismissed in (("dismiss", "dismissed", 0, 1), ("done", "done", 1, 0)):
        shell.json("feedback", tip["tip_id"], reaction)

        values = profile(shell)
        assert (values["completion_rate_30d"], values["dismiss_rate_30d"]) == (completed, dismissed)
        assert values["mean_dwell_ms_30d"] > dwell_ms
        dwell_ms = values["mean_dwell_ms_30d"]
        assert titles(shell, "--all")[tip["text"]] == status
        app = open_app()
        assert states(app) == taught(app, tip["tip_id"], completed) != unlearned(app)
        app.close()


def test_an_answer_taken_back_leaves_no_trace_in_what_was_learned(
    shell: Shell, imported: Callable[[str], Any], open_app: Callable[[], App]
) -> None:
    imported(LIST)
    tip = shell.json("recommend", "ada")
    shell.json("feedback", tip["tip_id"], "done")
    shell.json("feedback", tip["tip_id"], "none")

    values = profile(shell)
    assert (values["completion_rate_30d"], values["dismiss_rate_30d"]) == (0.0, 0.0)
    assert (values["mean_dwell_ms_30d"], values["preferred_hour"]) == (None, None)
    assert titles(shell)[tip["text"]] == "open"
    app = open_app()
    assert states(app) == unlearned(app)
    assert app.store.read(lambda reader: reader.reward(tip["tip_id"])) is None


def test_silence_teaches_nothing(
    shell: Shell, imported: Callable[[str], Any], open_app: Callable[[], App]
) -> None:
    imported(LIST)
    tips = [shell.json("recommend", "ada", "--fresh")["tip_id"] for _ in range(5)]

    values = profile(shell)
    app = open_app()
    assert len(set(tips)) == 5
    assert (values["tip_volume_30d"], values["completion_rate_30d"], values["dismiss_rate_30d"]) == (5, 0, 0)
    assert states(app) == unlearned(app)
    assert all(app.store.read(lambda reader, tip=tip: reader.reward(tip)) is None for tip in tips)  # type: ignore[misc]


def test_where_there_is_nothing_to_show_the_answer_says_why(
    shell: Shell, imported: Callable[[str], Any]
) -> None:
    shell.json("users", "add", "ada")
    nothing = shell.json("recommend", "ada")

    imported("Buy milk t:2999-01-01\nx 2026-08-02 Pay the rent\n")
    hidden = shell.json("recommend", "ada")

    assert nothing == {
        "tip_id": None,
        "text": None,
        "candidate_id": None,
        "category": None,
        "policy": None,
        "propensity": None,
        "prompt_version": None,
        "source": None,
        "reason": "no tasks yet: add one with oo tasks add, or bring a list in with oo import",
    }
    assert (hidden["tip_id"], hidden["reason"]) == (
        None,
        "no open task: 1 not before their start, 1 completed",
    )


def test_asking_for_a_person_who_is_not_there_is_refused_with_a_hint(shell: Shell) -> None:
    ran = shell.here("recommend", "nobody")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "oo: There is no person 'nobody'.\n    Add them with: oo users add nobody\n"
