"""Every protocol that an adapter may implement: a port a file, and all of them importable from here."""

from oo.ports.bus import MAX_PENDING, REDELIVER_SEC, Bus, Consumer, Delivery, Message
from oo.ports.duty import Duties
from oo.ports.messenger import Messenger
from oo.ports.offline import Offline, SpinePoint
from oo.ports.reader import EventRows, Events, Measures, Reader, WaitingFact
from oo.ports.store import BackedUp, BegunAnew, Keeper, Store, Transaction

__all__ = [
    "MAX_PENDING",
    "REDELIVER_SEC",
    "BackedUp",
    "BegunAnew",
    "Bus",
    "Consumer",
    "Delivery",
    "Duties",
    "EventRows",
    "Events",
    "Keeper",
    "Measures",
    "Message",
    "Messenger",
    "Offline",
    "Reader",
    "SpinePoint",
    "Store",
    "Transaction",
    "WaitingFact",
]
