"""Why a tip was chosen: how the draw went, what each dimension added, and how the other tasks stood."""

from collections.abc import Mapping
from dataclasses import dataclass

from oo.console.words import Known, is_of_moment, say, within
from oo.domain.decision import Decision
from oo.domain.facts import Reaction
from oo.domain.tip import Explanation, Ranked, Tip
from oo.domain.wording import counted
from oo.policies.base import TIE
from oo.rewards import reward_of

TOO_SMALL = 0.005
"""What adds less is written 0.00, and made no difference worth a line."""
MOST_OTHERS = 5
BAR_WIDTH = 120
THINNEST = 2.0
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one dimension added, with the place of its bar: `x` and `width` on a line of `BAR_WIDTH`."""

    words: str
    sways: str
    speaks_for: bool
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another task that could have been shown; `title` is None for one that is gone."""

    title: str | None
    chance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The whole answer. Reasons go from strong to weak: `own` set this task apart, `shared` hold for every task."""

    lead: tuple[str, ...]
    own: tuple[Reason, ...]
    shared: tuple[Reason, ...]
    indifferent: tuple[str, ...]
    total: str
    others: tuple[Other, ...]
    more: int
    policy: str


def why(tip: Tip, explanation: Explanation, decision: Decision, answers: int) -> Why:
    """Explain a tip; `answers` is how many rewards the policy has learned from."""
    known = Known(
        candidate=next((each for each in decision.candidates if each.get("id") == tip.candidate_id), {}),
        context=explanation.context,
        profile=explanation.profile_features,
    )
    parts = explanation.contributions
    reasons = _reasons(parts, known)
    others = [each for each in explanation.ranking if each.candidate_id != tip.candidate_id]
    return Why(
        lead=(_drawn(tip, explanation), _rests_on(answers)),
        own=tuple(reason for name, reason in reasons.items() if not is_of_moment(name)),
        shared=tuple(reason for name, reason in reasons.items() if is_of_moment(name)),
        indifferent=tuple(within(say(name, known)) for name, adds in parts.items() if abs(adds) < TOO_SMALL),
        total=signed(sum(parts.values())),
        others=tuple(Other(title=each.text, chance=chance(each.propensity)) for each in others[:MOST_OTHERS]),
        more=max(0, len(others) - MOST_OTHERS),
        policy=tip.policy or "",
    )


def worths() -> str:
    """Say what a contribution is a part of."""
    done, snoozed, dismissed = (
        reward_of(each) for each in (Reaction.DONE, Reaction.SNOOZE, Reaction.DISMISS)
    )
    return f"done counts {done:g}, snoozed {snoozed:g}, dismissed {dismissed:g}"


def chance(probability: float) -> str:
    """Write a probability for people.

    >>> chance(0.925), chance(0.004)
    ('92%', 'under 1%')
    """
    return "under 1%" if probability < 1 / 100 else f"{probability:.0%}"


def signed(value: float) -> str:
    """Write a number with its sign, which is a real minus.

    >>> signed(0.123), signed(-0.05) == "\N{MINUS SIGN}0.05"
    ('+0.12', True)
    """
    return f"{value:+.2f}".replace("-", _MINUS)


def _drawn(tip: Tip, explanation: Explanation) -> str:
    """Say how the draw went, from the very probabilities that it was made with."""
    stood = {each.candidate_id: each for each in explanation.ranking}
    mine = stood[tip.candidate_id]
    of = counted(len(stood), "open task")
    if len(stood) == 1:
        return "It was your only open task, so there was nothing to choose."
    if _are_alike(explanation.ranking):
        return f"Nothing spoke for one task over another, so it was drawn by lot from {of}."
    if explanation.explored:
        return (
            f"It was tried out, to learn: another of your {of} looked better, and now and then one that does not "
            f"is shown. Its chance was {chance(mine.propensity)}."
        )
    best = sum(each.propensity >= mine.propensity - TIE for each in explanation.ranking)
    guess = "the best guess" if best == 1 else f"one of {best} equally good guesses"
    return f"It was {guess} among {of}. Its chance was {chance(mine.propensity)}."


def _are_alike(ranking: tuple[Ranked, ...]) -> bool:
    chances = [each.propensity for each in ranking]
    return max(chances) - min(chances) < TIE


def _rests_on(answers: int) -> str:
    if not answers:
        return "Nothing has been learned about you yet: your first answers will change that."
    return f"What is known rests on {counted(answers, 'answer')} of yours."


def _reasons(parts: Mapping[str, float], known: Known) -> dict[str, Reason]:
    strong = sorted(parts.items(), key=lambda part: -abs(part[1]))
    most = max(map(abs, parts.values()), default=0.0)
    return {name: _reason(name, adds, most, known) for name, adds in strong if abs(adds) >= TOO_SMALL}


def _reason(name: str, adds: float, most: float, known: Known) -> Reason:
    width = round(max(abs(adds) / most * BAR_WIDTH / 2, THINNEST), 1)
    return Reason(
        words=say(name, known),
        sways=f"speaks {'for' if adds > 0 else 'against'} it, {signed(adds)}",
        speaks_for=adds > 0,
        x=BAR_WIDTH / 2 if adds > 0 else BAR_WIDTH / 2 - width,
        width=width,
    )
