"""Explain a served tip: what each dimension adds, and how the other candidates stood."""

from dataclasses import dataclass, replace

from oo.domain.decision import Decision, PolicyScore
from oo.domain.tip import Explanation, Ranked, Recommendation
from oo.features.registry import Registry
from oo.features.vector import vectorise
from oo.ports import Reader
from oo.usecases.learn import Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain:
    """Explains decisions from their log row and what the policy knows now."""

    registry: Registry
    learner: Learner

    def added(self, reader: Reader, answer: Recommendation) -> Recommendation:
        """Return the answer with its explanation, where it has a tip whose decision was logged."""
        if answer.tip is None:
            return answer
        decision = reader.decision(answer.tip.tip_id)
        scores = [score for score in reader.scores(answer.tip.tip_id) if score.policy == answer.tip.policy]
        if decision is None or not scores or scores[0].policy not in self.learner.policies:
            return answer
        if len(scores[0].probabilities) != len(decision.candidates):
            return answer  # imported, without its probabilities
        return replace(answer, explanation=self.explained(reader, decision, scores[0]))

    def explained(self, reader: Reader, decision: Decision, score: PolicyScore) -> Explanation:
        """Explain how a policy saw a decision; scores are by what it knows now, probabilities those logged."""
        policy = self.learner.policies[score.policy]
        state = self.learner.state(reader, decision.user_id, policy)
        x = vectorise(
            policy.dimensions,
            profile=decision.profile_features,
            context=decision.context,
            candidates=decision.candidates,
            neutrals=self.registry.neutrals,
        )
        stood = zip(
            decision.candidates, policy.scores(state, x).tolist(), score.probabilities.tolist(), strict=True
        )
        ranking = [
            Ranked(
                candidate_id=candidate["id"],
                text=_title(reader, decision.user_id, candidate["id"]),
                score=value,
                propensity=probability,
            )
            for candidate, value, probability in stood
        ]
        return Explanation(
            contributions=policy.contributions(state, x[score.chosen]),
            ranking=tuple(sorted(ranking, key=lambda each: (-each.score, each.candidate_id))),
            explored=bool(score.probabilities[score.chosen] < score.probabilities.max()),
            context=decision.context,
            profile_features=decision.profile_features,
        )


def _title(reader: Reader, user_id: str, task_id: str) -> str | None:
    task = reader.task(user_id, task_id)
    return task.content.title if task else None
