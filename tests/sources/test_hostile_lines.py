"""Lines that do not mean well, or come from a tool that is broken: each is refused, in one plain sentence or two."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oo import sources
from oo.domain.errors import OoError, Refused
from oo.sources import event_log
from oo.sources.base import SAMPLE_BYTES
from tests.sources.reading import read, refusals

AT = "2026-09-01T07:30:00Z"
SERVED = {"type": "tip.served", "tip_id": "t1", "user_id": "ada", "at": AT, "candidate_id": "c9"}
FEEDBACK = {"type": "tip.feedback", "tip_id": "t1", "user_id": "ada", "at": AT, "reaction": "done"}
TASK = {"type": "task.upsert", "user_id": "ada", "task_id": "k1", "at": AT, "title": "Paint"}
EVENT = {
    "type": "calendar.event",
    "user_id": "ada",
    "event_id": "e",
    "at": AT,
    "start": AT,
    "end": AT,
    "busy": True,
}
SESSION = {"type": "app.session", "event_id": "e5", "user_id": "ada", "at": AT, "duration_ms": 1}


def without(line: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != field}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "`type` is missing. It is one of user, tip.served, "),
    ({"type": "tip.serve"}, "'tip.serve' is not a type of line. Did you mean 'tip.served'?"),
    ({"type": "\N{SNOWMAN}"}, r"'\u2603' is not a type of line. There are user, "),
    ({"type": None}, "is not a type of line."),
    ({"type": ["user"]}, "is not a type of line."),
    (without(SERVED, "candidate_id"), "`candidate_id` is missing."),
    (without(SERVED, "at"), "`at` is missing."),
    (
        SERVED | {"user_id": "ada lovelace"},
        "'ada lovelace' is not a valid user_id. An id has 1 to 128 characters",
    ),
    (SERVED | {"tip_id": ""}, "'' is not a valid tip_id."),
    (SERVED | {"tip_id": "a" * 129}, "is not a valid tip_id."),
    (SERVED | {"tip_id": 7}, "`tip_id` must be a text."),
    (SERVED | {"at": "yesterday"}, "`at`: 'yesterday' is not a time. Write it as 2026-09-01T07:30:00Z"),
    (SERVED | {"at": "2026-09-01T07:30:00"}, "`at`: '2026-09-01T07:30:00' has no zone. Add Z or an offset"),
    (SERVED | {"at": "1969-12-31T23:59:59Z"}, "`at`: The time lies outside the years 1970 to 9999."),
    (SERVED | {"at": 1788247800000}, "`at`: int is not a time."),
    (SERVED | {"shown_at": "2026-09-01"}, "`shown_at`: "),
    (SERVED | {"colour": "red"}, "A tip.served has no field 'colour'. There are "),
    (SERVED | {"catgory": "work"}, "A tip.served has no field 'catgory'. Did you mean 'category'?"),
    (SERVED | {"at_ms": 0}, "A tip.served has no field 'at_ms'."),
    (SERVED | {"propensity": 0}, "`propensity` must be above 0."),
    (SERVED | {"propensity": 1.5}, "`propensity` must be at most 1."),
    (SERVED | {"propensity": "0.5"}, "`propensity` must be a number."),
    (SERVED | {"propensity": True}, "`propensity` must be a number."),
    (SERVED | {"probabilities": [0.5, -0.1]}, "`probabilities` must be at least 0."),
    (
        SERVED | {"probabilities": [1], "candidates": []},
        "There are 1 probabilities for 0 candidates. Give one for each.",
    ),
    (SERVED | {"probabilities": 0.5}, "`probabilities` must be a list."),
    (SERVED | {"candidates": [1]}, "`candidates` must be an object."),
    (SERVED | {"context": []}, "`context` must be an object."),
    (SERVED | {"policy": ""}, "`policy` is empty."),
    (SERVED | {"policy": "p" * 129}, "`policy` is longer than 128 characters."),
    (FEEDBACK | {"reaction": "like"}, "`reaction` must be 'done', 'dismiss', 'snooze' or 'none'."),
    (FEEDBACK | {"reaction": None}, "`reaction` must be 'done', 'dismiss', 'snooze' or 'none'."),
    (FEEDBACK | {"snooze_until": AT}, "`snooze_until` does not go with done. Leave it out, or snooze."),
    (FEEDBACK | {"reaction": "snooze", "snooze_until": "soon"}, "`snooze_until`: 'soon' is not a time."),
    (TASK | {"title": " \t"}, "`title` is blank. Give the task a title."),
    (TASK | {"title": None}, "`title` must be a text."),
    (TASK | {"priority": 0}, "`priority` must be at least 1."),
    (TASK | {"priority": 5}, "`priority` must be at most 4."),
    (TASK | {"priority": 2.5}, "`priority` must be a whole number."),
    (TASK | {"due": "2026-13-45"}, "`due`: '2026-13-45' is not a time."),
    (TASK | {"created": "2026-09-02T10:00:00"}, "`created`: '2026-09-02T10:00:00' has no zone."),
    (EVENT | {"end": "2026-09-01T07:29:59Z"}, "`end` lies before `start`."),
    (EVENT | {"busy": 1}, "`busy` must be true or false."),
    (SESSION | {"duration_ms": -1}, "`duration_ms` must be at least 0."),
    (SESSION | {"duration_ms": 10**18}, "`duration_ms` must be at most "),
    (
        {"type": "mood.checkin", "event_id": "e", "user_id": "ada", "at": AT, "score": 1.01},
        "`score` must be at most 1.",
    ),
    ({"type": "user", "user_id": "ada", "tz": "Mars/Olympus"}, "`tz`: 'Mars/Olympus' is not a time zone."),
    (
        {"type": "user", "user_id": "ada", "tz": "../../etc/passwd"},
        "`tz`: '../../etc/passwd' is not a time zone.",
    ),
    ({"type": "user", "user_id": "ada", "tz": ""}, "`tz`: '' is not a time zone."),
]


@pytest.mark.parametrize(("line", "reason"), WRONG, ids=[reason[:40] for _, reason in WRONG])
def test_a_line_that_is_not_well_formed_is_refused_in_plain_words(line: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        event_log.parse(json.dumps(line))

    assert str(refusal.value).startswith(reason) or reason in str(refusal.value)
    assert_plain(str(refusal.value))


def served_with(raw: str) -> str:
    return f'{json.dumps(SERVED)[:-1]}, "context": {{"value": {raw}}}}}'


RAW: list[tuple[bytes, str]] = [
    (b"{", "Not valid JSON at column 2"),
    (b'{"type": "user",}', "Not valid JSON at column 17"),
    (b"{} {}", "Not valid JSON at column 4: extra data."),
    (b'{"a": "\x01"}', "Not valid JSON at column 8: invalid control character at."),
    (b'{"a"\0: 1}', "Not valid JSON at column 5"),
    (b"[]", "Not a JSON object."),
    (b"null", "Not a JSON object."),
    (b'"user"', "Not a JSON object."),
    (b'{"type": "caf\xe9"}', "The line is not UTF-8."),
    (b'{"type": "\xed\xa0\x80"}', "The line is not UTF-8."),
    (b'{"type": "user", "type": "user"}', "The key 'type' is given twice. Give it once."),
    (served_with('{"a": 1, "a": 2}').encode(), "The key 'a' is given twice."),
    (served_with("NaN").encode(), "NaN and infinities are not numbers"),
    (served_with("-Infinity").encode(), "NaN and infinities are not numbers"),
    (served_with("1e999").encode(), "'1e999' is too large a number."),
    (served_with("9" * 400 + ".0").encode(), "is too large a number."),
    (served_with("9" * 5_000).encode(), "A whole number does not fit into 64 bits."),
    (served_with("-" + "9" * 19).encode(), "A whole number does not fit into 64 bits."),
    (served_with(str(2**63)).encode(), "A whole number does not fit into 64 bits."),
    (served_with(r'"\u0000"').encode(), "holds a NUL character or half a surrogate pair."),
    (served_with(r'"\ud800"').encode(), "holds a NUL character or half a surrogate pair."),
    (served_with(r'{"\udfff": 1}').encode(), "holds a NUL character or half a surrogate pair."),
    (json.dumps(TASK | {"title": "a\0b"}).encode(), "holds a NUL character or half a surrogate pair."),
    (json.dumps(TASK | {"\ud800": 1}).encode(), "holds a NUL character or half a surrogate pair."),
    (served_with("[" * 40 + "]" * 40).encode(), "Nested more than 32 deep."),
    (served_with('{"a":' * 40 + "1" + "}" * 40).encode(), "Nested more than 32 deep."),
    (b"[" * 100_000, "Nested more than 32 deep."),
    (b'{"a":' * 100_000, "Nested more than 32 deep."),
    (served_with('"' + "a" * event_log.LONGEST + '"').encode(), "The line is longer than 1,048,576 bytes."),
]


@pytest.mark.parametrize(
    ("line", "reason"), RAW, ids=[f"{place} {reason[:30]}" for place, (_, reason) in enumerate(RAW)]
)
def test_a_hostile_line_is_refused_in_plain_words(line: bytes, reason: str) -> None:
    found = refusals(read("events", b"\n" + line + b"\n"))

    assert reason in found[2]
    assert_plain(found[2])


def test_a_line_that_is_too_long_is_refused_outside_a_file_too() -> None:
    with pytest.raises(Refused, match="longer than 1,048,576 bytes"):
        event_log.parse(json.dumps(TASK | {"title": "a" * event_log.LONGEST}))


def assert_plain(refusal: str) -> None:
    """A refusal is short, one line, ASCII where it quotes, and speaks no pydantic."""
    assert len(refusal) < 400
    assert refusal.isprintable()
    assert not re.search(
        r"pydantic|validation error|type=|input_value|\bnan\b|[\ud800-\udfff]|Input should", refusal
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**64, -(2**70), "\ud800", "a\0", {"\0": 1}])
def test_an_object_from_http_is_held_to_the_same(value: object) -> None:
    with pytest.raises(Refused) as refusal:
        event_log.parse_object(SERVED | {"context": {"value": [value]}})

    assert_plain(str(refusal.value))


def test_what_is_large_but_lawful_is_kept() -> None:
    whole = served_with(f'[{2**63 - 1}, {-(2**63)}, 1e308, "\\ud83d\\ude00", "\\u001b"]')
    deep = served_with("[" * 30 + "]" * 30)
    long = served_with('"' + "a" * (event_log.LONGEST - len(served_with('""'))) + '"')

    for line in (whole, deep, long):
        assert refusals(read("events", f"{line}\n{line}\n")) == {}


json_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(
    line=st.sampled_from([SERVED, FEEDBACK, TASK, EVENT, SESSION]),
    field=st.sampled_from(
        [*SERVED, *FEEDBACK, *TASK, *EVENT, "tz", "probabilities", "context", "due", "score"]
    ),
    value=st.recursive(
        json_scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner)
    ),
)
def test_any_value_in_any_field_is_read_or_refused(line: dict[str, Any], field: str, value: object) -> None:
    try:
        event_log.parse_object(line | {field: value})
    except Refused as refusal:
        assert_plain(str(refusal))


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"\xff\xfe\n")
@example(b"\xef\xbb\xbf")
@example(b"x \x0c\n\r\r\n")
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for name in sources.names():
        try:
            for line in read(name, content):
                assert not (line.facts and line.refusal)
        except OoError as refusal:
            assert_plain(str(refusal))
    try:
        sources.detect(content[:SAMPLE_BYTES], "todo.txt")
    except OoError as refusal:
        assert_plain(str(refusal))


@given(
    st.text(st.characters(exclude_characters="\n"), max_size=60),
    st.sampled_from(["", "x ", "(A) ", "2026-11-20 ", "due:"]),
)
def test_any_text_is_a_task_or_refused(text: str, before: str) -> None:
    for line in read("todotxt", (before + text).encode("utf-8", "surrogatepass")):
        assert line.refusal is None or line.refusal.isprintable()
