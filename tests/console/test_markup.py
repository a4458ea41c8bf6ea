"""What holds for every page in every state: headers, escaping, and what assistive software needs."""

import re
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.console.conftest import Seen, Site, opened, settled

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</title><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "\u202eright to left\u202c and 👩‍🚀 \u200f",
    "להתקשר אל הרופא",
    "W" * 500,
    "&lt;b&gt; &amp; &nbsp;",
]


def _first(site: Site) -> Seen:
    return site.get("/u/ada")


def _explained(site: Site) -> Seen:
    for _ in range(2):
        site.press(site.get("/u/ada"), "reaction", "done")
    return site.get("/u/ada")


def _invalid(site: Site) -> Seen:
    return site.post("/u/ada/tasks", title=" ", due="x", category="y" * 99, priority="0")


def _nothing(site: Site) -> Seen:
    for _ in range(3):
        site.press(site.get("/u/ada"), "reaction", "dismiss")
    return site.get("/u/ada")


def _several(site: Site) -> Seen:
    site.app.people.add("grace", "UTC", now_ms=0)
    return site.get("/")


STATES: Mapping[str, Callable[[Site], Seen]] = {
    "the first tip": _first,
    "a tip with reasons": _explained,
    "after done": lambda site: site.press(site.get("/u/ada"), "reaction", "done"),
    "after snooze": lambda site: site.press(site.get("/u/ada"), "snooze", "week"),
    "after undo": lambda site: site.undo(site.press(site.get("/u/ada"), "reaction", "done")),
    "nothing to show": _nothing,
    "slips in a task": _invalid,
    "slips with nothing to show": lambda site: [_nothing(site), _invalid(site)][1],
    "a mood that is none": lambda site: site.post("/u/ada/mood", mood="x"),
    "the chooser": _several,
    "slips in a person": lambda site: site.post("/u", name="a b", tz="x"),
    "nobody of that name": lambda site: site.get("/u/nobody"),
    "no such tip": lambda site: site.post("/u/ada/tips/x", reaction="done"),
    "no such answer": lambda site: site.press(site.get("/u/ada"), "reaction", "done", reaction="x"),
}


@pytest.fixture(params=STATES, scope="module")
def seen(request: pytest.FixtureRequest) -> Iterator[Seen]:
    """The page in each of its states."""
    with opened() as site:
        yield STATES[request.param](settled(site))


def test_every_page_carries_the_headers_that_guard_it(seen: Seen) -> None:
    assert {name: seen.headers[name] for name in HEADERS} == HEADERS
    assert seen.headers["cache-control"] == "no-store"
    assert seen.headers["content-type"] == "text/html; charset=utf-8"
    assert str(seen.status).isdigit(), "a log writes the status as it is given"


def test_no_page_has_a_script_or_a_style_of_its_own(seen: Seen) -> None:
    assert seen.page.all("script") == []
    assert seen.page.all("style") == []
    for element in seen.page.elements:
        assert not [name for name in element.attributes if name == "style" or name.startswith("on")]


def test_every_page_has_one_name_one_heading_and_its_landmarks(seen: Seen) -> None:
    assert seen.page.one("html")["lang"] == "en"
    assert re.fullmatch(r"\S.+ – oO", seen.page.title)
    for tag in ("h1", "main", "header", "footer"):
        assert len(seen.page.all(tag)) == 1


def test_every_id_is_one_elements_and_every_reference_leads_to_one(seen: Seen) -> None:
    ids = [element["id"] for element in seen.page.elements if element["id"]]

    assert len(ids) == len(set(ids))
    for element in seen.page.elements:
        for name in ("for", "list", "aria-describedby", "aria-labelledby"):
            assert set((element[name] or "").split()) <= set(ids), (element, name)


def test_every_control_is_named_and_every_picture_is_silent(seen: Seen) -> None:
    labelled = {label["for"] for label in seen.page.all("label")}
    for control in seen.page.all("input"):
        inside_label = any(control.is_in(label) and label.text for label in seen.page.all("label"))
        assert control["type"] == "hidden" or control["id"] in labelled or inside_label
    for tag in ("button", "a", "summary"):
        assert all(element.text or element["aria-label"] for element in seen.page.all(tag))
    assert all(picture["aria-hidden"] == "true" for picture in seen.page.all("svg"))


