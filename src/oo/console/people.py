"""Who are you: the way to one's own page, and the first person's way in."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfoNotFoundError

import tzlocal
from fastapi import Form, Response

from oo.console.forms import PersonForm, person_problems, zones
from oo.console.rendering import page, person_path, see_other
from oo.domain.errors import ErasedUser
from oo.usecases.app import App

Field: TypeAlias = Annotated[str, Form()]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePages:
    """The routes before anybody's page."""

    app: App
    clock: Callable[[], int]

    def start(self) -> Response:
        """Lead the only person there is to their page; ask who it is where there are several."""
        people = self.app.people.all()
        if len(people) == 1:
            return see_other(person_path(people[0].user_id))
        return self._chooser(PersonForm(tz=_usual_zone()))

    def choose(self) -> Response:
        """Ask who it is, however many there are."""
        return self._chooser(PersonForm(tz=_usual_zone()))

    def add(self, name: Field = "", tz: Field = "") -> Response:
        """Add a person and lead them to their page; one who is there already stays as they are."""
        form = PersonForm(name=name.strip(), tz=tz.strip())
        problems = person_problems(form)
        if problems:
            return self._chooser(PersonForm(name=name, tz=tz, problems=problems))
        now_ms = self.clock()
        known = self.app.people.find(form.name)
        if known is None:
            try:
                self.app.people.add(form.name, form.tz, now_ms=now_ms)
            except ErasedUser as error:
                gone = {"name": str(error)}
                return self._chooser(PersonForm(name=name, tz=tz, problems=gone))
        elif known.tz_at(now_ms) != form.tz:
            taken = {
                "name": f"There is somebody called {form.name} already. Choose them, or take another name."
            }
            return self._chooser(PersonForm(name=name, tz=tz, problems=taken))
        return see_other(person_path(form.name))

    def _chooser(self, form: PersonForm) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.problems else HTTPStatus.OK
        people = [person.user_id for person in self.app.people.all()]
        return page("people.html", status, people=people, form=form, zones=zones())


def _usual_zone() -> str:
    """Return this machine's zone, which is most often that of the people who use it."""
    try:
        name = tzlocal.get_localzone_name()
    except ZoneInfoNotFoundError:
        name = None
    return name if name is not None and name in zones() else "UTC"
