"""Adding a task, the list, and what is said where there is nothing to show."""

from collections.abc import Callable

import pytest

from oo.domain.facts import TaskUpsert
from oo.domain.instant import parse_instant
from tests.console.conftest import Seen, Site

BLANK = "A task needs a title of printable characters. Say what there is to do, in one line."


@pytest.fixture
def empty(site: Site) -> Site:
    """The pages, with ada of Berlin, who has nothing to do."""
    site.app.people.add("ada", "Europe/Berlin", now_ms=0)
    return site


def fill(site: Site, seen: Seen, **typed: str) -> Seen:
    """Send the form for a new task with what is typed into it."""
    form = seen.page.form_with("input", name="title")
    return site.post(form["action"] or "", **{**seen.page.fields(form), **typed})


def test_an_empty_list_offers_the_form_at_once(empty: Site) -> None:
    seen = empty.get("/u/ada")

    assert (seen.page.tip, seen.page.title) == ("Your list is empty.", "Your list is empty – oO")
    assert "Write down the first thing there is to do, and it will be shown here." in seen.page.text
    assert seen.page.all("details", id="add") == []
    assert "oo " not in seen.page.text


def test_a_task_that_is_added_is_kept_as_it_was_written_and_shown(empty: Site) -> None:
    seen = fill(
        empty, empty.get("/u/ada"), title=" Buy milk ", due="2026-09-23", category=" errands ", priority="3"
    )

    [task] = empty.app.tasks.of("ada")
    assert (task.content.title, task.content.due) == ("Buy milk", "2026-09-23")
    assert (task.content.category, task.content.priority, task.content.source) == ("errands", 3, "page")
    assert (seen.status, seen.was_redirected, seen.page.tip) == (200, True, "Buy milk")
    assert (seen.page.notice, seen.page.title) == ("Added: Buy milk", "Added: Buy milk – oO")


def test_a_title_alone_is_a_task(empty: Site) -> None:
    fill(empty, empty.get("/u/ada"), title="Buy milk")

    [task] = empty.app.tasks.of("ada")
    assert (task.content.due, task.content.category, task.content.priority) == (None, None, 1)


def test_the_same_form_sent_twice_is_one_task(empty: Site) -> None:
    form = empty.get("/u/ada")

    for _ in range(2):
        assert fill(empty, form, title="Buy milk").status == 200

    assert len(empty.app.tasks.of("ada")) == 1


def test_the_same_form_with_another_title_is_another_task(empty: Site) -> None:
    form = empty.get("/u/ada")

    fill(empty, form, title="Buy milk")
    fill(empty, form, title="Buy bread")

    assert {task.content.title for task in empty.app.tasks.of("ada")} == {"Buy milk", "Buy bread"}


def test_two_forms_with_the_same_title_are_two_tasks(empty: Site) -> None:
    for _ in range(2):
        fill(empty, empty.get("/u/ada"), title="Buy milk")

    assert len(empty.app.tasks.of("ada")) == 2


