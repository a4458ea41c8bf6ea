"""The `Store` port's contract, run over every adapter: another one joins by an entry in `ADAPTERS`."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from oo.adapters.sql.postgres import PostgresStore
from oo.adapters.sql.sqlite import SqliteStore
from oo.adapters.sql.writer import MOST_WAITING
from oo.domain.errors import InvalidFact, Overloaded, StoreClosed
from oo.domain.facts import MoodCheckin, TipServed
from oo.domain.person import ZoneSpan
from oo.domain.profile import StoredValue
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.ports import Reader, Store, Transaction
from tests.support.postgres import database

Opener: TypeAlias = Callable[[], Store]
WAIT_SEC = 30


@contextmanager
def sqlite(folder: Path) -> Iterator[Opener]:
    yield lambda: SqliteStore.open(folder / "oo.db", Registry(CATALOG), wait_sec=0)


@contextmanager
def postgresql(_: Path) -> Iterator[Opener]:
    with database() as url:
        yield lambda: PostgresStore.open(url, Registry(CATALOG), wait_sec=1)


ADAPTERS: dict[str, Callable[[Path], AbstractContextManager[Opener]]] = {
    "sqlite": sqlite,
    "postgresql": postgresql,
}


@pytest.fixture(params=ADAPTERS)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same database as often as it is called; what is still open is closed at the end."""
    stores: list[Store] = []

    with ADAPTERS[request.param](tmp_path) as opens:

        def open_store() -> Store:
            stores.append(opens())
            return stores[-1]

        yield open_store
        for store in stores:
            store.close()


@pytest.fixture
def store(opener: Opener) -> Store:
    return opener()


def add(user_id: str) -> Callable[[Transaction], str]:
    """A change that adds a person and answers with their id."""

    def change(transaction: Transaction) -> str:
        transaction.add_zone(user_id, ZoneSpan(0, "UTC"), 1)
        return user_id

    return change


def ids(reader: Reader) -> list[str]:
    return [person.user_id for person in reader.people()]


class Mistake(Exception):
    """What a change may raise."""


def failing(error: BaseException, *before: str) -> Callable[[Transaction], None]:
    def change(transaction: Transaction) -> None:
        for user_id in before:
            add(user_id)(transaction)
        raise error

    return change


class Hold:
    """Keeps the writer busy, so that what is submitted meanwhile waits together."""

    def __init__(self, store: Store) -> None:
        self._busy, self._go_on = threading.Event(), threading.Event()
        self._held = store.submit(self._wait)
        assert self._busy.wait(WAIT_SEC)

    def _wait(self, _: Transaction) -> None:
        self._busy.set()
        assert self._go_on.wait(WAIT_SEC)

    def release(self) -> None:
        self._go_on.set()
        self._held.result(WAIT_SEC)


def test_a_write_returns_what_the_change_does(store: Store) -> None:
    assert store.write(add("ada")) == "ada"


def test_a_write_is_there_when_it_returns(store: Store) -> None:
    for number in range(20):
        store.write(add(f"p{number:02}"))

        assert len(store.read(ids)) == number + 1


def test_what_was_written_is_there_when_the_store_is_opened_again(opener: Opener) -> None:
    first = opener()
    first.write(add("ada"))
    first.close()

    assert opener().read(ids) == ["ada"]


def test_a_change_sees_what_it_has_written_itself(store: Store) -> None:
    def change(transaction: Transaction) -> list[str]:
        add("ada")(transaction)
        return ids(transaction)

    assert store.write(change) == ["ada"]


def test_a_change_is_seen_by_others_only_when_it_is_whole(store: Store) -> None:
    half, go_on = threading.Event(), threading.Event()

    def change(transaction: Transaction) -> None:
        add("ada")(transaction)
        half.set()
        assert go_on.wait(WAIT_SEC)
        add("bob")(transaction)

    written = store.submit(change)
    assert half.wait(WAIT_SEC)
    meanwhile = store.read(ids)
    go_on.set()
    written.result(WAIT_SEC)

    assert meanwhile == []
    assert store.read(ids) == ["ada", "bob"]


