"""Changes are kept back and sent together; whatever goes wrong among them, nothing else is touched by it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import psycopg
import pytest

from oo.adapters.sql.postgres import PostgresStore
from oo.domain.errors import ConflictingFact, StoreBusy
from oo.domain.facts import MoodCheckin
from oo.ports import Reader, Transaction
from tests.contract.test_postgres import add_mood, end_own_session, name_of, open_postgres
from tests.contract.test_store import add
from tests.support.postgres import administer, ask, database, end_sessions

WAIT_SEC = 30
MORE_THAN_PREPARES = 7
"""The driver prepares a statement for good when it has run it a few times."""


@pytest.fixture
def address() -> Iterator[str]:
    with database() as made:
        yield made


@pytest.fixture
def store(address: str) -> Iterator[PostgresStore]:
    opened = open_postgres(address)
    opened.write(add("ada"))
    yield opened
    opened.close()


def moods(store: PostgresStore) -> list[str]:
    def ask(reader: Reader) -> list[str]:
        return sorted(fact.event_id for fact in reader.facts("ada") if isinstance(fact, MoodCheckin))

    return store.read(ask)


def conflicting(transaction: Transaction) -> None:
    """Change what is recorded already, then other things: none of them is run by the database."""
    add_mood("e0")(transaction)
    transaction.put_profile_rows("ada", [])
    transaction.forget_feature_log(0)
    transaction.drop_task("ada", "k")
    transaction.emit("signals.mood.checkin", MoodCheckin(user_id="ada", at_ms=1, event_id="e", score=0.5), 1)


def harmless(transaction: Transaction) -> None:
    """Change what comes after the fault in `conflicting`."""
    transaction.forget_feature_log(0)
    transaction.drop_task("ada", "k")
    transaction.emit("signals.mood.checkin", MoodCheckin(user_id="ada", at_ms=1, event_id="e", score=0.5), 1)


def undo(transaction: Transaction) -> None:
    assert transaction.person("ada") is not None
    raise ValueError


def together(
    store: PostgresStore, changes: Sequence[Callable[[Transaction], object]]
) -> list[BaseException | None]:
    """Make changes in one commit, behind one that is undone; return what each of them raised."""
    gate = threading.Event()
    first = store.submit(lambda _: gate.wait(WAIT_SEC))
    undone = store.submit(undo)
    answers = [store.submit(change) for change in changes]
    gate.set()
    assert first.result(WAIT_SEC)
    assert isinstance(undone.exception(WAIT_SEC), ValueError)
    return [answer.exception(WAIT_SEC) for answer in answers]


@pytest.mark.parametrize("before", range(MORE_THAN_PREPARES))
def test_what_a_fault_kept_from_running_runs_ever_after(store: PostgresStore, before: int) -> None:
    store.write(add_mood("e0"))

    failures = together(store, [harmless] * before + [conflicting] + [harmless] * MORE_THAN_PREPARES)

    assert [type(failure) for failure in failures if failure is not None] == [ConflictingFact]
    for _ in range(MORE_THAN_PREPARES):
        store.write(harmless)


def test_of_writes_that_share_a_commit_a_fault_takes_nothing_of_the_others(store: PostgresStore) -> None:
    store.write(add_mood("e0"))
    numbers = range(60)
    faulty = [number % 3 == 0 for number in numbers]

    failures = together(
        store, [conflicting if faulty[number] else add_mood(f"g{number:02}") for number in numbers]
    )

    assert [isinstance(failure, ConflictingFact) for failure in failures] == faulty
    assert moods(store) == ["e0", *(f"g{number:02}" for number in numbers if not faulty[number])]


@pytest.mark.parametrize("before", range(MORE_THAN_PREPARES))
def test_a_question_behind_a_fault_is_answered_ever_after(store: PostgresStore, before: int) -> None:
    store.write(add_mood("e0"))

    def ask(transaction: Transaction) -> None:
        assert transaction.person("ada") is not None

    def ask_behind_a_fault(transaction: Transaction) -> None:
        add_mood("e0")(transaction)
        transaction.person("ada")

    failures = together(store, [ask] * before + [ask_behind_a_fault] + [ask] * MORE_THAN_PREPARES)

    assert [type(failure) for failure in failures if failure is not None] == [ConflictingFact]


def test_a_savepoint_inside_another_is_undone_alone(store: PostgresStore) -> None:
    def failing(transaction: Transaction) -> None:
        add_mood("lost")(transaction)
        raise ValueError

    def inner_undone(transaction: Transaction) -> None:
        with suppress(ValueError), transaction.savepoint():
            failing(transaction)
        add_mood("after")(transaction)

    def outer_undone(transaction: Transaction) -> None:
        with transaction.savepoint():
            add_mood("lost too")(transaction)
        raise KeyError

    def change(transaction: Transaction) -> None:
        add_mood("before")(transaction)
        with transaction.savepoint():
            inner_undone(transaction)
        with suppress(KeyError), transaction.savepoint():
            outer_undone(transaction)

    store.write(change)

    assert moods(store) == ["after", "before"]


def test_a_change_that_was_kept_back_is_seen_by_the_next_question(store: PostgresStore) -> None:
    def change(transaction: Transaction) -> list[object]:
        add_mood("e1")(transaction)
        seen: list[object] = [transaction.signal("mood:ada/e1") is not None]
        transaction.put_profile_rows("ada", [])
        add_mood("e2")(transaction)
        return [*seen, len(list(transaction.facts("ada")))]

    assert store.write(change) == [True, 2]


def test_a_connection_that_is_lost_with_changes_kept_back_loses_none(
    store: PostgresStore, address: str
) -> None:
    tries: list[str] = []

    def change(transaction: Transaction) -> None:
        tries.append("try")
        add_mood("e1")(transaction)
        with transaction.savepoint():
            if len(tries) < 3:
                end_own_session(address, transaction)
            add_mood("e2")(transaction)

    store.write(change)

    assert len(tries) == 3
    assert moods(store) == ["e1", "e2"]


def test_a_lock_of_somebody_else_holds_up_the_writes_that_wait_once(
    store: PostgresStore, address: str
) -> None:
    with psycopg.connect(address) as connection:
        connection.execute("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()

        answers = [store.submit(add_mood(f"e{number}")) for number in range(10)]
        failures = [answer.exception(WAIT_SEC) for answer in answers]

        assert time.monotonic() - began < 5
        connection.rollback()
    assert {type(failure) for failure in failures} == {StoreBusy}
    store.write(add_mood("e0"))
    assert moods(store) == ["e0"]


def test_a_connection_on_which_nothing_can_be_written_is_made_anew(
    store: PostgresStore, address: str
) -> None:
    name = name_of(address)
    ask(address, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    end_sessions(name)
    try:
        with pytest.raises(StoreBusy, match="read-only"):
            store.write(add_mood("e1"))
    finally:
        administer(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')

    store.write(add_mood("e1"))

    assert moods(store) == ["e1"]


def test_a_transaction_that_was_ended_for_its_idleness_is_made_again(
    store: PostgresStore, address: str
) -> None:
    name = name_of(address)
    administer(f"ALTER DATABASE \"{name}\" SET idle_in_transaction_session_timeout = '50ms'")
    end_sessions(name)
    tries: list[str] = []

    def change(transaction: Transaction) -> None:
        tries.append("try")
        add_mood("e1")(transaction)
        assert transaction.person("ada") is not None
        assert transaction.signal("none") is None, "PostgreSQL times no silence after a pipeline"
        if len(tries) == 1:
            time.sleep(0.5)
        add_mood("e2")(transaction)

    try:
        store.write(change)
    finally:
        administer(f'ALTER DATABASE "{name}" RESET idle_in_transaction_session_timeout')

    assert len(tries) == 2
    assert moods(store) == ["e1", "e2"]
