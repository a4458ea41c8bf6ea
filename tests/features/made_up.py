"""Features that are in no catalogue, some with descriptions that would break out of where they stand."""

from dataclasses import dataclass, replace
from typing import Any

from oo.domain.instant import DAY
from oo.features.catalog import CATALOG
from oo.features.spec import TIPS, Count, FeatureDefinition, Mode, Moment, OfContext, Windowed

HOSTILE = (
    'Ends */ the comment; opens /* another; "quotes", `ticks`, ${this} and \\u0041 \\.\n\r\n'
    "@deprecated after a line end, \u2028 another \u2029, \u202eturned round\u202c, \x00 and \x1b[31m."
)


@dataclass(frozen=True)
class Outside:
    def __call__(self, moment: Moment) -> str:
        return "rain"


def weather(moment: Moment) -> str | None:
    return None if moment.tasks else "rain"


COUNTED = FeatureDefinition(
    name="made_up_7d",
    dtype="numeric",
    freshness="batched",
    description=HOSTILE,
    compute=Windowed(source=TIPS, aggregate=Count(), window_ms=7 * DAY),
    ttl_sec=90,
    fallback=0,
    invalidated_by=("signals.tip.served",),
)
FAVOURITE = replace(
    COUNTED,
    name="favourite's category",
    dtype="categorical",
    description="Most served category.",
    compute=Windowed(source=TIPS, aggregate=Mode("category"), window_ms=7 * DAY),
    ttl_sec=86_400,
    fallback='no */ "one"\u2028',
)
WEATHER = FeatureDefinition(
    name="weather",
    dtype="categorical",
    freshness="jit",
    description="What it is like outside.",
    compute=OfContext(weather),
)
CERTAIN = replace(WEATHER, name="certain_weather", fallback="rain")
ANYTHING = replace(
    WEATHER, name="anything", compute=OfContext(lambda moment: moment.tz), description="Of unknown type."
)
_DEEP: Any = {"deep": [1, None, "*/"]}
LOOSE = replace(WEATHER, name="loose", dtype="json", fallback=_DEEP)

OUTSIDE = replace(WEATHER, name="outside", compute=OfContext(Outside()))

MADE_UP: tuple[FeatureDefinition, ...] = (COUNTED, FAVOURITE, WEATHER, CERTAIN, ANYTHING, LOOSE, OUTSIDE)
EXTENDED: tuple[FeatureDefinition, ...] = (*CATALOG, *MADE_UP)
