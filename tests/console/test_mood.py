"""The mood check-in: a word becomes a fact, once."""

import pytest

from oo.domain.facts import MoodCheckin
from tests.console.conftest import Site


def checkins(site: Site) -> list[MoodCheckin]:
    facts = site.app.store.read(lambda reader: list(reader.facts("ada")))
    return [fact for fact in facts if isinstance(fact, MoodCheckin)]


@pytest.mark.parametrize(
    ("word", "score"), [("low", 0.0), ("meh", 0.25), ("okay", 0.5), ("good", 0.75), ("great", 1.0)]
)
def test_each_word_is_noted_as_its_score_and_thanked_for(ada: Site, word: str, score: float) -> None:
    seen = ada.press(ada.get("/u/ada"), "mood", word)

    [fact] = checkins(ada)
    assert (fact.user_id, fact.score) == ("ada", score)
    assert (seen.status, seen.was_redirected, seen.page.notice) == (200, True, f"Noted: {word} Thank you.")


def test_every_face_has_its_word(ada: Site) -> None:
    seen = ada.get("/u/ada")

    assert [button.text for button in seen.page.all("button", name="mood")] == [
        "Low",
        "Meh",
        "Okay",
        "Good",
        "Great",
    ]


def test_the_same_word_of_the_same_page_pressed_twice_is_one_check_in(ada: Site) -> None:
    page = ada.get("/u/ada")

    for _ in range(2):
        assert ada.press(page, "mood", "good").status == 200

    assert len(checkins(ada)) == 1


def test_another_word_and_another_visit_are_check_ins_of_their_own(ada: Site) -> None:
    page = ada.get("/u/ada")
    ada.press(page, "mood", "good")
    ada.press(page, "mood", "low")
    ada.press(ada.get("/u/ada"), "mood", "good")

    assert [fact.score for fact in checkins(ada)] == [0.75, 0.0, 0.75]


@pytest.mark.parametrize("word", ["", "2", "-1", "0.5", "GOOD", "nan", "x" * 9999])
def test_a_mood_that_is_none_of_the_five_is_refused_beside_the_faces(ada: Site, word: str) -> None:
    seen = ada.post("/u/ada/mood", token="t", mood=word)  # noqa: S106  # no secret: it names a form

    assert (seen.status, checkins(ada)) == (422, [])
    told = seen.page.one("p", id="mood-problem")
    assert (told.text, "autofocus" in told.attributes) == (
        "That is not one of the five. Choose one of the words.",
        True,
    )
    assert seen.page.title.startswith("Please check: That is not one of the five.")
