"""Faults planted on purpose in the statements that a store computes features by."""

from dataclasses import replace
from typing import Any

from oo.adapters.sql.sqlite_commits import SqliteCommits
from tests.support.stores import World


def change_constant(made: World, frame: str, old: Any, new: Any) -> None:
    """Change a constant in every statement of a frame that has it; at least one must."""
    statements = made.store._statements
    aggregates = statements.aggregates[frame]
    assert any(old in each.prepared.constants.values() for each in aggregates)
    changed = tuple(
        replace(
            each,
            prepared=replace(
                each.prepared,
                constants={
                    key: new if value == old else value for key, value in each.prepared.constants.items()
                },
            ),
        )
        for each in aggregates
    )
    planted = replace(statements, aggregates={**statements.aggregates, frame: changed})
    made.store._statements = planted
    commits = made.store._writer._commits
    assert isinstance(commits, SqliteCommits)
    writing = commits.transaction
    writing._runner = replace(writing._runner, statements=planted)
    while made.store._readers:  # those that wait to be used again would read as before
        made.store._readers.pop()[0].close()
