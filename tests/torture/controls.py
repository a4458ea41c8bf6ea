"""Negative controls: one defence removed at a time, in the victim's process alone. The same checks must find that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.torture.filebus import FileBus
from tests.torture.patches import committing, deduplicating, erasing, publishing, scaling

Remove = Callable[[FileBus], None]
"""Takes a defence out of the classes of this process; the bus is the one that outlives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A defence that is removed, and the campaign that is to find it within so many episodes.

    `blind` names the checks that would see at once that something is done otherwise: it must be found by its fault.
    `by` names the check that has to find it, where it is not any.
    """

    removed: str
    remove: Remove
    campaign: str = "writer"
    episodes: int = 20
    blind: frozenset[str] = frozenset()
    by: str | None = None
    quick: bool = True
    """Whether it is found in seconds: one that is not is left out of the smallest profile."""


CONTROLS: Mapping[str, Control] = {
    "dedupe-in-second-transaction": Control(
        removed="what a fact teaches is in the transaction of the row that makes it enter once",
        remove=deduplicating.effects_in_a_second_transaction,
    ),
    "no-outbox": Control(
        removed="an event is recorded with its fact, and published from there",
        remove=publishing.without_outbox,
        blind=frozenset({"outbox"}),
    ),
    "answer-before-commit": Control(
        removed="an answer is given after the COMMIT",
        remove=committing.answer_before_commit,
    ),
    "answer-before-commit-served": Control(
        removed="an answer is given after the COMMIT, in the whole service",
        remove=committing.answer_before_commit,
        campaign="service",
        quick=False,
    ),
    "read-modify-write-outside": Control(
        removed="what a policy has learned is read in the transaction that writes it",
        remove=committing.read_outside,
    ),
    "no-dedupe": Control(
        removed="a fact that comes again is known by its key",
        remove=deduplicating.without_dedupe,
        blind=frozenset({"answers"}),
    ),
    "published-before-publish": Control(
        removed="an event is marked as published once the bus has it",
        remove=publishing.marked_before,
    ),
    "profile-after-the-transaction": Control(
        removed="profile values are brought up to date in the transaction of the fact",
        remove=deduplicating.profile_in_a_second_transaction,
    ),
    "no-savepoint": Control(
        removed="each write of a group has a savepoint of its own",
        remove=committing.without_savepoint,
    ),
    "no-tombstone": Control(
        removed="whoever was erased has a tombstone, so that what is late does not bring them back",
        remove=erasing.without_tombstone,
        blind=frozenset({"answers", "tombstones", "traces"}),
        by="erased",
    ),
    "erased-in-second-transaction": Control(
        removed="the rows go in the transaction of the tombstone",
        remove=erasing.rows_in_a_second_transaction,
        by="erased",
    ),
    "poison-dropped": Control(
        removed="what is refused is counted, and kept with the dead",
        remove=erasing.poison_dropped,
        by="dead",
    ),
    "synchronous-normal": Control(
        removed="a COMMIT returns when its log is on the disk",
        remove=committing.without_full_sync,
        campaign="power",
    ),
    "acknowledged-before-commit": Control(
        removed="a worker tells the bus that it dealt with an event once that is committed",
        remove=scaling.acknowledged_before_commit,
        campaign="scaled",
        quick=False,
    ),
    "no-claims": Control(
        removed="what a transaction writes about, no other one of several processes writes about meanwhile",
        remove=scaling.without_claims,
        campaign="scaled",
    ),
    "published-before-publish-scaled": Control(
        removed="an event is marked as published once NATS has it",
        remove=publishing.marked_before,
        campaign="scaled",
        quick=False,
    ),
    "poison-dropped-scaled": Control(
        removed="what is refused is counted, and kept with the dead, whichever worker had it",
        remove=erasing.poison_dropped,
        campaign="scaled",
        by="dead",
        quick=False,
    ),
}
"""By name. A defence of another campaign is one more entry."""


def apply(name: str, bus: FileBus) -> None:
    """Remove the defence that a control is about, in this process."""
    CONTROLS[name].remove(bus)
