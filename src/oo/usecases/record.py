"""Record a fact: once, with its effects and its event, in the transaction it is handed.

Every way in (a recommendation, a reaction, an import, a signal over HTTP) ends here, so that each fact has the same
effects however it came.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from oo.domain.decision import PolicyScore, ScoredDecision
from oo.domain.errors import ConflictingFact, InvalidFact, OoError, ReactionBeforeTip
from oo.domain.facts import (
    CalendarEvent,
    DecisionScored,
    Fact,
    PolicyReset,
    RewardFact,
    TaskFact,
    TipFeedback,
    TipServed,
    UserFact,
)
from oo.domain.instant import FOREVER, format_instant
from oo.domain.outcome import Fate, Outcome
from oo.domain.person import Person, ZoneSpan
from oo.domain.subjects import SUBJECT_OF
from oo.domain.task import fold_task
from oo.domain.task_history import history
from oo.features.registry import Registry
from oo.ports import Transaction, WaitingFact
from oo.usecases import find
from oo.usecases.learn import SHADOW, Learner


@dataclass(slots=True, kw_only=True)
class Recording:
    """The recording of facts in one transaction; it remembers whose features they touched, and what they released."""

    transaction: Transaction
    registry: Registry
    learner: Learner
    now_ms: int
    touched: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    released: list[Outcome] = field(default_factory=list)
    people: dict[str, Person | None] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    unsettled: set[tuple[str, str]] = field(default_factory=set)

    def record(self, fact: Fact, arrived_at_ms: int | None = None) -> Outcome:
        """Record a fact; it waits where the person or the tip it is about has not come yet. Raises nothing of ours.

        `arrived_at_ms` is when it arrived, now if left out.
        """
        try:
            with self.transaction.savepoint():
                return self._record(fact, self.now_ms if arrived_at_ms is None else arrived_at_ms)
        except OoError as error:
            self.people.pop(fact.user_id, None)
            return Outcome(key=fact.key, fate=Fate.REFUSED, message=str(error))

    def serve(self, fact: TipServed, scores: Sequence[PolicyScore]) -> None:
        """Record a tip that was chosen here, with how each policy saw the decision."""
        person = self._person(fact.user_id)
        assert person is not None, "a tip is served to a known person"  # noqa: S101
        self._add_tip(fact, person, self.now_ms, scores)
        self.settle()
        for score in scores:
            if score.role == SHADOW:
                self.transaction.emit(f"signals.shadow.{score.policy}", fact, self.now_ms)

    def decide(self, scored: ScoredDecision, scores: Sequence[PolicyScore]) -> None:
        """Record a decision that a program asked for, with the row that its policy learns from, if it is there."""
        self.transaction.add_scored(scored)
        for score in scores:
            self.transaction.add_score(score, scored.decision.user_id)
        self._release(tip_key(scored.decision.decision_id))

    def settle(self) -> None:
        """Bring up to date what follows from all the facts recorded so far: the tasks, and what a move changes."""
        for user_id in sorted(self.moved):
            self._move(user_id)
        for user_id, task_id in sorted(self.unsettled):
            self._settle_task(user_id, task_id)
        self.moved.clear()
        self.unsettled.clear()

    def _move(self, user_id: str) -> None:
        """Work out anew what depends on the zones of a person."""
        person = self._person(user_id)
        assert person is not None, "only a person moves"  # noqa: S101
        self.transaction.relocalise(person)
        self.touched[user_id].update(definition.name for definition in self.registry.batched)
        self.unsettled.update((user_id, task.task_id) for task in self.transaction.tasks(user_id))

    def _settle_task(self, user_id: str, task_id: str) -> None:
        """Write the state that a task's facts and the reactions to its tips add up to."""
        facts = self.transaction.task_facts(user_id, task_id)
        person = self._person(user_id) if facts else None
        task = fold_task(facts, person) if person else None
        if person and task:
            task = replace(task, reaction=self.transaction.reaction_on_task(user_id, task_id))
            self.transaction.put_task(task, task.live_from_ms(person.zones[-1].tz))
            reactions = self.transaction.task_reactions(user_id, task_id)
            self.transaction.put_task_history(user_id, task_id, history(facts, reactions, person))

    def _record(self, fact: Fact, arrived_ms: int) -> Outcome:
        person = self._person(fact.user_id)
        if person is None:
            find.check_not_erased(self.transaction, fact.user_id)
        if isinstance(fact, UserFact):
            return self._zone(fact, person, arrived_ms)
        if person is None:
            return self._wait(fact, arrived_ms, awaits=person_key(fact.user_id))
        return self._of_person(fact, person, arrived_ms)

    def _of_person(self, fact: Fact, person: Person, arrived_ms: int) -> Outcome:
        match fact:
            case TipServed():
                return self._tip(fact, person, arrived_ms)
            case TipFeedback():
                return self._reaction(fact, person, arrived_ms)
            case RewardFact():
                return self._reward(fact, person, arrived_ms)
            case DecisionScored():
                return self._decision(fact)
            case _:
                return self._signal(fact, person, arrived_ms)

    def _person(self, user_id: str) -> Person | None:
        if user_id not in self.people:
            self.people[user_id] = self.transaction.person(user_id)
        return self.people[user_id]

    def _zone(self, fact: UserFact, person: Person | None, arrived_ms: int) -> Outcome:
        known = self.transaction.signal(fact.key)
        if known is not None:
            return _repeated(fact, known)
        self.transaction.add_zone(fact.user_id, ZoneSpan(fact.at_ms, fact.tz), arrived_ms)
        del self.people[fact.user_id]
        moved = self._person(fact.user_id)
        assert moved is not None, "a zone was just added"  # noqa: S101
        self.transaction.add_signal(fact, moved, arrived_ms)
        if person is not None:
            self.moved.add(fact.user_id)
        self._publish(fact)
        self._release(person_key(fact.user_id))
        return Outcome(key=fact.key, fate=Fate.ACCEPTED)

    def _tip(self, fact: TipServed, person: Person, arrived_ms: int) -> Outcome:
        known = self.transaction.tip_served(fact.tip_id)
        if known is not None:
            return self._shown(fact, known)
        if self.transaction.scored(fact.tip_id) is not None:
            raise ConflictingFact(f"{fact.tip_id!r} is the id of a decision.", "Give the tip its own id.")
        self._add_tip(fact, person, arrived_ms, self.learner.imported(fact))
        return Outcome(key=fact.key, fate=Fate.ACCEPTED)

    def _shown(self, fact: TipServed, known: TipServed) -> Outcome:
        """Take from a tip that is recorded already when it was first shown, and nothing else."""
        outcome = _repeated(replace(fact, shown_at_ms=known.shown_at_ms), known)
        if fact.shown_at_ms is None or fact.shown_at_ms >= (known.shown_at_ms or FOREVER):
            return outcome
        self.transaction.mark_shown(fact.tip_id, fact.shown_at_ms)
        return replace(outcome, fate=Fate.ACCEPTED)

    def _add_tip(
        self, fact: TipServed, person: Person, arrived_ms: int, scores: Sequence[PolicyScore]
    ) -> None:
        self.transaction.add_tip(fact, person, arrived_ms)
        for score in scores:
            self.transaction.add_score(score, fact.user_id)
        self._publish(fact)
        self._release(fact.key)

    def _reaction(self, fact: TipFeedback, person: Person, arrived_ms: int) -> Outcome:
        fact = replace(fact, snooze_until_ms=fact.snooze_until_ms or None)
        tip = self.transaction.tip(fact.tip_id)
        if tip is None:
            return self._wait(fact, arrived_ms, awaits=tip_key(fact.tip_id))
        if tip.user_id != fact.user_id:
            raise InvalidFact(f"The tip {fact.tip_id!r} was served to another person.", "Check user_id.")
        if fact.at_ms < tip.served_at_ms:
            raise ReactionBeforeTip(
                f"The reaction at {format_instant(fact.at_ms)} lies before its tip was served, "
                f"at {format_instant(tip.served_at_ms)}.",
                "Check the clock that wrote it.",
            )
        given = self.transaction.reactions(fact.tip_id)
        if fact in given:
            return Outcome(key=fact.key, fate=Fate.DUPLICATE)
        self.transaction.add_reaction(fact, tip, given, person, arrived_ms)
        self.unsettled.add((person.user_id, tip.candidate_id))
        self.learner.settle(self.transaction, fact.tip_id, fact, self.now_ms)
        self._publish(fact)
        return Outcome(key=fact.key, fate=Fate.ACCEPTED)

    def _reward(self, fact: RewardFact, person: Person, arrived_ms: int) -> Outcome:
        user_id, policy = find.decided(self.transaction, fact.decision_id)
        if user_id is None:
            return self._wait(fact, arrived_ms, awaits=tip_key(fact.decision_id))
        if user_id != fact.user_id or policy not in {None, fact.policy}:
            raise ConflictingFact(
                f"The decision {fact.decision_id!r} was not taken by {fact.policy!r} for {fact.user_id!r}.",
                "Reward the policy that decided.",
            )
        outcome = self._once(fact, person, arrived_ms)
        if outcome.fate is Fate.ACCEPTED:
            self.learner.settle(self.transaction, fact.decision_id, fact, self.now_ms)
            self._publish(fact)
        return outcome

    def _decision(self, fact: DecisionScored) -> Outcome:
        """Record a decision that a program asked for elsewhere; the bus is not told, as of those asked for here."""
        known = self.transaction.scored(fact.decision_id)
        if known is not None:
            return _repeated(fact, known.fact)
        if self.transaction.tip(fact.decision_id) is not None:
            raise ConflictingFact(
                f"{fact.decision_id!r} is the id of a tip.", "Give the decision its own id."
            )
        scores = self.learner.scored(fact)
        self.decide(ScoredDecision.of(fact), scores)
        return Outcome(key=fact.key, fate=Fate.ACCEPTED)

    def _signal(self, fact: Fact, person: Person, arrived_ms: int) -> Outcome:
        outcome = self._once(fact, person, arrived_ms)
        if outcome.fate is Fate.ACCEPTED:
            if isinstance(fact, TaskFact):
                self.unsettled.add((person.user_id, fact.task_id))
            if isinstance(fact, CalendarEvent):
                self.transaction.put_calendar_entry(fact)
            if isinstance(fact, PolicyReset):
                self.learner.reset(self.transaction, person.user_id, self.now_ms)
            self._publish(fact)
        return outcome

    def _once(self, fact: Fact, person: Person, arrived_ms: int) -> Outcome:
        known = self.transaction.signal(fact.key)
        if known is not None:
            return _repeated(fact, known)
        self.transaction.add_signal(fact, person, arrived_ms)
        return Outcome(key=fact.key, fate=Fate.ACCEPTED)

    def _wait(self, fact: Fact, arrived_ms: int, awaits: str) -> Outcome:
        known = self.transaction.waiting_fact(fact.key)
        if known is not None:
            return _repeated(fact, known)
        self.transaction.wait(WaitingFact(fact=fact, awaits=awaits, arrived_at_ms=arrived_ms))
        return Outcome(key=fact.key, fate=Fate.WAITING, message=f"waits for {awaits}")

    def _release(self, key: str) -> None:
        for waiting in self.transaction.waiting(key):
            self.transaction.stop_waiting(waiting.fact.key, None)
            outcome = self.record(waiting.fact, waiting.arrived_at_ms)
            if outcome.fate is Fate.REFUSED:
                self.transaction.wait(waiting)
                self.transaction.stop_waiting(waiting.fact.key, outcome.message)
            self.released.append(outcome)

    def _publish(self, fact: Fact) -> None:
        subject = SUBJECT_OF[fact.type]
        self.transaction.emit(subject, fact, self.now_ms)
        touched = self.registry.touched_by(subject)
        if touched:
            self.touched[fact.user_id].update(definition.name for definition in touched)


def person_key(user_id: str) -> str:
    """Return what a fact waits for whose person has not come."""
    return f"user:{user_id}"


def tip_key(tip_id: str) -> str:
    """Return what a fact waits for whose tip has not come: the key of the fact that serves it."""
    return f"tip:{tip_id}"


def _repeated(fact: Fact, known: Fact) -> Outcome:
    if fact == known:
        return Outcome(key=fact.key, fate=Fate.DUPLICATE)
    raise ConflictingFact(
        f"{fact.key!r} is recorded already, with another content.",
        "Give a new event its own id; a fact never changes.",
    )
