"""What PostgreSQL's errors say: to people in words, and by their codes about another attempt.

Appendix A of its manual names the codes.
"""

from typing import Any

from oo.domain.errors import ConflictingFact, OoError, StoreBusy, StoreError

PASSING = frozenset(
    {
        "40001",  # others were in the way: a serialisation failure
        "40P01",  # a deadlock
        "25P02",  # somebody has gone on after one of the others was raised
        "25P03",  # the session was ended, because it did nothing for a while within a transaction
        "57P01",  # an administrator ended the session, or the server
        "57P02",  # the server ended itself, because a process of it crashed
        "57P03",  # it starts, or ends
        "53300",  # it has too many clients
        "53200",  # its locks are used up: whoever is alone takes none
    }
)
"""What another attempt may not meet."""
READ_ONLY = "25006"
"""Nothing can be written on this connection; on another one, to a server that has taken over, it may."""
LOCKED = "55P03"
"""Somebody holds a lock for longer than is waited."""
NOT_NOW = frozenset(
    {
        LOCKED,
        READ_ONLY,
        "53100",  # its disk is full
    }
)
"""What every other write would meet as well, each after as long a wait: all that share the commit are refused."""
HINT = "Does the database run, and does it let this machine in? OO_DATABASE says where it is."
_AT_ODDS = "23"
"""How the codes begin of what is at odds with other rows."""


def failed(error: Any) -> OoError:
    """Return the error for a change that the database did not make; `error` is the driver's, as in those below."""
    failure: OoError = StoreError(f"The store could not do that ({said(error)}); nothing was recorded.")
    if (error.sqlstate or "").startswith(_AT_ODDS):
        failure = ConflictingFact(f"That is recorded already, or rests on nothing ({said(error)}).")
    failure.__cause__ = error
    return failure


def refused(error: Any) -> StoreBusy:
    """Return the error for changes that the database takes from nobody now."""
    failure = StoreBusy(f"The store could not be written ({said(error)}); nothing was recorded.", HINT)
    failure.__cause__ = error
    return failure


def said(error: Any) -> str:
    """Return the first line of what the database or the driver says."""
    return error.diag.message_primary or str(error).partition("\n")[0]
