"""The person's page: one tip, three answers, undo, why this one; add a task, say how one feels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, TypeAlias
from urllib.parse import quote

from fastapi import APIRouter, Form, Response

from oo.console import notice, tips
from oo.console.forms import TaskForm, task_of, task_problems
from oo.console.mood import MOODS, checkin
from oo.console.notice import Notice
from oo.console.page import Step, lay_out
from oo.console.people import PeoplePages
from oo.console.rendering import page, person_path, see_other
from oo.console.route import PageRoute
from oo.console.snooze import until_ms
from oo.console.static import add_static
from oo.console.when import Now
from oo.console.why import worths
from oo.console.words import PRIORITIES
from oo.domain.errors import InvalidFact, UnknownTip
from oo.domain.facts import Reaction, TipFeedback
from oo.domain.instant import MINUTE
from oo.usecases.app import App

Field: TypeAlias = Annotated[str, Form()]


def router(app: App, *, clock: Callable[[], int], new_id: Callable[[], str]) -> APIRouter:
    """Return the routes of the pages for people. `clock` gives epoch milliseconds, `new_id` a new id."""
    pages = PersonPages(app=app, clock=clock, new_id=new_id)
    people = PeoplePages(app=app, clock=clock)
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    add_static(routes)
    for method, path, answer in (
        ("GET", "/", people.start),
        ("GET", "/u", people.choose),
        ("POST", "/u", people.add),
        ("GET", "/u/{user_id}", pages.show),
        ("POST", "/u/{user_id}/tips/{tip_id}", pages.answer),
        ("POST", "/u/{user_id}/tasks", pages.add),
        ("POST", "/u/{user_id}/tasks/done", pages.complete),
        ("POST", "/u/{user_id}/mood", pages.check_in),
        ("GET", "/u/{user_id}/{rest:path}", pages.back),
    ):
        routes.add_api_route(path, answer, methods=[method], response_model=None)
    return routes


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPages:
    """The routes of one person's page. Every one is a plain function: the store blocks, so they run in threads."""

    app: App
    clock: Callable[[], int]
    new_id: Callable[[], str]

    def show(
        self,
        user_id: str,
        tip: str = "",
        answered: str = "",
        added: str = "",
        completed: str = "",
        felt: str = "",
    ) -> Response:
        """Show the one tip, `tip` itself if it still stands, and what was just done."""
        now = self._now(user_id)
        said: Notice | None = None
        if answered:
            said = notice.of_answer(self.app, user_id, answered, now)
        elif added or completed:
            verb = "Added" if added else "Done"
            said = notice.of_task(verb, added or completed, self.app.tasks.of(user_id))
        elif felt in MOODS:
            said = notice.felt(felt)
        return self._page(user_id, now, self._step(notice=said), tip_id=tip)

    def answer(self, user_id: str, tip_id: str, reaction: Field = "", snooze: Field = "") -> Response:
        """Take an answer to a tip; giving the same one again changes nothing."""
        now = self._now(user_id)
        tip = tips.own(self.app, user_id, tip_id)
        if tip is None:
            raise UnknownTip(f"{user_id!r} has no tip {tip_id!r}.")
        given = _reaction(reaction)
        until = until_ms(snooze, now) if given is Reaction.SNOOZE and snooze else None
        if until is None or not _is_snoozed_until(tips.answer_to(self.app, tip), until):
            self.app.feedback(tip_id, given, now_ms=now.at_ms, snooze_until_ms=until)
        name = "tip" if given is Reaction.NONE else "answered"
        return see_other(f"{person_path(user_id)}?{name}={quote(tip_id)}")

    def add(
        self,
        user_id: str,
        token: Field = "",
        title: Field = "",
        due: Field = "",
        priority: Field = "1",
        category: Field = "",
    ) -> Response:
        """Add a task, or show the form again with what is wrong with it."""
        now = self._now(user_id)
        form = TaskForm(token=token, title=title, due=due, priority=priority, category=category)
        problems = task_problems(form, now.tz)
        if problems:
            return self._page(user_id, now, Step(form=replace(form, problems=problems)))
        task = self.app.tasks.add(task_of(form, user_id, now), now_ms=now.at_ms)
        return see_other(f"{person_path(user_id)}?added={quote(task.task_id)}")

    def complete(self, user_id: str, task_id: Field = "") -> Response:
        """Complete a task of the list; one that is completed already stays so."""
        self.app.tasks.complete(user_id, task_id, now_ms=self.clock())
        return see_other(f"{person_path(user_id)}?completed={quote(task_id)}")

    def check_in(self, user_id: str, token: Field = "", mood: Field = "") -> Response:
        """Note how the person feels."""
        now = self._now(user_id)
        try:
            fact = checkin(mood, token, user_id, now.at_ms)
        except InvalidFact as error:
            return self._page(user_id, now, self._step(mood_problem=str(error)))
        # Refused where the same form was sent twice: it is noted already.
        self.app.ingest([fact], now_ms=now.at_ms)
        return see_other(f"{person_path(user_id)}?felt={mood}")

    def back(self, user_id: str, rest: str) -> Response:
        """Lead from an address that only takes forms back to the page."""
        del rest
        return see_other(person_path(user_id))

    def _now(self, user_id: str) -> Now:
        """Return the instant of the request where the person lives; raises `UnknownUser`."""
        at_ms = self.clock()
        return Now(at_ms, self.app.people.get(user_id).tz_at(at_ms))

    def _step(self, *, notice: Notice | None = None, mood_problem: str = "") -> Step:
        return Step(form=TaskForm(token=self.new_id()), notice=notice, mood_problem=mood_problem)

    def _page(self, user_id: str, now: Now, step: Step, tip_id: str = "") -> Response:
        answer = tips.again(self.app, user_id, tip_id, now.at_ms) if tip_id else None
        if answer and answer.tip:
            step = replace(step, notice=notice.taken_back(answer.tip))
        else:
            answer = self.app.recommend(
                user_id, now_ms=now.at_ms, tip_id=self.new_id(), explain=True, shown=True
            )
        return page(
            "person.html",
            HTTPStatus.UNPROCESSABLE_ENTITY if step.problem else HTTPStatus.OK,
            page=lay_out(self.app, user_id, answer, now, step),
            moods=MOODS,
            priorities=PRIORITIES,
            worths=worths(),
        )


def _reaction(text: str) -> Reaction:
    try:
        return Reaction(text)
    except ValueError as error:
        raise InvalidFact(
            "That is no answer to a tip.", "There are done, snooze, dismiss and none."
        ) from error


def _is_snoozed_until(given: TipFeedback | None, until_ms: int) -> bool:
    """Tell whether a tip is snoozed until then already, to the minute: somebody pressed twice."""
    return given is not None and abs((given.snooze_until_ms or 0) - until_ms) <= MINUTE
