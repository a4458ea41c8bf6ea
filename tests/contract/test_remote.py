"""A use case answers through a service as it does where the store is: another one joins by an entry in `CALLS`."""

import inspect
import io
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from oo import sources
from oo.adapters.remote import channel, reception
from oo.adapters.remote.parts import works_on
from oo.adapters.remote.reception import received
from oo.adapters.remote.service import Service, StandIn
from oo.compose import compose, served
from oo.domain.errors import OoError, Overloaded, StoreBusy, StoreClosed, StoreError, UnknownUser
from oo.domain.event import MOST_REFUSALS, ReceivedEvent
from oo.domain.facts import MoodCheckin, Reaction, TaskUpsert
from oo.domain.instant import DAY, MINUTE
from oo.ports import SpinePoint, Store
from oo.settings import Settings
from oo.usecases.app import App
from oo.usecases.import_file import ImportFile
from tests.contract.test_store import Hold

NOW = 1_788_247_800_000
WAIT_SEC = 30
LOOKS_AGAIN_SEC = 0.2
"""In that time a command that waits has looked for the store, and for a service, more than once."""


def task(number: int) -> TaskUpsert:
    return TaskUpsert(user_id="ada", task_id=f"k{number}", at_ms=NOW - DAY, title=f"Task {number}")


def imported(app: App) -> object:
    report = app.import_file(
        io.BytesIO(b"Buy milk\nCall, due:never\n"),
        sources.load("todotxt"),
        user_id="eve",
        tz="Asia/Tokyo",
        now_ms=NOW,
    )
    return report.counts, report.refused


def backed_up(app: App) -> object:
    with tempfile.TemporaryDirectory() as folder:
        return app.back_up(f"{folder}/backup.db").rows


CALLS: dict[str, Callable[[App], object]] = {
    "people.find": lambda app: app.people.find("ada"),
    "people.add": lambda app: app.people.add("ada", "Europe/Berlin", now_ms=0),
    "people.get": lambda app: app.people.get("ada"),
    "tasks.add": lambda app: [app.tasks.add(task(number), now_ms=NOW) for number in range(3)],
    "tasks.of": lambda app: app.tasks.of("ada"),
    "recommend.__call__": lambda app: app.recommend("ada", now_ms=NOW, tip_id="t1", explain=True, shown=True),
    "feedback.__call__": lambda app: app.feedback("t1", Reaction.SNOOZE, now_ms=NOW + MINUTE),
    "tasks.complete": lambda app: app.tasks.complete("ada", "k2", now_ms=NOW + MINUTE),
    "ingest.__call__": lambda app: app.ingest(
        [MoodCheckin(user_id=user, at_ms=NOW, event_id="e1", score=0.5) for user in ("ada", "bob")],
        now_ms=NOW,
    ),
    "profiles.get": lambda app: app.profiles.get("ada", now_ms=NOW + DAY),
    "profiles.stored": lambda app: app.profiles.stored("ada", now_ms=NOW + DAY),
    "profiles.as_of": lambda app: app.profiles.as_of("ada", at_ms=NOW + DAY),
    "profiles.rebuild": lambda app: app.profiles.rebuild("ada", now_ms=NOW + DAY),
    "histories.events": lambda app: app.histories.events(["ada", "bob"]),
    "histories.arrivals": lambda app: app.histories.arrivals(["ada", "bob"]),
    "histories.decided": lambda app: app.histories.decided(
        [SpinePoint(number=0, user_id="ada", at_ms=NOW, decision_id=None)]
    ),
    "score.__call__": lambda app: app.score(
        "ada", ({"id": "c1", "priority": 2},), decision_id="d1", now_ms=NOW
    ),
    "reward.__call__": lambda app: app.reward("d1", 0.5, now_ms=NOW + DAY),
    "knowledge.of": lambda app: app.knowledge.of("ada", "egreedy/v1"),
    "knowledge.reset": lambda app: app.knowledge.reset("ada", now_ms=NOW + DAY),
    "quality.run": lambda app: app.quality.run(now_ms=NOW + DAY),
    "quality.panel": lambda app: app.quality.panel(now_ms=NOW + DAY),
    "quality.findings": lambda app: app.quality.findings(now_ms=NOW + 2 * DAY),
    "quality.renew": lambda app: app.quality.renew(["preferred_hour"], now_ms=NOW + DAY),
    "import_file.__call__": imported,
    "people.all": lambda app: app.people.all(),
    "definitions.serve": lambda app: app.definitions.serve(now_ms=NOW),
    "verify.some": lambda app: app.verify.some(["ada", "eve"], now_ms=NOW + DAY),
    "skew.measured": lambda app: app.skew.measured(now_ms=NOW + DAY),
    "skew.measured_from": lambda app: app.skew.measured_from(0, now_ms=NOW + DAY),
    "skew.findings": lambda app: app.skew.findings(now_ms=NOW + DAY),
    "skew.forget": lambda app: app.skew.forget(now_ms=NOW + DAY),
    "ledger.differences": lambda app: app.ledger.differences("ada"),
    "ledger.repair": lambda app: app.ledger.repair("ada", now_ms=NOW + DAY),
    "events.take": lambda app: [
        app.events.take([ReceivedEvent(subject="signals.mood.checkin", body=b"{}", tries=1)], now_ms=NOW)
        for _ in range(MOST_REFUSALS)
    ],
    "events.try_again": lambda app: app.events.try_again([0] * 4, most=10, now_ms=NOW),
    "events.dead": lambda app: app.events.dead(),
    "events.retry": lambda app: app.events.retry([1], now_ms=NOW),
    "events.republish": lambda app: app.events.republish(NOW, NOW + DAY),
    "events.backlog": lambda app: app.events.backlog(),
    "check.__call__": lambda app: app.check(now_ms=NOW + DAY),
    "check.damage": lambda app: app.check.damage(),
    "export.__call__": lambda app: app.export("ada"),
    "back_up.__call__": backed_up,
    "erase.__call__": lambda app: app.erase("ada", now_ms=NOW + DAY),
    "erase.finish": lambda app: app.erase.finish(now_ms=NOW + DAY),
}
"""Each public method of each use case, in an order in which there is something to say."""
INSIDE = ("transaction", "reader")
"""A method that is handed one of these is called by other use cases, inside a transaction."""


