"""The invariant `state == fold(ledger)`: everything that is kept, against the facts that it follows from.

What policies have learned, the profile, the tasks, and what each task was: each is worked out anew and compared. What
differs can be rebuilt, for the facts are the truth.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from oo.domain.errors import NotFinite, Refused
from oo.domain.facts import TaskFact
from oo.domain.person import Person
from oo.domain.profile import StoredValue
from oo.domain.state import State
from oo.domain.task import Task, fold_task
from oo.domain.task_history import history
from oo.features.registry import Registry
from oo.ports import Reader, Store, Transaction
from oo.usecases import find
from oo.usecases.learn import Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Something kept about a person that is not what the facts give: its `part`, and digests of both."""

    user_id: str
    part: str
    kept: str
    given: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Compares what is kept with the facts, and rebuilds it from them."""

    store: Store
    registry: Registry
    learner: Learner

    def differences(self, user_id: str) -> list[Broken]:
        """Return what is kept about a person and is not the fold of the facts. Raises `UnknownUser`."""
        return self.store.read(lambda reader: list(self._differences(reader, user_id)))

    def repair(self, user_id: str, *, now_ms: int) -> list[Broken]:
        """Rebuild what differs about a person, and return what it was. Raises `UnknownUser`."""

        def change(transaction: Transaction) -> list[Broken]:
            broken = list(self._differences(transaction, user_id))
            for each in broken:
                self._rebuild(transaction, each, now_ms)
            return broken

        return self.store.write(change)

    def _differences(self, reader: Reader, user_id: str) -> Iterator[Broken]:
        person = find.person(reader, user_id)
        for part, kept, given in (
            *self._learned(reader, user_id),
            *self._profile(reader, user_id),
            *_tasks(reader, person),
        ):
            if kept != given:
                yield Broken(user_id=user_id, part=part, kept=_digest(kept), given=_digest(given))

    def _learned(self, reader: Reader, user_id: str) -> Iterator[tuple[str, Any, Any]]:
        for name, policy in self.learner.policies.items():
            given = self.learner.refold(reader, user_id, policy)
            try:
                kept: Any = _state(self.learner.state(reader, user_id, policy))
            except (Refused, NotFinite) as error:
                kept = str(error)
            yield f"policy:{name}", kept, _state(given)

    def _profile(self, reader: Reader, user_id: str) -> Iterator[tuple[str, Any, Any]]:
        """Yield each stored value of today's definitions beside the one as of its own instant."""
        marks = self.registry.fingerprints
        for row in (StoredValue(*fields) for fields in reader.profile_rows(user_id)):
            if marks.get(row.name) == row.fingerprint:
                definition = self.registry[row.name]
                given = reader.compute([definition], user_id, row.computed_at_ms)[row.name]
                yield f"profile:{row.name}", (row.value, row.support), (given.value, given.support)

    def _rebuild(self, transaction: Transaction, broken: Broken, now_ms: int) -> None:
        kind, _, name = broken.part.partition(":")
        match kind:
            case "policy":
                state = self.learner.refold(transaction, broken.user_id, self.learner.policies[name])
                transaction.put_policy_state(broken.user_id, name, state, now_ms)
            case "profile":
                transaction.drop_profile_rows(broken.user_id, [name])
            case _:
                _resettle(transaction, find.person(transaction, broken.user_id), name)


def _tasks(reader: Reader, person: Person) -> Iterator[tuple[str, Any, Any]]:
    kept = {task.task_id: task for task in reader.tasks(person.user_id)}
    facts = _task_facts(reader, person)
    for task_id in sorted(kept.keys() | facts.keys()):
        given = _folded(reader, person, task_id, facts.get(task_id, []))
        yield f"task:{task_id}", kept.get(task_id), given
        spans = history(facts.get(task_id, []), reader.task_reactions(person.user_id, task_id), person)
        yield f"history:{task_id}", reader.task_history(person.user_id, task_id), spans


def _task_facts(reader: Reader, person: Person) -> dict[str, list[TaskFact]]:
    found: dict[str, list[TaskFact]] = {}
    for fact in reader.facts(person.user_id):
        if isinstance(fact, TaskFact):
            found.setdefault(fact.task_id, []).append(fact)
    return found


def _folded(reader: Reader, person: Person, task_id: str, facts: list[TaskFact]) -> Task | None:
    return fold_task(facts, person, reader.reaction_on_task(person.user_id, task_id))


def _resettle(transaction: Transaction, person: Person, task_id: str) -> None:
    facts = _task_facts(transaction, person).get(task_id, [])
    task = _folded(transaction, person, task_id, facts)
    if task is None:
        transaction.drop_task(person.user_id, task_id)
    else:
        transaction.put_task(task, task.live_from_ms(person.zones[-1].tz))
    reactions = transaction.task_reactions(person.user_id, task_id)
    transaction.put_task_history(person.user_id, task_id, history(facts, reactions, person))


def _state(state: State) -> tuple[Any, ...]:
    return state.dimensions, state.updates, state.to_bytes()


def _digest(value: Any) -> str:
    """Return 64 bits that tell one value from another."""
    return hashlib.blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
