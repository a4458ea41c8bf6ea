"""A variable that looks like a setting and is none is warned of, by every command, and changes nothing."""

import pytest

from tests.shell.running import Shell


@pytest.mark.parametrize("command", [("users", "list"), ("features", "list"), ("check",)])
def test_a_variable_that_is_no_setting_is_warned_of_once_with_the_closest_name(
    shell: Shell, command: tuple[str, ...]
) -> None:
    ran = shell.process(*command, "--json", env={"OO_DATABSE": "sqlite:///elsewhere.db"})

    assert ran.code == 0
    assert ran.err == "oo: OO_DATABSE is no setting. Did you mean 'OO_DATABASE'?\n"
    assert ran.document is not None, "standard output holds the answer alone"


def test_a_value_is_never_shown_and_a_name_cannot_steer_a_terminal(shell: Shell) -> None:
    ran = shell.process("users", "list", env={"OO_SECRET\x1b[2J": "hunter2"})

    assert ran.code == 0
    assert "hunter2" not in ran.err
    assert "\x1b" not in ran.err
    assert "is no setting" in ran.err


def test_settings_and_what_is_of_others_are_not_warned_of(shell: Shell) -> None:
    ran = shell.process(
        "users", "list", env={"OO_LOG_LEVEL": "error", "OOPS": "1", "oo_policy": "egreedy/v1"}
    )

    assert (ran.code, ran.err) == (0, "")