@dataclass(frozen=True)
class Both:
    """One App twice: `here`, where the store is, and `there`, in a command's process."""

    here: App
    there: App

    @property
    def service(self) -> Service:
        assert isinstance(self.there.store, Service)
        return self.there.store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path / 'oo.db'}", busy_wait_sec=0)


@pytest.fixture
def both(settings: Settings) -> Iterator[Both]:
    with served(settings) as here:
        there = compose(settings)
        yield Both(here, there)
        there.close()


def use_cases(app: App) -> dict[str, object]:
    return {
        field.name: getattr(app, field.name)
        for field in fields(app)
        if works_on(app.store, getattr(app, field.name))
    }


def methods(app: App) -> Iterator[str]:
    for name, use_case in use_cases(app).items():
        for verb, method in inspect.getmembers(use_case, inspect.ismethod):
            public = verb == "__call__" or not verb.startswith("_")
            if public and not set(INSIDE) & set(inspect.signature(method).parameters):
                yield f"{name}.{verb}"


def test_every_use_case_runs_in_the_service_but_for_the_one_that_reads_a_file(both: Both) -> None:
    names = set(use_cases(both.here))

    assert {"people", "tasks", "recommend", "feedback", "profiles", "ingest", "import_file"} <= names
    for name in names - {"import_file"}:
        assert isinstance(getattr(both.there, name), StandIn), name
    assert isinstance(both.there.import_file, ImportFile)
    for part in (
        both.there.import_file.ingest,
        both.there.import_file.people,
        both.there.import_file.take_over,
    ):
        assert isinstance(part, StandIn)


def test_every_public_method_of_every_use_case_has_its_call(both: Both) -> None:
    assert set(methods(both.here)) == set(CALLS)


def test_every_call_answers_through_the_service_as_where_the_store_is(both: Both, tmp_path: Path) -> None:
    elsewhere = compose(Settings(database=f"sqlite:///{tmp_path / 'other.db'}", busy_wait_sec=0))
    try:
        for name, call in CALLS.items():
            assert repr(call(both.there)) == repr(call(elsewhere)), name
    finally:
        elsewhere.close()


def test_what_is_recorded_through_the_service_is_in_its_store(both: Both) -> None:
    both.there.people.add("ada", "Europe/Berlin", now_ms=0)

    assert both.here.people.get("ada").tz_at(NOW) == "Europe/Berlin"


def test_a_use_case_has_the_signature_that_it_has_where_the_store_is(both: Both) -> None:
    for name in set(CALLS) - {"import_file.__call__"}:
        use_case, verb = name.split(".")
        if verb != "__call__":
            there = inspect.signature(getattr(getattr(both.there, use_case), verb))
            assert there == inspect.signature(getattr(getattr(both.here, use_case), verb)), name
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        both.there.recommend("ada", now_ms=NOW, tip_id="t1", nonsense=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing a required argument: 'user_id'"):
        both.there.people.get()  # type: ignore[call-arg]


def test_an_error_is_raised_with_its_class_its_message_and_its_hint(both: Both) -> None:
    with pytest.raises(UnknownUser) as here:
        both.here.recommend("nobody", now_ms=NOW, tip_id="t1")
    with pytest.raises(UnknownUser) as there:
        both.there.recommend("nobody", now_ms=NOW, tip_id="t1")

    assert type(there.value) is type(here.value)
    assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)


