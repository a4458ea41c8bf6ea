"""What cannot be done is said on a page, changes nothing, and shows the way on."""

import pytest
from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient

from oo.console.route import PageRoute
from oo.domain.errors import ConflictingFact
from oo.domain.instant import DAY
from tests.console.conftest import NOW, Site, reactions, tip_id


@pytest.mark.parametrize("reaction", ["done", "none"])
def test_the_tip_of_another_person_is_not_found_and_stays_as_it_is(ada: Site, reaction: str) -> None:
    first = tip_id(ada.get("/u/ada"))
    ada.app.people.add("grace", "UTC", now_ms=0)

    refused = ada.post(f"/u/grace/tips/{first}", reaction=reaction)

    assert (refused.status, refused.page.tip) == (404, "That tip is not on this page.")
    assert refused.page.one("a", class_="main")["href"] == "/u/grace"
    assert reactions(ada, first) == []


@pytest.mark.parametrize("name", ["tip", "answered", "added", "completed", "felt"])
@pytest.mark.parametrize("value", ["another's", "nothing", "%00", "%ff", "a" * 5000, "%3Cscript%3E"])
def test_an_address_that_means_nothing_shows_the_page_as_ever(ada: Site, name: str, value: str) -> None:
    ada.app.people.add("grace", "UTC", now_ms=0)
    ada.task("grace", "Feed the cat")
    if value == "another's":
        value = tip_id(ada.get("/u/grace"))

    seen = ada.get(f"/u/ada?{name}={value}")

    assert (seen.status, seen.page.notice) == (200, None)
    assert "Feed the cat" not in seen.page.text


def test_a_tip_that_was_never_served_is_not_found(ada: Site) -> None:
    assert ada.post("/u/ada/tips/nothing", reaction="done").status == 404


@pytest.mark.parametrize("sent", [{"reaction": "explode"}, {}, {"reaction": "snooze", "snooze": "ever"}])
def test_an_answer_that_is_none_changes_nothing_and_says_so(ada: Site, sent: dict[str, str]) -> None:
    first = tip_id(ada.get("/u/ada"))

    refused = ada.post(f"/u/ada/tips/{first}", **sent)

    assert (refused.status, refused.page.tip) == (422, "That could not be read.")
    assert reactions(ada, first) == []


def test_a_person_who_is_not_there_is_told_what_to_do(ada: Site) -> None:
    for seen in (ada.get("/u/nobody"), ada.post("/u/nobody/tasks", title="x"), ada.get("/u/no%20id%3Cb%3E")):
        assert (seen.status, seen.page.tip) == (404, "Nobody is known by that name here.")
        assert seen.page.one("a", class_="main")["href"] == "/u"
    assert ada.app.people.find("nobody") is None


def test_where_the_store_does_not_answer_a_page_says_so_and_when_to_come_back(ada: Site) -> None:
    ada.app.close()

    for seen in (ada.get("/u/ada"), ada.get("/"), ada.post("/u/ada/tasks", title="Buy milk")):
        assert (seen.status, seen.page.tip) == (503, "oO cannot get at its notes right now.")
        assert seen.headers["retry-after"] == "2"


def test_a_page_that_could_not_be_shown_asks_again_by_itself_and_a_form_does_not(ada: Site) -> None:
    ada.app.close()

    asked, posted = ada.get("/u/ada"), ada.post("/u/ada/tasks", title="Buy milk")

    assert (asked.headers["refresh"], posted.headers.get("refresh")) == ("5", None)
    assert "asks again by itself" in asked.page.text
    assert "asks again by itself" not in posted.page.text


def test_an_answer_counts_though_the_clock_was_set_back(ada: Site) -> None:
    first = ada.get("/u/ada")
    ada.clock.at_ms = NOW - DAY

    answered = ada.press(first, "reaction", "done")

    assert answered.status == 200
    assert answered.page.tip != first.page.tip


def test_what_does_not_fit_what_is_recorded_is_refused_with_a_page() -> None:
    def conflict() -> None:
        raise ConflictingFact("It is recorded already.", "Give it its own id.")

    routes = APIRouter(route_class=PageRoute)
    routes.add_api_route("/u/{user_id}", conflict, methods=["POST"])
    service = FastAPI()
    service.include_router(routes)

    refused = TestClient(service).post("/u/ada")

    assert refused.status_code == 409
    assert "That does not fit what is written down." in refused.text
    assert 'href="/u/ada"' in refused.text


@pytest.mark.parametrize("path", ["tasks", "tasks/done", "mood", "tips/i1", ""])
def test_the_address_of_a_form_asked_for_by_hand_leads_to_the_page(ada: Site, path: str) -> None:
    seen = ada.get(f"/u/ada/{path}")

    assert (seen.status, seen.url, seen.was_redirected) == (200, "/u/ada", True)
