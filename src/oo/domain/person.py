"""A person and the zones they have lived in."""

from collections.abc import Sequence
from dataclasses import dataclass

from oo.domain.instant import LocalTime, local_day, local_time


@dataclass(frozen=True, slots=True)
class ZoneSpan:
    """A zone and the instant from which it holds."""

    from_ms: int
    tz: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person: `zones` is not empty and sorted by `from_ms`."""

    user_id: str
    zones: tuple[ZoneSpan, ...]

    def tz_at(self, at_ms: int) -> str:
        """Return the zone in force at an instant; before the first known one, that first one."""
        return zone_at(self.zones, at_ms)

    def local_time(self, at_ms: int) -> LocalTime:
        """Return the hour and weekday on this person's wall clock at an instant."""
        return local_time(at_ms, self.tz_at(at_ms))

    def is_end_of_day(self, at_ms: int) -> bool:
        """Tell whether an instant is the last millisecond of a day here: how what is known by its day is dated."""
        tz = self.tz_at(at_ms)
        return local_day(at_ms, tz) != local_day(at_ms + 1, tz)


def zone_at(zones: Sequence[ZoneSpan], at_ms: int) -> str:
    """Return the zone in force at an instant among `zones`, sorted and not empty."""
    current = zones[0]
    for span in zones:
        if span.from_ms > at_ms:
            break
        current = span
    return current.tz
