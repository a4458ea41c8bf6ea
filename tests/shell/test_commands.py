"""Every command: its help, its JSON, its exit code, and nothing but the answer on standard output."""

import os
from pathlib import Path
from typing import Any

import pytest

from oo.cli.main import COMMANDS
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from tests.shell.running import Shell

VERBS = {
    "events": ("dead", "retry"),
    "users": ("add", "list"),
    "tasks": ("add", "list", "done"),
    "dataset": ("build",),
    "features": ("list", "show", "contract"),
}
GROUPS = [[name] for name in VERBS]
ANSWERING = [[name] for name in COMMANDS if name not in VERBS] + [
    [name, verb] for name, verbs in VERBS.items() for verb in verbs
]
ENVELOPE = {"value", "status", "computed_at", "ttl_sec"}
TIP = {
    "tip_id",
    "text",
    "candidate_id",
    "category",
    "policy",
    "propensity",
    "prompt_version",
    "source",
    "reason",
}


@pytest.fixture
def tip(shell: Shell) -> dict[str, Any]:
    """A tip that was served to ada, who has three tasks."""
    shell.json("users", "add", "ada", "--tz", "Europe/Berlin")
    for title in ("Buy milk", "Call the plumber", "Write the report"):
        shell.json("tasks", "add", "ada", title)
    found: dict[str, Any] = shell.json("recommend", "ada")
    return found


@pytest.mark.parametrize("command", [[], *GROUPS, *ANSWERING], ids=" ".join)
def test_every_command_explains_itself_and_makes_no_store(shell: Shell, command: list[str]) -> None:
    ran = shell.here(*command, "--help")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Usage: oo")
    assert "Traceback" not in ran.out
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize("command", ANSWERING, ids=" ".join)
def test_every_command_that_answers_takes_json(shell: Shell, command: list[str]) -> None:
    assert "--json" in shell.here(*command, "--help").out