def test_a_read_is_one_consistent_state(store: Store) -> None:
    store.write(add("ada"))

    def ask(reader: Reader) -> tuple[list[str], list[str]]:
        before = ids(reader)
        store.submit(add("bob")).result(WAIT_SEC)
        return before, ids(reader)

    assert store.read(ask) == (["ada"], ["ada"])
    assert store.read(ids) == ["ada", "bob"]


def test_questions_that_are_not_asked_together_each_see_what_was_written_before_them(store: Store) -> None:
    store.write(add("ada"))

    def ask(reader: Reader) -> tuple[list[str], list[str]]:
        before = ids(reader)
        store.submit(add("bob")).result(WAIT_SEC)
        return before, ids(reader)

    assert store.read(ask, together=False) == (["ada"], ["ada", "bob"])


def test_a_read_may_be_asked_within_a_read(store: Store) -> None:
    store.write(add("ada"))

    assert store.read(lambda _: store.read(ids)) == ["ada"]


def test_a_read_that_raises_leaves_the_store_as_it_was(store: Store) -> None:
    def ask(_: Reader) -> None:
        raise Mistake

    for _ in range(3):
        with pytest.raises(Mistake):
            store.read(ask)

    store.write(add("ada"))
    assert store.read(ids) == ["ada"]