@pytest.mark.parametrize(
    ("field", "typed", "problem"),
    [
        ("title", "", BLANK),
        ("title", "   ", BLANK),
        ("title", "Buy\x00milk", BLANK),
        ("title", "Buy\nmilk", BLANK),
        ("title", "Buy\u2028milk", BLANK),
        ("title", "x" * 501, "This has 501 characters, and 500 is the most. Say it shorter."),
        ("title", "x" * 10_000, "This has 10,000 characters, and 500 is the most. Say it shorter."),
        ("due", "tomorrow", "This is no date. Write it as 2026-09-02, or leave it empty."),
        ("due", "2026-02-30", "This is no date. Write it as 2026-09-02, or leave it empty."),
        ("due", "0000-01-01", "This is no date. Write it as 2026-09-02, or leave it empty."),
        ("priority", "5", "There is no such priority. Choose one from the list."),
        ("priority", "high", "There is no such priority. Choose one from the list."),
        ("category", "a\x07b", "A category is one line of printable characters. Such as work, home, health."),
        ("category", "x" * 61, "This has 61 characters, and 60 is the most. Say it shorter."),
    ],
)
@pytest.mark.parametrize("start", ["empty", "with a tip"])
def test_what_cannot_be_taken_comes_back_with_the_reason_at_its_field(
    empty: Site, start: str, field: str, typed: str, problem: str
) -> None:
    if start == "with a tip":
        empty.task("ada", "Call the dentist")
    before = len(empty.app.tasks.of("ada"))
    content = {"title": "Buy milk", "due": "2026-09-23", "category": "errands", "priority": "2"}

    seen = fill(empty, empty.get("/u/ada"), **{**content, field: typed})

    assert (seen.status, seen.page.title) == (422, f"Please check: {problem} – oO")
    told = seen.page.one("p", class_="problem")
    assert (told["id"], told.text) == (f"{field}-problem", problem)
    assert len(empty.app.tasks.of("ada")) == before
    form = seen.page.form_with("input", name="title")
    kept = seen.page.fields(form)
    for name, value in {**content, field: typed}.items():
        if name != "priority":
            assert kept[name] == value
    assert kept.get("priority") == (None if field == "priority" else "2")


def test_several_slips_are_told_at_once_and_the_first_is_where_the_focus_goes(empty: Site) -> None:
    seen = fill(empty, empty.get("/u/ada"), title=" ", due="soon", category="x" * 99)

    assert [told["id"] for told in seen.page.all("p", class_="problem")] == [
        "title-problem",
        "due-problem",
        "category-problem",
    ]
    focused = [element for element in seen.page.elements if "autofocus" in element.attributes]
    assert [element["id"] for element in focused] == ["title"]
    for name in ("title", "due", "category"):
        field = seen.page.one("input", id=name)
        assert (field["aria-invalid"], field["aria-describedby"]) == ("true", f"{name}-problem")


def test_a_date_that_is_none_can_be_seen_as_it_was_written(empty: Site) -> None:
    seen = fill(empty, empty.get("/u/ada"), title="Buy milk", due="tomorrow")

    # In a field for dates a browser shows nothing that is none.
    assert (
        seen.page.one("input", id="due")["type"],
        empty.get("/u/ada").page.one("input", id="due")["type"],
    ) == (
        "text",
        "date",
    )


def test_the_form_opens_where_there_is_something_to_mend(ada: Site) -> None:
    mended = fill(ada, ada.get("/u/ada"), title=" ")

    assert "open" not in ada.get("/u/ada").page.one("details", id="add").attributes
    assert "open" in mended.page.one("details", id="add").attributes


def test_categories_in_use_are_offered(ada: Site) -> None:
    for title, category in (("a", "home"), ("b", "work"), ("c", "work")):
        ada.task("ada", title, category=category)

    seen = ada.get("/u/ada")

    offered = seen.page.all("option", seen.page.one("datalist", id="categories"))
    assert [option["value"] for option in offered] == ["work", "home"]


def test_where_all_is_done_the_page_says_what_became_of_it(one_task: Callable[..., Site]) -> None:
    site = one_task()
    site.task("ada", "Call the dentist")
    done = site.press(site.get("/u/ada"), "reaction", "done")

    seen = site.press(done, "reaction", "dismiss")

    assert (seen.page.tip, seen.page.one("p", class_="reason").text) == (
        "All done.",
        "1 task done, 1 dismissed. Nothing is left to show.",
    )
    assert seen.page.one("p", class_="dateline").text == "Tuesday, 22 September 0 tasks open · 1 done today"


def test_where_all_is_put_off_the_page_says_when_the_next_one_returns(one_task: Callable[..., Site]) -> None:
    site = one_task()
    site.task("ada", "Write the report", start="2026-10-01")

    seen = site.press(site.get("/u/ada"), "snooze", "morning")

    assert (seen.page.tip, seen.page.one("p", class_="reason").text) == (
        "Nothing for now.",
        "1 task snoozed, 1 not before a day to come. The next one returns tomorrow at 08:00.",
    )


