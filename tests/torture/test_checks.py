"""Each check goes red when what it is about is planted in a store in which everything was right."""

import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from oo.domain.tombstone import digest_of
from tests.torture import checks, departed
from tests.torture.books import Books
from tests.torture.calls import ERASE, Call
from tests.torture.episode import CHECKS, Ticking
from tests.torture.expected import Expected, expected
from tests.torture.filebus import FileBus
from tests.torture.found import Found, found
from tests.torture.load import Program
from tests.torture.victim import unsound
from tests.torture.writer import Writer

CALLS = 150
_SHORT = {
    "A_TIP": "(SELECT tip_id FROM tip_views WHERE tip_id LIKE '1.%' LIMIT 1)",
    "A_MOOD": "(SELECT max(seq) FROM signals WHERE type = 'mood.checkin')",
    "A_REWARD": "(SELECT min(seq) FROM signals WHERE type = 'reward')",
    "A_STATE": "(SELECT rowid FROM policy_state WHERE updates > 0 LIMIT 1)",
    "A_STONE": "(SELECT max(digest) FROM tombstones)",
    "A_DEATH": "(SELECT max(seq) FROM dead_events)",
    "STONE": "salt, erased_at_ms",
    "DEATH": "subject, body, user_id, reason, tries, died_at_ms",
    "VIEW": "user_id, served_at_ms, arrived_at_ms, local_hour, local_weekday, candidate_id",
    "SIGNAL": "key, user_id, type, body",
    "EVENT": "subject, key, user_id, created_at_ms",
}
PLANTED = [
    ("DELETE FROM signals WHERE seq = A_MOOD", "facts", "lost"),
    ("UPDATE signals SET body = json_set(body, '$.score', 0.99) WHERE seq = A_MOOD", "facts", "broken"),
    ("UPDATE signals SET key = key || '~' WHERE seq = A_MOOD", "facts", "doubled"),
    (
        "INSERT INTO waiting (SIGNAL, awaits, arrived_at_ms) SELECT SIGNAL, 'x', 0 FROM signals WHERE seq = A_MOOD",
        "facts",
        "doubled",
    ),
    ("UPDATE waiting SET refusal = 'planted'", "facts", "broken"),
    ("DELETE FROM tip_views WHERE tip_id = A_TIP", "tips", "lost"),
    ("INSERT INTO tip_views (tip_id, VIEW) SELECT 'planted', VIEW FROM tip_views LIMIT 1", "tips", "doubled"),
    ("DELETE FROM decisions WHERE decision_id = 'd0.1'", "decisions", "lost"),
    ("DELETE FROM signals WHERE seq = A_REWARD", "decisions", "lost"),
    ("UPDATE rewards SET reward = 0.77 WHERE seq = (SELECT max(seq) FROM rewards)", "rewards", "broken"),
    ("DELETE FROM tip_scores WHERE decision_id = A_TIP", "rows", "broken"),
    ("DELETE FROM outbox WHERE seq = (SELECT max(seq) FROM outbox)", "outbox", "lost"),
    ("INSERT INTO outbox (EVENT) SELECT EVENT FROM outbox LIMIT 1", "outbox", "doubled"),
    ("UPDATE policy_state SET updates = updates + 1 WHERE rowid = A_STATE", "count", "doubled"),
    ("UPDATE policy_state SET updates = updates - 1 WHERE rowid = A_STATE", "count", "lost"),
    ("UPDATE tip_views SET text = 'like x0-001' WHERE tip_id = A_TIP", "erased", "broken"),
    ("UPDATE tombstones SET digest = 'x' WHERE digest = A_STONE", "tombstones", "lost"),
    (
        "INSERT INTO tombstones (digest, STONE) SELECT 'x', STONE FROM tombstones LIMIT 1",
        "tombstones",
        "broken",
    ),
    ("DELETE FROM dead_events WHERE seq = A_DEATH", "dead", "lost"),
    ("UPDATE dead_events SET tries = 4 WHERE seq = A_DEATH", "dead", "lost"),
    ("UPDATE dead_events SET subject = 'signals.x' WHERE seq = A_DEATH", "dead", "broken"),
    (
        "INSERT INTO dead_events (digest, DEATH) SELECT 'x', DEATH FROM dead_events WHERE seq = A_DEATH",
        "dead",
        "doubled",
    ),
    ("UPDATE policy_state SET sums = zeroblob(length(sums)) WHERE rowid = A_STATE", "sums", "broken"),
]
"""A statement that plants a fault, the check that has to find it, and its verdict."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What a life without a kill has left: the books, and a folder with the store and what was published."""

    books: Books
    folder: Path

    def read(self, path: Path | None = None) -> Found:
        with closing(sqlite3.connect(path or self.folder / "oo.db")) as connection:
            return found(lambda text: connection.execute(text).fetchall())

    def expected(self, store: Found | None = None) -> Expected:
        return expected(self.books, store or self.read())

    def violations(self, store: Found) -> set[tuple[str, str]]:
        books = self.expected(store)
        return {(each.check, each.verdict) for check in CHECKS for each in check(books, store)}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    folder = tmp_path_factory.mktemp("lived")
    books, victim = Books(folder / "books.jsonl"), Writer(folder, exact=True)
    program = Program(number=0, chance=Random(1), books=books, clock=Ticking(), offers=victim.offers)
    try:
        victim.begin_last()
        program.act(victim.client(0), threading.Event(), CALLS)
        victim.drain()
    finally:
        victim.end()
        books.close()
    return Lived(books, folder)


