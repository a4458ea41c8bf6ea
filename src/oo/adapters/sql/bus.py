"""What the reader and the transaction know of events; see `oo.ports.Events` and `oo.ports.Transaction`."""

from collections.abc import Iterable, Sequence

from oo.adapters.sql.session import Runner
from oo.domain.event import Backlog, DeadEvent, OutboxEvent, ReceivedEvent


class BusReader:
    """The outbox, and what is dead."""

    _runner: Runner

    def unpublished(self, most: int) -> list[OutboxEvent]:
        return [
            OutboxEvent(number=number, subject=subject, key=key, user_id=user_id, created_at_ms=created)
            for number, subject, key, user_id, created in self._runner.rows("unpublished", most=most)
        ]

    def backlog(self) -> Backlog:
        count, oldest_ms, dead = self._runner.rows("backlog")[0]
        return Backlog(count=count, oldest_ms=oldest_ms, dead=dead)

    def refused_events(self, until_ms: Sequence[int], most: int) -> list[ReceivedEvent]:
        until = {f"until_{refusals}_ms": until for refusals, until in enumerate(until_ms, 1)}
        return [
            ReceivedEvent(subject=subject, body=bytes(body), tries=refusals + 1)
            for subject, body, refusals in self._runner.rows("refused_events", most=most, **until)
        ]

    def dead_events(self) -> list[DeadEvent]:
        return [
            DeadEvent(
                number=number,
                subject=subject,
                body=bytes(body),
                user_id=user_id,
                reason=reason,
                tries=tries,
                died_at_ms=died_at_ms,
            )
            for number, subject, body, user_id, reason, tries, died_at_ms in self._runner.rows("dead_events")
        ]


class BusTransaction(BusReader):
    """Changes of the outbox and of what is dead."""

    def mark_published(self, numbers: Iterable[int], now_ms: int) -> None:
        rows = ({"of_number": number, "now_ms": now_ms} for number in numbers)
        self._runner.run_many("mark_published", rows)

    def publish_again(self, since_ms: int, until_ms: int) -> int:
        span = {"since_ms": since_ms, "until_ms": until_ms}
        count: int = self._runner.rows("published_in", **span)[0][0]
        self._runner.rows("publish_again", **span)
        return count

    def forget_published(self, until_ms: int) -> None:
        self._runner.rows("forget_published", until_ms=until_ms)

    def refuse(self, event: ReceivedEvent, user_id: str | None, reason: str, now_ms: int) -> int:
        known = self._runner.row("refused", digest=event.digest)
        refusals: int = 1 + (known[0] if known else 0)
        self._runner.rows(
            "put_dead_events",
            digest=event.digest,
            subject=event.subject,
            body=event.body,
            user_id=user_id,
            reason=reason,
            tries=refusals,
            died_at_ms=now_ms,
        )
        return refusals

    def forgive(self, event: ReceivedEvent) -> None:
        self._runner.rows("forgive", digest=event.digest)

    def exhume(self, number: int) -> None:
        self._runner.rows("exhume", number=number)
