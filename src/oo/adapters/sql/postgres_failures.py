"""What the codes of PostgreSQL's errors say about another attempt; appendix A of its manual names them all."""

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
    }
)
"""What another attempt may not meet."""
READ_ONLY = "25006"
"""Nothing can be written on this connection; on another one, to a server that has taken over, it may."""
NOT_NOW = frozenset(
    {
        "55P03",  # a lock that somebody holds for longer than is waited
        READ_ONLY,
        "53100",  # its disk is full
    }
)
"""What every other write would meet as well, each after as long a wait: all that share the commit are refused."""
