"""Events on their way: out of the outbox in order, in once, and what cannot be recorded kept until it can."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from oo import worker
from oo.adapters.inprocess import InProcess
from oo.domain.errors import BusUnavailable, StoreBusy, UnknownEvent
from oo.domain.event import MOST_REFUSALS, ReceivedEvent
from oo.domain.facts import Fact, MoodCheckin, Reaction, TaskUpsert, TipServed
from oo.domain.instant import DAY, MINUTE
from oo.domain.outcome import Fate, Outcome
from oo.ports import Message
from oo.sources.event_log import parse, to_line
from oo.usecases.app import App
from oo.usecases.ingest import Ingest
from oo.usecases.publish import BATCH, KEPT_MS, Publish
from tests.shell.running import Shell
from tests.support.tables import rows_of

NOW = 1_788_247_800_000


def mood(number: int, user_id: str = "ada", score: float = 0.5) -> MoodCheckin:
    return MoodCheckin(user_id=user_id, at_ms=NOW + number, event_id=f"e{number}", score=score)


def event(fact: Fact | bytes, tries: int = 1) -> ReceivedEvent:
    body = fact if isinstance(fact, bytes) else to_line(fact).encode()
    return ReceivedEvent(subject="signals.mood.checkin", body=body, tries=tries)


def refused_to_death(app: App, *events: ReceivedEvent) -> list[Outcome]:
    """Take events as often as they may be refused; return what became of them at last."""
    for _ in range(MOST_REFUSALS - 1):
        app.events.take(events, now_ms=NOW)
    return app.events.take(events, now_ms=NOW)


class Heard(InProcess):
    """A bus that remembers what it was given, and can be down."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []
        self.down_after: int | None = None

    def publish(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if self.down_after is not None and len(self.messages) >= self.down_after:
                raise BusUnavailable("It is down.")
            self.messages.append(message)

    @property
    def subjects(self) -> list[str]:
        return [message.subject for message in self.messages]


@pytest.fixture
def bus() -> Heard:
    return Heard()


@pytest.fixture
def publish(app: App, bus: Heard) -> Publish:
    return Publish(store=app.store, bus=bus)


def test_what_happens_is_published_in_order_as_lines_of_the_event_log(
    app: App, publish: Publish, bus: Heard
) -> None:
    app.people.add("ada", "Europe/Berlin", now_ms=NOW)
    app.tasks.add(TaskUpsert(user_id="ada", task_id="k1", at_ms=NOW - DAY, title="Buy milk"), now_ms=NOW)
    app.recommend("ada", now_ms=NOW, tip_id="t1")
    app.feedback("t1", Reaction.DONE, now_ms=NOW + MINUTE)

    publish(now_ms=NOW)

    assert bus.subjects == [
        "signals.user",
        "signals.task.upsert",
        "signals.tip.served",
        "signals.shadow.egreedy/v2",
        "signals.tip.feedback",
    ]
    recorded = app.store.read(lambda reader: {fact.key: fact for fact in reader.facts("ada")})
    told = [parse(message.body) for message in bus.messages if "shadow" not in message.subject]
    assert {fact.key: fact for fact in told} == recorded
    assert app.events.backlog().count == 0


def test_a_shadow_is_told_of_with_its_own_probabilities(app: App, publish: Publish, bus: Heard) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    for number in range(3):
        app.tasks.add(
            TaskUpsert(user_id="ada", task_id=f"k{number}", at_ms=NOW - DAY, title="Do it"), now_ms=NOW
        )
    app.recommend("ada", now_ms=NOW, tip_id="t1")

    publish(now_ms=NOW)

    [said] = [message for message in bus.messages if message.subject == "signals.shadow.egreedy/v2"]
    told = parse(said.body)
    assert isinstance(told, TipServed)
    assert (told.tip_id, told.policy) == ("t1", "shadow:egreedy/v2")
    [score] = app.store.read(
        lambda reader: [each for each in reader.scores("t1") if each.policy == "egreedy/v2"]
    )
    assert told.probabilities == tuple(score.probabilities)
    assert told.propensity == score.probabilities[score.chosen]


def test_a_row_is_marked_once_the_bus_has_it_and_what_is_behind_a_refused_one_waits(
    app: App, publish: Publish, bus: Heard
) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    app.ingest([mood(number) for number in range(3)], now_ms=NOW)
    bus.down_after = 2

    for _ in range(3):
        with pytest.raises(BusUnavailable):
            publish(now_ms=NOW)
        assert app.events.backlog().count == 2
    bus.down_after = None
    assert publish(now_ms=NOW) == 2
    assert publish(now_ms=NOW) == 0

    assert [json.loads(message.body).get("event_id") for message in bus.messages] == [None, "e0", "e1", "e2"]
    assert len({message.id for message in bus.messages}) == 4


def test_whoever_publishes_no_more_leaves_the_rest_of_a_batch_to_others(
    app: App, publish: Publish, bus: Heard
) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    app.ingest([mood(number) for number in range(3)], now_ms=NOW)
    turns = iter([True, True, False])

    assert publish(now_ms=NOW, mine=lambda: next(turns)) == 2

    assert len(bus.messages) == 2
    assert app.events.backlog().count == 2


def test_a_process_that_ends_between_the_bus_and_the_mark_publishes_again(
    app: App, publish: Publish, bus: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)

    def end(_: object) -> None:
        raise StoreBusy("The power went.")

    with monkeypatch.context() as patch:
        patch.setattr(type(app.store), "write", lambda _, change: end(change))
        with pytest.raises(StoreBusy):
            publish(now_ms=NOW)
    publish(now_ms=NOW)

    first, second = bus.messages
    assert first == second


def test_more_than_a_batch_goes_out_in_several(app: App, publish: Publish, bus: Heard) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    app.ingest([mood(number) for number in range(BATCH + 10)], now_ms=NOW)

    assert [publish(now_ms=NOW) for _ in range(3)] == [BATCH, 11, 0]
    said = [json.loads(message.body).get("event_id") for message in bus.messages]
    assert said == [None, *(f"e{number}" for number in range(BATCH + 10))]


def test_an_event_whose_fact_is_gone_is_published_as_nothing(app: App, publish: Publish, bus: Heard) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    app.store.write(lambda transaction: transaction.emit("signals.mood.checkin", mood(1), NOW))

    publish(now_ms=NOW)

    assert bus.subjects == ["signals.user"]
    assert app.events.backlog().count == 0


def test_what_was_published_is_forgotten_after_seven_days(app: App, publish: Publish, shell: Shell) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    publish(now_ms=NOW)
    app.people.add("bob", "UTC", now_ms=NOW)

    publish.forget(now_ms=NOW + KEPT_MS)
    assert rows_of(shell.url, "outbox") == 2
    publish.forget(now_ms=NOW + KEPT_MS + 1)
    assert rows_of(shell.url, "outbox") == 1, "what waits is kept, however old"


def test_the_backlog_says_how_much_waits_and_since_when(app: App) -> None:
    assert app.events.backlog().age_ms(NOW) == 0
    app.people.add("ada", "UTC", now_ms=NOW)
    app.people.add("bob", "UTC", now_ms=NOW + MINUTE)

    backlog = app.events.backlog()

    assert (backlog.count, backlog.age_ms(NOW + 2 * MINUTE)) == (2, 2 * MINUTE)


def test_what_comes_is_recorded_once_however_often_it_comes(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)

    first = app.events.take([event(mood(1)), event(mood(2)), event(mood(1))], now_ms=NOW)
    later = app.events.take([event(mood(2))], now_ms=NOW + 100 * DAY)

    assert [outcome.fate for outcome in (*first, *later)] == [
        "accepted",
        "accepted",
        "duplicate",
        "duplicate",
    ]


def test_what_comes_before_its_person_waits(app: App) -> None:
    [outcome] = app.events.take([event(mood(1))], now_ms=NOW)

    assert outcome.fate is Fate.WAITING
    app.people.add("ada", "UTC", now_ms=NOW)
    assert app.store.read(lambda reader: reader.signal(mood(1).key)) == mood(1)


POISON = [
    *(b"", b"{", b"\xff\xfe", b"[]", b'{"type": "mood.checkin"}', b'{"a":' * 100_000, b"null"),
    *(b'{"user_id": "a\\u0000b"}', b'{"user_id": "a\\ud800b"}', b'{"user_id": "%s"}' % (b"x" * 500_000)),
]


@pytest.mark.parametrize("body", POISON, ids=range(len(POISON)))
def test_what_is_no_fact_is_refused_and_takes_nothing_with_it(app: App, body: bytes) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)

    outcomes = app.events.take([event(mood(1)), event(body), event(mood(2))], now_ms=NOW)

    assert [outcome.fate for outcome in outcomes] == ["accepted", "refused", "accepted"]
    assert outcomes[1].message
    assert app.events.dead() == []
    [outcome] = refused_to_death(app, event(body))
    assert outcome.dead
    assert [dead.body for dead in app.events.dead()] == [body]


