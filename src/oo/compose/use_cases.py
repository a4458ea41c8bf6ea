"""Every use case over a store."""

from oo import policies
from oo.adapters.sql.sqlite import SqliteStore
from oo.features.registry import Registry
from oo.features.vector import check_dimensions
from oo.ports import Keeper, Messenger, Store
from oo.settings import Settings
from oo.usecases.app import App
from oo.usecases.back_up import BackUp
from oo.usecases.check import Check
from oo.usecases.definitions import Definitions
from oo.usecases.erase import Erase
from oo.usecases.events import Events
from oo.usecases.explain import Explain
from oo.usecases.export import Export
from oo.usecases.feedback import Feedback
from oo.usecases.history import Histories
from oo.usecases.import_file import ImportFile
from oo.usecases.ingest import Ingest
from oo.usecases.knowledge import Knowledge
from oo.usecases.learn import Learner
from oo.usecases.ledger import Ledger
from oo.usecases.people import People
from oo.usecases.profile import Profiles
from oo.usecases.quality import Quality
from oo.usecases.recommend import Recommend
from oo.usecases.reward import Reward
from oo.usecases.score import Score
from oo.usecases.skew import Skew
from oo.usecases.take_over import TakeOver
from oo.usecases.tasks import Tasks
from oo.usecases.verify import Verify


def build_learner(settings: Settings, registry: Registry) -> Learner:
    """Check that the policies named in the settings exist, with every dimension they name."""
    every = {name: policies.load(name) for name in policies.names()}
    following = tuple(dict.fromkeys((settings.policy, *settings.shadows)))
    for policy in (*every.values(), *map(policies.load, following)):
        check_dimensions(policy.dimensions)
    return Learner(policies=every, following=following, registry=registry)


def build_app(store: Store, registry: Registry, learner: Learner, settings: Settings) -> App:
    """Build every use case over a store."""
    profiles = Profiles(store=store, registry=registry)
    ingest = Ingest(store=store, registry=registry, profiles=profiles, learner=learner)
    people = People(store=store, ingest=ingest)
    take_over = TakeOver(store=store, ingest=ingest)
    ledger = Ledger(store=store, registry=registry, learner=learner)
    quality = Quality(store=store, registry=registry, messenger=_messenger(settings))
    skew = Skew(store=store, registry=registry, share=settings.skew_share)
    return App(
        store=store,
        registry=registry,
        learner=learner,
        profiles=profiles,
        histories=Histories(store=store),
        ingest=ingest,
        import_file=ImportFile(ingest=ingest, take_over=take_over, people=people),
        people=people,
        tasks=Tasks(store=store, ingest=ingest),
        feedback=Feedback(store=store, ingest=ingest),
        score=Score(
            store=store, registry=registry, learner=learner, policy=learner.policies[settings.policy]
        ),
        reward=Reward(store=store, ingest=ingest, learner=learner, policy=settings.policy),
        knowledge=Knowledge(store=store, ingest=ingest, learner=learner),
        quality=quality,
        definitions=Definitions(store=store, registry=registry),
        verify=Verify(store=store, registry=registry),
        skew=skew,
        ledger=ledger,
        export=Export(store=store),
        erase=Erase(store=store, keeper=_keeper(store)),
        back_up=BackUp(store=store),
        events=Events(store=store, ingest=ingest),
        check=Check(store=store, ledger=ledger, skew=skew, quality=quality, keeper=_keeper(store)),
        recommend=Recommend(
            store=store,
            registry=registry,
            profiles=profiles,
            learner=learner,
            explain=Explain(registry=registry, learner=learner),
            skew=skew,
            policy=learner.policies[settings.policy],
            most_candidates=settings.most_candidates,
        ),
    )


def _keeper(store: Store) -> Keeper | None:
    """Return the store as the keeper of its own files; None where it has none, or they lie with the service."""
    return store if isinstance(store, SqliteStore) else None


def _messenger(settings: Settings) -> Messenger | None:
    """Return who is told of alerts, if the settings name anybody."""
    if not settings.alert_webhook:
        return None
    from oo.adapters.webhook import Webhook  # noqa: PLC0415  # HTTP and TLS, which few stores want

    return Webhook(settings.alert_webhook)
