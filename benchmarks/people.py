"""Fill a new store with people who have a history, by the use cases: open tasks, and a tip a day that was answered.

python benchmarks/people.py FILE PEOPLE TASKS [DAYS [OPEN_TIPS]]
"""

import itertools
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from oo.compose import compose
from oo.domain.facts import Reaction, TaskUpsert, UserFact
from oo.settings import load_settings
from oo.usecases.app import App

DAY_MS = 86_400_000
_ANSWERS = (Reaction.DONE, Reaction.SNOOZE, Reaction.DISMISS)
_CATEGORIES = ("work", "home", None)


def fill(store: str, people: int, tasks: int, days: int = 30, open_tips: int = 0) -> None:
    """Make people called p0, p1, …, each with so many open tasks when the days are over, which is now.

    `store` is a file, or the URL of a database. Each person has so many open tips beside, called as `open_tip` says.
    """
    app = compose(load_settings(database=store if "://" in store else f"sqlite:///{store}"))
    now_ms = time.time_ns() // 1_000_000

    def live(number: int) -> None:
        _live(app, f"p{number}", tasks, days, now_ms - (days + 1) * DAY_MS)
        for tip in range(open_tips):
            at_ms = now_ms - (open_tips - tip) * 1000
            app.recommend(f"p{number}", now_ms=at_ms, tip_id=open_tip(number, tip), fresh=True)

    try:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(live, range(people)))
    finally:
        app.close()


def open_tip(person: int, number: int) -> str:
    """Return the id of an open tip."""
    return f"open-{person}-{number}"


def _live(app: App, user_id: str, tasks: int, days: int, began_ms: int) -> None:
    answers = list(itertools.islice(itertools.cycle(_ANSWERS), days))
    listed = [
        TaskUpsert(
            user_id=user_id,
            task_id=f"k{number}",
            at_ms=began_ms,
            title=f"task {number}",
            priority=1 + number % 4,
            category=_CATEGORIES[number % len(_CATEGORIES)],
        )
        for number in range(tasks + sum(answer is not Reaction.SNOOZE for answer in answers))
    ]
    app.ingest([UserFact(user_id=user_id, at_ms=0, tz="Europe/Berlin"), *listed], now_ms=began_ms)
    for day, answer in enumerate(answers):
        now_ms = began_ms + day * DAY_MS + 1
        tip = app.recommend(user_id, now_ms=now_ms, tip_id=f"{user_id}-{day}", fresh=True).tip
        assert tip is not None, "a list is longer than its history"
        app.feedback(tip.tip_id, answer, now_ms=now_ms + 60_000)


if __name__ == "__main__":
    fill(sys.argv[1], *map(int, sys.argv[2:]))
