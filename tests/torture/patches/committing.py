"""Without what makes a commit of many writes safe."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from oo.adapters.sql import sqlite
from oo.adapters.sql.reader import SqlReader
from oo.adapters.sql.sqlite import SqliteSession, SqliteStore
from oo.adapters.sql.transaction import SqlTransaction
from oo.adapters.sql.writer import Change, Writer
from oo.domain.state import State
from oo.ports import Reader, Transaction
from tests.torture.filebus import FileBus
from tests.torture.patches.replacing import replace


def answer_before_commit(_: FileBus) -> None:
    """Let the writer answer when a change has run, and commit afterwards."""

    def submit(original: Callable[..., Any], self: Writer, change: Change) -> "Future[Any]":
        early: Future[Any] = Future()

        def answered(transaction: Transaction) -> Any:
            try:
                result = change(transaction)
            except BaseException as error:
                early.set_exception(error)
                raise
            early.set_result(result)
            return result

        original(self, answered)
        return early

    replace(Writer, "submit", submit)


def without_full_sync(_: FileBus) -> None:
    """Let a COMMIT return before its log is on the disk."""
    assert "PRAGMA synchronous=FULL" in sqlite._PRAGMAS
    weaker = tuple(each.replace("FULL", "NORMAL") for each in sqlite._PRAGMAS)
    setattr(sqlite, "_PRAGMAS", weaker)  # noqa: B010  # of as many, which the type of the other does not say


def without_savepoint(_: FileBus) -> None:
    """Let what a failing write has done stay in the transaction of the others."""

    @contextmanager
    def savepoint(_: Callable[..., Any], self: SqliteSession) -> Iterator[None]:
        yield

    replace(SqliteSession, "savepoint", savepoint)


def read_outside(_: FileBus) -> None:
    """Let a write go by what policies had learned just before its transaction."""
    writing = threading.local()  # of the thread that writes; those that read outside see what is there

    def write(original: Callable[..., Any], self: SqliteStore, change: Change) -> Any:
        known = self.read(_every_state)

        def changed(transaction: Transaction) -> Any:
            writing.known = dict(known)
            return change(transaction)

        return original(self, changed)

    def policy_state(original: Callable[..., Any], self: SqlReader, user_id: str, policy: str) -> Any:
        known = getattr(writing, "known", {})
        return known[user_id, policy] if (user_id, policy) in known else original(self, user_id, policy)

    def put(
        original: Callable[..., Any], self: SqlTransaction, user_id: str, policy: str, *rest: Any
    ) -> None:
        original(self, user_id, policy, *rest)
        writing.known.pop((user_id, policy), None)  # what the change itself has written it knows

    replace(SqliteStore, "write", write)
    replace(SqlTransaction, "put_policy_state", put)
    replace(SqlReader, "policy_state", policy_state)


def _every_state(reader: Reader) -> dict[tuple[str, str], State | None]:
    people = [person.user_id for person in reader.people()]
    policies = ("egreedy/v1", "egreedy/v2", "linucb/v1")
    return {(person, policy): reader.policy_state(person, policy) for person in people for policy in policies}
