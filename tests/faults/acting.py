"""Acts on a store without end, one recommendation and one reaction after the other, until it is killed.

Prints a line for each reaction that was answered: the tip, the reaction, and when it was given. What was printed was
acknowledged before. Run as `python acting.py DATABASE SEED`.
"""

import json
import random
import secrets
import sys
import time

from oo.compose import compose
from oo.domain.facts import Reaction, TaskUpsert
from oo.settings import Settings
from oo.usecases.app import App

USER = "ada"
_STEP_MS = 60_000


def main(database: str, seed: int) -> None:
    chance = random.Random(seed)
    app = compose(Settings(database=database))
    app.people.add(USER, "Europe/Berlin", now_ms=0)
    now_ms = time.time_ns() // 1_000_000
    while True:
        now_ms += _STEP_MS
        _answer_once(app, chance, now_ms)


def _answer_once(app: App, chance: random.Random, now_ms: int) -> None:
    task = TaskUpsert(user_id=USER, task_id=secrets.token_hex(8), at_ms=now_ms, title="Something to do")
    app.tasks.add(task, now_ms=now_ms)
    tip = app.recommend(USER, now_ms=now_ms, tip_id=secrets.token_hex(8), fresh=True).tip
    assert tip is not None
    for reaction in chance.sample(list(Reaction)[:3], k=chance.choice([1, 1, 2])):
        now_ms += 1
        app.feedback(tip.tip_id, reaction, now_ms=now_ms)
        print(json.dumps([tip.tip_id, reaction, now_ms]), flush=True)  # noqa: T201  # it is how it answers


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