def test_a_store_in_which_all_is_right_violates_nothing(lived: Lived) -> None:
    assert lived.books.acknowledged > 300
    assert len(lived.expected().gone) > 1
    assert len(lived.expected().dead) > 1
    assert lived.violations(lived.read()) == set()
    assert list(departed.traces(lived.expected(), lived.folder)) == []
    assert unsound(lived.folder / "oo.db") == []
    published = FileBus(lived.folder / "bus.jsonl").published()
    assert list(checks.on_the_bus(lived.expected(), lived.read(), published)) == []


@pytest.mark.parametrize(("statement", "check", "verdict"), PLANTED)
def test_a_planted_fault_is_found(
    lived: Lived, tmp_path: Path, statement: str, check: str, verdict: str
) -> None:
    planted = Path(shutil.copy(lived.folder / "oo.db", tmp_path / "oo.db"))
    for word, meant in _SHORT.items():
        statement = statement.replace(word, meant)
    with closing(sqlite3.connect(planted)) as connection, connection:
        assert connection.execute(statement).rowcount > 0

    assert (check, verdict) in lived.violations(lived.read(planted))


def test_what_never_reached_the_bus_is_found_and_what_did_under_two_ids(lived: Lived) -> None:
    books, store = lived.expected(), lived.read()
    messages = FileBus(lived.folder / "bus.jsonl").published()
    last = next(each for each in reversed(messages) if each["line"]["user_id"] not in books.gone)
    without = [each for each in messages if each != last]
    again = [*messages, last | {"id": "another"}]
    unheard_of = [*messages, last | {"subject": "signals.planted"}]

    for published, verdict in ((without, "lost"), (again, "doubled"), (unheard_of, "broken")):
        assert {each.verdict for each in checks.on_the_bus(books, store, published)} == {verdict}


def test_what_names_a_tip_of_somebody_who_is_erased_is_found(lived: Lived) -> None:
    store = lived.read()
    books = lived.expected(store)
    store.tables["waiting"].append((1, "key", f"tip:{next(iter(books.their_tips))}"))

    assert {each.check for each in departed.erased(books, store)} == {"erased"}


def test_an_erasure_that_was_not_answered_has_happened_wholly_or_not_at_all(
    lived: Lived, tmp_path: Path
) -> None:
    books = Books(tmp_path / "books.jsonl", entries=[*lived.books.entries])
    books.attempt(0, Call(ERASE, {"user_id": "r0"}))
    books.close()
    store = lived.read()
    assert expected(books, store).gone == lived.expected().gone

    salt = "00" * 16
    store.tombstones.append((digest_of("r0", salt), salt))

    half = expected(books, store)
    assert "r0" in half.gone
    assert {each.check for each in departed.erased(half, store)} == {"erased"}


def test_a_trace_in_a_file_is_found(lived: Lived, tmp_path: Path) -> None:
    (tmp_path / "oo.db-wal").write_bytes(b"\0x0-001\0")

    [found] = departed.traces(lived.expected(), tmp_path)

    assert found.check == "traces"


def test_a_dangling_reference_is_found(lived: Lived, tmp_path: Path) -> None:
    planted = Path(shutil.copy(lived.folder / "oo.db", tmp_path / "oo.db"))
    with closing(sqlite3.connect(planted)) as connection, connection:
        connection.execute("DELETE FROM users")

    assert unsound(planted)


@pytest.mark.parametrize(("duplicates", "right"), [((0, 1), True), ((1, 1), False), ((0, 0), False)])
def test_an_answer_that_takes_a_repetition_for_new_is_found(
    tmp_path: Path, duplicates: tuple[int, int], *, right: bool
) -> None:
    """And so is one that takes what is new for a repetition."""
    books = Books(tmp_path / "books.jsonl")
    line = {"type": "source.synced", "user_id": "ada", "at": "2026-09-01T08:00:00Z", "source": "x"}

    for count in duplicates:
        entry = books.attempt(0, Call("/signals", [line]))
        entry.sent += 1
        books.acknowledge(entry, {"duplicates": count, "refused": []})
    books.close()

    assert (books.wrong == []) is right


@pytest.mark.parametrize(
    ("refused", "right"), [([0, 1], True), ([0], False), ([1], False), ([0, 1, 2], False)]
)
def test_what_has_to_be_refused_is_and_nothing_else(
    tmp_path: Path, refused: list[int], *, right: bool
) -> None:
    """That is what is about somebody who is erased, and poison."""
    books = Books(tmp_path / "books.jsonl")
    erasure = books.attempt(0, Call(ERASE, {"user_id": "eve"}))
    books.acknowledge(erasure, {"status": "erased"})
    lines = [
        {"type": "user", "user_id": "eve", "tz": "UTC"},
        {"type": "no.such", "user_id": "ada"},
        {"type": "user", "user_id": "ada", "tz": "UTC"},
    ]

    entry = books.attempt(0, Call("/signals", lines, never=frozenset({1})))
    entry.sent += 1
    books.acknowledge(entry, {"duplicates": 0, "refused": [{"index": place} for place in refused]})
    books.close()

    assert (books.wrong == []) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ({"error": {"code": "unknown_user"}}, True),
        ({"error": {"code": "internal"}}, False),
        ({"tip_id": "t1"}, False),
    ],
)
def test_who_is_erased_is_unknown_to_every_call(
    tmp_path: Path, answer: dict[str, object], *, right: bool
) -> None:
    books = Books(tmp_path / "books.jsonl")
    books.acknowledge(books.attempt(0, Call(ERASE, {"user_id": "eve"})), {"status": "erased"})

    books.acknowledge(books.attempt(0, Call("/recommend", {"user_id": "eve"})), answer)
    books.close()

    assert (books.wrong == []) is right
