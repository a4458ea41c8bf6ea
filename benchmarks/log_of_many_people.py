"""Import an event log of many people by the shell, and compare profiles with a computation that knows nothing of oO.

The log has corrections, take-backs, duplicates, moves, changes of clocks, lines out of order, and lines to refuse.
`--shell` questions are asked by `oo profile U --at T --json`; `--direct` ones of the same use case in process.

    python -m benchmarks.log_of_many_people [--people 1000] [--tips 200] [--shell 300] [--direct 20000]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from click.testing import CliRunner

from oo.cli.main import oo
from oo.compose import compose
from oo.settings import Settings
from tests.support.log import Truth, iso, questions, truth, written

Answers: TypeAlias = Callable[[str, int], dict[str, Any]]


def main() -> None:
    """Write the log, import it, compare, and print the counts."""
    options = _options()
    log = written(people=options.people, tips=options.tips, seed=options.seed, disorder=options.disorder)
    with tempfile.TemporaryDirectory() as folder:
        path, db = Path(folder) / "log.jsonl", str(Path(folder) / "oo.db")
        path.write_text("\n".join(log.lines))
        before = time.perf_counter()
        (report,) = _shell("import", str(path), "--db", db)["files"]
        took = time.perf_counter() - before
        counts = {fate: report[fate] for fate in ("accepted", "duplicate", "waiting", "refused")}
        print(
            f"{len(log.lines):,} lines imported in {took:.1f} s: {len(log.lines) / took:,.0f} lines/s; {counts}"
        )
        wanted = {"accepted": log.accepted, "duplicate": log.duplicate, "waiting": 0, "refused": log.refused}
        assert counts == wanted, wanted
        known = truth(log.lines)
        _compare("shell", known, options.shell, _by_shell(db))
        app = compose(Settings(database=f"sqlite:///{db}"))
        _compare("direct", known, options.direct, lambda who, at: app.profiles.as_of(who, at_ms=at).values())
        app.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("people", 1000), ("tips", 200), ("seed", 1), ("shell", 300), ("direct", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--disorder", type=float, default=0.1)
    return parser.parse_args()


def _shell(*arguments: str) -> Any:
    return json.loads(CliRunner().invoke(oo, [*arguments, "--json"]).stdout)


def _by_shell(db: str) -> Answers:
    def answer(user_id: str, at_ms: int) -> dict[str, Any]:
        features = _shell("profile", user_id, "--at", iso(at_ms), "--db", db)["features"]
        return {name: feature["value"] for name, feature in features.items()}

    return answer


def _compare(how: str, known: Truth, count: int, answer: Answers) -> None:
    differences = 0
    before = time.perf_counter()
    for user_id, at_ms in questions(known, count, seed=count):
        wanted, found = known.profile(user_id, at_ms), answer(user_id, at_ms)
        for name in sorted(wanted):
            if wanted.get(name) != found.get(name):
                differences += 1
                print(f"{user_id} {iso(at_ms)} {name}: {found.get(name)}, and should be {wanted.get(name)}")
    took = time.perf_counter() - before
    print(f"{how}: {count:,} profiles, {5 * count:,} comparisons, {differences} differences, {took:.1f} s")


if __name__ == "__main__":
    main()
