"""Why this one: in words, in the order of what weighs most, and honest about what is not known."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from oo import policies
from oo.console.why import why
from oo.console.words import Known, has_words, say
from oo.domain.decision import Decision
from oo.domain.facts import TipServed
from oo.domain.state import State
from oo.domain.tip import Explanation, Ranked, Tip
from oo.features.vector import DIMENSIONS
from tests.console.conftest import Seen, Site

TIP = Tip(
    tip_id="t1",
    user_id="ada",
    served_at_ms=0,
    candidate_id="k1",
    category=None,
    text="Buy milk",
    policy="egreedy/v1",
    propensity=0.5,
    prompt_version=None,
    shown_at_ms=None,
    reaction=None,
)
NOTHING_KNOWN = Known(candidate={}, context={}, profile={})


def explained(
    *chances: float, explored: bool = False, answers: int = 3, adds: Mapping[str, float] | None = None
) -> Any:
    """The explanation of a tip that was drawn with the first of the chances."""
    ranking = tuple(
        Ranked(candidate_id=f"k{place}", text=f"Task {place}", score=0.0, propensity=chance)
        for place, chance in enumerate(chances, 1)
    )
    explanation = Explanation(contributions=adds or {"bias": 0.0}, ranking=ranking, explored=explored)
    candidates = ({"id": "k1", "is_overdue": True, "task_age_days": 12.4, "priority": 3},)
    decision = Decision(
        decision_id="t1", user_id="ada", at_ms=0, candidates=candidates, context={}, profile_features={}
    )
    return why(TIP, explanation, decision, answers)


def why_text(seen: Seen) -> str:
    return seen.page.one("details", class_="fold why").text


def contributed() -> set[str]:
    """Every name that any policy explains itself by, those included that are no dimension."""
    found = set(DIMENSIONS)
    for name in policies.names():
        policy = policies.load(name)
        row = np.zeros(len(policy.dimensions))
        found |= {*policy.dimensions, *policy.contributions(State.empty(policy.dimensions), row)}
    return found


@pytest.mark.parametrize("dimension", sorted(contributed()))
def test_every_dimension_of_every_policy_has_words(dimension: str) -> None:
    assert has_words(dimension), f"add {dimension!r} to console/words.py"
    assert say(dimension, NOTHING_KNOWN).strip()


@pytest.mark.parametrize("dimension", sorted(contributed()))
def test_words_can_be_found_whatever_was_logged(dimension: str) -> None:
    names = ("is_overdue", "task_age_days", "priority", "hour_of_day", "day_of_week", "preferred_hour")
    profile = ("completion_rate_30d", "dismiss_rate_30d", "mean_dwell_ms_30d", "tip_volume_30d")
    for value in (None, 0, 1, True, 0.5, 1e6, -3, "text", [1]):
        logged = dict.fromkeys((*names, *profile), value)

        assert say(dimension, Known(candidate=logged, context=logged, profile=logged))


def test_a_dimension_without_words_is_shown_by_its_name() -> None:
    shown = explained(0.5, 0.5, adds={"moon_phase": 0.3, "moon_phase*is_overdue": 0.2})

    assert [reason.words for reason in shown.own] == ["Moon phase", "Moon phase and it is overdue"]
    assert not has_words("moon_phase*is_overdue")


@pytest.mark.parametrize(
    ("dimension", "known", "words"),
    [
        ("is_overdue", {"is_overdue": True}, "It is overdue"),
        ("is_overdue", {"is_overdue": False}, "It is not overdue"),
        ("task_age_days", {"task_age_days": 0.9}, "It is new on your list"),
        ("task_age_days", {"task_age_days": 1.9}, "It has been on your list for 1 day"),
        ("task_age_days", {"task_age_days": 13}, "It has been on your list for 13 days"),
        ("task_age_days", {"task_age_days": 14}, "It has been on your list for 2 weeks"),
        ("task_age_days", {"task_age_days": 400}, "It has been on your list for 13 months"),
        ("task_age_days", {"task_age_days": 800}, "It has been on your list for 2 years"),
        ("priority", {"priority": 4}, "Its priority is urgent"),
        ("priority", {"priority": 9}, "Its priority is urgent"),
        ("hour_sin", {"hour_of_day": 9}, "The hour is 9, before noon"),
        ("hour_cos", {"hour_of_day": 21}, "The hour is 21, late or early"),
        ("is_weekend", {"day_of_week": 6}, "It is the weekend"),
        (
            "completion_rate_30d",
            {"completion_rate_30d": 1 / 3},
            "You did 33% of your tips of the last 30 days",
        ),
        ("dismiss_rate_30d", {"dismiss_rate_30d": 0.0}, "You dismissed 0% of your tips of the last 30 days"),
        ("mean_dwell_ms_30d", {"mean_dwell_ms_30d": 41_400}, "You take 41 seconds to answer, on average"),
        ("mean_dwell_ms_30d", {"mean_dwell_ms_30d": 240_000}, "You take 4 minutes to answer, on average"),
        ("mean_dwell_ms_30d", {}, "How long you take to answer is not known yet"),
        (
            "preferred_hour_alignment",
            {"hour_of_day": 9, "preferred_hour": 20},
            "The hour is 9, and you get most done at 20",
        ),
        ("preferred_hour_alignment", {}, "The hour at which you get most done is not known yet"),
        ("tip_volume_30d", {"tip_volume_30d": 1}, "You were shown 1 tip in the last 30 days"),
        ("is_overdue*is_weekend", {"day_of_week": 5}, "It is not overdue and it is the weekend"),
    ],
)
def test_a_dimension_says_what_was_so_when_the_tip_was_chosen(
    dimension: str, known: dict[str, Any], words: str
) -> None:
    assert say(dimension, Known(candidate=known, context=known, profile=known)) == words


def test_what_weighs_most_comes_first_with_its_side_its_number_and_its_bar() -> None:
    shown = explained(
        0.9, 0.1, adds={"priority": -0.1, "bias": 0.4, "is_overdue": 0.2, "task_age_days": 0.001}
    )

    assert [(reason.words, reason.sways) for reason in shown.own] == [
        ("It is overdue", "speaks for it, +0.20"),
        ("Its priority is high", "speaks against it, \N{MINUS SIGN}0.10"),
    ]
    assert [(reason.x, reason.width) for reason in (*shown.shared, *shown.own)] == [
        (60, 60),
        (60, 30),
        (45, 15),
    ]
    assert shown.indifferent == ("it has been on your list for 12 days",)
    assert shown.total == "+0.50"


@pytest.mark.parametrize(
    ("shown", "lead"),
    [
        (explained(1.0), "It was your only open task, so there was nothing to choose."),
        (
            explained(0.25, 0.25, 0.25, 0.25),
            "Nothing spoke for one task over another, so it was drawn by lot from 4 open tasks.",
        ),
        (explained(0.925, 0.025), "It was the best guess among 2 open tasks. Its chance was 92%."),
        (
            explained(0.45, 0.45, 0.1),
            "It was one of 2 equally good guesses among 3 open tasks. Its chance was 45%.",
        ),
        (
            explained(0.004, 0.996, explored=True),
            (
                "It was tried out, to learn: another of your 2 open tasks looked better, and now and then one that "
                "does not is shown. Its chance was under 1%."
            ),
        ),
    ],
)
def test_how_the_draw_went_is_said_in_a_sentence(shown: Any, lead: str) -> None:
    assert shown.lead[0] == lead


def test_the_others_are_told_with_their_chance_and_the_rest_is_counted() -> None:
    shown = explained(*[0.1] * 10)

    assert [(other.title, other.chance) for other in shown.others] == [
        (f"Task {place}", "10%") for place in range(2, 7)
    ]
    assert shown.more == 4


def test_where_nothing_was_learned_the_page_says_so_and_shows_no_numbers(ada: Site) -> None:
    seen = ada.get("/u/ada")

    assert "drawn by lot from 3 open tasks. Nothing has been learned about you yet" in why_text(seen)
    assert "speaks" not in why_text(seen)
    assert [other.text for other in seen.page.all("li", seen.page.one("ul", class_="others"))] == [
        f"{title} 33%"
        for title in sorted({"Buy milk", "Call the dentist", "Write the report"} - {seen.page.tip})
    ]


def test_where_only_refusals_were_learned_the_page_says_that(ada: Site) -> None:
    seen = ada.press(ada.get("/u/ada"), "reaction", "dismiss")

    assert "drawn by lot from 2 open tasks. What is known rests on 1 answer of yours." in why_text(seen)


def test_what_was_learned_shows_on_the_page_with_the_very_numbers_of_the_explanation(ada: Site) -> None:
    ada.press(ada.get("/u/ada"), "reaction", "done")

    seen = ada.get("/u/ada")

    answer = ada.app.recommend("ada", now_ms=ada.clock(), tip_id="unused", explain=True)
    assert answer.explanation is not None
    adds = [value for value in answer.explanation.contributions.values() if abs(value) >= 0.005]
    said = [element.text for element in seen.page.all("span", class_="sways")]
    assert len(said) == len(adds) > 0
    for value in adds:
        side = "for" if value > 0 else "against"
        assert f"speaks {side} it, {value:+.2f}".replace("-", "\N{MINUS SIGN}") in said
    assert "What is known rests on 1 answer of yours." in why_text(seen)
    assert len(seen.page.all("svg", class_="bar")) == len(adds)


def test_a_tip_that_was_chosen_elsewhere_says_that_the_how_was_not_written_down(ada: Site) -> None:
    fact = TipServed(user_id="ada", at_ms=ada.clock(), tip_id="elsewhere", candidate_id="k1", text="Buy milk")
    ada.app.ingest([fact, replace(fact, tip_id="twice")], now_ms=ada.clock())

    seen = ada.get("/u/ada")

    assert "How this one was chosen was not written down." in why_text(seen)
