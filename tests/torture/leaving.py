"""Somebody who comes, is known by every way in, is erased, and is told of afterwards as if nothing had been."""

from collections.abc import Callable
from random import Random

from tests.torture.acting import Acting, Script
from tests.torture.calls import ERASE, Call


def named(number: int, place: int) -> str:
    """Return the id of the person whom the program of that number erases as its so-and-so-manieth.

    It is a part of no other id, and it is a part of every id of what is theirs.
    """
    return f"x{number}-{place:03}"


def leave(acting: Acting) -> Script:
    """Let the one person of `acting` come and be erased, and tell of them before and after."""
    chance, [person] = acting.chance, acting.teller.people
    erase = Call(ERASE, {"user_id": person})
    if chance.random() < 0.3:
        yield from acting.tell()  # what waits for its person
    yield Call("/signals", acting.teller.beginning())
    for _ in range(chance.randint(1, 4)):
        yield from chance.choice((acting.tell, acting.ask, acting.score))()
    yield erase
    late: tuple[Callable[[], Script], ...] = (
        lambda: _again(acting, chance),
        acting.tell,
        acting.ask,
        acting.score,
        lambda: _one(Call("/signals", [acting.teller.user(person)])),
        lambda: _one(erase),
    )
    for _ in range(chance.randint(1, 4)):
        yield from chance.choice(late)()


def _again(acting: Acting, chance: Random) -> Script:
    if acting.made:
        yield chance.choice(acting.made)[0]


def _one(call: Call) -> Script:
    yield call
