"""The person's page as the template reads it."""

from collections.abc import Sequence
from dataclasses import dataclass

from oo.console.forms import TaskForm
from oo.console.notice import Notice
from oo.console.rendering import mention
from oo.console.snooze import Choice, choices
from oo.console.standing import Standing, standing
from oo.console.when import Due, Now, When, due, today_in_words
from oo.console.why import Why, why
from oo.domain.task import Task
from oo.domain.tip import Explanation, Recommendation, Tip
from oo.usecases.app import App

SHORT, MEDIUM = 40, 140
"""Up to so many characters a title is set large, and up to so many, smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hero:
    """The one tip; `task` is the title of its task, where the tip does not say the same."""

    tip_id: str
    text: str
    task: str | None
    category: str | None
    due: Due | None
    choices: list[Choice]
    why: Why | None

    @property
    def size(self) -> str:
        """How large the text is set, by its length."""
        length = len(self.text)
        return "short" if length <= SHORT else "medium" if length <= MEDIUM else "long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the person just did: what to say of it, or the form with what is wrong in it."""

    form: TaskForm
    notice: Notice | None = None
    mood_problem: str = ""

    @property
    def problem(self) -> str:
        """The first thing that is wrong, if anything is."""
        return next(iter(self.form.problems.values()), self.mood_problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that the person's page shows."""

    user_id: str
    today: When
    hero: Hero | None
    standing: Standing
    step: Step

    @property
    def title(self) -> str:
        """What the window is called: first what went wrong or was done, which a screen reader then says first."""
        if self.step.problem:
            return f"Please check: {self.step.problem}"
        if self.step.notice is not None:
            return mention(f"{self.step.notice.said}: {self.step.notice.title}")
        return mention(self.hero.text) if self.hero else self.standing.nothing.heading.rstrip(".")


def lay_out(app: App, user_id: str, answer: Recommendation, now: Now, step: Step) -> Page:
    """Lay out the page around an answer."""
    tasks = app.tasks.of(user_id)
    return Page(
        user_id=user_id,
        today=today_in_words(now),
        hero=None if answer.tip is None else _hero(app, answer.tip, answer.explanation, tasks, now),
        standing=standing(tasks, now),
        step=step,
    )


def _hero(app: App, tip: Tip, explanation: Explanation | None, tasks: Sequence[Task], now: Now) -> Hero:
    content = next((task.content for task in tasks if task.task_id == tip.candidate_id), None)
    title = content.title if content else None
    text = tip.text or title or tip.candidate_id
    return Hero(
        tip_id=tip.tip_id,
        text=text,
        task=None if title == text else title,
        category=tip.category,
        due=due(content.due, now) if content and content.due else None,
        choices=choices(now),
        why=_why(app, tip, explanation),
    )


def _why(app: App, tip: Tip, explanation: Explanation | None) -> Why | None:
    decision = app.store.read(lambda reader: reader.decision(tip.tip_id)) if explanation else None
    if explanation is None or decision is None:
        return None
    learned = app.knowledge.of(tip.user_id, tip.policy or "")
    return why(tip, explanation, decision, learned.updates)
