"""Recommend: profile, context, candidates, score, draw, serve, log, in one transaction."""

from dataclasses import dataclass, replace

from oo.domain.decision import Floats, PolicyScore, draw
from oo.domain.facts import TipServed
from oo.domain.ids import checked
from oo.domain.instant import SECOND
from oo.domain.task import Task
from oo.domain.tip import OPEN_FOR_MS, Recommendation, Tip
from oo.features.candidate import candidates
from oo.features.context import BUSY_AHEAD_MS, context_features
from oo.features.registry import Registry
from oo.features.spec import Moment
from oo.features.vector import vectorise
from oo.policies.base import TIE, Policy
from oo.ports import Store, Transaction
from oo.usecases import find
from oo.usecases.explain import Explain
from oo.usecases.learn import Learner, seen
from oo.usecases.profile import Profiles
from oo.usecases.record import Recording
from oo.usecases.shortlist import shortlisted
from oo.usecases.skew import Skew

ACTIVE = "active"
"""The role of the policy that chose."""
AHEAD_MS = 5 * SECOND
"""So far ahead may the clock be of another service, or of another request, that has just served a tip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommend:
    """Serve a person one tip, chosen by `policy` among at most `most_candidates` of their live tasks."""

    store: Store
    registry: Registry
    profiles: Profiles
    learner: Learner
    explain: Explain
    skew: Skew
    policy: Policy
    most_candidates: int

    def __call__(
        self,
        user_id: str,
        *,
        now_ms: int,
        tip_id: str,
        fresh: bool = False,
        explain: bool = False,
        shown: bool = False,
    ) -> Recommendation:
        """Return the open tip again, or serve a new one under `tip_id`; `fresh` always serves a new one.

        `shown` says that the person has the answer before their eyes, which is more than having been served.
        Where there is nothing to show, the answer has no tip and says why. Raises `UnknownUser`.
        """
        checked(tip_id, "tip id")

        def change(transaction: Transaction) -> Recommendation:
            answer = self._recommend(transaction, user_id, now_ms, tip_id, fresh=fresh)
            if shown and answer.tip is not None:
                transaction.mark_shown(answer.tip.tip_id, max(now_ms, answer.tip.served_at_ms))
            return self.explain.added(transaction, answer) if explain else answer

        return self.store.write(change)

    def _recommend(
        self, transaction: Transaction, user_id: str, now_ms: int, tip_id: str, *, fresh: bool
    ) -> Recommendation:
        person = find.person(transaction, user_id)
        tasks = transaction.live_tasks(user_id, now_ms)
        open_tip = None if fresh else transaction.open_tip(user_id, now_ms - OPEN_FOR_MS, now_ms + AHEAD_MS)
        if open_tip and any(task.task_id == open_tip.candidate_id for task in tasks):
            return _answer(open_tip, "still open: no answer yet")
        moment = Moment(
            now_ms=now_ms, tz=person.tz_at(now_ms), tasks=shortlisted(tasks, tip_id, self.most_candidates)
        )
        if not moment.tasks:
            return Recommendation(tip=None, source=None, reason=_nothing(transaction.tasks(user_id), moment))
        return self._serve(transaction, user_id, tip_id, moment)

    def _serve(self, transaction: Transaction, user_id: str, tip_id: str, moment: Moment) -> Recommendation:
        # What was known just before: the decision is made from no event of its own instant, not even itself.
        known = self.profiles.current(transaction, user_id, now_ms=moment.now_ms - 1)
        self.skew.log(transaction, tip_id, known, moment.now_ms)
        profile = known.values()
        busy = transaction.busy(user_id, moment.now_ms, moment.now_ms + BUSY_AHEAD_MS)
        moment = replace(moment, profile=profile, busy=busy)
        context = context_features(self.registry, moment)
        offered = candidates(self.registry, moment)
        logged = tuple(
            {"id": each.candidate_id, "category": each.category, **each.features} for each in offered
        )
        x = vectorise(
            self.policy.dimensions,
            profile=profile,
            context=context,
            candidates=logged,
            neutrals=self.registry.neutrals,
        )
        probabilities = self.policy.propensities(self.learner.state(transaction, user_id, self.policy), x)
        chosen = draw(probabilities, tip_id)
        served = offered[chosen]
        fact = TipServed(
            tip_id=tip_id,
            user_id=user_id,
            at_ms=moment.now_ms,
            candidate_id=served.candidate_id,
            category=served.category,
            text=served.text,
            policy=self.policy.name,
            propensity=float(probabilities[chosen]),
            probabilities=tuple(probabilities.tolist()),
            candidates=logged,
            context=context,
            profile_features=profile,
        )
        score = seen(self.policy, ACTIVE, tip_id, x=x, probabilities=probabilities, chosen=chosen)
        self._record(transaction, fact, [score, *self.learner.shadowed(transaction, fact)])
        return _answer(_tip(fact), _why(probabilities, chosen))

    def _record(self, transaction: Transaction, fact: TipServed, scores: list[PolicyScore]) -> None:
        recording = Recording(
            transaction=transaction, registry=self.registry, learner=self.learner, now_ms=fact.at_ms
        )
        recording.serve(fact, scores)
        for user_id, names in recording.touched.items():
            self.profiles.recompute(transaction, user_id, names, now_ms=fact.at_ms)


def _answer(tip: Tip, reason: str) -> Recommendation:
    return Recommendation(tip=tip, source="template", reason=reason)


def _tip(fact: TipServed) -> Tip:
    return Tip(
        tip_id=fact.tip_id,
        user_id=fact.user_id,
        served_at_ms=fact.at_ms,
        candidate_id=fact.candidate_id,
        category=fact.category,
        text=fact.text,
        policy=fact.policy,
        propensity=fact.propensity,
        prompt_version=None,
        shown_at_ms=None,
        reaction=None,
    )


def _why(probabilities: Floats, chosen: int) -> str:
    """Say in a few words how the shown candidate came to be chosen."""
    if len(probabilities) == 1:
        return "the only open task"
    of = f"{len(probabilities)} open tasks"
    if probabilities.max() - probabilities.min() < TIE:
        return f"no preference known yet: drawn from {of}"
    return (
        f"best guess of {of}"
        if probabilities[chosen] > probabilities.min()
        else f"tried out, to learn, of {of}"
    )


_HIDDEN = {
    "snoozed": "snoozed",
    "waiting": "not before their start",
    "open": "not yet",
    "dismissed": "dismissed",
    "done": "done",
    "completed": "completed",
    "deleted": "deleted",
}


def _nothing(tasks: list[Task], moment: Moment) -> str:
    """Say why there is nothing to show."""
    if not tasks:
        return "no tasks yet: add one with oo tasks add, or bring a list in with oo import"
    statuses = [task.status(moment.now_ms, moment.tz) for task in tasks]
    counts = [f"{statuses.count(status)} {words}" for status, words in _HIDDEN.items() if status in statuses]
    return f"no open task: {', '.join(counts)}"
