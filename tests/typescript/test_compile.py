"""The TypeScript of the contract compiles strictly, and refuses what a client may not do."""

import re
import shutil
from pathlib import Path

import pytest

from oo.features.contract import files
from oo.features.registry import Registry
from tests.docs.pages import DOCS, blocks
from tests.features.made_up import COUNTED, EXTENDED
from tests.typescript import compiling
from tests.typescript.compiling import compiled

ROOT = Path(__file__).parents[2]
CONSUMER = Path(__file__).with_name("consumer.ts")
EXPECTED = re.compile(r"// @ts-expect-error: .*\n")


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A folder with the committed types, and a client of them."""
    shutil.copy(ROOT / "contracts" / "features.ts", tmp_path)
    shutil.copy(CONSUMER, tmp_path)
    return tmp_path


def test_a_client_of_the_committed_types_compiles(client: Path) -> None:
    ended = compiled(client, CONSUMER.name)

    assert (ended.errors, ended.code) == ([], 0)


def test_each_misuse_in_the_client_is_an_error(client: Path) -> None:
    text = CONSUMER.read_text("utf-8")
    lines = [number for number, line in enumerate(text.split("\n"), 1) if "@ts-expect-error" in line]
    (client / CONSUMER.name).write_text(EXPECTED.sub("//\n", text), "utf-8")

    ended = compiled(client, CONSUMER.name)

    found = [int(match[1]) for error in ended.errors if (match := re.search(r"\((\d+),", error))]
    assert sorted(set(found)) == [line + 1 for line in lines]
    assert ended.code != 0


def test_a_type_that_is_too_wide_is_found_out(client: Path) -> None:
    types = client / "features.ts"
    wide = types.read_text("utf-8").replace("completion_rate_30d?: number;", "completion_rate_30d?: any;")
    types.write_text(wide, "utf-8")

    ended = compiled(client, CONSUMER.name)

    assert any("TS2578: Unused '@ts-expect-error' directive" in error for error in ended.errors)


def test_whatever_is_declared_compiles(tmp_path: Path) -> None:
    for name, text in files(Registry(EXTENDED)).items():
        (tmp_path / name).write_text(text, "utf-8", newline="\n")
    uses = f"""
        import {{ FEATURES, type FeatureValues, type ProfileFeatures }} from "./features.js";
        const sent: ProfileFeatures = {{ {COUNTED.name}: 3, "favourite's category": "work" }};
        // @ts-expect-error: a number that is never null
        export const wrong: ProfileFeatures = {{ {COUNTED.name}: null }};
        export const weather: FeatureValues["weather"] = null;
        // @ts-expect-error: never null
        export const certain: FeatureValues["certain_weather"] = null;
        export const anything: FeatureValues["anything"] = null;
        export const loose: FeatureValues["loose"] = {{ deep: [1, null] }};
        export const fallback: 'no */ "one"\\u2028' = FEATURES["favourite's category"].fallback;
        export const deep: readonly [1, null, "*/"] = FEATURES.loose.fallback.deep;
        export default sent;
    """
    (tmp_path / "uses.ts").write_text(uses, "utf-8")

    ended = compiled(tmp_path, "uses.ts")

    assert (ended.errors, ended.code) == ([], 0)


def test_the_client_of_the_page_compiles(client: Path) -> None:
    [example] = [block for block in blocks(DOCS / "how-to/use-from-typescript.md") if block.kind == "ts"]
    assert example.title is not None
    (client / example.title).write_text(example.text, "utf-8")

    ended = compiled(client, example.title)

    assert (ended.errors, ended.code) == ([], 0)


def test_without_a_compiler_the_tests_say_so_and_fail_where_it_is_promised(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compiling, "_PINNED", tmp_path / "tsc")
    monkeypatch.setenv("PATH", str(tmp_path))

    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception, match="NOT COMPILED"):
        compiling.compiler()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="make typescript"):
        compiling.compiler()