def test_the_help_of_the_whole_says_nothing_to_a_store(shell: Shell) -> None:
    ran = shell.process("--help")

    assert (ran.code, ran.err) == (0, "")
    assert all(name in ran.out for name in COMMANDS)
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["nope"],
        ["--nope"],
        ["users", "nope"],
        ["users", "add"],
        ["users", "list", "extra"],
        ["tasks", "add", "ada"],
        ["tasks", "add", "ada", "Buy milk", "--priority", "5"],
        ["tasks", "add", "ada", "Buy milk", "--priority", "high"],
        ["tasks", "done", "ada"],
        ["recommend"],
        ["recommend", "ada", "--nope"],
        ["feedback", "t1"],
        ["feedback", "t1", "love"],
        ["profile"],
        ["profile", "ada", "--rebuild", "--at", "2026-09-01T07:30:00Z"],
        ["features", "show"],
        ["import"],
        ["import", "--format", "nope", "todo.txt"],
        ["demo", "--users", "0"],
        ["demo", "--days", "many"],
        ["demo", "--seed", "-1"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_leaves_no_store(shell: Shell, command: list[str]) -> None:
    ran = shell.here(*command)

    assert (ran.code, ran.out) == (2, "")
    assert "Usage: oo" in ran.err
    assert list(shell.folder.iterdir()) == []


def test_a_group_alone_shows_its_commands_and_is_wrong_usage(shell: Shell) -> None:
    ran = shell.here("users")

    assert (ran.code, ran.out) == (2, "")
    assert "add" in ran.err


def test_a_list_without_a_person_is_wrong_usage(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "todo.txt").write_text("Buy milk\n")

    ran = shell.here("import", str(tmp_path / "todo.txt"))

    assert (ran.code, ran.out) == (2, "")
    assert "--user" in ran.err
    assert not shell.database.exists()


def test_a_log_with_a_person_is_wrong_usage(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"type": "user", "user_id": "ada", "tz": "UTC"}\n')

    ran = shell.here("import", str(tmp_path / "log.jsonl"), "--user", "ada")

    assert (ran.code, ran.out) == (2, "")
    assert "leave out --user" in ran.err


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["recommend", "nobody"], "unknown_user"),
        (["profile", "nobody"], "unknown_user"),
        (["profile", "nobody", "--rebuild"], "unknown_user"),
        (["profile", "nobody", "--at", "2026-09-01T07:30:00Z"], "unknown_user"),
        (["tasks", "list", "nobody"], "unknown_user"),
        (["tasks", "add", "nobody", "Buy milk"], "unknown_user"),
        (["tasks", "done", "nobody", "k1"], "unknown_user"),
        (["tasks", "done", "ada", "nothing"], "unknown_task"),
        (["tasks", "add", "ada", "  "], "invalid_fact"),
        (["tasks", "add", "ada", "two\nlines"], "invalid_fact"),
        (["tasks", "add", "ada", "escape\x1b[2J"], "invalid_fact"),
        (["tasks", "add", "ada", "half \udcff"], "invalid_fact"),
        (["tasks", "add", "ada", "Buy milk", "--category", "\udcff"], "invalid_fact"),
        (["tasks", "add", "ada", "Buy milk", "--due", "2026-02-30"], "invalid_instant"),
        (["feedback", "nothing", "done"], "unknown_tip"),
        (["feedback", "no/id", "done"], "invalid_id"),
        (["recommend", "a b"], "invalid_id"),
        (["recommend", ""], "invalid_id"),
        (["recommend", "x" * 129], "invalid_id"),
        (["recommend", "\udcff"], "invalid_id"),
        (["users", "add", "a/b", "--tz", "UTC"], "invalid_id"),
        (["users", "add", "-", "--tz", "Nowhere/City"], "invalid_zone"),
        (["users", "add", "ada", "--tz", "../../etc/passwd"], "invalid_zone"),
        (["users", "add", "ada", "--tz", "Europe"], "invalid_zone"),
        (["users", "add", "ada", "--tz", "x" * 10_000], "invalid_zone"),
        (["features", "show", "done_rate"], "unknown_feature"),
        (["import", "nothing.txt", "--user", "ada"], "unreadable_file"),
        (["users", "list", "--db", "mysql://localhost/oo"], "invalid_setting"),
        (["users", "list", "--db", "sqlite:///"], "invalid_setting"),
    ],
    ids=lambda part: " ".join(part)[:50] if isinstance(part, list) else part,
)
def test_a_refusal_ends_with_1_and_says_what_to_do(
    shell: Shell, tip: dict[str, Any], command: list[str], code: str
) -> None:
    said, shown = shell.here(*command), shell.here(*command, "--json")

    assert (said.code, said.out) == (1, "")
    message, hint = said.err.removesuffix("\n").split("\n")
    assert message.startswith("oo: ")
    assert message.endswith(".")
    assert hint.startswith("    ")
    assert shown.code == 1
    assert shown.document["error"].keys() == {"code", "message", "hint"}
    assert shown.document["error"]["code"] == code
    assert (f"oo: {shown.document['error']['message']}", f"    {shown.document['error']['hint']}") == (
        message,
        hint,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OO_POLICY", "nope/v9"),
        ("OO_SHADOWS", "egreedy/v2,nope/v9"),
        ("OO_MOST_CANDIDATES", "0"),
        ("OO_MOST_CANDIDATES", "many"),
        ("OO_BUSY_WAIT_SEC", "nan"),
        ("OO_DATABASE", ""),
        ("OO_DATABASE", "oo.db"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused_before_a_store_is_made(
    shell: Shell, name: str, value: str
) -> None:
    ran = shell.process("users", "list", env={name: value})

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("oo: ")
    assert "Traceback" not in ran.err
    assert list(shell.folder.iterdir()) == []


def test_recommend_answers_in_the_shape_of_the_interface(shell: Shell, tip: dict[str, Any]) -> None:
    explained = shell.json("recommend", "ada", "--explain", "--fresh")

    assert tip.keys() == TIP
    assert explained.keys() == TIP | {"explanation"}
    assert 0 < tip["propensity"] <= 1
    assert (tip["source"], tip["prompt_version"], tip["policy"]) == ("template", None, "egreedy/v1")
    explanation = explained["explanation"]
    assert len(explanation["ranking"]) == 3
    assert sum(each["propensity"] for each in explanation["ranking"]) == pytest.approx(1)
    shown = next(each for each in explanation["ranking"] if each["id"] == explained["candidate_id"])
    assert sum(explanation["contributions"].values()) == pytest.approx(shown["score"])
    assert shown["propensity"] == explained["propensity"]


def test_profile_answers_in_the_shape_of_the_interface(shell: Shell, tip: dict[str, Any]) -> None:
    for options in ([], ["--rebuild"], ["--at", "2026-09-01T07:30:00Z"]):
        answer = shell.json("profile", "ada", *options)

        assert answer.keys() == {"user_id", "features"}
        assert answer["user_id"] == "ada"
        assert list(answer["features"]) == [definition.name for definition in Registry(CATALOG).batched]
        assert all(envelope.keys() == ENVELOPE for envelope in answer["features"].values())


def test_feedback_answers_applied_once_and_duplicate_after(shell: Shell, tip: dict[str, Any]) -> None:
    assert shell.json("feedback", tip["tip_id"], "done") == {"status": "applied"}
    assert shell.json("feedback", tip["tip_id"], "done") == {"status": "duplicate"}
    assert shell.here("feedback", tip["tip_id"], "done").out == "That was your answer already.\n"


def test_doing_again_what_is_done_already_is_done(shell: Shell, tip: dict[str, Any]) -> None:
    task_id = tip["candidate_id"]

    assert shell.json("tasks", "done", "ada", task_id)["status"] == "applied"
    assert shell.json("tasks", "done", "ada", task_id)["status"] == "duplicate"
    assert shell.json("users", "add", "ada", "--tz", "Europe/Berlin")["status"] == "duplicate"
    assert shell.json("users", "add", "ada", "--tz", "Asia/Tokyo")["status"] == "applied"
    assert shell.json("users", "list") == {"users": [{"user_id": "ada", "tz": "Asia/Tokyo"}]}


def test_the_catalogue_is_listed_and_shown(shell: Shell) -> None:
    listed = shell.json("features", "list")["features"]

    assert len({feature["name"] for feature in listed}) == len(listed) >= 11
    for feature in listed:
        assert shell.json("features", "show", feature["name"]) == feature
    assert list(shell.folder.iterdir()) == []


def test_the_option_wins_over_the_environment(shell: Shell, tmp_path: Path) -> None:
    other, third = tmp_path / "other.db", tmp_path / "folder" / "third.db"

    shell.json("users", "add", "ada", "--tz", "UTC", "--db", f"sqlite:///{other}")
    shell.json("users", "add", "bob", "--tz", "UTC", "--db", str(third))

    assert not shell.database.exists()
    assert shell.json("users", "list", "--db", str(other))["users"] == [{"user_id": "ada", "tz": "UTC"}]
    assert shell.json("users", "list", "--db", str(third))["users"] == [{"user_id": "bob", "tz": "UTC"}]
    assert shell.json("users", "list")["users"] == []


def test_without_option_and_environment_the_store_is_in_the_persons_data_folder(shell: Shell) -> None:
    ran = shell.process(
        "users", "add", "ada", env={"OO_DATABASE": None, "XDG_DATA_HOME": str(shell.folder / "own")}
    )

    assert (ran.code, ran.out) == (0, "ada lives in UTC.\n")
    assert (shell.folder / "own" / "oo" / "oo.db").exists()
    assert not shell.database.exists()


def test_a_folder_that_cannot_be_written_is_a_refusal(shell: Shell) -> None:
    ran = shell.process("users", "list", env={"OO_DATABASE": f"sqlite:///{os.devnull}/oo.db"})

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("oo: ")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "title",
    [
        "Fix [/b] and [bold]this",
        ":tada: is typed",
        "👨‍👩‍👧 picnic 🎉",
        "שלום\u200f עולם",
        "{braces} %s",
        "a\u202eb",
        "-dash",
    ],
)
def test_a_title_is_shown_as_it_was_written(shell: Shell, title: str) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC")
    shell.here("tasks", "add", "ada", "--", title)

    assert shell.json("tasks", "list", "ada")["tasks"][0]["title"] == title
    for command in (["tasks", "list", "ada"], ["recommend", "ada"], ["recommend", "ada", "--explain"]):
        ran = shell.here(*command)

        assert (ran.code, ran.err) == (0, "")
        assert title in ran.out


def test_adding_someone_again_without_a_zone_moves_them_nowhere(shell: Shell) -> None:
    shell.json("users", "add", "ada", "--tz", "Asia/Tokyo")

    again = shell.json("users", "add", "ada")

    assert again == {"user_id": "ada", "tz": "Asia/Tokyo", "status": "duplicate"}
