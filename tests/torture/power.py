"""The campaign `power`: a bare writer over SQLite, and a disk that loses its power with what was not synced."""

from dataclasses import dataclass, field
from random import Random

from oo.adapters.sql.schema import migrate
from tests.torture.disk import Disk
from tests.torture.victim import Load, Struck, wait_for_moment
from tests.torture.writer import Writer

_MOST_ANSWERS = 60


@dataclass(slots=True)
class Powered(Writer):
    """The victim: each of its lives ends with a loss of power. What it has published before is out of the house."""

    _disk: Disk | None = field(default=None)

    def start(self, chance: Random) -> None:
        """Begin a life, every write of which is noted."""
        self.end()
        store = self.folder / "oo.db"
        if not store.exists():
            migrate(store)
        self._disk = Disk([store, self.folder / "oo.db-wal"], self.folder / "trace")
        self._begin(watch=self._disk.watch)

    def strike(self, chance: Random, load: Load) -> Struck:
        assert self._process is not None
        assert self._disk is not None
        wait_for_moment(load, chance, _MOST_ANSWERS)
        self._process.kill()
        self._process.join()
        return Struck("loss of power", self._disk.lose_power(chance))

    def end(self) -> None:
        Writer.end(self)
        if self._disk is not None:
            self._disk.end()
            self._disk = None