def test_at_the_fifth_refusal_it_is_dead_and_kept_once(app: App) -> None:
    body = b'{"type": "mood.checkin", "user_id": "ada", "score": 7}'
    for tries in range(1, MOST_REFUSALS):
        [outcome] = app.events.take([event(body, tries)], now_ms=NOW)
        assert not outcome.dead
        assert (app.events.dead(), app.events.backlog().dead) == ([], 0)

    for tries in (MOST_REFUSALS, MOST_REFUSALS + 1):
        [outcome] = app.events.take([event(body, tries)], now_ms=NOW + tries)
        assert outcome.dead

    [dead] = app.events.dead()
    assert (dead.subject, dead.body, dead.user_id) == ("signals.mood.checkin", body, "ada")
    assert (dead.tries, dead.died_at_ms) == (MOST_REFUSALS + 1, NOW + MOST_REFUSALS + 1)
    assert "`at`" in dead.reason
    assert app.events.backlog().dead == 1


def test_deliveries_that_the_store_could_not_take_count_for_nothing(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = event(mood(1), 40)
    assert not app.events.take([event(b"{nonsense", 40)], now_ms=NOW)[0].dead
    assert app.events.dead() == []
    app.people.add("ada", "UTC", now_ms=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(Ingest, "within", _breaking)
        for _ in range(MOST_REFUSALS - 1):
            assert app.events.take([early], now_ms=NOW)[0].fate == "refused"

    assert app.events.take([early], now_ms=NOW)[0].fate == "accepted"
    with monkeypatch.context() as patch:
        patch.setattr(Ingest, "within", _breaking)
        assert not app.events.take([early], now_ms=NOW)[0].dead, "it was recorded in between"
    assert app.events.dead() == []


def _breaking(*_: object, **__: object) -> None:
    raise ZeroDivisionError("by accident")


AFTER_MS = (500, 2_000, 10_000, 30_000)


def test_what_is_refused_is_tried_again_when_it_has_waited_and_is_dead_at_the_fifth_time(app: App) -> None:
    poison = event(b"{poison")
    app.events.take([poison], now_ms=NOW)
    now_ms, tries = NOW, []
    for wait_ms in AFTER_MS:
        now_ms += wait_ms
        assert app.events.try_again(AFTER_MS, most=10, now_ms=now_ms - 1) == []
        [(tried, outcome)] = app.events.try_again(AFTER_MS, most=10, now_ms=now_ms)
        assert (tried.subject, tried.body) == (poison.subject, poison.body)
        tries.append((tried.tries, outcome.dead))

    assert tries == [(2, False), (3, False), (4, False), (5, True)]
    assert app.events.try_again(AFTER_MS, most=10, now_ms=now_ms + DAY) == []
    assert [dead.tries for dead in app.events.dead()] == [5]


def test_what_is_recorded_at_a_later_try_was_never_refused(
    app: App, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(Ingest, "within", _breaking)
        app.events.take([event(mood(1))], now_ms=NOW)

    [(_, outcome)] = app.events.try_again(AFTER_MS, most=10, now_ms=NOW + AFTER_MS[0])

    assert outcome.fate is Fate.ACCEPTED
    assert rows_of(shell.url, "dead_events") == 0


def test_what_waits_to_be_tried_again_is_kept_however_long_nobody_does(app: App, publish: Publish) -> None:
    app.events.take([event(b"{poison")], now_ms=NOW)

    publish.forget(now_ms=NOW + 2 * KEPT_MS)

    assert len(app.events.try_again(AFTER_MS, most=10, now_ms=NOW + 2 * KEPT_MS)) == 1


def test_whoever_is_erased_is_not_tried_again(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    app.events.take([event(mood(1, score=7))], now_ms=NOW)

    app.erase("ada", now_ms=NOW)

    assert app.events.try_again(AFTER_MS, most=10, now_ms=NOW + DAY) == []


def test_what_breaks_off_the_recording_of_one_is_no_end_of_the_others(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    within = Ingest.within

    def breaking(self: Ingest, transaction: Any, facts: Sequence[Fact], *, now_ms: int) -> Any:
        if mood(2) in facts:
            raise ZeroDivisionError("by accident")
        return within(self, transaction, facts, now_ms=now_ms)

    with monkeypatch.context() as patch:
        patch.setattr(Ingest, "within", breaking)
        first = app.events.take([event(mood(n)) for n in (1, 2, 3)], now_ms=NOW)
        refused_to_death(app, event(mood(2)))

    assert [outcome.fate for outcome in first] == ["accepted", "refused", "accepted"]
    [dead] = app.events.dead()
    assert dead.reason == "ZeroDivisionError: by accident"
    [(_, outcome)] = app.events.retry([dead.number], now_ms=NOW)
    assert outcome.fate is Fate.ACCEPTED
    assert app.events.dead() == []


def test_a_store_that_cannot_be_written_is_no_events_fault(app: App) -> None:
    app.close()

    with pytest.raises(Exception, match="closed"):
        app.events.take([event(mood(1))], now_ms=NOW)


def test_dead_events_are_seen_and_retried_from_the_shell(shell: Shell, app: App) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    app.ingest([mood(1, score=0.1)], now_ms=NOW)
    conflict = to_line(mood(1, score=0.9)).encode()
    refused_to_death(app, event(b"{nonsense"), event(conflict))
    app.close()

    found = shell.json("events", "dead")["dead"]
    assert [(each["id"], each["user_id"], each["tries"]) for each in found] == [(1, None, 5), (2, "ada", 5)]
    assert found[0]["body"] == "{nonsense"
    shown = shell.here("events", "dead")
    assert "another content" in shown.out
    again = shell.here("events", "retry", "2", "--json")
    assert (again.code, again.document["retried"][0]["status"]) == (1, "refused")
    assert shell.here("events", "retry", "--all").code == 1
    assert shell.here("events", "retry", "7").code == 1
    assert shell.here("events", "retry").code == 2
    assert shell.here("events", "retry", "1", "--all").code == 2
    assert len(shell.json("events", "dead")["dead"]) == 2


def test_what_comes_about_somebody_who_was_erased_is_neither_recorded_nor_kept(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    refused_to_death(app, event(mood(1, score=7)), event(mood(2)))
    assert [dead.user_id for dead in app.events.dead()] == ["ada"]

    app.erase("ada", now_ms=NOW)
    assert app.events.dead() == []
    assert app.events.backlog().count == 0
    outcomes = refused_to_death(app, event(mood(2)), event(mood(3)))

    assert [outcome.fate for outcome in outcomes] == ["duplicate", "duplicate"]
    assert app.events.dead() == []
    assert app.people.find("ada") is None


def test_an_unknown_number_is_refused_before_any_is_tried(app: App) -> None:
    with pytest.raises(UnknownEvent, match="'3'"):
        app.events.retry([3], now_ms=NOW)


def test_a_retry_of_what_has_come_meanwhile_ends_it(app: App, shell: Shell) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    for _ in range(MOST_REFUSALS):
        app.store.write(
            lambda transaction: transaction.refuse(event(mood(1)), "ada", "a bug, since mended", NOW)
        )
    app.ingest([mood(1)], now_ms=NOW)
    app.close()

    assert shell.json("events", "retry", "--all")["retried"][0]["status"] == "duplicate"
    assert shell.here("events", "dead").out == "No event is dead.\n"


def test_every_subject_has_its_use_case_and_what_a_shadow_did_is_none() -> None:
    def taken(subject: str) -> object:
        return worker.use_case(ReceivedEvent(subject=subject, body=b"", tries=1))

    assert taken("signals.tip.served") is taken("feedback.reward") is taken("signals.anything.else")
    assert taken("signals.shadow.egreedy/v2") is not taken("signals.tip.served")


def test_a_worker_of_its_own_needs_postgresql_and_says_so(shell: Shell) -> None:
    ran = shell.here("work", "--db", str(shell.database))

    assert ran.code == 1
    assert "needs PostgreSQL" in ran.err
    assert not shell.database.exists()


def test_a_worker_of_its_own_needs_a_bus_of_others(shell: Shell) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    ran = shell.process("work", "--db", nowhere, env={"OO_BUS": "inprocess:"})

    assert ran.code == 1
    assert "OO_BUS" in ran.err


IMPOSSIBLE = [
    *["", "nats:", "nats://", "kafka://127.0.0.1", "inprocess", "127.0.0.1:4222", "nats://127.0.0.1:port"],
    *["nats://a,kafka://b", "nats://a,", "nats://a,b:4222", "inprocess:,nats://a"],
]


@pytest.mark.parametrize("url", IMPOSSIBLE)
def test_a_bus_that_cannot_be_is_refused_at_the_start(shell: Shell, url: str) -> None:
    ran = shell.process("serve", "--port", "0", env={"OO_BUS": url})

    assert ran.code == 1
    assert "OO_BUS" in ran.err
