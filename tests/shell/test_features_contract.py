"""oo features contract: writes two files, and tells what differs without touching them."""

from pathlib import Path

import pytest

from tests.shell.running import Shell

NAMES = ["features.schema.json", "features.ts"]


@pytest.fixture
def folder(shell: Shell) -> Path:
    return shell.folder / "some where" / "contracts"


def texts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_it_writes_both_files_and_no_store(shell: Shell, folder: Path) -> None:
    ran = shell.here("features", "contract", "--folder", str(folder))

    assert (ran.code, ran.err) == (0, "")
    assert sorted(texts(folder)) == NAMES
    assert all(f"{name}: written." in ran.out for name in NAMES)
    assert all(text.endswith(b"\n") and b"\r" not in text for text in texts(folder).values())
    assert not shell.database.exists()


def test_done_again_it_touches_nothing(shell: Shell, folder: Path) -> None:
    shell.here("features", "contract", "--folder", str(folder))
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}

    again = shell.json("features", "contract", "--folder", str(folder))

    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert again == {
        "ok": True,
        "files": [{"file": str(folder / name), "state": "up to date", "differences": []} for name in NAMES],
        "hint": None,
    }


def test_the_files_are_in_contracts_where_no_folder_is_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shell.folder)

    assert shell.here("features", "contract").code == 0
    assert sorted(texts(shell.folder / "contracts")) == NAMES
    assert shell.here("features", "contract", "--check").code == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_check_names_what_differs_and_what_to_run_and_mends_nothing(
    shell: Shell, folder: Path, name: str
) -> None:
    shell.here("features", "contract", "--folder", str(folder))
    text = (folder / name).read_text("utf-8")
    (folder / name).write_text(text.replace('"ttl_sec": 3600', '"ttl_sec": 7200', 1), "utf-8")
    before = texts(folder)

    ran = shell.here("features", "contract", "--check", "--folder", str(folder))

    assert ran.code == 1
    assert f"{name}: differs.\n" in ran.out
    assert "ttl_sec is 7200, in the catalogue 3600\n" in ran.out
    assert ran.out.endswith(f"Run: oo features contract --folder '{folder}'\n")
    assert ran.out.count(": up to date.") == 1
    assert texts(folder) == before


def test_a_check_where_nothing_is_fails_and_makes_nothing(shell: Shell, folder: Path) -> None:
    ran = shell.here("features", "contract", "--check", "--json", "--folder", str(folder))

    assert ran.code == 1
    assert ran.document["ok"] is False
    assert ran.document["files"] == [
        {"file": str(folder / name), "state": "differs", "differences": ["is not there"]} for name in NAMES
    ]
    assert ran.document["hint"].startswith("Run: oo features contract")
    assert not folder.exists()


def test_what_it_says_to_run_mends_it(shell: Shell, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "features.ts").write_bytes(b"\xff\x00")

    written = shell.json("features", "contract", "--folder", str(folder))

    assert [each["state"] for each in written["files"]] == ["written", "written"]
    assert shell.here("features", "contract", "--check", "--folder", str(folder)).code == 0


def test_a_folder_that_cannot_be_is_refused(shell: Shell) -> None:
    (shell.folder / "file").touch()

    assert shell.here("features", "contract", "--folder", str(shell.folder / "file")).code == 2
    assert shell.here("features", "contract", "--folder", str(shell.folder / "file" / "in")).code == 1