def every_error(kind: type[OoError] = OoError) -> Iterator[type[OoError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from every_error(narrower)


@pytest.mark.parametrize("kind", [kind for kind in every_error() if kind.__module__ == OoError.__module__])
def test_every_error_comes_through_whole(kind: type[OoError]) -> None:
    came = channel.unpacked(channel.packed(kind("It is so.", "Do this.")))

    assert type(came) is kind
    assert (came.message, came.hint, str(came)) == ("It is so.", "Do this.", "It is so. Do this.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Greet:
    """A use case that nobody has heard of, over a store as all of them are."""

    store: Store
    entered: threading.Event
    go_on: threading.Event

    def __call__(self, name: str) -> str:
        return f"Hello, {name}."

    def fail(self) -> None:
        raise ZeroDivisionError("by accident")

    def each(self, count: int) -> Iterator[int]:
        yield from range(count)

    def stuck(self) -> Callable[[], int]:
        return lambda: 1

    def slow(self) -> str:
        self.entered.set()
        assert self.go_on.wait(WAIT_SEC)
        return "at last"


@dataclass(frozen=True, slots=True, kw_only=True)
class LargerApp(App):
    """An App to which a use case was added."""

    greet: Greet


@dataclass(frozen=True)
class Larger:
    """A larger App here and there; `store` is where it lies."""

    here: LargerApp
    there: LargerApp
    store: Path
    closing: ExitStack


def larger(app: App, store: Store) -> LargerApp:
    greet = Greet(store=store, entered=threading.Event(), go_on=threading.Event())
    parts: dict[str, Any] = {field.name: getattr(app, field.name) for field in fields(app)}
    return LargerApp(**parts | {"store": store}, greet=greet)


@pytest.fixture
def larger_apps(settings: Settings) -> Iterator[Larger]:
    app, path = compose(settings), settings.sqlite_path()
    here = larger(app, app.store)
    with ExitStack() as closing:
        closing.enter_context(received(here, path))
        service = Service.reach(path)
        assert service is not None
        there = service.carried(larger(app, service))
        assert isinstance(there, LargerApp)
        yield Larger(here, there, path, closing)
        there.close()
    app.close()


def test_a_use_case_that_is_added_to_the_app_is_carried_without_a_word_about_it(larger_apps: Larger) -> None:
    assert isinstance(larger_apps.there.greet, StandIn)
    assert larger_apps.there.greet("ada") == "Hello, ada."


def test_what_is_computed_while_it_is_read_comes_as_an_iterator(larger_apps: Larger) -> None:
    answer = larger_apps.there.greet.each(3)

    assert isinstance(answer, Iterator)
    assert list(answer) == [0, 1, 2]


def test_a_failure_in_the_service_is_said_in_words_logged_there_and_costs_nothing_else(
    larger_apps: Larger, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(StoreError, match="ZeroDivisionError: by accident") as failure,
    ):
        larger_apps.there.greet.fail()

    assert type(failure.value) is StoreError
    assert "ZeroDivisionError" in caplog.text
    assert larger_apps.there.greet("ada") == "Hello, ada."


def test_what_cannot_leave_its_process_is_refused_in_words(larger_apps: Larger) -> None:
    with pytest.raises(StoreError, match="cannot be carried"):
        larger_apps.there.greet.stuck()
    with pytest.raises(StoreError, match="cannot be carried"):
        larger_apps.there.greet(lambda: 1)  # type: ignore[arg-type]

    assert larger_apps.there.greet("ada") == "Hello, ada."


def test_a_message_that_is_too_large_is_refused_in_words(
    larger_apps: Larger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "LARGEST_BYTES", 1_000)

    with pytest.raises(StoreError, match="are too many"):
        larger_apps.there.greet("a" * 1_000)
    with pytest.raises(StoreError, match="are too many"):
        larger_apps.there.greet.each(2_000)

    assert larger_apps.there.greet("ada") == "Hello, ada."


def test_closing_lets_what_is_under_way_be_answered_and_begins_nothing_more(larger_apps: Larger) -> None:
    greet = larger_apps.there.greet
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(greet.slow)
        assert larger_apps.here.greet.entered.wait(WAIT_SEC)
        closing = threads.submit(larger_apps.closing.close)
        while another := Service.reach(larger_apps.store):
            another.close()
        larger_apps.here.greet.go_on.set()
        closing.result(WAIT_SEC)

        assert answer.result(WAIT_SEC) == "at last"
    with pytest.raises(StoreClosed, match="nothing was recorded"):
        greet("ada")


def test_closing_does_not_wait_for_a_command_that_asks_for_nothing(larger_apps: Larger) -> None:
    assert larger_apps.there.greet("ada") == "Hello, ada."
    began = time.monotonic()

    larger_apps.closing.close()

    assert time.monotonic() - began < reception.CLOSE_SEC / 2


def test_closing_waits_for_what_is_under_way_only_so_long(
    larger_apps: Larger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reception, "CLOSE_SEC", 0.1)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(larger_apps.there.greet.slow)
        assert larger_apps.here.greet.entered.wait(WAIT_SEC)

        larger_apps.closing.close()

        with pytest.raises(StoreError, match="whether it has recorded this is not known"):
            answer.result(WAIT_SEC)
        larger_apps.here.greet.go_on.set()
    assert "cut off: 1" in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        ("close",),
        ("check_ready",),
        ("store", "close"),
        ("registry", "names"),
        ("learner", "refold"),
        ("people", "store", "close"),
        ("recommend", "policy"),
        ("profiles", "_computed"),
        ("people", "__class__"),
        ("people", "add", "__func__"),
        ("nothing",),
        ("people", "nothing"),
        (),
    ],
    ids=".".join,
)
def test_nothing_but_the_methods_of_use_cases_can_be_asked_for(both: Both, path: tuple[str, ...]) -> None:
    with pytest.raises(StoreError):
        both.service.ask(path, (), {})

    assert both.there.people.all() == []


def test_what_a_command_cannot_have_of_a_use_case_it_does_not_seem_to_have(both: Both) -> None:
    assert not hasattr(both.there.recommend, "store")
    assert not hasattr(both.there.recommend, "policy")
    assert not hasattr(both.there.profiles, "_computed")


def test_the_store_itself_stays_in_the_service(both: Both) -> None:
    for ask in (both.there.store.read, both.there.store.write, both.there.store.submit):
        with pytest.raises(StoreError, match="needs the store itself, which a service has"):
            ask(lambda reader: reader.people())


def test_many_threads_of_a_command_each_get_their_own_answer(both: Both) -> None:
    for number in range(20):
        both.here.people.add(f"p{number}", "UTC", now_ms=0)

    with ThreadPoolExecutor(8) as threads:
        people = list(
            threads.map(lambda number: both.there.people.get(f"p{number % 20}").user_id, range(400))
        )

    assert people == [f"p{number % 20}" for number in range(400)]


def test_an_app_that_is_closed_refuses_and_the_service_goes_on(both: Both, settings: Settings) -> None:
    both.there.close()
    both.there.close()

    with pytest.raises(StoreClosed, match="closed"):
        both.there.people.all()
    another = compose(settings)
    assert another.people.all() == []
    another.close()


def test_a_service_that_begins_while_a_command_waits_for_the_store_takes_it_in(settings: Settings) -> None:
    app = compose(settings)
    patient = settings.model_copy(update={"busy_wait_sec": WAIT_SEC})
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(compose, patient)
        time.sleep(LOOKS_AGAIN_SEC)

        with received(app, settings.sqlite_path()):
            there = waiting.result(WAIT_SEC)
            assert isinstance(there.store, Service)
            assert there.people.all() == []
            there.close()
    app.close()


def test_a_store_that_is_let_go_while_a_command_waits_is_opened(settings: Settings) -> None:
    app = compose(settings)
    patient = settings.model_copy(update={"busy_wait_sec": WAIT_SEC})
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(compose, patient)
        time.sleep(LOOKS_AGAIN_SEC)
        app.close()

        opened = waiting.result(WAIT_SEC)
        assert not isinstance(opened.store, Service)
        opened.close()


def test_a_store_without_a_service_is_busy_as_ever(settings: Settings) -> None:
    app = compose(settings)

    with pytest.raises(StoreBusy, match="Another process has the store"):
        compose(settings)

    app.close()


def test_a_second_service_is_refused(both: Both, settings: Settings) -> None:
    with pytest.raises(StoreBusy, match=r"A service has the store .* already"), served(settings):
        pass

    assert both.there.people.all() == []


def test_a_service_that_is_overloaded_is_asked_again_until_it_has_room(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path / 'oo.db'}", busy_wait_sec=0, most_waiting_writes=1)
    with served(settings) as here:
        there = compose(settings)
        hold = Hold(here.store)
        waiting = here.store.submit(lambda _: None)
        with pytest.raises(Overloaded):
            here.people.add("bob", "UTC", now_ms=NOW)
        threading.Timer(LOOKS_AGAIN_SEC, hold.release).start()

        there.people.add("ada", "UTC", now_ms=NOW)

        waiting.result(WAIT_SEC)
        assert [person.user_id for person in here.people.all()] == ["ada"]
        there.close()
