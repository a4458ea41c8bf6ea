r"""Packaged task lists: todo.txt lines whose days are counted from the start of a simulation.

A line is todo.txt, except that its creation date is an offset in days (`-12`), so is its due date (`due:+3`), and one
choice of words may stand in braces: `(B) -6 Redraw {figure 2|figure 4} +thesis @desk due:+6` stands for two tasks.
"""

import functools
import re
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources

from oo.domain.facts import TaskUpsert

_LINE = re.compile(r"(?:\((?P<priority>[ABC])\) )?(?P<created>-\d+) (?P<text>\S.*)")
_CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")
_TAG = re.compile(r" (?:(?P<kind>[+@])(?P<name>\S+)|due:(?P<due>[+-]\d+))(?= |$)")
_PRIORITIES = {"A": 4, "B": 3, "C": 2, None: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One task of a list: `created_day` and `due_day` count from the start of the simulation, 0 is its first day."""

    task_id: str
    title: str
    category: str
    priority: int
    created_day: int
    due_day: int | None

    def as_of(self, start: date, user_id: str, at_ms: int) -> TaskUpsert:
        """Return the task as it stands at `at_ms` in a simulation whose first day is `start`."""
        due = None if self.due_day is None else (start + timedelta(days=self.due_day)).isoformat()
        return TaskUpsert(
            user_id=user_id,
            task_id=self.task_id,
            at_ms=at_ms,
            title=self.title,
            created=(start + timedelta(days=self.created_day)).isoformat(),
            due=due,
            priority=self.priority,
            category=self.category,
        )

    def new_on(self, day: date, user_id: str, at_ms: int) -> TaskUpsert:
        """Return the task as it comes in on `day`, with as many days until it is due as the list gives it."""
        return self.as_of(day - timedelta(days=self.created_day), user_id, at_ms)


@functools.cache
def task_list(name: str) -> tuple[Template, ...]:
    """Return the packaged list `name`, read when it is first asked for."""
    file = resources.files("oo.evaluation").joinpath("task_lists", f"{name}.txt")
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(template for number, line in enumerate(lines, 1) for template in read_line(line, number))


def read_line(line: str, number: int) -> list[Template]:
    """Return the tasks of one line; their ids come from the line's `number`.

    >>> [task.title for task in read_line("(C) -9 Return {library books|the drill} +home @errands due:-1", 7)]
    ['Return library books', 'Return the drill']

    Raises `ValueError` for a line of another shape: the lists are our own.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"line {number} is no task: {line!r}")
    text = match["text"]
    tags = list(_TAG.finditer(text))
    projects = [tag["name"] for tag in tags if tag["kind"] == "+"]
    due = [int(tag["due"]) for tag in tags if tag["due"]]
    return [
        Template(
            task_id=f"{number}-{version}",
            title=title,
            category=projects[0],
            priority=_PRIORITIES[match["priority"]],
            created_day=int(match["created"]),
            due_day=due[0] if due else None,
        )
        for version, title in enumerate(_titles(_TAG.sub("", text)), 1)
    ]


def _titles(text: str) -> list[str]:
    choice = _CHOICE.search(text)
    if choice is None:
        return [text]
    return [text[: choice.start()] + words + text[choice.end() :] for words in choice[1].split("|")]
