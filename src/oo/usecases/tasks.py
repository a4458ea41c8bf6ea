"""Keep a person's tasks: by hand, or from a list that lives elsewhere."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from oo.domain.errors import InvalidFact
from oo.domain.facts import TaskCompleted, TaskFact, TaskUpsert
from oo.domain.outcome import Fate, Outcome
from oo.domain.task import Task, same_content
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
            completed = TaskCompleted(user_id=user_id, task_id=task_id, at_ms=max(now_ms, task.changed_at_ms))
            return self.ingest.one(transaction, completed, now_ms=now_ms) is Fate.ACCEPTED

        return self.store.write(change)

    def of(self, user_id: str) -> list[Task]:
        """Return every task of a person, whatever its status. Raises `UnknownUser`."""

        def ask(reader: Reader) -> list[Task]:
            find.person(reader, user_id)
            return reader.tasks(user_id)

        return self.store.read(ask)

    def take_over(self, lines: Sequence[Sequence[TaskFact]], *, now_ms: int) -> list[Outcome]:
        """Record what a task list says that is not known yet; return the outcome of each fact, line by line in order.

        A version equal to the one in force is a duplicate, whenever it was read. So is the version on a line that
        completes a known task, since tools drop the priority there: the completion is the news.
        """

        def change(transaction: Transaction) -> list[Outcome]:
            return [
                self._taken_over(transaction, fact, now_ms, completes=any(map(_is_completion, line)))
                for line in lines
                for fact in line
            ]

        return self.store.write(change)

    def _taken_over(
        self, transaction: Transaction, fact: TaskFact, now_ms: int, *, completes: bool
    ) -> Outcome:
        known = transaction.task(fact.user_id, fact.task_id)
        if known is not None and _says_nothing_new(fact, known, completes=completes):
            return Outcome(key=fact.key, fate=Fate.DUPLICATE)
        return self.ingest.within(transaction, [fact], now_ms=now_ms).outcomes[0]


def _is_completion(fact: TaskFact) -> bool:
    return isinstance(fact, TaskCompleted)


def _says_nothing_new(fact: TaskFact, known: Task, *, completes: bool) -> bool:
    if isinstance(fact, TaskUpsert):
        return completes or same_content(fact, known.content)
    closed_at_ms = known.completed_at_ms if _is_completion(fact) else known.deleted_at_ms
    return closed_at_ms is not None and closed_at_ms >= known.changed_at_ms


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
