"""Feast, which `features.py` measures oO beside: answers each line of JSON that it is sent with another.

It keeps its registry and its SQLite online store in FOLDER, joins by DuckDB, and reaches for no network. It runs in an
environment of its own, which `make peer` makes.

    build/peer/bin/python benchmarks/feast_peer.py FOLDER

    {"do": "load", "names": […], "people": {"p0": […]}, "at_ms": …}   makes these the values of these people
    {"do": "read", "people": ["p0", …]}                     how long each one's read took in µs, and what was read last
    {"do": "join", "file": "….npz", "names": […], "repeats": 5}       how long each join took in s, and its rows
"""

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ["FEAST_USAGE"] = "False"  # before Feast is imported: it would report home

import numpy as np
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

_PERSON = Entity(name="person", join_keys=["user_id"], value_type=ValueType.STRING)
_CLOCKS = time.perf_counter


class Peer:
    """A Feast store in a folder."""

    def __init__(self, folder: Path) -> None:
        """Configure the store; the registry stays in memory once it is read."""
        self._folder = folder
        self._features: list[str] = []
        self._store = FeatureStore(
            config=RepoConfig(
                project="peer",
                provider="local",
                registry={"path": str(folder / "registry.db"), "cache_ttl_seconds": 0},
                online_store={"type": "sqlite", "path": str(folder / "online.db")},
                offline_store={"type": "duckdb"},
                entity_key_serialization_version=3,
            )
        )

    def load(self, names: Sequence[str], people: Mapping[str, Sequence[float]], at_ms: int) -> dict[str, Any]:
        """Put each person's values, in the order of `names`, into the online store."""
        table = pd.DataFrame(list(people.values()), columns=list(names), dtype="float64")
        table["user_id"], table["at"] = list(people), pd.to_datetime(at_ms, unit="ms", utc=True)
        self._declare("profile", table, names)
        self._store.write_to_online_store("profile", table)
        self._features = [f"profile:{name}" for name in names]
        return {"people": len(people)}

    def read(self, people: Sequence[str]) -> dict[str, Any]:
        """Read the features of one person after the other, each to a dictionary, as a caller wants them."""
        taken: list[float] = []
        read: dict[str, list[Any]] = {}
        for user_id in people:
            before = _CLOCKS()
            answer = self._store.get_online_features(
                features=self._features, entity_rows=[{"user_id": user_id}]
            )
            read = answer.to_dict()
            taken.append((_CLOCKS() - before) * 1_000_000)
        return {"us": taken, "last": {name: values[0] for name, values in read.items()}}

    def join(self, file: str, names: Sequence[str], repeats: int) -> dict[str, Any]:
        """Join the spine with the last earlier row of each person, from a Parquet file, so many times."""
        arrays = np.load(file)
        table = pd.DataFrame({name: arrays[name] for name in names})
        table["user_id"], table["at"] = _keys(arrays["people"], arrays["at_ms"])
        self._declare("history", table, names)
        user_ids, at = _keys(arrays["spine_people"], arrays["spine_at_ms"])
        spine = pd.DataFrame({"user_id": user_ids, "event_timestamp": at})
        features = [f"history:{name}" for name in names]
        taken = []
        joined = pd.DataFrame()
        for _ in range(repeats):
            before = _CLOCKS()
            joined = self._store.get_historical_features(entity_df=spine, features=features).to_df()
            taken.append(_CLOCKS() - before)
        without = int(joined[list(names)].isna().all(axis=1).sum())
        return {
            "sec": taken,
            "rows": len(table),
            "spine": len(spine),
            "returned": len(joined),
            "without": without,
        }

    def _declare(self, view: str, table: pd.DataFrame, names: Sequence[str]) -> None:
        path = self._folder / f"{view}.parquet"
        table.to_parquet(path)
        declared = FeatureView(
            name=view,
            entities=[_PERSON],
            schema=[Field(name=name, dtype=Float64) for name in names],
            source=FileSource(path=str(path), timestamp_field="at"),
        )
        self._store.apply([_PERSON, declared])


def _keys(people: Any, at_ms: Any) -> tuple[list[str], Any]:
    return [f"p{number}" for number in people], pd.to_datetime(at_ms, unit="ms", utc=True)


def main() -> None:
    """Answer until there is nothing more to read."""
    answers, sys.stdout = sys.stdout, sys.stderr  # Feast prints what it does
    warnings.simplefilter("ignore")
    peer = Peer(Path(sys.argv[1]))
    asked: dict[str, Callable[..., dict[str, Any]]] = {
        "load": peer.load,
        "read": peer.read,
        "join": peer.join,
    }
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(asked[request.pop("do")](**request)), file=answers, flush=True)


if __name__ == "__main__":
    main()
