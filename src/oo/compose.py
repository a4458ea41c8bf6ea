"""Settings → App: the one place that knows which adapter stands behind which port."""

from oo import policies
from oo.adapters.sql.sqlite import SqliteStore
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.features.vector import check_dimensions
from oo.ports import Store
from oo.settings import Settings
from oo.usecases.app import App
from oo.usecases.explain import Explain
from oo.usecases.feedback import Feedback
from oo.usecases.import_file import ImportFile
from oo.usecases.ingest import Ingest
from oo.usecases.knowledge import Knowledge
from oo.usecases.learn import Learner
from oo.usecases.people import People
from oo.usecases.profile import Profiles
from oo.usecases.recommend import Recommend
from oo.usecases.reward import Reward
from oo.usecases.score import Score
from oo.usecases.take_over import TakeOver
from oo.usecases.tasks import Tasks


def compose(settings: Settings) -> App:
    """Open the store that the settings name and build the App over it; close the App when done."""
    registry = Registry(CATALOG)
    learner = build_learner(settings, registry)
    store = SqliteStore.open(settings.sqlite_path(), registry, wait_sec=settings.busy_wait_sec)
    return build_app(store, registry, learner, settings)


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
    return App(
        store=store,
        registry=registry,
        learner=learner,
        profiles=profiles,
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
        recommend=Recommend(
            store=store,
            registry=registry,
            profiles=profiles,
            learner=learner,
            explain=Explain(registry=registry, learner=learner),
            policy=learner.policies[settings.policy],
            most_candidates=settings.most_candidates,
        ),
    )
