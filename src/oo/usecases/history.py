"""Read what was recorded of many people, in pages: for training sets, which are made elsewhere.

A page is what one read of the store holds, so that a service that is asked for many of them does other things between.
All of a person's rows are of one page: it is consistent for each person, which is all that a feature looks at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from oo.domain.decision import DecidedFrom
from oo.domain.facts import Fact
from oo.ports import EventRows, Reader, SpinePoint, Store

MOST_ROWS = 20_000
"""A page ends with the person who fills it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """What was recorded of people in a store."""

    store: Store

    def events(self, people: Sequence[str]) -> tuple[int, EventRows]:
        """Return what batched features read of the first of `people`, and of how many of them that is."""

        def ask(reader: Reader) -> tuple[int, EventRows]:
            page: dict[str, list[Sequence[object]]] = {}
            for number, user_id in enumerate(people, 1):
                for table, rows in reader.events(user_id).items():
                    page.setdefault(table, []).extend(rows)
                if sum(map(len, page.values())) >= MOST_ROWS:
                    return number, page
            return len(people), page

        return self.store.read(ask)

    def arrivals(self, people: Sequence[str]) -> dict[str, list[tuple[Fact, int]]]:
        """Return the facts of the first of `people` by person, each with the instant at which it arrived."""

        def ask(reader: Reader) -> dict[str, list[tuple[Fact, int]]]:
            page: dict[str, list[tuple[Fact, int]]] = {}
            for user_id in people:
                page[user_id] = list(reader.arrivals(user_id))
                if sum(map(len, page.values())) >= MOST_ROWS:
                    break
            return page

        return self.store.read(ask)

    def decided(self, points: Sequence[SpinePoint]) -> list[DecidedFrom | None]:
        """Return what the decision of each point was made from, None where there is none with a profile.

        It is the one that the point names, if it is about that person; where it names none, the first by id that was
        taken about the person at that very instant.
        """
        return self.store.read(lambda reader: [_decided(reader, point) for point in points])


def _decided(reader: Reader, point: SpinePoint) -> DecidedFrom | None:
    if point.decision_id is None:
        return next(iter(reader.decided_at(point.user_id, point.at_ms)), None)
    found = reader.decided(point.decision_id)
    return found if found and found.user_id == point.user_id else None
