"""App: every use case, as one frozen record."""

from dataclasses import dataclass

from oo.features.registry import Registry
from oo.ports import Store
from oo.usecases.back_up import BackUp
from oo.usecases.check import Check
from oo.usecases.definitions import Definitions
from oo.usecases.erase import Erase
from oo.usecases.events import Events
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
from oo.usecases.tasks import Tasks
from oo.usecases.verify import Verify


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What the shell, the service and the worker call. Close it when done."""

    store: Store
    registry: Registry
    people: People
    tasks: Tasks
    ingest: Ingest
    import_file: ImportFile
    profiles: Profiles
    histories: Histories
    recommend: Recommend
    feedback: Feedback
    score: Score
    reward: Reward
    knowledge: Knowledge
    quality: Quality
    learner: Learner
    definitions: Definitions
    verify: Verify
    skew: Skew
    check: Check
    ledger: Ledger
    export: Export
    erase: Erase
    back_up: BackUp
    events: Events

    def check_ready(self) -> None:
        """Read from the store, and commit a write that leaves nothing; raises `StoreError` where either fails."""
        self.store.read(lambda reader: reader.person(""))
        self.store.write(lambda transaction: transaction.try_out())

    def close(self) -> None:
        """Finish what is being written and let go of the store."""
        self.store.close()
