"""What people write into forms: kept as they wrote it, with what is wrong with it beside each field."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import available_timezones

from oo.console.when import Now
from oo.domain.errors import InvalidFact, InvalidId, InvalidInstant, InvalidZone, Refused
from oo.domain.facts import TaskUpsert
from oo.domain.ids import checked, digest
from oo.domain.instant import parse_day_or_instant, zone
from oo.features.vector import HIGHEST, LOWEST
from oo.usecases.tasks import check_category, check_title

LONGEST_TITLE = 500
LONGEST_CATEGORY = 60
SOURCE = "page"
"""Where the tasks live that are written here."""
_NO_PAGE = {".", ".."}
"""Ids that no browser can ask for: in an address they mean a folder."""

Problems = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form as it was sent: what is wrong with it, by field, in the order of its fields."""

    problems: Problems = field(default_factory=dict)

    @property
    def focus(self) -> str:
        """The field to begin with: the first that has something wrong, if any has."""
        return next(iter(self.problems), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForm(Filled):
    """A task to add. `token` is the form's own: the same form with the same content is the same task."""

    token: str
    title: str = ""
    due: str = ""
    priority: str = str(LOWEST)
    category: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonForm(Filled):
    """A person to add."""

    name: str = ""
    tz: str = ""


def task_problems(form: TaskForm, tz: str) -> Problems:
    """Return what is wrong with each field of a task, empty where nothing is."""
    return _found(
        {
            "title": lambda: _title(form.title),
            "due": lambda: _due(form.due, tz),
            "priority": lambda: _priority(form.priority),
            "category": lambda: _category(form.category),
        }
    )


def task_of(form: TaskForm, user_id: str, now: Now) -> TaskUpsert:
    """Return the fact of a form without problems."""
    content = (form.token, form.title, form.due, form.priority, form.category)
    return TaskUpsert(
        user_id=user_id,
        task_id=digest("/".join(content)),
        at_ms=now.at_ms,
        title=_title(form.title),
        due=_due(form.due, now.tz),
        priority=_priority(form.priority),
        category=_category(form.category),
        source=SOURCE,
    )


def person_problems(form: PersonForm) -> Problems:
    """Return what is wrong with each field of a person, empty where nothing is."""
    return _found({"name": lambda: _name(form.name), "tz": lambda: _tz(form.tz)})


@functools.cache
def zones() -> tuple[str, ...]:
    """Return the zones to offer: those named after a place, and UTC."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return (*sorted(places), "UTC")


def _found(checks: Mapping[str, Callable[[], object]]) -> Problems:
    problems = {}
    for name, check in checks.items():
        try:
            check()
        except Refused as error:
            problems[name] = str(error)
    return problems


def _title(text: str) -> str:
    title = check_title(text)
    _check_length(title, LONGEST_TITLE)
    return title


def _category(text: str) -> str | None:
    category = text.strip()
    _check_length(category, LONGEST_CATEGORY)
    return check_category(category) if category else None


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise InvalidFact(f"This has {len(text):,} characters, and {most} is the most.", "Say it shorter.")


def _due(text: str, tz: str) -> str | None:
    try:
        return parse_day_or_instant(text.strip(), tz) if text.strip() else None
    except InvalidInstant as error:
        raise InvalidInstant("This is no date.", "Write it as 2026-09-02, or leave it empty.") from error


def _priority(text: str) -> int:
    for level in range(LOWEST, HIGHEST + 1):
        if text == str(level):
            return level
    raise InvalidFact("There is no such priority.", "Choose one from the list.")


def _name(text: str) -> str:
    try:
        name = checked(text, "name")
    except InvalidId as error:
        raise InvalidId(
            "A name here has up to 128 of the letters a to z, digits and _ . : @ -",
            "Without spaces: such as ada, or ada.lovelace.",
        ) from error
    if name in _NO_PAGE:
        raise InvalidId("A page cannot have this name.", "Take one with letters in it.")
    return name


def _tz(text: str) -> str:
    try:
        zone(text)
    except InvalidZone as error:
        raise InvalidZone("This is no time zone.", _nearest_zone(text)) from error
    return text


def _nearest_zone(text: str) -> str:
    """Point at the zone whose city was meant."""
    city = text.strip().replace(" ", "_").lower()
    meant = next((name for name in zones() if city and name.lower().endswith(f"/{city}")), None)
    return f"Did you mean {meant}?" if meant else "Take one from the list, such as Europe/Berlin or UTC."
