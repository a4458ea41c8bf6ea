"""What the pages say is so: their commands print what they show, their examples run, their links lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, Reader, blocks, commands, house

PLAYED = [
    "tutorial.md",
    "explanation/features.md",
    "how-to/import-tasks.md",
    "how-to/keep-and-give-back-data.md",
    "how-to/look-into-a-decision.md",
    "how-to/watch-data-quality.md",
    "how-to/add-a-feature.md",
    "how-to/add-a-policy.md",
    "how-to/add-a-source.md",
    "how-to/use-from-typescript.md",
    "how-to/build-a-training-set.md",
    "how-to/connect-a-bus.md",
]
WRITTEN = sorted(DOCS.rglob("*.md"))
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.mark.parametrize("name", PLAYED)
def test_following_the_page_step_by_step_gives_what_it_shows(name: str, tmp_path: Path) -> None:
    adds_code = any((block.title or "").startswith("src/") for block in blocks(DOCS / name))

    Reader(house(tmp_path) if adds_code else tmp_path).follow(DOCS / name)


def test_every_page_with_commands_is_followed() -> None:
    with_commands = {
        str(page.relative_to(DOCS))
        for page in WRITTEN
        if any(list(commands(block)) for block in blocks(page) if block.kind == "console")
    }

    assert with_commands <= set(PLAYED)


def test_a_page_that_shows_something_else_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ oo users list\nNobody at all.\n```\n", "utf-8")

    with pytest.raises(AssertionError):
        Reader(tmp_path).follow(page)


def test_an_example_that_policies_must_obey_obeys_their_laws(tmp_path: Path) -> None:
    reader = Reader(house(tmp_path))
    for block in blocks(DOCS / "how-to/add-a-policy.md"):
        if block.title:
            reader.write(block.title, block.text)

    printed = reader.run("python -m pytest tests/laws -k evening/v1 -q -p no:cacheprovider")

    assert re.search(r"\d+ passed", printed[-1]), "\n".join(printed[-30:])
    assert "failed" not in printed[-1]


@pytest.mark.parametrize("page", [*WRITTEN, ROOT / "README.md"], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL) if page.exists() else ""

    for link in _LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def test_every_page_can_be_reached_from_the_index() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    linked = {(DOCS / link).resolve() for link in _LINK.findall(index)}

    own = {page for page in WRITTEN if "decisions" not in page.parts}
    assert own - {DOCS / "index.md"} <= linked


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
