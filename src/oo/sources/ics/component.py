"""A component as icalendar reads it: refused where it makes no sense, mended where it can be."""

from datetime import UTC, date, datetime, time
from typing import Any

from icalendar import Event

from oo.domain.errors import InvalidFact
from oo.domain.ids import digest
from oo.domain.instant import zone
from oo.sources.ics.entry import Entry, said, values
from oo.sources.ics.parts import Part
from oo.sources.ics.recurrence import begins, ends_before_it_begins
from oo.sources.ics.run import Run
from oo.sources.ics.zones import own_zone, zoned

_RULES = ("RRULE", "RDATE", "EXDATE")
_STRICT = {"DTSTART", "DTEND", "DUE", "DURATION", "RECURRENCE-ID", *_RULES, None}


def understood(part: Part, run: Run) -> Entry:
    """Read a VEVENT or VTODO; raises one of `FAULTS` where it makes no sense."""
    # A to-do too: it is in a VEVENT alone that icalendar forgives what does not matter here.
    text = zoned("\n".join(["BEGIN:VEVENT", *part.texts(), "END:VEVENT"]), part, run)
    component: Any = Event.from_ical(text)
    for name, _ in component.errors:
        if name in _STRICT:
            raise InvalidFact(f"Its {name or 'lines'} cannot be read.", "Write times as 20261120T090000Z.")
    for name in {*component} - {*_RULES, "CATEGORIES"}:
        component[name] = values(component, name)[0]
    _mend(part.kind, component, own_zone(part), run)
    sequence = component.pop("SEQUENCE", 0)
    entry = Entry(
        number=part.number,
        kind=part.kind,
        run=run,
        uid=said(component, "UID") or _says(part.kind, component, run),
        component=component,
        first=component["RECURRENCE-ID"].dt if "RECURRENCE-ID" in component else None,
        rank=(sequence if isinstance(sequence, int) else 0, part.number),
        is_cancelled="CANCEL"
        in {part.calendar.get("METHOD", "").upper(), said(component, "STATUS").upper()[:6]},
    )
    entry.id(entry.first)  # refuses an occurrence outside of all time
    return entry


def _says(kind: str, component: Any, run: Run) -> str:
    """Return what a component without a UID is known by: what it says, and how many said the same before it."""
    start = component["DTSTART"].dt if kind == "VEVENT" else ""
    says = f"{kind}/{start}/{said(component, 'SUMMARY')}"
    run.nameless[says] += 1
    return digest(f"{says}/{run.nameless[says]}")


def _mend(kind: str, component: Any, calendar_zone: str | None, run: Run) -> None:
    """Refuse what makes no sense, and lay out the rest so that it can be repeated."""
    is_event = kind == "VEVENT"
    if is_event and "DTSTART" not in component:
        raise InvalidFact("The event has no DTSTART.", "Say when it begins.")
    if not is_event and not said(component, "SUMMARY"):
        raise InvalidFact("The to-do has no SUMMARY.", "Say what is to be done.")
    start, end = component.get("DTSTART"), component.get("DTEND")
    if start and end and start.dt == end.dt and not isinstance(start.dt, datetime):
        del component["DTEND"]  # some tools give the last day of an event, not the one after it
    if start and calendar_zone and str(getattr(start.dt, "tzinfo", "")) == "UTC":
        start.dt = start.dt.astimezone(zone(calendar_zone))
    if ends_before_it_begins(kind, component):
        if is_event:
            raise InvalidFact("It ends before it begins.", "Check DTSTART and DTEND.")
        del component["DTSTART"]
    if not ("DTSTART" in component or "DUE" in component):
        for name in _RULES:
            component.pop(name, None)
    for rule in values(component, "RRULE"):
        _mend_rule(rule, begins(kind, component), run)


def _mend_rule(rule: Any, start: date, run: Run) -> None:
    """Bring UNTIL into the form that DTSTART asks for: UTC, or a day. A day is the last on which it begins."""
    if "UNTIL" in rule and "COUNT" in rule:
        raise InvalidFact("Its rule has both COUNT and UNTIL.", "Leave one out.")
    if "UNTIL" in rule:
        until = rule["UNTIL"][0]
        clock = getattr(start, "tzinfo", None) or zone(run.tz)
        if not isinstance(until, datetime):
            until = datetime.combine(until, time.max)
        until = until if until.tzinfo else until.replace(tzinfo=clock)
        rule["UNTIL"] = [
            until.astimezone(UTC) if isinstance(start, datetime) else until.astimezone(clock).date()
        ]
