"""Find what a request is about, or say that it is not there."""

from oo.domain.errors import ErasedUser, UnknownTask, UnknownTip, UnknownUser
from oo.domain.ids import checked, shortened
from oo.domain.person import Person
from oo.domain.task import Task
from oo.domain.tip import Tip
from oo.ports import Reader


def person(reader: Reader, user_id: str) -> Person:
    """Return the person; raise `UnknownUser` where no `user` record of them has come."""
    found = reader.person(checked(user_id, "user id"))
    if found is None:
        raise UnknownUser(f"There is no person {user_id!r}.", f"Add them with: oo users add {user_id}")
    return found


def check_not_erased(reader: Reader, user_id: str) -> None:
    """Raise `ErasedUser` where a person was erased, and not made anew since. It is enough to ask of unknown ids."""
    if any(stone.lifted_at_ms is None for stone in reader.tombstones_of(user_id)):
        raise ErasedUser.named(user_id)


def tip(reader: Reader, tip_id: str) -> Tip:
    """Return the tip; raise `UnknownTip` where it was never served."""
    found = reader.tip(checked(tip_id, "tip id"))
    if found is None:
        raise UnknownTip(f"There is no tip {tip_id!r}.", "The answer of oo recommend names the tip.")
    return found


def task(reader: Reader, user_id: str, task_id: str) -> Task:
    """Return the person's task; raise `UnknownTask` where they have none of that id."""
    found = reader.task(user_id, task_id)
    if found is None:
        raise UnknownTask(f"{user_id!r} has no task {shortened(task_id)}.", f"See: oo tasks list {user_id}")
    return found


def decided(reader: Reader, decision_id: str) -> tuple[str | None, str | None]:
    """Return for whom a decision was taken, a tip's or one that a program asked for, and by which policy.

    No such decision: (None, None). A tip that was imported may not say which policy chose it.
    """
    found = reader.tip(checked(decision_id, "decision id"))
    if found is not None:
        return found.user_id, found.policy
    scored = reader.scored(decision_id)
    return (scored.decision.user_id, scored.policy) if scored else (None, None)
