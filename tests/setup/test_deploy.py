"""What deploy/ says exists: its settings, its commands, its files; the servers themselves take their configuration."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from oo.cli.main import oo
from oo.settings import Settings, load_settings
from tests.shell.running import OO
from tests.support.nats import SERVER

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file()]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
_SET = re.compile(r"^(# )?(\w+)=(.*)$", re.MULTILINE)
WAIT_SEC = 60


def composed() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def environment() -> dict[str, tuple[bool, str]]:
    """Each variable of the environment file: whether it is set there, and its value."""
    text = (DEPLOY / "oo.env").read_text("utf-8")
    return {name: (not comment, value) for comment, name, value in _SET.findall(text)}


def command_lines() -> Iterator[list[str]]:
    """Yield what follows `oo` wherever it is called."""
    for service in composed()["services"].values():
        if service.get("image") == "oo-tips":
            yield service["command"]
    for unit in UNITS:
        [line] = re.findall(r"^ExecStart=\S+/oo (.*)$", unit.read_text("utf-8"), re.MULTILINE)
        yield shlex.split(line)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\bOO_[A-Z_]+", path.read_text("utf-8")))

    assert named <= {f"OO_{name.upper()}" for name in Settings.model_fields}


def test_the_environment_file_has_every_setting_and_the_defaults_as_they_are() -> None:
    found = environment()
    settings = Settings(database="sqlite:///x")

    assert {name for name in found if name.startswith("OO_")} == {
        f"OO_{name.upper()}" for name in Settings.model_fields
    }
    for name, (is_set, value) in found.items():
        if not is_set:
            default = getattr(settings, name.removeprefix("OO_").lower())
            said = ",".join(default) if isinstance(default, tuple) else default
            assert type(said)(value) == said, name


def test_what_the_environment_file_sets_is_a_scaled_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, (is_set, value) in environment().items():
        if is_set:
            monkeypatch.setenv(name, value)

    settings = load_settings()

    assert settings.on_postgresql()
    assert (len(settings.bus_servers()), settings.bus_replicas) == (3, 3)


def test_every_command_line_can_be_parsed() -> None:
    lines = list(command_lines())

    assert [line[0] for line in lines].count("serve") == 3
    assert [line[0] for line in lines].count("work") == 3
    for name, *arguments in lines:
        command = oo.get_command(click.Context(oo), name)
        assert command is not None
        command.make_context(name, arguments)


def test_nothing_is_reached_from_other_machines() -> None:
    services = composed()["services"]

    assert {service["network_mode"] for service in services.values()} == {"host"}
    assert not any("ports" in service for service in services.values())
    assert "listen_addresses=127.0.0.1" in services["postgres"]["command"]
    assert set(re.findall(r"^\s*host: (\S+)", (DEPLOY / "nats/nats.conf").read_text(), re.MULTILINE)) == {
        "127.0.0.1"
    }
    assert not any("--host" in line for line in command_lines())


def test_the_servers_of_the_bus_are_those_that_oo_asks() -> None:
    nodes = [each["environment"] for name, each in composed()["services"].items() if name.startswith("nats")]
    servers = environment()["OO_BUS"][1].split(",")
    routes = re.findall(r"nats://\S+", (DEPLOY / "nats/nats.conf").read_text("utf-8"))

    assert servers == [f"nats://127.0.0.1:{node['NATS_PORT']}" for node in nodes]
    assert routes == [f"nats://127.0.0.1:{node['NATS_CLUSTER_PORT']}" for node in nodes]
    assert len({node["NATS_NAME"] for node in nodes}) == len(nodes) == 3


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_server_takes_its_configuration(number: int, tmp_path: Path) -> None:
    given: Mapping[str, str] = composed()["services"][f"nats-{number}"]["environment"]

    ran = subprocess.run(
        [SERVER, "-t", "-c", DEPLOY / "nats/nats.conf"],
        env={"PATH": os.environ["PATH"], **given, "NATS_STORE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SEC,
    )

    assert (ran.returncode, "configuration file" in ran.stderr) == (0, True), ran.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text("utf-8")
    seconds = int(re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[0])
    assert seconds > 10
    if shutil.which("systemd-analyze") is None:
        return  # what is above holds anywhere
    copy = tmp_path / unit.name.replace("@", "@1")
    copy.write_text(text.replace("/opt/oo/bin/oo", str(OO)), "utf-8")

    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SEC,
    )

    about = [
        line for line in ran.stderr.splitlines() if unit.name.partition("@")[0].partition(".")[0] in line
    ]
    assert about == []


def test_the_image_is_made_of_files_that_are_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")

    named = set(re.findall(r"requirements/\w+\.txt", text))
    assert named == {f"requirements/{name}.txt" for name in ("build", "service", "postgres", "nats")}
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / name).exists() for name in copied.split()), copied
    assert "--require-hashes" in text
    assert re.search(r"^USER oo$", text, re.MULTILINE)