def test_at_most_one_element_takes_the_focus_and_it_is_what_was_just_done(seen: Seen) -> None:
    focused = [element for element in seen.page.elements if "autofocus" in element.attributes]

    assert len(focused) <= 1
    if seen.page.all("div", role="status"):
        assert focused == seen.page.all("div", role="status")
    if seen.status == 422 and seen.page.all("p", class_="problem"):
        assert len(focused) == 1


def test_every_form_is_sent_to_this_site_by_post(seen: Seen) -> None:
    for form in seen.page.all("form"):
        assert form["method"] == "post"
        assert (form["action"] or "").startswith("/u")


@pytest.mark.parametrize("title", HOSTILE)
def test_whatever_a_title_holds_it_is_shown_as_text_wherever_it_stands(ada: Site, title: str) -> None:
    ada.app.people.add("eve", "UTC", now_ms=0)
    ada.task("eve", title, category=title[:60])

    first = ada.get("/u/eve")
    done = ada.press(first, "reaction", "done")
    refused = ada.post("/u/eve/tasks", title=title, due=title, category=title * 9, priority=title)

    shown = " ".join(title.split())
    assert first.page.tip == shown
    assert first.page.one("bdi", class_="title").text == shown
    assert (done.page.notice or "").startswith("Done: ")
    assert refused.page.one("input", id="title")["value"] == title
    for page in (first.page, done.page, refused.page):
        assert page.all("script") == page.all("img") == page.all("b") == []
        assert not [name for element in page.elements for name in element.attributes if name.startswith("on")]


def test_titles_of_either_direction_keep_to_themselves(ada: Site) -> None:
    seen = ada.get("/u/ada")

    assert seen.page.one("h1")["dir"] == "auto"
    assert seen.page.one("input", id="title")["dir"] == "auto"


@pytest.mark.parametrize(
    "path", ["/", "/u", "/u/ada", "/u/nobody", "/static/x/person.css", "/static/x/nothing"]
)
def test_the_leading_answers_are_guarded_too(ada: Site, path: str) -> None:
    answer = ada.client.get(path, follow_redirects=False)

    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_the_style_sheet_is_kept_for_as_long_as_it_is_the_same(ada: Site) -> None:
    address = ada.get("/u/ada").page.one("link", rel="stylesheet")["href"] or ""
    current = ada.client.get(address)
    outdated = ada.client.get("/static/000000000000/person.css")

    assert re.fullmatch(r"/static/[0-9a-f]{12}/person\.css", address)
    assert (current.status_code, current.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert current.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (outdated.text, outdated.headers["cache-control"]) == (current.text, "no-cache")


@pytest.mark.parametrize("name", ["nothing.css", "..%2Fperson.py", "person.html", "%00"])
def test_nothing_but_the_files_for_pages_is_served(ada: Site, name: str) -> None:
    assert ada.client.get(f"/static/x/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/favicon.svg", "/favicon.ico"])
def test_the_icon_is_where_browsers_look_for_it(site: Site, path: str) -> None:
    answer = site.client.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe=%ff&title=%00%ff", "application/x-www-form-urlencoded"),
        (b"title=%00%01%ed%a0%80", "application/x-www-form-urlencoded"),
        (b"title=x&title=", "application/x-www-form-urlencoded"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="title"; filename="a"\r\n\r\nfile\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n+2AA-\r\n--x--\r\n',
            "multipart/form-data; boundary=x; charset=utf-7",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="category"\r\n\r\n\\ud800\r\n--x--\r\n',
            "multipart/form-data; boundary=x; charset=unicode_escape",
        ),
        (b'{"title": "x"}', "application/json"),
        (b"", "text/plain"),
        (b"&".join(b"a=b" for _ in range(2000)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_of_ours_is_answered_with_a_page(ada: Site, body: bytes, kind: str) -> None:
    before = len(ada.app.tasks.of("ada"))

    for path in ("/u/ada/tasks", "/u/ada/mood", "/u/ada/tips/x", "/u/ada/tasks/done", "/u"):
        answer = ada.client.post(path, content=body, headers={"content-type": kind})

        assert answer.status_code in {404, 422}, path
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == POLICY
    assert len(ada.app.tasks.of("ada")) == before
