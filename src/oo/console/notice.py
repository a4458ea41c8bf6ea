"""What is said of the step just taken, on the page that follows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from oo.console import tips
from oo.console.when import Now, When, moment
from oo.domain.facts import Reaction, TipFeedback
from oo.domain.task import GivenReaction, Task
from oo.domain.tip import Tip
from oo.usecases.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A step taken: `said` in a word or two, about `title`; `undo` is the tip whose answer can be taken back."""

    said: str
    title: str = ""
    until: When | None = None
    note: str = ""
    undo: str = ""


_SAID: Mapping[Reaction, Notice] = {
    Reaction.DONE: Notice(said="Done"),
    Reaction.SNOOZE: Notice(said="Snoozed"),
    Reaction.DISMISS: Notice(said="Dismissed", note="It stays away unless it changes."),
}


def of_answer(app: App, user_id: str, tip_id: str, now: Now) -> Notice | None:
    """Say what was answered to a tip, by what is recorded; None where no answer is."""
    tip = tips.own(app, user_id, tip_id)
    given = tips.answer_to(app, tip) if tip else None
    if tip is None or given is None:
        return None
    return replace(_SAID[given.reaction], title=_title(tip), until=_until(given, now), undo=tip.tip_id)


def of_task(said: str, task_id: str, tasks: Sequence[Task]) -> Notice | None:
    """Say what was done to a task; None where the person has none of that id."""
    title = next((task.content.title for task in tasks if task.task_id == task_id), None)
    return None if title is None else Notice(said=said, title=title)


def taken_back(tip: Tip) -> Notice:
    """Say that the answer to a tip was taken back."""
    return Notice(said="Taken back", title=_title(tip), note="Here it is again.")


def felt(word: str) -> Notice:
    """Say that a mood was noted."""
    return Notice(said="Noted", title=word, note="Thank you.")


def _title(tip: Tip) -> str:
    return tip.text or tip.candidate_id


def _until(given: TipFeedback, now: Now) -> When | None:
    if given.reaction is not Reaction.SNOOZE:
        return None
    answer = GivenReaction(reaction=given.reaction, at_ms=given.at_ms, snooze_until_ms=given.snooze_until_ms)
    return moment(answer.hidden_until_ms, now)
