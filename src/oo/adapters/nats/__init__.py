"""NATS JetStream: two streams, durable pull consumers, and one connection that is made anew when it broke."""

from oo.adapters.nats.bus import Nats
from oo.adapters.nats.connecting import STREAMS

__all__ = ["STREAMS", "Nats"]
