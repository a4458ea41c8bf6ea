"""Facts at odd times, twice at once, in great number, of great length, or too early: each has one meaning."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from oo.domain.errors import InvalidFact, InvalidInstant, OoError, ReactionBeforeTip
from oo.domain.facts import (
    Fact,
    MoodCheckin,
    Reaction,
    RewardFact,
    TaskUpsert,
    TipFeedback,
    TipServed,
    UserFact,
)
from oo.domain.instant import DAY, HOUR, LATEST, MINUTE
from oo.domain.outcome import Fate
from oo.domain.tip import Recommendation
from oo.policies.base import State
from oo.usecases.app import App

NOW = 1_788_247_800_000
WAIT_SEC = 30
THREADS = 20


@pytest.fixture
def ada(app: App) -> App:
    """An App in which ada has three tasks and an open tip, `tip`."""
    app.people.add("ada", "Europe/Berlin", now_ms=0)
    for number in range(3):
        add_task(app, f"k{number}", f"Task {number}")
    app.recommend("ada", now_ms=NOW, tip_id="tip")
    return app


def add_task(app: App, task_id: str, title: str, due: str | None = None) -> None:
    task = TaskUpsert(user_id="ada", task_id=task_id, at_ms=NOW - DAY, title=title, due=due)
    app.tasks.add(task, now_ms=NOW - DAY)


def at_once(job: Callable[[int], object]) -> list[object]:
    """Run the job in many threads that start together."""
    barrier = threading.Barrier(THREADS)

    def run(number: int) -> object:
        barrier.wait(WAIT_SEC)
        return job(number)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(run, range(THREADS), timeout=WAIT_SEC))


def recorded(app: App, kind: type[Fact]) -> list[Fact]:
    return [
        fact for fact in app.store.read(lambda reader: list(reader.facts("ada"))) if isinstance(fact, kind)
    ]


def learned(app: App, policy: str = "egreedy/v1") -> State:
    return app.store.read(lambda reader: app.learner.state(reader, "ada", app.learner.policies[policy]))


def reward(app: App, decision_id: str = "tip") -> float | None:
    return app.store.read(lambda reader: reader.reward(decision_id))


def consistent(app: App) -> bool:
    return app.store.read(lambda reader: list(app.learner.differences(reader, "ada"))) == []


def test_a_reaction_before_its_tip_is_refused(ada: App) -> None:
    with pytest.raises(ReactionBeforeTip, match="lies before its tip was served"):
        ada.feedback("tip", Reaction.DONE, now_ms=NOW + MINUTE, at_ms=NOW - 1)

    assert recorded(ada, TipFeedback) == []
    assert reward(ada) is None


def test_a_reaction_at_the_instant_of_its_tip_counts(ada: App) -> None:
    assert ada.feedback("tip", Reaction.DONE, now_ms=NOW) is Fate.ACCEPTED
    assert ada.profiles.as_of("ada", at_ms=NOW).features["mean_dwell_ms_30d"].value == 0


def test_a_reaction_in_the_far_future_is_not_there_before_its_time(ada: App) -> None:
    fact = TipFeedback(user_id="ada", at_ms=LATEST, tip_id="tip", reaction=Reaction.DONE)
    assert ada.ingest([fact], now_ms=NOW + 1).outcomes[0].fate is Fate.ACCEPTED

    before = ada.profiles.as_of("ada", at_ms=NOW + DAY)
    assert before.features["completion_rate_30d"].value == 0.0
    assert before.features["mean_dwell_ms_30d"].value is None
    assert ada.profiles.as_of("ada", at_ms=LATEST).features["mean_dwell_ms_30d"].value == LATEST - NOW
    assert ada.profiles.get("ada", now_ms=NOW + 2).features["completion_rate_30d"].value == 0.0
    assert consistent(ada)


def test_a_reaction_from_a_clock_that_is_days_ahead_is_refused(ada: App) -> None:
    with pytest.raises(InvalidInstant, match="more than a day in the future"):
        ada.feedback("tip", Reaction.DONE, now_ms=NOW + 1, at_ms=NOW + 2 * DAY)

    assert recorded(ada, TipFeedback) == []


@pytest.mark.parametrize("until_ms", [NOW, NOW + MINUTE - 1, NOW + MINUTE, 0])
def test_a_snooze_that_ends_before_it_begins_is_refused(ada: App, until_ms: int) -> None:
    with pytest.raises(InvalidFact, match="ends before it begins"):
        ada.feedback("tip", Reaction.SNOOZE, now_ms=NOW + MINUTE, snooze_until_ms=until_ms)

    assert recorded(ada, TipFeedback) == []


@pytest.mark.parametrize("reaction", [Reaction.DONE, Reaction.DISMISS, Reaction.NONE])
def test_only_a_snooze_has_a_time_to_end(ada: App, reaction: Reaction) -> None:
    with pytest.raises(InvalidFact, match="no time to snooze until"):
        ada.feedback("tip", reaction, now_ms=NOW + MINUTE, snooze_until_ms=NOW + HOUR)


def test_taking_back_what_was_never_given_changes_nothing(ada: App) -> None:
    assert ada.feedback("tip", Reaction.NONE, now_ms=NOW + 1) is Fate.DUPLICATE
    assert recorded(ada, TipFeedback) == []


def test_the_same_reaction_from_many_threads_is_recorded_once(ada: App) -> None:
    fates = at_once(lambda _: ada.feedback("tip", Reaction.DONE, now_ms=NOW + MINUTE))

    assert sorted(map(str, fates)) == ["accepted"] + ["duplicate"] * (THREADS - 1)
    assert len(recorded(ada, TipFeedback)) == 1
    assert learned(ada).updates == 1
    assert consistent(ada)


def test_the_same_fact_from_many_threads_is_recorded_once(ada: App) -> None:
    fact = MoodCheckin(user_id="ada", at_ms=NOW, event_id="e1", score=0.5)

    fates = at_once(lambda _: ada.ingest([fact], now_ms=NOW).outcomes[0].fate)

    assert sorted(map(str, fates)) == ["accepted"] + ["duplicate"] * (THREADS - 1)
    assert recorded(ada, MoodCheckin) == [fact]


def test_different_reactions_from_many_threads_leave_one_in_force(ada: App) -> None:
    given = list(Reaction)
    at_once(lambda number: ada.feedback("tip", given[number % 4], now_ms=NOW + MINUTE))

    tip = ada.store.read(lambda reader: reader.tip("tip"))
    assert tip is not None
    assert tip.reaction is Reaction.DONE, "of those at one instant done is the strongest"
    assert reward(ada) == 1.0
    assert learned(ada).updates == 1
    assert consistent(ada)


def test_recommendations_asked_for_at_once_are_one_tip(ada: App) -> None:
    ada.feedback("tip", Reaction.DISMISS, now_ms=NOW + 1)

    answers = at_once(lambda number: ada.recommend("ada", now_ms=NOW + MINUTE, tip_id=f"tip-{number}"))

    tips = {answer.tip.tip_id for answer in answers if isinstance(answer, Recommendation) and answer.tip}
    assert len(tips) == 1
    assert len(recorded(ada, TipServed)) == 2


def test_a_long_list_is_bounded_and_keeps_what_presses(ada: App) -> None:
    tasks = [
        TaskUpsert(user_id="ada", task_id=f"n{n}", at_ms=NOW - DAY, title=f"N {n}") for n in range(1_000)
    ]
    ada.ingest(tasks, now_ms=NOW)
    add_task(ada, "urgent", "Due", due="2026-08-01")
    seen: set[str] = set()

    for number in range(30):
        ada.recommend("ada", now_ms=NOW + number, tip_id=f"tip-{number}", fresh=True)
        decision = ada.store.read(lambda reader, number=number: reader.decision(f"tip-{number}"))  # type: ignore[misc]
        offered = {candidate["id"] for candidate in decision.candidates}
        assert len(offered) == len(decision.candidates) == 100
        assert "urgent" in offered
        seen |= offered

    assert len(seen) > 800, "every task has its turn"


@pytest.mark.parametrize(
    "title",
    ["x" * 10_000, "🎉" * 10_000, "שלום עולם " * 1_000, "👨‍👩‍👧", "e\u0301", "\u202eevil", "a\u2066b\u2069"],
)
def test_a_title_of_any_length_and_script_goes_through_the_loop(ada: App, title: str) -> None:
    for number in range(3):
        ada.tasks.complete("ada", f"k{number}", now_ms=NOW)
    add_task(ada, "odd", title)

    answer = ada.recommend("ada", now_ms=NOW + MINUTE, tip_id="tip-1", explain=True)

    assert answer.tip is not None
    assert answer.tip.text == title
    assert answer.explanation is not None
    assert answer.explanation.ranking[0].text == title
    assert ada.feedback("tip-1", Reaction.DONE, now_ms=NOW + 2 * MINUTE) is Fate.ACCEPTED


def rewarded(
    value: float, at_ms: int = NOW + MINUTE, *, user_id: str = "ada", policy: str = "egreedy/v1"
) -> RewardFact:
    return RewardFact(user_id=user_id, decision_id="tip", policy=policy, at_ms=at_ms, reward=value)


def test_a_reward_from_outside_is_learned_and_corrected_by_a_later_one(ada: App) -> None:
    first, again, second = (
        ada.ingest([fact], now_ms=NOW + HOUR).outcomes[0].fate
        for fact in (rewarded(0.5), rewarded(0.5), rewarded(0.75, NOW + 2 * MINUTE))
    )

    assert (first, again, second) == (Fate.ACCEPTED, Fate.DUPLICATE, Fate.ACCEPTED)
    assert reward(ada) == 0.75
    assert learned(ada).updates == 1
    assert consistent(ada)


def test_an_earlier_reward_that_comes_late_corrects_nothing(ada: App) -> None:
    ada.ingest([rewarded(0.75, NOW + 2 * MINUTE)], now_ms=NOW + HOUR)
    ada.ingest([rewarded(0.5, NOW + MINUTE)], now_ms=NOW + 2 * HOUR)

    assert reward(ada) == 0.75
    assert consistent(ada)


def test_a_reward_with_another_content_is_a_conflict(ada: App) -> None:
    outcomes = ada.ingest([rewarded(0.5), rewarded(0.25)], now_ms=NOW + HOUR).outcomes

    assert [outcome.fate for outcome in outcomes] == [Fate.ACCEPTED, Fate.REFUSED]
    assert "another content" in outcomes[1].message
    assert reward(ada) == 0.5


@pytest.mark.parametrize(
    ("user_id", "policy"), [("bob", "egreedy/v1"), ("ada", "egreedy/v2"), ("ada", "nope/v9")]
)
def test_a_reward_for_the_decision_of_another_is_refused(ada: App, user_id: str, policy: str) -> None:
    ada.people.add("bob", "UTC", now_ms=0)

    outcome = ada.ingest([rewarded(1.0, user_id=user_id, policy=policy)], now_ms=NOW + HOUR).outcomes[0]

    assert outcome.fate is Fate.REFUSED
    assert reward(ada) is None
    assert learned(ada).updates == 0


def early() -> list[Fact]:
    """Facts of eve, of whom nothing else is known yet: the reaction comes before its tip, and the last is wrong."""
    return [
        TipFeedback(user_id="eve", at_ms=NOW + MINUTE, tip_id="t1", reaction=Reaction.DONE),
        TipServed(user_id="eve", at_ms=NOW, tip_id="t1", candidate_id="c1"),
        MoodCheckin(user_id="eve", at_ms=NOW, event_id="e1", score=0.5),
        TipFeedback(user_id="eve", at_ms=NOW - 1, tip_id="t1", reaction=Reaction.DISMISS),
    ]


def test_facts_wait_for_their_person_and_are_released_in_the_order_of_arrival(app: App) -> None:
    facts = early()
    arrived = [app.ingest([fact], now_ms=NOW + HOUR + n).outcomes[0].fate for n, fact in enumerate(facts)]
    again = app.ingest(facts, now_ms=NOW + DAY).outcomes

    ingested = app.ingest([UserFact(user_id="eve", at_ms=0, tz="Asia/Tokyo")], now_ms=NOW + 2 * DAY)

    assert arrived == [Fate.WAITING] * 4
    assert [outcome.fate for outcome in again] == [Fate.DUPLICATE] * 4
    assert ingested.outcomes[0].fate is Fate.ACCEPTED
    # The first waits on, for its tip; the tip comes and takes it along.
    assert [(outcome.key, outcome.fate) for outcome in ingested.released] == [
        (facts[0].key, Fate.WAITING),
        (facts[0].key, Fate.ACCEPTED),
        (facts[1].key, Fate.ACCEPTED),
        (facts[2].key, Fate.ACCEPTED),
        (facts[3].key, Fate.REFUSED),
    ]
    assert app.profiles.as_of("eve", at_ms=NOW + HOUR).features["completion_rate_30d"].value == 1.0
    assert app.profiles.get("eve", now_ms=NOW + 2 * DAY).features["completion_rate_30d"].value == 1.0


def test_a_fact_that_is_refused_on_its_release_is_kept_with_the_reason(app: App) -> None:
    facts = early()
    app.ingest(facts, now_ms=NOW + HOUR)

    ingested = app.ingest([UserFact(user_id="eve", at_ms=0, tz="UTC")], now_ms=NOW + DAY)

    refused = ingested.released[-1]
    assert "lies before its tip was served" in refused.message
    assert app.store.read(lambda reader: reader.waiting_fact(refused.key)) == facts[3]
    kept = app.store.read(lambda r: r._runner.session.run("SELECT key, refusal FROM waiting", {}))  # type: ignore[attr-defined]
    assert [tuple(row) for row in kept] == [(refused.key, refused.message)]
    assert app.store.read(lambda reader: reader.waiting("user:eve")) == []


def test_a_fact_that_waits_and_comes_again_with_another_content_is_a_conflict(app: App) -> None:
    waiting = MoodCheckin(user_id="eve", at_ms=NOW, event_id="e1", score=0.5)
    other = MoodCheckin(user_id="eve", at_ms=NOW, event_id="e1", score=0.75)

    outcomes = app.ingest([waiting, other], now_ms=NOW).outcomes

    assert [outcome.fate for outcome in outcomes] == [Fate.WAITING, Fate.REFUSED]


def test_what_is_asked_of_nobody_is_refused_and_leaves_no_trace(app: App) -> None:
    for ask in (
        lambda: app.recommend("nobody", now_ms=NOW, tip_id="t"),
        lambda: app.feedback("nothing", Reaction.DONE, now_ms=NOW),
        lambda: app.profiles.rebuild("nobody", now_ms=NOW),
        lambda: app.tasks.complete("nobody", "k", now_ms=NOW),
    ):
        with pytest.raises(OoError):
            ask()

    assert app.people.all() == []


def test_a_tip_id_is_used_once(ada: App) -> None:
    before = recorded(ada, TipServed)

    with pytest.raises(Exception, match=r"(?i)unique|already|served"):
        ada.recommend("ada", now_ms=NOW + HOUR, tip_id="tip")

    assert recorded(ada, TipServed) == before


def test_a_person_cannot_live_in_two_zones_from_one_instant_on(ada: App) -> None:
    moves = [UserFact(user_id="ada", at_ms=NOW, tz=tz) for tz in ("Asia/Tokyo", "America/New_York")]

    first, second = ada.ingest(moves, now_ms=NOW).outcomes

    assert (first.fate, second.fate) == (Fate.ACCEPTED, Fate.REFUSED)
    assert ada.people.get("ada").tz_at(NOW) == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("ids", "probabilities", "propensity"),
    [
        (["k0", "k0"], (0.5, 0.5), 0.5),
        (["k0", "k1", "k1"], (0.4, 0.3, 0.3), 0.4),
        (["k1", "k2"], (0.5, 0.5), 0.5),
        (["k0", "k1"], (0.9, 0.9), 0.9),
        (["k0", "k1"], (0.0, 1.0), None),
        (["k0", "k1"], (0.25, 0.75), 0.75),
    ],
)
def test_a_log_of_candidates_that_contradicts_itself_is_refused(
    ada: App, ids: list[str], probabilities: tuple[float, ...], propensity: float | None
) -> None:
    served = TipServed(
        user_id="ada",
        at_ms=NOW,
        tip_id="elsewhere",
        candidate_id="k0",
        probabilities=probabilities,
        propensity=propensity,
        candidates=tuple({"id": name, "is_overdue": False} for name in ids),
    )

    (outcome,) = ada.ingest([served], now_ms=NOW).outcomes

    assert outcome.fate is Fate.REFUSED
    assert ada.store.read(lambda reader: reader.tip("elsewhere")) is None


def test_probabilities_rounded_to_two_digits_are_taken(ada: App) -> None:
    served = TipServed(
        user_id="ada",
        at_ms=NOW,
        tip_id="elsewhere",
        candidate_id="k0",
        probabilities=(0.33, 0.33, 0.33),
        propensity=1 / 3,
        candidates=tuple({"id": f"k{number}", "is_overdue": False} for number in range(3)),
    )

    (outcome,) = ada.ingest([served], now_ms=NOW).outcomes

    assert outcome.fate is Fate.ACCEPTED
    assert ada.store.read(lambda reader: reader.scores("elsewhere"))
