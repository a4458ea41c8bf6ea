"""Which source reads a file is told from its content."""

import codecs

import pytest

from oo import sources
from oo.domain.errors import InvalidSetting, UnreadableFile

EVENTS = b'{"type": "user", "user_id": "ada", "tz": "Europe/Berlin"}\n'


def test_the_formats_are_named() -> None:
    assert {"events", "todotxt"} <= set(sources.names())


@pytest.mark.parametrize(
    ("sample", "filename", "name"),
    [
        (b"(A) Call Mum @phone\nBuy milk\n", "todo.txt", "todotxt"),
        (b"Buy milk\nCall Mum\n", "todo.txt", "todotxt"),
        (b"Buy milk\n", "-", "todotxt"),
        (b"", "todo.txt", "todotxt"),
        (b"x 2026-11-20 Pay rent\nSome words\n", "list.md", "todotxt"),
        (codecs.BOM_UTF8 + b"(A) Call Mum\n", "todo.txt", "todotxt"),
        ("(A) Call Mum\r\n".encode("utf-16"), "todo.txt", "todotxt"),
        (b"Caf\xe9 with Ada\n", "todo.txt", "todotxt"),
        (b"Buy\0milk\n", "todo.txt", "todotxt"),
        (EVENTS, "log.jsonl", "events"),
        (EVENTS, "todo.txt", "events"),
        (codecs.BOM_UTF8 + EVENTS, "log", "events"),
        (EVENTS.decode().encode("utf-16"), "log", "events"),
        (b"not json at all\n" + 3 * EVENTS, "log", "events"),
        (b"", "log.jsonl", "events"),
    ],
)
def test_the_content_tells_the_format(sample: bytes, filename: str, name: str) -> None:
    assert sources.detect(sample, filename).name == name


@pytest.mark.parametrize(
    ("sample", "filename"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\1\0", "picture"),
        (b"SQLite format 3\0" + bytes(100), "todo.txt"),
        (b"<!doctype html><p>Buy milk", "todo.txt"),
        (b"%PDF-1.7 stuff\nmore stuff\n", "paper.pdf"),
        (b"# Notes\n\nJust some prose here.\n", "README.md"),
        (b'{"name": "x", "version": 1}\n', "package.json"),
        ("(A) Call Mum\n".encode("utf-16-le"), "todo.txt"),
        (b"", "photo.jpg"),
    ],
)
def test_a_file_that_nothing_recognises_is_refused_with_the_formats(sample: bytes, filename: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        sources.detect(sample, filename)

    assert "events" in str(refusal.value)
    assert "todotxt" in str(refusal.value)


def test_an_unknown_format_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        InvalidSetting,
        match=r"'excel' is not a format\. Formats are events, ics, taskwarrior, todoist-csv, todotxt",
    ):
        sources.load("excel")
