"""A person's own tips, found again by their id."""

from oo.domain.facts import Reaction, TipFeedback
from oo.domain.ids import mapped
from oo.domain.instant import FOREVER
from oo.domain.tip import Recommendation, Tip
from oo.features.events import in_force
from oo.ports import Reader
from oo.usecases.app import App


def own(app: App, user_id: str, tip_id: str) -> Tip | None:
    """Return a tip of that person; None for another's, or where there is none."""
    if mapped(tip_id) != tip_id:
        return None  # no id at all, and nothing to bother a store with
    tip = app.store.read(lambda reader: reader.tip(tip_id))
    return tip if tip is not None and tip.user_id == user_id else None


def answer_to(app: App, tip: Tip) -> TipFeedback | None:
    """Return the answer in force to a tip; None where it has none, or it was taken back."""
    given = in_force(app.store.read(lambda reader: reader.reactions(tip.tip_id)), FOREVER)
    return None if given is None or given.reaction is Reaction.NONE else given


def again(app: App, user_id: str, tip_id: str, now_ms: int) -> Recommendation | None:
    """Return that very tip, explained, if it is without an answer and its task may still be shown."""
    tip = own(app, user_id, tip_id)
    if tip is None or answer_to(app, tip) is not None:
        return None

    def ask(reader: Reader) -> Recommendation | None:
        if all(task.task_id != tip.candidate_id for task in reader.live_tasks(user_id, now_ms)):
            return None
        answer = Recommendation(tip=tip, source="template", reason="asked for again")
        return app.recommend.explain.added(reader, answer)

    return app.store.read(ask)
