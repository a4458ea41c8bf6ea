"""Without what makes a fact count once, with all that follows from it."""

import dataclasses
import secrets
from typing import Any

from oo.adapters.sql.transaction import SqlTransaction
from oo.domain.facts import AppSession, Fact, MoodCheckin
from oo.ports import Transaction
from oo.usecases.learn import Learner
from oo.usecases.profile import Profiles
from oo.usecases.record import Recording
from tests.torture.filebus import FileBus
from tests.torture.patches.replacing import Afterwards, Original, in_a_second_transaction, replace


def effects_in_a_second_transaction(_: FileBus) -> None:
    """Let policies learn from a fact after the transaction that made it enter."""
    afterwards = Afterwards(in_a_second_transaction)

    def settle(
        original: Original, self: Learner, transaction: Transaction, decision_id: str, given: Any, now_ms: int
    ) -> None:
        def effect(later: Transaction) -> None:
            original(self, later, decision_id, given, now_ms)

        if not afterwards.put_off(effect):
            effect(transaction)

    replace(Learner, "settle", settle)


def profile_in_a_second_transaction(_: FileBus) -> None:
    """Compute, or drop, profile values after the transaction of the fact that touches them."""
    afterwards = Afterwards(in_a_second_transaction)

    def recompute(
        original: Original, self: Profiles, transaction: Transaction, *arguments: Any, **named: Any
    ) -> None:
        if not afterwards.put_off(lambda later: original(self, later, *arguments, **named)):
            original(self, transaction, *arguments, **named)

    def drop(original: Original, self: SqlTransaction, *arguments: Any) -> None:
        if not afterwards.put_off(lambda later: original(later, *arguments)):
            original(self, *arguments)

    replace(Profiles, "recompute", recompute)
    replace(SqlTransaction, "drop_profile_rows", drop)


def without_dedupe(_: FileBus) -> None:
    """Give what comes again a key of its own, so that nobody knows it."""

    def signal(original: Original, self: Recording, fact: Fact, *arguments: Any) -> Any:
        again = isinstance(fact, MoodCheckin | AppSession) and self.transaction.signal(fact.key) is not None
        return original(self, _renamed(fact) if again else fact, *arguments)

    replace(Recording, "_signal", signal)


def _renamed(fact: Any) -> Any:
    return dataclasses.replace(fact, event_id=f"{fact.event_id}:{secrets.token_hex(4)}")
