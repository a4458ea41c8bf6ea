"""Live: let personas go through days by the real use cases, on a clock of their own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from oo.domain.facts import Reaction, TaskUpsert, UserFact
from oo.domain.ids import digest
from oo.evaluation.agenda import Arrival, Change, Open
from oo.evaluation.persona import Persona, Response
from oo.rewards import reward_of
from oo.usecases.app import App


@dataclass(slots=True, kw_only=True)
class Lived:
    """What the lives added up to: `recommend_sec` holds the time each recommendation took."""

    tips_served: int = 0
    reward: float = 0.0
    recommend_sec: list[float] = field(default_factory=list)

    @property
    def reward_rate(self) -> float:
        """The mean reward of the tips served, by the reaction in force; silence counts as 0."""
        return self.reward / self.tips_served if self.tips_served else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Lives personas in an App. `timer` is a clock in seconds for how long a recommendation takes."""

    app: App
    seed: int
    timer: Callable[[], float]

    def __call__(
        self,
        personas: Iterable[Persona],
        *,
        start: date,
        days: int,
        progress: Callable[[], None] = lambda: None,
    ) -> Lived:
        """Let each persona live `days` days from `start` on; `progress` is called as each of them has."""
        lived = Lived()
        for persona in personas:
            _Life(app=self.app, seed=self.seed, timer=self.timer, persona=persona, lived=lived).live(
                start, days
            )
            progress()
        return lived


@dataclass(slots=True, kw_only=True)
class _Life:
    app: App
    seed: int
    timer: Callable[[], float]
    persona: Persona
    lived: Lived
    tasks: dict[str, TaskUpsert] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    unsynced: list[TaskUpsert] = field(default_factory=list)

    def live(self, start: date, days: int) -> None:
        born = UserFact(user_id=self.persona.name, at_ms=0, tz=self.persona.tz)
        self.app.ingest([born], now_ms=0)
        for happening in self.persona.days(self.seed, start, days):
            match happening:
                case Open():
                    self._look(happening)
                case Change(fact=fact) if fact.task_id in self.done:
                    pass  # nobody edits a task that is done
                case Arrival(fact=fact) | Change(fact=fact):
                    self.tasks[fact.task_id] = fact
                    self.done.discard(fact.task_id)
                    self.unsynced.append(fact)

    def _sync(self, now_ms: int) -> None:
        """Bring in what has come up since the app was last open, as a source does when it is polled."""
        if self.unsynced:
            self.app.ingest(self.unsynced, now_ms=now_ms)
            self.unsynced = []

    def _look(self, moment: Open) -> None:
        self._sync(moment.at_ms)
        tip_id = f"demo-{digest(f'{self.seed}/{self.persona.name}/{moment.at_ms}')}"
        before = self.timer()
        tip = self.app.recommend(self.persona.name, now_ms=moment.at_ms, tip_id=tip_id, shown=True).tip
        self.lived.recommend_sec.append(self.timer() - before)
        if tip is None:
            return
        self.lived.tips_served += 1
        answer = self.persona.respond(moment, self.tasks[tip.candidate_id])
        if answer.reaction is not None:
            self._react(tip.tip_id, tip.candidate_id, moment.at_ms, answer.reaction, answer)

    def _react(self, tip_id: str, task_id: str, at_ms: int, reaction: Reaction, answer: Response) -> None:
        given_ms = at_ms + answer.after_ms
        self.app.feedback(tip_id, reaction, now_ms=given_ms, snooze_until_ms=answer.snooze_until_ms)
        if answer.second_thought is not None:
            reaction = answer.second_thought.reaction
            self.app.feedback(tip_id, reaction, now_ms=at_ms + answer.second_thought.after_ms)
        if reaction is Reaction.DONE:
            self.done.add(task_id)
        self.lived.reward += reward_of(reaction) or 0.0
