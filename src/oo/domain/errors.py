"""Every error oO raises on purpose.

OoError
├── Refused                 the request or line cannot be accepted as it is
│   ├── InvalidId
│   ├── InvalidInstant
│   ├── InvalidZone
│   ├── InvalidFact         a line of the event log, or a signal, that is not well formed
│   ├── UnreadableFile      a file that no source can read
│   ├── InvalidBackup       a file from which no store can be restored
│   ├── InvalidSpine        rows that no training set can be made over
│   └── InvalidSetting
├── Unknown                 a name or id that does not exist
│   ├── UnknownUser · ErasedUser · UnknownTip · UnknownTask · UnknownDecision · UnknownEvent
│   └── UnknownFeature · UnknownPolicy · UnknownDimension
├── Conflict                well formed, but at odds with what is recorded
│   ├── ConflictingFact     the same id with another content
│   ├── FileInTheWay        a file that is there already, and is kept
│   └── ReactionBeforeTip
├── InvalidDefinition       found at start-up, in something that an engineer declared
│   ├── UnknownDtype · UnknownFreshness · UnknownSubject
│   ├── DuplicateName
│   ├── FallbackDoesNotFit
│   ├── IncompleteDefinition
│   └── DefinitionChanged   a feature means something else than it did when it was served
├── NoCandidates · NotFinite     what a policy was handed
├── OfflineError             the engine that makes training sets cannot go on
├── BusUnavailable           the bus does not answer, or does not take what it is given
└── StoreError
    ├── StoreBusy           another process writes, or the disk refused
    ├── Overloaded          more waits than is got through; nothing was recorded
    ├── CorruptStore        the store's file is damaged; it is left as it is
    ├── StoreTooNew         made by a newer oO
    └── StoreClosed

A message says what was asked, what there is, and what to do. `code` is its name for programs.
"""

import difflib
import re
from collections.abc import Iterable


class OoError(Exception):
    """The root: `str(error)` is the message for people, `code` the name for programs, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the message and the hint apart, so that each edge can lay them out its own way."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def code(self) -> str:
        """The class name in snake case: `UnknownFeature` is `unknown_feature`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def __str__(self) -> str:
        """Return message and hint as one sentence after the other."""
        return f"{self.message} {self.hint}".strip()


class Refused(OoError):
    """The request or line cannot be accepted as it is."""


class InvalidId(Refused):
    """An id that is empty, too long, or holds a character outside `A-Z a-z 0-9 _ . : @ -`."""


class InvalidInstant(Refused):
    """A time that cannot be read, has no zone where it needs one, or lies outside 1970-9999."""


class InvalidZone(Refused):
    """A time zone that is not in the tz database."""


class InvalidFact(Refused):
    """A line of the event log, or a signal, that is not well formed."""


class UnreadableFile(Refused):
    """A file that no source can read."""


class InvalidSpine(Refused):
    """A file of rows, each a person and an instant, that no training set can be made over."""


class InvalidBackup(Refused):
    """A file from which no store can be restored."""


class InvalidSetting(Refused):
    """A setting, from the environment or the command line, that has no such value."""


class Unknown(OoError):
    """A name or id that does not exist."""

    @classmethod
    def closest(cls, name: str, known: Iterable[str], where: str) -> "Unknown":
        """Build the error for `name`, pointing at the closest of the `known` names.

        >>> print(UnknownFeature.closest("done_rate", ["completion_rate_30d"], "the catalogue"))
        'done_rate' is not in the catalogue. Closest: 'completion_rate_30d'.
        """
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        hint = f"Closest: {near[0]!r}." if near else f"It has: {', '.join(names) or 'nothing yet'}."
        return cls(f"{name!r} is not in {where}.", hint)


class UnknownUser(Unknown):
    """A person of whom no `user` record has come."""


class ErasedUser(Unknown):
    """A person who was erased; nothing about them is recorded until they are made anew on purpose."""

    @classmethod
    def named(cls, user_id: str) -> "ErasedUser":
        """Build the error for an id."""
        return cls(
            f"The person {user_id!r} was erased.",
            f"To begin anew under that id: oo users add {user_id} --again",
        )


class UnknownTip(Unknown):
    """A tip that was never served here."""


class UnknownTask(Unknown):
    """A task that this person does not have."""


class UnknownDecision(Unknown):
    """A decision that was not taken here."""


class UnknownEvent(Unknown):
    """An event that is not among the dead ones."""


class UnknownFeature(Unknown):
    """A feature that is not in the catalogue."""


class UnknownPolicy(Unknown):
    """A policy or version without a file in `policies/`."""


class UnknownDimension(Unknown):
    """A dimension that a policy names and `features/vector.py` does not make."""


class Conflict(OoError):
    """Well formed, but at odds with what is recorded."""


class ConflictingFact(Conflict):
    """The id of a recorded fact, with another content."""


class FileInTheWay(Conflict):
    """A file that is there already, where one was to be written."""


class ReactionBeforeTip(Conflict):
    """A reaction whose time lies before its tip was served."""


class InvalidDefinition(OoError):
    """Found at start-up, in something that an engineer declared."""


class UnknownDtype(InvalidDefinition):
    """A dtype outside those of the feature's freshness."""


class UnknownFreshness(InvalidDefinition):
    """A freshness that is neither `batched` nor `jit`."""


class UnknownSubject(InvalidDefinition):
    """An `invalidated_by` subject that no event is published under."""


class DuplicateName(InvalidDefinition):
    """Two definitions under one name."""


class FallbackDoesNotFit(InvalidDefinition):
    """A fallback or neutral value that is not of the feature's dtype."""


class IncompleteDefinition(InvalidDefinition):
    """A definition that lacks what its kind needs, such as the window of a batched feature."""


class DefinitionChanged(InvalidDefinition):
    """A feature means something else than when this store served it, and has the same version."""


class NoCandidates(OoError):
    """A policy was asked to choose among nothing."""


class NotFinite(OoError):
    """A policy was handed NaN or an infinity."""


class OfflineError(OoError):
    """The engine that makes training sets cannot go on; what was there before is as it was."""


class BusUnavailable(OoError):
    """The bus does not answer, or does not take what it is given; what was to be published stays in the outbox."""


class StoreError(OoError):
    """The store cannot do what was asked; nothing was recorded."""


class StoreBusy(StoreError):
    """Another process writes to the store, or the disk refused."""


class Overloaded(StoreError):
    """More waits already than may wait; nothing was recorded, and the same again is taken a little later."""


class CorruptStore(StoreError):
    """The store's file is damaged, or was never a store; it is left as it is."""


class StoreTooNew(StoreError):
    """The store was made by a newer oO."""


class StoreClosed(StoreError):
    """The store was closed while a write waited; the write was not recorded."""
