"""Which parts of an App can be asked for from another process: its use cases, and their public methods.

Found by looking, so that a use case that is added to the App is carried as soon as it is there.
"""

import inspect
from dataclasses import fields, is_dataclass
from typing import Any

from oo.ports import Store
from oo.usecases.app import App


def works_on(store: Store, value: object) -> bool:
    """Return whether a value is a record that holds the store, itself or in one of its fields.

    That is what can only run where the store is. What does without, such as the catalogue, each process has itself.
    """
    if not is_dataclass(value) or isinstance(value, type):
        return False
    held = [getattr(value, field.name) for field in fields(value)]
    return any(each is store or works_on(store, each) for each in held)


def part(store: Store, owner: object, name: str) -> Any:
    """Return the use case of an App, or the public method or use case of a use case, of that name.

    Raises `AttributeError` for anything else: a process keeps it, as it keeps its App's own methods.
    """
    if name == "__call__" or not name.startswith("_"):
        found = getattr(owner, name)
        if works_on(store, found) or (inspect.ismethod(found) and not isinstance(owner, App)):
            return found
    raise AttributeError(f"{type(owner).__name__}.{name} is no use case, nor a public method of one.")
