"""Who are you: nobody yet, one person, or several; and the way in for somebody new."""

from zoneinfo import ZoneInfoNotFoundError

import pytest

from tests.console.conftest import Seen, Site

NAME = (
    "A name here has up to 128 of the letters a to z, digits and _ . : @ - "
    "Without spaces: such as ada, or ada.lovelace."
)


def introduce(site: Site, seen: Seen, **typed: str) -> Seen:
    form = seen.page.form_with("input", name="name")
    return site.post(form["action"] or "", **{**seen.page.fields(form), **typed})


def names(site: Site) -> dict[str, str]:
    return {person.user_id: person.tz_at(site.clock.at_ms) for person in site.app.people.all()}


def test_where_nobody_is_known_the_page_asks_for_a_name_and_says_what_else_can_be_done(site: Site) -> None:
    seen = site.get("/")

    assert (seen.status, seen.page.tip, seen.page.title) == (200, "Hello.", "Welcome – oO")
    assert "oo users add ada" in seen.page.text
    assert "oo import todo.txt --user ada" in seen.page.text


def test_a_name_and_a_zone_are_all_it_takes(site: Site) -> None:
    seen = introduce(site, site.get("/"), name=" ada ", tz="Europe/Berlin")

    assert (seen.status, seen.was_redirected, seen.url) == (200, True, "/u/ada")
    assert names(site) == {"ada": "Europe/Berlin"}


def test_the_zone_of_this_machine_is_proposed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tzlocal.get_localzone_name", lambda: "Asia/Tokyo")

    assert site.get("/").page.one("input", id="tz")["value"] == "Asia/Tokyo"


def test_a_machine_whose_zone_is_no_place_proposes_utc(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tzlocal.get_localzone_name", lambda: "Etc/GMT+5")

    assert site.get("/").page.one("input", id="tz")["value"] == "UTC"


def test_the_only_person_is_led_to_their_page(ada: Site) -> None:
    seen = ada.get("/")

    assert (seen.was_redirected, seen.url) == (True, "/u/ada")


def test_several_people_choose_who_they_are(ada: Site) -> None:
    ada.app.people.add("grace@example.org", "UTC", now_ms=0)

    seen = ada.get("/")

    assert (seen.page.tip, seen.page.title) == ("Who are you?", "Who are you? – oO")
    links = seen.page.all("a", seen.page.one("ul", class_="people"))
    assert [(link.text, link["href"]) for link in links] == [
        ("ada", "/u/ada"),
        ("grace@example.org", "/u/grace@example.org"),
    ]
    assert ada.get("/u/grace@example.org").status == 200


def test_the_name_on_a_page_leads_to_the_others_and_somebody_new(ada: Site) -> None:
    who = ada.get("/u/ada").page.one("a", class_="who")
    chooser = ada.get(who["href"] or "")

    assert introduce(ada, chooser, name="grace", tz="UTC").url == "/u/grace"
    assert set(names(ada)) == {"ada", "grace"}


def test_a_machine_that_does_not_know_its_zone_proposes_utc(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown() -> str:
        raise ZoneInfoNotFoundError

    monkeypatch.setattr("tzlocal.get_localzone_name", unknown)

    assert site.get("/").page.one("input", id="tz")["value"] == "UTC"


@pytest.mark.parametrize(
    ("field", "typed", "problem"),
    [
        ("name", "", NAME),
        ("name", "ada lovelace", NAME),
        ("name", "zoë", NAME),
        ("name", "<script>", NAME),
        ("name", "a/b", NAME),
        ("name", "a" * 129, NAME),
        ("name", "a\x00", NAME),
        ("name", "..", "A page cannot have this name. Take one with letters in it."),
        ("name", ".", "A page cannot have this name. Take one with letters in it."),
        ("tz", "", "This is no time zone. Take one from the list, such as Europe/Berlin or UTC."),
        ("tz", "berlin", "This is no time zone. Did you mean Europe/Berlin?"),
        ("tz", "New York", "This is no time zone. Did you mean America/New_York?"),
        (
            "tz",
            "../../etc/passwd",
            "This is no time zone. Take one from the list, such as Europe/Berlin or UTC.",
        ),
        ("tz", "Europe", "This is no time zone. Take one from the list, such as Europe/Berlin or UTC."),
        ("tz", "x" * 9999, "This is no time zone. Take one from the list, such as Europe/Berlin or UTC."),
        ("tz", "a\x00b", "This is no time zone. Take one from the list, such as Europe/Berlin or UTC."),
    ],
)
def test_what_cannot_be_taken_comes_back_with_the_reason_at_its_field(
    site: Site, field: str, typed: str, problem: str
) -> None:
    content = {"name": "ada", "tz": "Europe/Berlin", field: typed}

    seen = introduce(site, site.get("/"), **content)

    assert (seen.status, seen.page.title) == (422, f"Please check: {problem} – oO")
    told = seen.page.one("p", class_="problem")
    assert (told["id"], told.text) == (f"{field}-problem", problem)
    wrong = seen.page.one("input", id=field)
    assert (wrong["aria-invalid"], wrong["aria-describedby"]) == ("true", f"{field}-problem {field}-hint")
    assert "autofocus" in wrong.attributes
    assert seen.page.fields(seen.page.form_with("input", name="name")) == content
    assert names(site) == {}


def test_the_same_introduction_twice_is_one_person(site: Site) -> None:
    form = site.get("/")

    once, twice = (introduce(site, form, name="ada", tz="Europe/Berlin") for _ in range(2))

    assert (once.url, twice.url, names(site)) == ("/u/ada", "/u/ada", {"ada": "Europe/Berlin"})


def test_a_name_that_is_taken_moves_nobody_to_another_zone(ada: Site) -> None:
    seen = introduce(ada, ada.get("/u"), name="ada", tz="Asia/Tokyo")

    assert (seen.status, names(ada)) == (422, {"ada": "Europe/Berlin"})
    assert seen.page.one("p", class_="problem").text == (
        "There is somebody called ada already. Choose them, or take another name."
    )
