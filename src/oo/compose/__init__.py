"""Settings → App: the one room that knows which adapter stands behind which port."""

from oo.compose.app import compose, served
from oo.compose.outside import bus, duties, offline
from oo.compose.store_files import PutBack, begun_anew, restored
from oo.compose.use_cases import build_app, build_learner

__all__ = [
    "PutBack",
    "begun_anew",
    "build_app",
    "build_learner",
    "bus",
    "compose",
    "duties",
    "offline",
    "restored",
    "served",
]
