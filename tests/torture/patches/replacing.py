"""Replace a method of a class in this process, and do what belongs into a transaction after it."""

from collections.abc import Callable
from typing import Any, TypeAlias

from oo.adapters.sql.sqlite import SqliteStore
from oo.adapters.sql.writer import Change
from oo.ports import Transaction

Original: TypeAlias = Callable[..., Any]


def replace(owner: type, name: str, by: Callable[..., Any]) -> None:
    """Let `by`, which is handed the original first, take the place of a method that is there."""
    original = getattr(owner, name)

    def replaced(self: Any, *arguments: Any, **named: Any) -> Any:
        return by(original, self, *arguments, **named)

    setattr(owner, name, replaced)


class Afterwards:
    """What changes put off: it is done by whoever asked for the change, after its COMMIT and before its answer."""

    def __init__(self, do: Callable[[SqliteStore, Original, list[Any]], None]) -> None:
        """Do it by `do`, which is handed the store, its `write` as it was, and what one change has put off."""
        self._do = do
        self._put_off: list[Any] | None = None
        replace(SqliteStore, "write", self._write)

    def put_off(self, what: Any) -> bool:
        """Put something off; False where no change is under way that this one can follow, as in what follows it."""
        if self._put_off is None:
            return False
        self._put_off.append(what)
        return True

    def _write(self, original: Original, store: SqliteStore, change: Change) -> Any:
        found: list[Any] = []

        def changed(transaction: Transaction) -> Any:
            self._put_off = found  # changes run one after the other, on the writer's thread
            try:
                return change(transaction)
            finally:
                self._put_off = None

        answer = original(store, changed)
        if found:
            self._do(store, original, found)
        return answer


def in_a_second_transaction(store: SqliteStore, write: Original, effects: list[Change]) -> None:
    """Make changes that were put off, in one transaction of their own."""

    def change(transaction: Transaction) -> None:
        for effect in effects:
            effect(transaction)

    write(store, change)
