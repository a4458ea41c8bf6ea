"""The checks of what must not be there, and of what can never be recorded: those who are erased, and poison."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.torture.checks import BROKEN, DOUBLED, LOST, Violation
from tests.torture.expected import Expected
from tests.torture.found import Found

MOST_REFUSALS = 5
"""What was refused so often is dead."""


def erased(books: Expected, store: Found) -> Iterator[Violation]:
    """No row of any table names somebody who is erased, or anything that was theirs."""
    for table, rows in store.tables.items():
        texts = [repr(tuple(row)) for row in rows]
        whole = "\n".join(texts)
        for person in books.gone:
            if person in whole:
                row = next(text for text in texts if person in text)
                yield Violation("erased", BROKEN, f"{person} is erased, and {table} has {row}")
        values = {value for row in rows for value in row if isinstance(value, str)}
        for tip_id, person in books.their_tips.items():
            if {tip_id, f"tip:{tip_id}"} & values:
                yield Violation("erased", BROKEN, f"{person} is erased, and {table} has their tip {tip_id}")


def tombstones(books: Expected, store: Found) -> Iterator[Violation]:
    """Everybody who is erased has a tombstone, and nobody else."""
    for person in books.gone:
        if not store.is_entombed(person):
            yield Violation("tombstones", LOST, f"{person} is erased, and has no tombstone")
    if len(store.tombstones) > len(books.gone):
        words = f"{len(store.tombstones)} tombstones stand for {len(books.gone)} people"
        yield Violation("tombstones", BROKEN, words)


def dead(books: Expected, store: Found) -> Iterator[Violation]:
    """What can never be recorded is dead, once and after five tries; nothing else is, or was ever refused."""
    there = Counter((subject, body) for subject, body, _ in store.refused)
    buried = {(subject, body) for subject, body, tries in store.refused if tries >= MOST_REFUSALS}
    for poison, sure in books.dead.items():
        if sure and poison not in buried:
            yield Violation("dead", LOST, f"{poison} can never be recorded, and is not among the dead")
    for poison, count in there.items():
        if poison not in books.dead:
            yield Violation("dead", BROKEN, f"{poison} was refused, and could be recorded")
        if count > 1:
            yield Violation("dead", DOUBLED, f"{poison} is there {count} times")


def traces(books: Expected, folder: Path) -> Iterator[Violation]:
    """Nothing of those who are erased is left in a file of the store."""
    for path in sorted(folder.glob("oo.db*")):
        content = path.read_bytes()
        for person in books.gone:
            if person.encode() in content:
                yield Violation("traces", BROKEN, f"{person} is erased, and {path.name} has a trace of that")