def test_the_line_on_how_things_stand_counts_what_was_done_today_where_the_person_lives(
    one_task: Callable[..., Site],
) -> None:
    site = one_task(tz="America/New_York")
    site.task("ada", "Call the dentist")
    site.clock.at_ms = parse_instant("2026-09-22T03:00:00Z")
    site.press(site.get("/u/ada"), "reaction", "done")

    late, next_day = (
        site.get("/u/ada")
        for site.clock.at_ms in (
            parse_instant("2026-09-22T03:59:00Z"),
            parse_instant("2026-09-22T04:00:00Z"),
        )
    )

    assert late.page.one("p", class_="dateline").text == "Monday, 21 September 1 task open · 1 done today"
    assert next_day.page.one("p", class_="dateline").text == "Tuesday, 22 September 1 task open"


def test_the_list_has_what_is_left_the_most_pressing_first(ada: Site) -> None:
    ada.task("ada", "Pay the rent", due="2026-09-21", category="home")
    ada.task("ada", "Renew the pass", start="2026-10-01")
    ada.task("ada", "Ring the bell", priority=4)

    seen = ada.get("/u/ada")

    lines = seen.page.all("li", seen.page.one("ul", class_="tasks"))
    assert [seen.page.one("p", line).text for line in lines] == [
        "Pay the rent 1 day overdue home",
        "Ring the bell",
        "Buy milk",
        "Call the dentist",
        "Write the report",
        "Renew the pass returns 1 October at 00:00",
    ]


def test_a_task_is_completed_from_the_list(ada: Site) -> None:
    seen = ada.get("/u/ada")
    button = next(
        button
        for button in seen.page.all("button", name="task_id")
        if button["aria-label"] == "Done: Call the dentist"
    )

    after = ada.press(seen, "task_id", button["value"] or "")
    again = ada.press(seen, "task_id", button["value"] or "")

    assert (after.page.notice, again.page.notice) == ("Done: Call the dentist", "Done: Call the dentist")
    assert ada.status("ada", "Call the dentist") == "completed"
    assert ada.get("/u/ada").page.tip != "Call the dentist"


def test_a_task_id_that_no_store_can_hold_is_refused(ada: Site) -> None:
    refused = ada.post("/u/ada/tasks/done", task_id="\x00")

    assert (refused.status, refused.page.tip) == (422, "That could not be read.")


@pytest.mark.parametrize("task_id", ["nothing", "", "x" * 9999])
def test_a_task_that_is_not_on_the_list_is_not_found(ada: Site, task_id: str) -> None:
    refused = ada.post("/u/ada/tasks/done", task_id=task_id)

    assert (refused.status, refused.page.tip) == (404, "That task is not on this list.")


def test_the_task_of_another_person_cannot_be_completed(ada: Site) -> None:
    ada.app.people.add("grace", "UTC", now_ms=0)
    fact = TaskUpsert(user_id="grace", task_id="hers", at_ms=ada.clock(), title="Feed the cat")
    ada.app.tasks.add(fact, now_ms=ada.clock())

    assert ada.post("/u/ada/tasks/done", task_id="hers").status == 404
    assert ada.status("grace", "Feed the cat") == "open"


def test_a_long_list_is_cut_and_the_rest_counted(site: Site) -> None:
    site.app.people.add("ada", "UTC", now_ms=0)
    facts = [
        TaskUpsert(user_id="ada", task_id=f"k{number}", at_ms=site.clock(), title=f"Task {number}")
        for number in range(60)
    ]
    site.app.ingest(facts, now_ms=site.clock())

    seen = site.get("/u/ada")

    assert len(seen.page.all("button", name="task_id")) == 50
    assert "and 10 more." in seen.page.one("details", id="list").text