@pytest.mark.parametrize("error", [Mistake("twice two"), ValueError("five"), KeyError(1), AssertionError()])
def test_what_a_change_raises_reaches_its_caller(store: Store, error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        store.write(failing(error, "ada"))

    assert raised.value is error
    assert store.read(ids) == []


def test_a_failing_change_takes_nothing_of_its_group_with_it(store: Store) -> None:
    hold = Hold(store)
    futures: dict[str, Future[str] | Future[None]] = {
        "ada": store.submit(add("ada")),
        "bad": store.submit(failing(Mistake("no"), "eve", "mallory")),
        "bob": store.submit(add("bob")),
        "worse": store.submit(failing(ZeroDivisionError())),
        "cyd": store.submit(add("cyd")),
    }
    hold.release()

    with pytest.raises(Mistake, match="no"):
        futures["bad"].result(WAIT_SEC)
    with pytest.raises(ZeroDivisionError):
        futures["worse"].result(WAIT_SEC)
    assert [futures[name].result(WAIT_SEC) for name in ("ada", "bob", "cyd")] == ["ada", "bob", "cyd"]
    assert store.read(ids) == ["ada", "bob", "cyd"]


def test_what_the_database_itself_refuses_takes_only_its_own_change_with_it(store: Store) -> None:
    def break_a_key(transaction: Transaction) -> None:
        add("eve")(transaction)
        transaction.add_reward("d1", "nobody", 1.0, 1, 1)

    hold = Hold(store)
    good, bad, last = (store.submit(change) for change in (add("ada"), break_a_key, add("bob")))
    hold.release()

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        bad.result(WAIT_SEC)
    assert (good.result(WAIT_SEC), last.result(WAIT_SEC)) == ("ada", "bob")
    assert store.read(ids) == ["ada", "bob"]


def test_savepoints_stand_in_one_another(store: Store) -> None:
    def change(transaction: Transaction) -> None:
        add("ada")(transaction)
        with suppress(Mistake), transaction.savepoint():
            add("eve")(transaction)
            with transaction.savepoint():
                add("mallory")(transaction)
            raise Mistake
        with transaction.savepoint():
            add("bob")(transaction)
            with suppress(Mistake), transaction.savepoint():
                add("trudy")(transaction)
                raise Mistake
            add("cyd")(transaction)

    store.write(change)

    assert store.read(ids) == ["ada", "bob", "cyd"]


def test_a_change_that_fails_after_a_savepoint_leaves_nothing(store: Store) -> None:
    def change(transaction: Transaction) -> None:
        with transaction.savepoint():
            add("ada")(transaction)
        raise Mistake

    with pytest.raises(Mistake):
        store.write(change)

    assert store.read(ids) == []


def test_changes_are_made_in_the_order_in_which_they_were_submitted(store: Store) -> None:
    order: list[int] = []
    hold = Hold(store)
    futures = [store.submit(lambda _, number=number: order.append(number)) for number in range(300)]  # type: ignore[misc]
    hold.release()
    for future in futures:
        future.result(WAIT_SEC)

    assert order == list(range(300))


def test_a_change_that_was_cancelled_before_its_turn_is_not_made(store: Store) -> None:
    hold = Hold(store)
    first, cancelled, last = store.submit(add("ada")), store.submit(add("eve")), store.submit(add("bob"))
    assert cancelled.cancel()
    hold.release()

    assert (first.result(WAIT_SEC), last.result(WAIT_SEC)) == ("ada", "bob")
    assert store.read(ids) == ["ada", "bob"]


def test_writes_of_fifty_threads_all_land_once(store: Store) -> None:
    store.write(add("ada"))
    barrier = threading.Barrier(50)

    def write_twenty(thread: int) -> None:
        barrier.wait(WAIT_SEC)
        for number in range(20):
            name = f"{thread}-{number}"
            fact = MoodCheckin(user_id="ada", at_ms=1, event_id=name, score=0.5)
            store.write(lambda t, fact=fact: t.add_signal(fact, t.person("ada"), 1))  # type: ignore[misc]

    with ThreadPoolExecutor(50) as threads:
        list(threads.map(write_twenty, range(50), timeout=WAIT_SEC))

    found = [
        fact.event_id for fact in store.read(lambda r: list(r.facts("ada"))) if isinstance(fact, MoodCheckin)
    ]
    assert sorted(found) == sorted(f"{thread}-{number}" for thread in range(50) for number in range(20))


def test_reads_go_on_while_others_write(store: Store) -> None:
    stop = threading.Event()

    def look() -> int:
        seen = 0
        while not stop.is_set():
            found = store.read(lambda reader: (len(ids(reader)), len(ids(reader))))
            assert found[0] == found[1] >= seen
            seen = found[0]
        return seen

    with ThreadPoolExecutor(4) as threads:
        readers = [threads.submit(look) for _ in range(4)]
        for number in range(50):
            store.write(add(f"p{number}"))
        stop.set()

        assert all(reader.result(WAIT_SEC) <= 50 for reader in readers)


def test_a_closed_store_refuses_and_says_so(store: Store) -> None:
    store.close()

    with pytest.raises(StoreClosed, match="closed"):
        store.submit(add("ada"))
    with pytest.raises(StoreClosed, match="closed"):
        store.write(add("ada"))
    with pytest.raises(StoreClosed, match="closed"):
        store.read(ids)


def test_closing_finishes_what_was_submitted_before(opener: Opener) -> None:
    store = opener()
    hold = Hold(store)
    futures = [store.submit(add(f"p{number:03}")) for number in range(300)]
    closing = threading.Thread(target=store.close)
    closing.start()
    hold.release()
    closing.join(WAIT_SEC)

    assert not closing.is_alive()
    assert [future.result(0) for future in futures] == [f"p{number:03}" for number in range(300)]
    assert len(opener().read(ids)) == 300


def test_closing_twice_is_closing_once(store: Store) -> None:
    store.close()
    store.close()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "🎉👨‍👩‍👧",
            "שלום\u200f",
            "x" * 100_000,
            "'; DROP TABLE users; --",
            "\ufeff",
            "\uffff",
            "\x7f\x1b",
        ),
        *("e\u0301", " a ", "%s %(text)s :text $1 ?", "100%", "\\x41 \\", "NULL", "\r\n\t", "I\u0307"),
    ],
)
def test_any_text_comes_back_as_it_was_written(store: Store, text: str) -> None:
    tip = TipServed(user_id="ada", at_ms=5, tip_id="t1", candidate_id="c1", text=text, context={"said": text})

    def change(transaction: Transaction) -> TipServed | None:
        add("ada")(transaction)
        person = transaction.person("ada")
        assert person is not None
        transaction.add_tip(tip, person, 5)
        return transaction.tip_served("t1")

    assert store.write(change) == tip
    assert store.read(lambda reader: reader.tip_served("t1")) == tip


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda t: t.add_zone("ada", ZoneSpan(0, "a\0b"), 1), id="a NUL"),
        pytest.param(lambda t: t.add_zone("ada", ZoneSpan(0, "a\ud800b"), 1), id="half a pair"),
        pytest.param(lambda t: t.add_zone("ada", ZoneSpan(2**63, "UTC"), 1), id="more than 64 bits"),
        pytest.param(lambda t: t.add_zone("ada", ZoneSpan(-(2**63) - 1, "UTC"), 1), id="less than 64 bits"),
        pytest.param(lambda t: t.add_reward("d", "ada", float("nan"), 1, 1), id="no number"),
        pytest.param(lambda t: t.add_reward("d", "ada", float("-inf"), 1, 1), id="no end"),
    ],
)
def test_what_not_every_database_holds_is_refused_by_all_and_takes_only_its_change_with_it(
    store: Store, change: Callable[[Transaction], None]
) -> None:
    def both(transaction: Transaction) -> None:
        add("eve")(transaction)
        change(transaction)

    hold = Hold(store)
    good, bad = store.submit(add("bob")), store.submit(both)
    hold.release()

    with pytest.raises(InvalidFact, match=r"NUL|64 bits|finite"):
        bad.result(WAIT_SEC)
    assert good.result(WAIT_SEC) == "bob"
    assert store.read(ids) == ["bob"]


