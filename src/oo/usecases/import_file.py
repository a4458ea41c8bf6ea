"""Import a file: a person's task list, or a log of events of many people."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from oo.domain.outcome import Fate, Outcome
from oo.sources.base import ReadLine, Source
from oo.usecases.ingest import Ingest
from oo.usecases.people import People
from oo.usecases.take_over import TakeOver

LINES_A_WRITE = 500
"""So many lines share a transaction."""
MOST_REASONS = 1_000
"""So many refused lines are kept with their reasons; beyond, they are counted."""


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What became of each line: counts by fate, and the refused lines by number with the reason."""

    counts: Counter[Fate] = field(default_factory=Counter)
    refused: list[tuple[int | None, str]] = field(default_factory=list)

    def refuse(self, number: int | None, reason: str) -> None:
        """Count a refused line, and keep its reason while there is room. One that waited before has no number."""
        self.counts[Fate.REFUSED] += 1
        if len(self.refused) < MOST_REASONS:
            self.refused.append((number, reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile:
    """Imports a file by a source."""

    ingest: Ingest
    take_over: TakeOver
    people: People

    def __call__(  # what a file does not say about itself has to be given
        self,
        stream: BinaryIO,
        source: Source,
        *,
        user_id: str,
        tz: str,
        now_ms: int,
        encoding: str | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> ImportReport:
        """Record what is new in a file; a line that is refused takes nothing of the others with it.

        For a task list, `user_id` is made if new, living in `tz`. `progress` is told the bytes read so far. Raises
        `UnreadableFile` where no line can be read.
        """
        known = self.people.find(user_id) if source.needs_user else None
        tz = known.tz_at(now_ms) if known else tz
        lines = source.read(stream, user_id=user_id, tz=tz, at_ms=now_ms, encoding=encoding)
        run = _Run(take=self._take_over if source.needs_user else self._ingest, now_ms=now_ms)
        batch = list(islice(lines, LINES_A_WRITE))
        if source.needs_user and known is None:
            # Only now: a file that cannot be read leaves nobody behind.
            self.people.add(user_id, tz, now_ms=now_ms)
        while batch:
            run.record(batch)
            progress(stream.tell())
            batch = list(islice(lines, LINES_A_WRITE))
        run.report.refused.sort(key=lambda refusal: refusal[0] or 0)
        return run.report

    def _ingest(self, lines: Sequence[ReadLine], now_ms: int) -> tuple[Iterator[Outcome], Sequence[Outcome]]:
        ingested = self.ingest([fact for line in lines for fact in line.facts], now_ms=now_ms)
        return iter(ingested.outcomes), ingested.released

    def _take_over(
        self, lines: Sequence[ReadLine], now_ms: int
    ) -> tuple[Iterator[Outcome], Sequence[Outcome]]:
        return iter(self.take_over([line.facts for line in lines], now_ms=now_ms)), ()


@dataclass(slots=True, kw_only=True)
class _Run:
    """One import under way: it remembers the lines that wait, for they may yet be accepted or refused."""

    take: Callable[[Sequence[ReadLine], int], tuple[Iterator[Outcome], Sequence[Outcome]]]
    now_ms: int
    report: ImportReport = field(default_factory=ImportReport)
    waiting: dict[str, int] = field(default_factory=dict)

    def record(self, lines: Sequence[ReadLine]) -> None:
        outcomes, released = self.take(lines, self.now_ms)
        for line in lines:
            if line.refusal is not None:
                self.report.refuse(line.number, line.refusal)
            elif line.facts:
                self._count(line, [next(outcomes) for _ in line.facts])
        for outcome in released:
            self._released(outcome)

    def _count(self, line: ReadLine, outcomes: Sequence[Outcome]) -> None:
        by_fate = {outcome.fate: outcome for outcome in outcomes}
        fate = next(fate for fate in _FIRST if fate in by_fate)
        if fate is Fate.REFUSED:
            self.report.refuse(line.number, by_fate[fate].message)
            return
        self.report.counts[fate] += 1
        if fate is Fate.WAITING:
            self.waiting[by_fate[fate].key] = line.number

    def _released(self, outcome: Outcome) -> None:
        if outcome.fate is Fate.WAITING:
            return
        number = self.waiting.pop(outcome.key, None)
        if number is not None:
            self.report.counts[Fate.WAITING] -= 1
        if outcome.fate is Fate.REFUSED:
            self.report.refuse(
                number, outcome.message if number else f"{outcome.key}, which waited: {outcome.message}"
            )
        elif number is not None:
            self.report.counts[outcome.fate] += 1


_FIRST = (Fate.REFUSED, Fate.WAITING, Fate.ACCEPTED, Fate.DUPLICATE)
"""What counts for a line that holds several facts: the first of these among their fates."""
