"""How a candidate is chosen. Add a policy: one file here, which declares `POLICY` and names its dimensions."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from oo import plugins
from oo.domain.errors import DuplicateName, UnknownPolicy
from oo.policies.base import Policy


def load(name: str) -> Policy:
    """Return the policy called `name`, such as `egreedy/v1`; raise `UnknownPolicy` where there is none.

    >>> load("uniform/v1").dimensions
    ()
    """
    table = _table()
    if name not in table:
        raise UnknownPolicy.closest(name, table, "policies/, where each file declares one")
    return table[name]


def names() -> tuple[str, ...]:
    """Return the name of every policy, sorted.

    >>> "egreedy/v1" in names()
    True
    """
    return tuple(sorted(_table()))


def table_of(found: Iterable[Policy]) -> Mapping[str, Policy]:
    """Index policies by name; raise `DuplicateName` for two of one name, or a dimension that a policy repeats."""
    policies = list(found)
    _refuse_repeated((policy.name for policy in policies), "Two policies are called")
    for policy in policies:
        _refuse_repeated(policy.dimensions, f"{policy.name} repeats the dimension")
    return {policy.name: policy for policy in policies}


@cache
def _table() -> Mapping[str, Policy]:
    # mypy refuses an abstract class where it might be called; here it is only compared with.
    return table_of(plugins.collect(sys.modules[__name__], Policy))  # type: ignore[type-abstract]


def _refuse_repeated(given: Iterable[str], problem: str) -> None:
    repeated = [name for name, count in Counter(given).items() if count > 1]
    if repeated:
        raise DuplicateName(f"{problem} {', '.join(repeated)}.", "A name stands for one thing.")
