"""Shared by the tests of the documentation: take a page apart, and do what it says in a folder of its own."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import oo

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(
    r'^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)
_ID = re.compile(r"\b[0-9a-f]{16}\b")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
# What differs from reader to reader in the tables and sentences that the commands print.
_OWN = (
    (re.compile(r"^(mean_dwell_ms_30d|preferred_hour) \S+"), r"\1 <own>"),
    (re.compile(r"[+-]?\b\d+\.\d{3}\b"), "<number>"),
    (re.compile(r"^(best guess|tried out, to learn,) of"), "<chosen> of"),
    (re.compile(r"(open tasks|no answer yet) · \w+$"), r"\1 · <category>"),
)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the file it belongs into if it has a title, and its text."""

    kind: str
    title: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    found = _FENCE.finditer(page.read_text("utf-8"))
    return [Block(match["kind"], match["title"], match["text"]) for match in found]


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, with the lines that it is said to print."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, *printed = part.rstrip("\n").split("\n")
        yield command, printed


@dataclass
class Reader:
    """Someone who follows a page step by step. Ids that the page shows stand for those that they get."""

    folder: Path
    own: dict[str, str] = field(default_factory=dict)

    def follow(self, page: Path) -> None:
        for block in blocks(page):
            if block.title:
                self.write(block.title, block.text)
            elif block.kind == "console":
                for command, printed in commands(block):
                    self.check(command, printed)
            elif block.kind == "sql":
                assert self.ask(block.text), block.text

    def write(self, name: str, text: str) -> None:
        """Make a file; to one that is there, add: an entry goes into its last brackets, anything else to the end."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text("utf-8") if path.exists() else ""
        if name.endswith("catalog.py"):
            head, bracket, tail = before.rpartition(")")
            path.write_text(f"{head}{text.rstrip()},{bracket}{tail}", "utf-8")
        else:
            path.write_text(f"{before}\n\n{text}" if before else text, "utf-8")

    def check(self, command: str, expected: list[str]) -> None:
        printed, wanted = self.run(self._for_me(command)), [line for line in expected if line.strip()]
        if command.startswith("oo recommend") and len(wanted) > 1:
            # Chance picks the task, and how they stand follows from it.
            self._stands_for(wanted[0], printed[0])
            printed, wanted = _skeleton(printed[1:]), _skeleton(wanted[1:])
        assert len(printed) == len(wanted), "\n".join([f"$ {command}", *printed])
        for said, got in zip(wanted, printed, strict=True):
            for theirs, mine in zip(_ID.findall(said), _ID.findall(got), strict=False):
                self._stands_for(theirs, mine)
            assert shaped(got) == shaped(self._for_me(said)), command

    def run(self, command: str) -> list[str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {"PATH": path, "HOME": str(self.folder), "OO_DATABASE": "sqlite:///oo.db"}
        source = self.folder / "src"
        environment["PYTHONPATH"] = str(source if source.exists() else Path(oo.__file__).parents[1])
        outcome = subprocess.run(
            ["sh", "-c", f"{command} 2>&1"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return [line for line in outcome.stdout.splitlines() if line.strip()]

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder / 'oo.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(self._for_me(query)).fetchall()

    def _stands_for(self, theirs: str, mine: str) -> None:
        """Remember it: one of theirs stands for one of mine, wherever it is named."""
        assert self.own.setdefault(theirs, mine) == mine, f"{theirs} was {self.own[theirs]}, now {mine}"
        assert len(set(self.own.values())) == len(self.own), f"{mine} came again"

    def _for_me(self, text: str) -> str:
        return _ID.sub(lambda match: self.own.get(match[0], match[0]), text)


def house(folder: Path) -> Path:
    """Copy the package and what its laws need, to add to."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("src", "tests/laws"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def shaped(line: str) -> str:
    """Return a line with single spaces, and without what is every reader's own."""
    text = " ".join(_INSTANT.sub("<time>", line).split())
    for pattern, mask in _OWN:
        text = pattern.sub(mask, text)
    return text


def _skeleton(lines: list[str]) -> list[str]:
    """Keep of an explanation what is every reader's: the sentences, and which dimensions there are."""
    if _TASKS not in lines:
        return lines
    place = lines.index(_TASKS)
    sentences, table = lines[:3], lines[3:place]
    return [*sentences, *sorted(line.split()[0] for line in table), _TASKS]


_TASKS = "How the tasks stood"
