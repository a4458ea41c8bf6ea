"""The event log as it is written and read."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oo.domain.errors import UnreadableFile
from oo.domain.facts import (
    FACTS,
    AppSession,
    CalendarEvent,
    DecisionScored,
    Fact,
    MoodCheckin,
    Reaction,
    RewardFact,
    SourceSynced,
    TaskCompleted,
    TaskDeleted,
    TaskUpsert,
    TipFeedback,
    TipServed,
    UserFact,
)
from oo.domain.instant import LATEST, format_instant
from oo.sources import event_log
from tests.sources.reading import facts, read, refusals

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

AT = 1788247800000


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        (
            '{"type": "user", "user_id": "ada", "tz": "Europe/Berlin", "at": "2026-09-01T07:30:00Z"}',
            UserFact(user_id="ada", at_ms=AT, tz="Europe/Berlin"),
        ),
        ('{"type": "user", "user_id": "ada", "tz": "UTC"}', UserFact(user_id="ada", at_ms=0, tz="UTC")),
        (
            (
                '{"type": "tip.served", "tip_id": "t1", "user_id": "ada", "at": "2026-09-01T07:30:00.000Z",'
                ' "candidate_id": "c9", "category": "work"}'
            ),
            TipServed(user_id="ada", at_ms=AT, tip_id="t1", candidate_id="c9", category="work"),
        ),
        (
            (
                '{"type": "tip.served", "tip_id": "t1", "user_id": "ada", "at": "2026-09-01T07:30:00Z",'
                ' "candidate_id": "c9", "probabilities": [1, 0], "candidates": [{"id": "c9", "age": 1.5}, {}],'
                ' "shown_at": "2026-09-01T07:30:01Z", "propensity": 1, "policy": "egreedy/v1"}'
            ),
            TipServed(
                user_id="ada",
                at_ms=AT,
                tip_id="t1",
                candidate_id="c9",
                probabilities=(1.0, 0.0),
                candidates=({"id": "c9", "age": 1.5}, {}),
                shown_at_ms=AT + 1_000,
                propensity=1.0,
                policy="egreedy/v1",
            ),
        ),
        (
            (
                '{"type": "tip.feedback", "tip_id": "t1", "user_id": "ada", "at": "2026-09-01T09:30:00+02:00",'
                ' "reaction": "done", "snooze_until": null}'
            ),
            TipFeedback(user_id="ada", at_ms=AT, tip_id="t1", reaction=Reaction.DONE),
        ),
        (
            (
                '{"type": "tip.feedback", "tip_id": "t1", "user_id": "ada", "at": "2026-09-01T07:30:00Z",'
                ' "reaction": "snooze"}'
            ),
            TipFeedback(user_id="ada", at_ms=AT, tip_id="t1", reaction=Reaction.SNOOZE),
        ),
        (
            (
                '{"type": "task.upsert", "user_id": "ada", "task_id": "k1", "at": "2026-09-01T07:30:00Z",'
                ' "title": "Paint", "due": "2026-09-02T10:00:00+02:00", "created": "2026-08-20",'
                ' "priority": 3, "category": "work"}'
            ),
            TaskUpsert(
                user_id="ada",
                at_ms=AT,
                task_id="k1",
                title="Paint",
                due="2026-09-02T08:00:00.000Z",
                created="2026-08-20",
                priority=3,
                category="work",
            ),
        ),
    ],
)
def test_a_line_of_the_interface_becomes_its_fact(line: str, fact: Fact) -> None:
    assert event_log.parse(line) == fact
    assert event_log.parse(line.encode()) == fact
    assert event_log.parse_object(json.loads(line)) == fact


ids = st.from_regex(r"[A-Za-z0-9_.:@-]{1,128}", fullmatch=True)
instants = st.integers(0, LATEST)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
labels = texts.filter(bool)
shares = st.floats(0, 1)
days = st.dates().filter(lambda day: day.year >= 1970).map(str) | instants.map(format_instant)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, json_values, max_size=4)


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def served(draw: st.DrawFn) -> TipServed:
    among = draw(optional(st.lists(objects, max_size=4).map(tuple)))
    size = draw(st.integers(0, 4)) if among is None else len(among)
    return TipServed(
        user_id=draw(ids),
        at_ms=draw(instants),
        tip_id=draw(ids),
        candidate_id=draw(ids),
        category=draw(optional(texts)),
        text=draw(optional(texts)),
        policy=draw(optional(labels)),
        propensity=draw(optional(st.floats(0, 1, exclude_min=True))),
        probabilities=draw(optional(st.tuples(*[shares] * size))),
        candidates=among,
        context=draw(optional(objects)),
        profile_features=draw(optional(objects)),
        prompt_version=draw(optional(labels)),
        shown_at_ms=draw(optional(instants)),
    )


@st.composite
def entries(draw: st.DrawFn) -> CalendarEvent:
    start_ms, end_ms = sorted((draw(instants), draw(instants)))
    return CalendarEvent(
        user_id=draw(ids),
        at_ms=draw(instants),
        event_id=draw(ids),
        start_ms=start_ms,
        end_ms=end_ms,
        busy=draw(st.booleans()),
    )


@st.composite
def decisions(draw: st.DrawFn) -> DecisionScored:
    among = draw(st.lists(objects, max_size=4).map(tuple))
    return DecisionScored(
        user_id=draw(ids),
        at_ms=draw(instants),
        decision_id=draw(ids),
        policy=draw(labels),
        candidate_id=draw(ids),
        scores=draw(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * len(among))),
        probabilities=draw(st.tuples(*[shares] * len(among))),
        candidates=among,
        context=draw(objects),
        profile_features=draw(objects),
    )


whose = {"user_id": ids, "at_ms": instants}
snoozes = st.builds(
    TipFeedback, **whose, tip_id=ids, reaction=st.just(Reaction.SNOOZE), snooze_until_ms=optional(instants)
)
any_fact: st.SearchStrategy[Fact] = st.one_of(
    st.builds(UserFact, **whose, tz=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])),
    served(),
    decisions(),
    snoozes,
    st.builds(
        TipFeedback, **whose, tip_id=ids, reaction=st.sampled_from(Reaction), snooze_until_ms=st.none()
    ),
    st.builds(RewardFact, **whose, decision_id=ids, policy=labels, reward=shares),
    st.builds(AppSession, **whose, event_id=ids, duration_ms=st.integers(0, LATEST)),
    st.builds(MoodCheckin, **whose, event_id=ids, score=shares),
    entries(),
    st.builds(SourceSynced, **whose, source=labels),
    st.builds(TaskCompleted, **whose, task_id=ids),
    st.builds(TaskDeleted, **whose, task_id=ids),
    st.builds(
        TaskUpsert,
        **whose,
        task_id=ids,
        title=texts.filter(str.strip),
        due=optional(days),
        created=optional(days),
        start=optional(days),
        priority=st.integers(1, 4),
        category=optional(texts),
        source=optional(labels),
    ),
)


@given(any_fact)
def test_what_is_written_is_read_again(fact: Fact) -> None:
    line = event_log.to_line(fact)

    assert event_log.parse(line) == fact
    assert event_log.to_line(event_log.parse(line)) == line
    assert "\n" not in line


@given(st.lists(any_fact, max_size=5))
def test_a_log_that_was_written_is_told_from_its_content_and_read_whole(log: list[Fact]) -> None:
    content = "".join(event_log.to_line(fact) + "\n" for fact in log)

    assert facts(read("events", content)) == log


def test_every_type_of_fact_can_be_read() -> None:
    for type_ in FACTS:
        with pytest.raises(Exception, match="is missing"):
            event_log.parse_object({"type": type_})


def test_blank_lines_marks_and_line_ends_do_not_matter() -> None:
    content = '\ufeff{"type":"user","user_id":"ada","tz":"UTC"}\r\n\r\n   \n{"type":"user","user_id":"bo","tz":"UTC"}'

    lines = read("events", content)

    assert [(line.number, len(line.facts)) for line in lines] == [(1, 1), (4, 1)]


def test_a_bad_line_is_refused_by_number_and_the_good_ones_are_kept() -> None:
    good = '{"type":"user","user_id":"ada","tz":"UTC"}'

    lines = read("events", f"{good}\nnonsense\n{good}\n")

    assert refusals(lines) == {2: "Not valid JSON at column 1: expecting value."}
    assert len(facts(lines)) == 2


def test_a_log_in_another_encoding_is_refused_as_a_whole() -> None:
    content = '{"type":"user","user_id":"ada","tz":"UTC"}\n'

    with pytest.raises(UnreadableFile, match="UTF-16"):
        read("events", content.encode("utf-16"))
    with pytest.raises(UnreadableFile, match="always UTF-8"):
        read("events", content, encoding="cp1252")


class Endless(io.RawIOBase):
    """A file of so many bytes of one kind, made while it is read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        chunk = next(self.chunks, b"")
        memoryview(buffer)[: len(chunk)] = chunk
        return len(chunk)


LINE = b'{"type":"user","user_id":"ada","tz":"UTC"}\n'


@pytest.mark.parametrize(
    ("chunk", "times", "count", "most"),
    [(b"x" * 8_000, 2_000, 1, 8 * 2**20), (LINE * 100, 500, 50_000, 2**18)],
    ids=["one long line", "many lines"],
)
def test_a_log_is_never_held_in_memory(chunk: bytes, times: int, count: int, most: int) -> None:
    stream = io.BufferedReader(Endless(chunk for _ in range(times)))
    event_log.parse(LINE)
    tracemalloc.start()

    found = sum(1 for _ in event_log.SOURCE.read(stream, user_id="", tz="UTC", at_ms=0))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == count
    assert peak < most < len(chunk) * times
