"""Tasks, and the sections that they stand in.

In these files the priority 1 is the highest, and an empty one is 1, as Todoist reads it. A task's category is the
section that it stands in, else its first label; the project has its name outside the file. Labels stand at the end of
the text. A task that begins with `* ` is a heading, which cannot be completed: there is nothing to keep of it.

The export gives no ids, so a task is known by what it says: its text without labels, those of the tasks above it, and
which of the tasks that say the same it is. Changing priority, date, labels or section therefore changes the task;
changing its words, or those of a task above it, makes other tasks. Tasks of two projects that say the same are one.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from oo.domain.errors import InvalidFact, Refused
from oo.domain.facts import TaskUpsert
from oo.domain.ids import digest, shortened
from oo.sources.base import ReadLine, closest
from oo.sources.todoist_csv.dates import due_of
from oo.sources.todoist_csv.table import TYPES, Cells

LONGEST = 10_000
"""The most characters that the text of a task may have."""

_PRIORITIES = {"1": 4, "2": 3, "3": 2, "4": 1, "": 4}
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_INDENT = re.compile(r"[1-9]\d?", re.ASCII)
_LABEL = re.compile(r"@[^\s@()\[\]]+")
_LINK = re.compile(r"\[([^\[\]]+)\]\((?:[^()\s]|\([^()\s]*\))+\)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")


@dataclass(slots=True, kw_only=True)
class Reading:
    """One reading of a file: for whom and when; in which section, and under which tasks, the next record stands."""

    user_id: str
    tz: str
    at_ms: int
    section: str | None = None
    above: list[tuple[int, str]] = field(default_factory=list)
    said: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def line(self, number: int, found: Cells | Refused) -> ReadLine:
        """Return what comes of a record, or of the refusal of one."""
        try:
            if isinstance(found, Refused):
                raise found
            return ReadLine(number=number, facts=self._facts(found))
        except Refused as refusal:
            return ReadLine(number=number, refusal=str(refusal))

    def _facts(self, cells: Cells) -> tuple[TaskUpsert, ...]:
        kind = cells["TYPE"].strip()
        if kind == "task":
            return self._task(cells)
        if kind == "section":
            self._enter(cells)
        elif kind not in TYPES:
            what = f"{shortened(kind)} is not a TYPE." if kind else "The record has no TYPE."
            raise InvalidFact(what, closest(kind, TYPES))
        return ()

    def _enter(self, cells: Cells) -> None:
        """Begin a section. One that is refused ends the one before all the same."""
        self.section = None
        self.above.clear()
        self.section = " ".join(_words(cells))

    def _task(self, cells: Cells) -> tuple[TaskUpsert, ...]:
        words, labels = _parted(_words(cells))
        heading = words[0] == "*" and len(words) > 1
        name = self._placed(_indent(cells), " ".join(words[heading:]))
        priority, due = _priority(cells), due_of(cells, self.tz)
        if heading:
            return ()
        upsert = TaskUpsert(
            user_id=self.user_id,
            at_ms=self.at_ms,
            task_id=self._task_id(name),
            title=_title(name[-1]),
            due=due,
            priority=priority,
            category=self.section or next(iter(labels), None),
            source="todoist-csv",
        )
        return (upsert,)

    def _placed(self, indent: int, says: str) -> tuple[str, ...]:
        """Put a task under the nearest one before it that is indented less; return what all these say, and it."""
        while self.above and self.above[-1][0] >= indent:
            self.above.pop()
        self.above.append((indent, says))
        return tuple(says for _, says in self.above)

    def _task_id(self, name: tuple[str, ...]) -> str:
        self.said[name] += 1
        # No text holds a control character, so that two different names are never joined into one text.
        return f"todoist-csv:{digest(chr(31).join((*name, str(self.said[name]))))}"


def _words(cells: Cells) -> list[str]:
    """Return the words of a text in one spelling: composed characters, nothing between them but a space."""
    text = cells["CONTENT"]
    if len(text) > LONGEST:
        raise InvalidFact(f"CONTENT is longer than {LONGEST:,} characters.", "Shorten it.")
    found = _UNREADABLE.search(text)
    if found and "\ud800" <= found[0] <= "\udfff":
        raise InvalidFact("CONTENT is not valid UTF-8.", "Save the file as UTF-8.")
    if found:
        what = "a NUL" if found[0] == "\0" else f"the control character U+{ord(found[0]):04X}"
        raise InvalidFact(f"CONTENT holds {what}.", "Remove it.")
    return unicodedata.normalize("NFC", text).split()


def _parted(words: list[str]) -> tuple[list[str], list[str]]:
    """Part the words of a task from the labels after them, which lose their sign.

    >>> _parted(["Mail", "@bob", "today", "@work", "@10min"])
    (['Mail', '@bob', 'today'], ['work', '10min'])
    """
    last = max((place for place, word in enumerate(words, 1) if not _LABEL.fullmatch(word)), default=0)
    if not last:
        raise InvalidFact("CONTENT says nothing beside its labels.", "Write what is to be done.")
    return words[:last], [word[1:] for word in words[last:]]


def _title(text: str) -> str:
    """Return what people read: links by their text, and bold type as plain.

    >>> _title("**Read** [the report](https://example.org/a_(b))")
    'Read the report'
    """
    return _BOLD.sub(r"\1", _LINK.sub(r"\1", text)).strip() or text


def _indent(cells: Cells) -> int:
    text = cells.get("INDENT", "").strip() or "1"
    if not _INDENT.fullmatch(text):
        raise InvalidFact(
            f"INDENT {shortened(text)} is not a whole number from 1 on.", "1 is a task under no other."
        )
    return int(text)


def _priority(cells: Cells) -> int:
    text = cells.get("PRIORITY", "4").strip()
    if text not in _PRIORITIES:
        raise InvalidFact(f"PRIORITY {shortened(text)} is none of 1, 2, 3 and 4.", "1 is the highest.")
    return _PRIORITIES[text]
