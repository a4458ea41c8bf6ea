"""Collect what a room is made of: the one object that each module of a package declares."""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

from oo.domain.errors import DuplicateName, IncompleteDefinition

T = TypeVar("T")


def collect(package: ModuleType, kind: type[T]) -> tuple[T, ...]:
    """Import every module of `package` and return the one object of `kind` that each declares, by module name.

    A package in it counts as one module, its `__init__`. `base` and modules whose name begins with `_` are passed over.
    A module that declares none raises `IncompleteDefinition`; one that declares several raises `DuplicateName`.
    """
    return tuple(_declared(f"{package.__name__}.{name}", kind) for name in _module_names(package))


def _module_names(package: ModuleType) -> list[str]:
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in found if name != "base" and not name.startswith("_"))


def _declared(module_name: str, kind: type[T]) -> T:
    attributes = vars(importlib.import_module(module_name))
    named = {name: value for name, value in attributes.items() if isinstance(value, kind)}
    objects = list({id(value): value for value in named.values()}.values())
    if not objects:
        raise IncompleteDefinition(
            f"{module_name} declares no {kind.__name__}.",
            f"Give it one at module level, or begin the file's name with '_' if it is no {kind.__name__}.",
        )
    if len(objects) > 1:
        raise DuplicateName(
            f"{module_name} declares {len(objects)} objects of {kind.__name__}: {', '.join(named)}.",
            "Give each its own file.",
        )
    return objects[0]