def test_what_not_every_database_can_look_for_is_refused_by_all(store: Store) -> None:
    with pytest.raises(InvalidFact, match="NUL"):
        store.read(lambda reader: reader.person("a\0b"))


@pytest.mark.parametrize("reward", [0.0, -0.0, 1 / 3, 1e-308, 5e-324, 1.7976931348623157e308, 2.0**53 + 2, 7])
def test_any_number_comes_back_to_the_last_bit(store: Store, reward: float) -> None:
    def change(transaction: Transaction) -> None:
        add("ada")(transaction)
        transaction.add_reward("d", "ada", reward, 2**63 - 1, -(2**63))

    store.write(change)

    found = store.read(lambda reader: reader.reward("d"))
    assert (found, type(found)) == (reward, float)


def test_texts_are_in_the_order_of_their_code_points(store: Store) -> None:
    names = ["b", "B", "a", "_", "-", "10", "9", "é", "e\u0301", "zz", "Z", "\uffff", "\U0001f600", "ß", " a"]
    for name in names:
        store.write(add(name))

    assert store.read(ids) == sorted(names)


def test_a_profile_holds_numbers_and_texts(store: Store) -> None:
    values: dict[str, float | str | None] = {
        "a": 9,
        "b": 1 / 3,
        "c": None,
        "d": "",
        "e": "9",
        "f": "évening",
        "g": 1e300,
    }
    rows = [
        StoredValue(name=name, value=value, support=2**53 + 1, computed_at_ms=0, fingerprint="f")
        for name, value in values.items()
    ]

    def change(transaction: Transaction) -> None:
        add("ada")(transaction)
        transaction.put_profile_rows("ada", rows)
        transaction.put_profile_rows("ada", rows[::-1])

    store.write(change)

    found = store.read(lambda reader: reader.profile_rows("ada"))
    assert sorted(found) == [(name, value, 2**53 + 1, 0, "f") for name, value in values.items()]
    assert {type(row[1]) for row in found} == {float, str, type(None)}


def test_past_a_bound_a_write_is_refused_and_those_that_wait_are_recorded(store: Store) -> None:
    hold = Hold(store)
    waiting = [store.submit(add(f"p{number:04}")) for number in range(MOST_WAITING)]

    with pytest.raises(Overloaded, match=r"1,000 writes wait .*nothing was recorded"):
        store.submit(add("late"))
    with pytest.raises(Overloaded):
        store.write(add("later"))
    hold.release()

    assert [each.result(WAIT_SEC) for each in waiting] == store.read(ids)
    assert store.write(add("late")) == "late"
