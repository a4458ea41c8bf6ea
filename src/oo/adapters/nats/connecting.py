"""How a connection to a NATS server begins: let in, its streams found or made, and what is denied noted."""

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from nats.aio.client import Client
from nats.errors import Error, NoServersError, SecureConnWantedError
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError

from oo.adapters.nats.words import Denied
from oo.domain.instant import DAY

STREAMS = {"signals": "SIGNALS", "feedback": "FEEDBACK"}
"""The streams that are made where none has the subjects; the first part of their subjects, and their name."""
KEPT_SEC = 7 * DAY / 1000
"""So long does a stream that was made here keep a message."""
REPEATED_SEC = 120.0
"""So long does it know an id again."""
CONNECT_SEC = 3.0
ANSWER_SEC = 5.0
"""So long may the server take for one answer."""
_CLOSE_SEC = 0.5
"""So long may a connection take to close that was not let in; one that failed to encrypt never says that it has."""
_IF_LOST = "if it had one before, tell it again what it has lost: oo events republish --since T"
_log = logging.getLogger("oo.bus")


class Refused(Error):
    """The server's permissions do not let this be done."""

    def __init__(self, denied: Denied) -> None:
        """Refuse what is `denied`."""
        super().__init__(denied.words)
        self.denied = denied


class _Client(Client):
    """A client that sends no password in the clear to a server that was to encrypt."""

    def _connect_command(self) -> bytes:
        server = self._current_server
        if server and server.uri.scheme == "tls" and not self._server_info.get("tls_required"):
            raise SecureConnWantedError
        return super()._connect_command()


@dataclass(eq=False, slots=True)
class Connection:
    """A connection, and what was set up over it."""

    client: Client
    jetstream: JetStreamContext
    denied: list[Denied]
    """What the server's permissions have kept it from so far: the server says so, and answers nothing."""
    streams: dict[str, str] = field(default_factory=dict)
    subscriptions: dict[str, JetStreamContext.PullSubscription] = field(default_factory=dict)

    def check(self, what: str) -> None:
        """Raise `Refused`, once, where the server has denied what concerns a subject, or a stream by its name."""
        found = [each for each in self.denied if what and each.concerns(what)]
        for each in found:
            self.denied.remove(each)
        for each in found:
            raise Refused(each)


async def connect(servers: Sequence[str], replicas: int) -> Connection:
    """Connect to one of the servers, and find the streams; one that is made has so many replicas.

    Raises what the client raises, or `Refused`.
    """
    denied: list[Denied] = []
    client = await _client(servers, denied)
    connection = Connection(client, client.jetstream(timeout=ANSWER_SEC), denied)
    try:
        for first in STREAMS:
            connection.streams[first] = await _stream(connection.jetstream, first, replicas)
    except BaseException:
        await client.close()
        for each in denied:
            raise Refused(each) from None
        raise
    return connection


async def _client(servers: Sequence[str], denied: list[Denied]) -> Client:
    """Connect to whichever server answers, in no order, so that not all ask the first; raises what went wrong last."""
    failure: Exception = NoServersError()
    for server in random.sample(servers, len(servers)):
        try:
            return await _connect_to(server, denied)
        except (Error, OSError, TimeoutError) as error:
            failure = error
    raise failure


async def _connect_to(server: str, denied: list[Denied]) -> Client:
    """Connect, once and soon; raises what went wrong. What is denied later is added to `denied`."""
    seen: list[Exception] = []

    async def noted(error: Exception) -> None:
        seen.append(error)
        found = Denied.read(str(error))
        if found is not None:
            denied.append(found)

    client = _Client()
    try:
        await asyncio.wait_for(
            client.connect(
                server,
                name="oO",
                error_cb=noted,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0.05,  # type: ignore[arg-type]  # a part of a second does as well
                connect_timeout=CONNECT_SEC / 2,  # type: ignore[arg-type]  # likewise
            ),
            CONNECT_SEC,
        )
    except BaseException as error:
        # One that took the connection and never spoke keeps it open else.
        with suppress(TimeoutError):
            await asyncio.wait_for(client.close(), _CLOSE_SEC)
        if isinstance(error, (NoServersError, TimeoutError)) and seen:
            raise seen[-1] from error
        raise
    return client


async def _stream(jetstream: JetStreamContext, first: str, replicas: int) -> str:
    """Return the name of the stream that has the subjects, made where there is none."""
    subjects = f"{first}.>"
    try:
        return await jetstream.find_stream_name_by_subject(subjects)
    except NotFoundError:
        config = StreamConfig(
            name=STREAMS[first],
            subjects=[subjects],
            max_age=KEPT_SEC,
            duplicate_window=REPEATED_SEC,
            num_replicas=replicas,
        )
        await jetstream.add_stream(config)
        _log.warning("made the stream %s, which the bus did not have; %s", config.name, _IF_LOST)
        return STREAMS[first]
