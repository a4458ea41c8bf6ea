"""Several processes write at once, and about one person or decision as if one after the other."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from oo.adapters.sql import postgres_claims, postgres_fence
from oo.adapters.sql.postgres import PostgresStore
from oo.adapters.sql.postgres_statements import prepared
from oo.domain.facts import MoodCheckin
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.ports import Reader, Transaction
from tests.contract.test_postgres import add_mood, open_postgres
from tests.contract.test_store import add
from tests.support.postgres import database

WAIT_SEC = 30
ABOUT_NOBODY = {
    "people": "asked where nobody writes: at a restore, and by readers",
    "people_named": "asked at a restore, where nobody else writes",
    "people_count": "asked by readers",
    "feature_definitions": "a definition that two add at once is refused by its key, and the second looks again",
    "add_feature_definitions": "as above",
    "drop_definition": "drops what the same transaction has added under a name of its own",
    "feature_log": "asked by readers",
    "forget_feature_log": "what is old is not changed any more",
    "localise_tip_views": "its rows were just looked for by their person",
    "localise_tip_feedback": "its rows were just looked for by their person",
    "localise_signals": "its rows were just looked for by their person",
    "signal": "a fact's key holds its person",
    "waiting_fact": "a fact's key holds its person, or the tip or the decision that it is",
    "stop_waiting": "its row was just looked for by what it awaits",
    "refuse_waiting": "its row was just looked for by what it awaits",
    "tombstones": "a second salt is as good as the first",
    "tombstone_salts": "a second salt is as good as the first",
    "unpublished": "asked by readers",
    "backlog": "asked by readers",
    "dead_events": "asked by readers",
    "refused_events": "asked by readers",
    "mark_published": "changes one row by its number, whatever it held",
    "published_in": "how many there are is told, and nothing follows from it",
    "publish_again": "changes rows whatever they held",
    "forget_published": "what is old is not changed any more",
    "forget_refused": "what is old is not changed any more",
    "exhume": "removes one row by its number",
    "change_alert": "goes by the name of quality",
    "add_quality_alerts": "goes by the name of quality",
    "put_quality_baselines": "goes by the name of quality",
    "open_alerts": "goes by the name of quality",
    "untold_alerts": "asked by readers",
}
"""Statements that claim nothing, and why they need not."""
_MEASURES = ("quality_", "last_", "hours_of_")
"""How the names begin of what only readers ask."""


@pytest.fixture
def address() -> Iterator[str]:
    with database() as made:
        yield made


@pytest.fixture
def store(address: str) -> Iterator[PostgresStore]:
    opened = open_postgres(address)
    opened.write(add("ada"))
    opened.write(add("bob"))
    yield opened
    opened.close()


@pytest.fixture
def other(address: str, store: PostgresStore) -> Iterator[PostgresStore]:
    """Another store over the same database, as another process would have it."""
    opened = open_postgres(address)
    yield opened
    opened.close()


class Gate:
    """A change that looks at somebody, and then holds its transaction open until it is let through."""

    def __init__(self, look: Callable[[Transaction], object]) -> None:
        self.look = look
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self, transaction: Transaction) -> object:
        found = self.look(transaction)
        self.entered.set()
        assert self.opened.wait(WAIT_SEC)
        return found


def moods(reader: Reader) -> list[str]:
    return [fact.event_id for fact in reader.facts("ada") if isinstance(fact, MoodCheckin)]


def count_and_add(transaction: Transaction) -> int:
    """Record a mood whose name follows from how many there are."""
    count = len(moods(transaction))
    add_mood(f"e{count}")(transaction)
    return count


def test_a_change_about_somebody_whom_another_process_looks_at_waits_and_others_do_not(
    store: PostgresStore, other: PostgresStore
) -> None:
    gate = Gate(count_and_add)
    first = store.submit(gate)
    assert gate.entered.wait(WAIT_SEC)

    late = other.submit(count_and_add)
    aside = other.submit(lambda transaction: transaction.person("bob"))

    assert aside.result(WAIT_SEC) is not None
    assert not late.done()
    gate.opened.set()
    assert (first.result(WAIT_SEC), late.result(WAIT_SEC)) == (0, 1)
    assert store.read(moods) == ["e0", "e1"]


def test_those_that_are_postponed_keep_their_order(store: PostgresStore, other: PostgresStore) -> None:
    gate = Gate(lambda transaction: transaction.person("ada"))
    store.submit(gate)
    assert gate.entered.wait(WAIT_SEC)

    late = [other.submit(count_and_add) for _ in range(5)]
    other.write(lambda transaction: transaction.person("bob"))
    gate.opened.set()

    assert [each.result(WAIT_SEC) for each in late] == list(range(5))


def test_what_a_change_did_before_it_was_postponed_is_undone_and_it_cannot_be_kept_from_that(
    store: PostgresStore, other: PostgresStore
) -> None:
    gate = Gate(lambda transaction: transaction.person("ada"))
    store.submit(gate)
    assert gate.entered.wait(WAIT_SEC)
    tries: list[str] = []

    def about_two(transaction: Transaction) -> None:
        tries.append("try")
        transaction.drop_profile_rows("bob", ["tip_volume_30d"])
        try:
            add_mood(f"e{len(tries)}")(transaction)
        except Exception:  # noqa: BLE001  # as one does that must not fail
            tries.append("caught")

    late = other.submit(about_two)
    other.write(lambda transaction: transaction.forget_feature_log(0))
    gate.opened.set()
    late.result(WAIT_SEC)

    assert tries == ["try", "try"]
    assert store.read(moods) == ["e2"]


def look_and_undo(transaction: Transaction) -> None:
    with suppress(ValueError), transaction.savepoint():
        transaction.person("ada")
        raise ValueError


def test_what_a_savepoint_claimed_is_let_go_with_it(store: PostgresStore, other: PostgresStore) -> None:
    gate = Gate(look_and_undo)
    store.submit(gate)
    assert gate.entered.wait(WAIT_SEC)

    assert other.submit(count_and_add).result(WAIT_SEC) == 0
    gate.opened.set()


def test_what_was_let_go_is_claimed_again_when_it_is_looked_at_again(
    store: PostgresStore, other: PostgresStore
) -> None:
    def look_twice(transaction: Transaction) -> int:
        look_and_undo(transaction)
        return count_and_add(transaction)

    gate = Gate(look_twice)
    store.submit(gate)
    assert gate.entered.wait(WAIT_SEC)
    late = other.submit(count_and_add)
    other.write(lambda transaction: transaction.person("bob"))

    assert not late.done()
    gate.opened.set()
    assert late.result(WAIT_SEC) == 1


def test_a_change_about_more_than_can_be_claimed_is_made_while_nobody_else_writes(
    store: PostgresStore, other: PostgresStore
) -> None:
    def about_many(transaction: Transaction) -> int:
        for number in range(postgres_claims.MOST + 1):
            transaction.person(f"nobody{number}")
        return count_and_add(transaction)

    gate = Gate(count_and_add)
    store.submit(gate)
    assert gate.entered.wait(WAIT_SEC)
    before, many, after = (other.submit(each) for each in (add("cyd"), about_many, add("dan")))
    assert before.result(WAIT_SEC) == "cyd"
    assert not many.done()
    gate.opened.set()

    assert many.result(WAIT_SEC) == 1
    assert after.result(WAIT_SEC) == "dan"


def test_what_goes_by_a_name_is_done_by_one_at_a_time(store: PostgresStore, other: PostgresStore) -> None:
    gate = Gate(lambda transaction: transaction.hold("quality"))
    store.submit(gate)
    assert gate.entered.wait(WAIT_SEC)
    late = other.submit(lambda transaction: transaction.hold("quality"))
    other.submit(lambda transaction: transaction.hold("another")).result(WAIT_SEC)

    assert not late.done()
    gate.opened.set()
    late.result(WAIT_SEC)


@pytest.mark.parametrize("look", [moods, count_and_add])
def test_a_process_that_hangs_in_a_transaction_lets_go_of_what_others_wait_for(
    look: Callable[[Transaction], object],
    address: str,
    store: PostgresStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether what it asked last was in a pipeline, as `moods` does, or not."""
    monkeypatch.setattr(postgres_fence, "HUNG_SEC", 0.5)
    hanging, other = open_postgres(address), open_postgres(address)
    try:
        gate = Gate(look)
        late = hanging.submit(gate)
        assert gate.entered.wait(WAIT_SEC)

        assert other.submit(count_and_add).result(WAIT_SEC) == 0
        gate.opened.set()
        assert late.result(WAIT_SEC) in (1, ["e0"]), "what it does when it wakes up comes after that"
        assert store.read(moods)[0] == "e0"
    finally:
        hanging.close()
        other.close()


def define(transaction: Transaction) -> str:
    """Record what a feature means, unless that is known: it is about nobody, and claimed by nobody."""
    if ("mine", 1) in transaction.definitions():
        return "known"
    transaction.add_definition("mine", 1, "f" * 8, 1)
    transaction.definitions()  # so that the database has it
    return "added"


def test_what_the_database_refuses_because_of_another_process_is_judged_when_that_has_ended(
    store: PostgresStore, other: PostgresStore
) -> None:
    gate = Gate(define)
    first = store.submit(gate)
    assert gate.entered.wait(WAIT_SEC)
    late = other.submit(define)
    gate.opened.set()

    assert (first.result(WAIT_SEC), late.result(WAIT_SEC)) == ("added", "known")


@pytest.mark.parametrize("name", sorted(prepared(Registry(CATALOG)).named))
def test_every_statement_claims_what_it_is_about_or_says_why_it_need_not(name: str) -> None:
    text = prepared(Registry(CATALOG)).named[name].text

    given = set(re.findall(r"%\((\w+)\)s", text))

    claims = bool(given & postgres_claims._ABOUT.keys())
    assert claims != (name in ABOUT_NOBODY or name.startswith(_MEASURES)), text
