"""An engine that makes training sets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from oo.domain.profile import Value
from oo.features.spec import Dtype, FeatureDefinition
from oo.ports.reader import EventRows


@dataclass(frozen=True, slots=True, kw_only=True)
class SpinePoint:
    """A row of a spine by its number, from 0: a person at an instant, and the decision that it says it is about."""

    number: int
    user_id: str
    at_ms: int
    decision_id: str | None


class Offline(Protocol):
    """An engine that computes features for the rows of a spine, in this process, and writes them as a training set."""

    @property
    def name(self) -> str:
        """What the settings call it."""

    @property
    def version(self) -> str:
        """Its own version."""

    def take_spine(self, file: Path, columns: Sequence[str]) -> int:
        """Begin a set over a Parquet file, to which these columns are to be added; return its number of rows.

        Raises `InvalidSpine`.
        """

    def take_points(self, points: Sequence[tuple[str, int]]) -> None:
        """Begin over a spine of people and instants, of which no set is written."""

    def people(self) -> list[str]:
        """Return who is in the spine, in the order in which they come."""

    def points(self) -> list[SpinePoint]:
        """Return every row of the spine, in order."""

    def add_events(self, rows: EventRows) -> None:
        """Take in events of some people; all of a person's come at once."""

    def compute(
        self, definitions: Sequence[FeatureDefinition], progress: Callable[[int, int], None] = lambda *_: None
    ) -> None:
        """Compute a column a feature, point in time, from all the events taken in; anything put before is gone.

        `progress` is told how many statements are done, of how many.
        """

    def put(self, name: str, dtype: Dtype, values: Mapping[int, Any]) -> None:
        """Write values into a column by the numbers of their rows; where there is none, it is made of nulls."""

    def values(self, definitions: Sequence[FeatureDefinition]) -> list[dict[str, Value]]:
        """Return what was computed for each row of the spine, in order, by name."""

    def write(self, file: Path) -> None:
        """Write every row of the spine in order, its own columns first, as Parquet."""

    def close(self) -> None:
        """Let go of memory and files."""
