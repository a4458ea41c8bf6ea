"""The checks: what a store holds, and what the bus was given, against the books."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.torture.acting import POLICIES
from tests.torture.expected import Expected
from tests.torture.found import Found, Row
from tests.torture.lines import key_of, subject_of

LOST, DOUBLED, BROKEN = "lost", "doubled", "broken"
WORTH = {"done": 1.0, "snooze": 0.25, "dismiss": 0.0, "none": None}
_RANK = {"done": 3, "dismiss": 2, "snooze": 1, "none": 0}


@dataclass(frozen=True, slots=True)
class Violation:
    """What a check found: `verdict` is `lost`, `doubled` or `broken`."""

    check: str
    verdict: str
    what: str


Check: TypeAlias = Callable[[Expected, Found], Iterator[Violation]]


def facts(books: Expected, store: Found) -> Iterator[Violation]:
    """Every acknowledged fact is there exactly once, with its content; nothing is that was never told."""
    there: dict[str, list[Row]] = defaultdict(list)
    for row in (*store.facts, *store.waiting):
        there[row.key].append(row)
    for key, told in books.facts.items():
        rows = there[key]
        if told.sure and not rows:
            yield Violation("facts", LOST, f"{key} was acknowledged and is not there")
        if len(rows) > 1:
            yield Violation("facts", DOUBLED, f"{key} is there {len(rows)} times")
        for row in rows[:1]:
            if any(
                row.content.get(name) != value for name, value in told.content.items() if name in row.content
            ):
                yield Violation("facts", BROKEN, f"{key} is {row.content} and was told as {told.content}")
    told_at = {(each.type, each.content["user_id"], each.content["at_ms"]) for each in books.facts.values()}
    for row in (*store.facts, *store.waiting):
        if row.key not in books.facts and row.type not in {"reward", "tip.served"}:
            twice = (row.type, row.content["user_id"], row.content["at_ms"]) in told_at
            yield Violation("facts", DOUBLED if twice else BROKEN, f"{row.key} was never told, or refused")
    yield from (Violation("facts", BROKEN, f"held back: {refusal}") for refusal in store.refusals)


def tips(books: Expected, store: Found) -> Iterator[Violation]:
    """Every tip that was answered is there once, and no more beside them than recommendations without an answer."""
    served = {row.content["tip_id"]: row.content["user_id"] for row in store.of("tip.served")}
    for tip_id, person in books.tips.items():
        if served.get(tip_id) != person:
            yield Violation("tips", LOST, f"tip {tip_id} of {person} was answered and is not there")
    unknown = {tip_id for tip_id in served if f"tip:{tip_id}" not in books.facts} - set(books.tips)
    for person, count in Counter(served[tip_id] for tip_id in unknown).items():
        if count > books.strays[person]:
            yield Violation("tips", DOUBLED, f"{person} was served {count} tips that nobody asked for")


def decisions(books: Expected, store: Found) -> Iterator[Violation]:
    """Every decision that was answered is there, and its rewards are those that were acknowledged, in their order."""
    rewards: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in store.of("reward"):
        rewards[row.content["decision_id"]].append((row.content["at_ms"], row.content["reward"]))
    for decision_id, scored in books.scored.items():
        if scored.sure and store.decisions.get(decision_id, ("", 0))[0] != scored.user_id:
            yield Violation("decisions", LOST, f"decision {decision_id} was answered and is not there")
        there = [worth for _, worth in sorted(rewards.pop(decision_id, []))]
        told = [worth for worth, _ in scored.rewards]
        least = [worth for worth, sure in scored.rewards if sure]
        if there not in (told, least):
            verdict = LOST if len(there) < len(least) else DOUBLED if len(there) > len(told) else BROKEN
            yield Violation("decisions", verdict, f"{decision_id} has rewards {there} and was told {told}")
    for decision_id in rewards:
        yield Violation("decisions", BROKEN, f"{decision_id} was never asked for, and has rewards")


def in_force(store: Found) -> dict[str, float | None]:
    """Return the reward in force of each decision, worked out from the facts alone."""
    given: dict[str, list[tuple[int, int, int, float | None]]] = defaultdict(list)
    for row in store.of("tip.feedback"):
        name = row.content["reaction"]
        rank, until = _RANK[name], row.content["snooze_until_ms"] or 0
        given[row.content["tip_id"]].append((row.content["at_ms"], rank, until, WORTH[name]))
    for row in store.of("reward"):
        given[row.content["decision_id"]].append((row.content["at_ms"], 0, 0, row.content["reward"]))
    return {decision_id: max(each, key=lambda it: it[:3])[3] for decision_id, each in given.items()}


def rewards(_: Expected, store: Found) -> Iterator[Violation]:
    """The reward in force of each decision is the one that was acknowledged last."""
    by_facts = in_force(store)
    for decision_id in by_facts.keys() | store.in_force.keys():
        given, kept = by_facts.get(decision_id), store.in_force.get(decision_id)
        if given != kept:
            verdict = LOST if kept is None else BROKEN
            yield Violation("rewards", verdict, f"{decision_id} has reward {kept} in force; it is {given}")


def rows(books: Expected, store: Found) -> Iterator[Violation]:
    """Every decision has a row for each policy that is to learn from it, and for no other."""
    wanted: dict[str, set[str]] = {}
    for row in store.of("tip.served"):
        told = books.facts.get(row.key)
        logged = told is None or "candidates" in told.content
        wanted[row.content["tip_id"]] = set(POLICIES) if logged else set()
    wanted |= {each: {books.scored[each].policy} for each in books.scored if each in store.decisions}
    there: dict[str, set[str]] = defaultdict(set)
    for decision_id, policy in store.scores:
        there[decision_id].add(policy)
    for decision_id in wanted.keys() | there.keys():
        given = wanted.get(decision_id, set())
        if there[decision_id] != given:
            yield Violation("rows", BROKEN, f"{decision_id} teaches {there[decision_id]}, not {given}")


def outbox(_: Expected, store: Found) -> Iterator[Violation]:
    """Every recorded fact has one event of its subject, and no event is without its fact."""
    wanted = set(events(store))
    for subject, key in sorted(wanted - store.outbox.keys()):
        yield Violation("outbox", LOST, f"{key} has no event under {subject}")
    for (subject, key), count in store.outbox.items():
        if (subject, key) not in wanted or count > 1:
            yield Violation("outbox", DOUBLED, f"{key} has {count} events under {subject}")


def events(store: Found) -> Iterator[tuple[str, str]]:
    """Yield subject and key of each event that the recorded facts give."""
    for row in store.facts:
        yield subject_of(row.type), row.key
        tip_id = row.content.get("tip_id")
        # What a shadow would have done is told of tips that were chosen here, whose ids no line has told.
        if row.type == "tip.served" and not str(tip_id).startswith("t"):
            yield from ((f"signals.shadow.{policy}", row.key) for policy in POLICIES[1:])


def on_the_bus(
    books: Expected, store: Found, messages: Sequence[Mapping[str, object]]
) -> Iterator[Violation]:
    """Every recorded fact's event is on the bus, and once; its repetitions have its id.

    What was published of somebody before they were erased is out of the house.
    """
    ids: dict[tuple[object, str], set[object]] = defaultdict(set)
    theirs: set[str] = set()
    for each in messages:
        line = each["line"]
        assert isinstance(line, dict)
        if line["user_id"] in books.gone:
            theirs.add(key_of(line))
        ids[each["subject"], key_of(line)].add(each["id"])
    wanted = set(events(store))
    for subject, key in sorted(wanted - ids.keys()):
        yield Violation("bus", LOST, f"{key} was never published under {subject}")
    for (about, key), different in ids.items():
        subject = str(about)
        if (subject, key) not in wanted and key not in theirs:
            yield Violation("bus", BROKEN, f"{key} was published under {subject} and is not recorded")
        elif len(different) > 1:
            yield Violation("bus", DOUBLED, f"{key} was published under {len(different)} ids")
