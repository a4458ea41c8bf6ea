"""Take a person's reaction to a tip."""

from dataclasses import dataclass

from oo.domain.errors import InvalidFact, InvalidInstant, ReactionBeforeTip
from oo.domain.facts import Reaction, TipFeedback
from oo.domain.instant import DAY, format_instant, within_range
from oo.domain.outcome import Fate
from oo.domain.tip import Tip
from oo.features.events import in_force
from oo.ports import Store, Transaction
from oo.usecases import find
from oo.usecases.ingest import Ingest


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """Records a reaction with all that follows: the task, the profile, what the policies learn."""

    store: Store
    ingest: Ingest

    def __call__(
        self,
        tip_id: str,
        reaction: Reaction,
        *,
        now_ms: int,
        at_ms: int | None = None,
        snooze_until_ms: int | None = None,
    ) -> Fate:
        """Return `applied` as ACCEPTED, or DUPLICATE where that reaction is in force already.

        `at_ms` is when it was given; now if left out, and then not before the tip, and after whatever was given
        before it by a clock that is ahead: the last one given is in force. Raises `UnknownTip`, `ReactionBeforeTip`,
        `InvalidInstant` for a time more than a day ahead of now and of its tip (a clock gone wrong would stay in
        force), `InvalidFact` for a snooze that ends before it begins or a snooze time with another reaction.
        """
        _check_snooze(reaction, now_ms if at_ms is None else at_ms, snooze_until_ms)

        def change(transaction: Transaction) -> Fate:
            tip = find.tip(transaction, tip_id)
            given_ms = _given_now(transaction, tip, now_ms) if at_ms is None else at_ms
            fact = TipFeedback(
                user_id=tip.user_id,
                at_ms=given_ms,
                tip_id=tip_id,
                reaction=reaction,
                snooze_until_ms=snooze_until_ms,
            )
            _check_order(fact, tip.served_at_ms, now_ms)
            if _is_in_force(transaction, fact):
                return Fate.DUPLICATE
            _check_snooze(reaction, given_ms, snooze_until_ms)
            return self.ingest.one(transaction, fact, now_ms=now_ms)

        return self.store.write(change)


def _given_now(transaction: Transaction, tip: Tip, now_ms: int) -> int:
    """Return an instant for a reaction that is given now: by another clock, the tip or another reaction may be later.

    A reaction that lies more than a day ahead was imported, and stays in force until then.
    """
    now_ms = max(now_ms, tip.served_at_ms)
    last_ms = max((fact.at_ms for fact in transaction.reactions(tip.tip_id)), default=-1)
    return last_ms + 1 if now_ms < last_ms < now_ms + DAY else now_ms


def _check_snooze(reaction: Reaction, at_ms: int, snooze_until_ms: int | None) -> None:
    if snooze_until_ms is None:
        return
    within_range(snooze_until_ms)
    if reaction is not Reaction.SNOOZE:
        raise InvalidFact(f"A {reaction.value} has no time to snooze until.", "Leave it out, or snooze.")
    if snooze_until_ms <= at_ms:
        raise InvalidFact("The snooze ends before it begins.", "Give a later time.")


def _check_order(fact: TipFeedback, served_at_ms: int, now_ms: int) -> None:
    if fact.at_ms > max(now_ms, served_at_ms) + DAY:
        raise InvalidInstant(
            f"The reaction at {format_instant(fact.at_ms)} lies more than a day in the future.",
            "Give the time at which it was given, or leave it out for now.",
        )
    if fact.at_ms < served_at_ms:
        raise ReactionBeforeTip(
            f"The reaction at {format_instant(fact.at_ms)} lies before its tip was served, "
            f"at {format_instant(served_at_ms)}.",
            "Give a later time, or leave it out for now.",
        )


def _is_in_force(transaction: Transaction, fact: TipFeedback) -> bool:
    current = in_force(transaction.reactions(fact.tip_id), fact.at_ms)
    if current is None:
        return fact.reaction is Reaction.NONE
    return (current.reaction, current.snooze_until_ms) == (fact.reaction, fact.snooze_until_ms)
