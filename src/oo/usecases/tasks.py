"""Keep a person's tasks by hand."""

import re
from dataclasses import dataclass

from oo.domain.errors import InvalidFact
from oo.domain.facts import TaskCompleted, TaskUpsert
from oo.domain.outcome import Fate
from oo.domain.task import Task
from oo.ports import Reader, Store, Transaction
from oo.usecases import find
from oo.usecases.ingest import Ingest


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """The tasks of a store."""

    store: Store
    ingest: Ingest

    def add(self, task: TaskUpsert, *, now_ms: int) -> Task:
        """Add a task, or bring one up to date. Raises `UnknownUser`."""

        def change(transaction: Transaction) -> Task:
            find.person(transaction, task.user_id)
            self.ingest.one(transaction, task, now_ms=now_ms)
            return find.task(transaction, task.user_id, task.task_id)

        return self.store.write(change)

    def complete(self, user_id: str, task_id: str, *, now_ms: int) -> bool:
        """Complete a task; return whether it was still to do. Raises `UnknownUser`, `UnknownTask`."""

        def change(transaction: Transaction) -> bool:
            person = find.person(transaction, user_id)
            task = find.task(transaction, user_id, task_id)
            if task.status(now_ms, person.tz_at(now_ms)) in {"completed", "done", "deleted"}:
                return False
            completed = TaskCompleted(
                user_id=user_id, task_id=task_id, at_ms=max(now_ms, task.closable_from_ms)
            )
            return self.ingest.one(transaction, completed, now_ms=now_ms) is Fate.ACCEPTED

        return self.store.write(change)

    def of(self, user_id: str) -> list[Task]:
        """Return every task of a person, whatever its status. Raises `UnknownUser`."""

        def ask(reader: Reader) -> list[Task]:
            find.person(reader, user_id)
            return reader.tasks(user_id)

        return self.store.read(ask)


_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control codes, ends of line and half characters. What joins emoji or turns the direction of writing is none."""


def check_category(category: str) -> str:
    """Return a category; raise `InvalidFact` for an empty one or one with control codes."""
    if not category or _UNREADABLE.search(category):
        raise InvalidFact("A category is one line of printable characters.", "Such as work, home, health.")
    return category


def check_title(title: str) -> str:
    """Return a title without white space around it; raise `InvalidFact` for an empty one or one with control codes."""
    stripped = title.strip()
    if not stripped or _UNREADABLE.search(stripped):
        raise InvalidFact(
            "A task needs a title of printable characters.", "Say what there is to do, in one line."
        )
    return stripped
