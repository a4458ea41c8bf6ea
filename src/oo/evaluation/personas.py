"""A dozen made-up people with too many tasks, and as many more as are asked for."""

from dataclasses import replace

import numpy as np

from oo.evaluation.agenda import Rhythm
from oo.evaluation.chance import generator
from oo.evaluation.persona import Persona
from oo.evaluation.taste import Taste

PERSONAS: tuple[Persona, ...] = (
    Persona(
        name="student", tz="Europe/Berlin", list_name="student", arrivals_a_day=6.0, dwell_sec=35.0,
        rhythm=Rhythm(weekday="000000000358753356643464", weekend="000000000024675545545566"),
        taste=Taste(
            name="student", eagerness=-0.2, ripe_days=1.5, ripeness_pull=1.5,
            pressure_pull=1.5, patience_days=2.0, rank_pull=0.9,
            mood_pull=0.7, best_hour=11, work_hours=(10, 18),
        ),
    ),
    Persona(
        name="nurse", tz="Europe/London", list_name="nurse", arrivals_a_day=5.5, dwell_sec=20.0,
        rhythm=Rhythm(weekday="000025300000024463334620", weekend="000013300001224443344620"),
        taste=Taste(
            name="nurse", eagerness=-0.3, ripe_days=3.0, ripeness_pull=1.4,
            pressure_pull=-1.2, patience_days=3.0, rank_pull=1.1,
            mood_pull=0.5, best_hour=15, work_hours=(6, 14),
        ),
    ),
    Persona(
        name="designer", tz="America/New_York", list_name="designer", arrivals_a_day=6.5, dwell_sec=45.0,
        rhythm=Rhythm(weekday="000000002468864566543432", weekend="000000000136654335545532"),
        taste=Taste(
            name="designer", eagerness=-0.1, ripe_days=6.0, ripeness_pull=1.4,
            pressure_pull=0.8, patience_days=4.0, rank_pull=-0.7,
            mood_pull=0.9, best_hour=10, work_hours=(10, 19),
        ),
    ),
    Persona(
        name="parent", tz="Australia/Sydney", list_name="parent", arrivals_a_day=7.0, dwell_sec=15.0,
        rhythm=Rhythm(weekday="000000586432244458665310", weekend="000000367654445566554310"),
        taste=Taste(
            name="parent", eagerness=-0.2, ripe_days=1.0, ripeness_pull=1.6,
            pressure_pull=1.8, patience_days=1.0, rank_pull=0.6,
            mood_pull=0.6, best_hour=8, work_hours=(9, 15),
        ),
    ),
    Persona(
        name="gardener", tz="Europe/Madrid", list_name="gardener", arrivals_a_day=5.0, dwell_sec=70.0,
        rhythm=Rhythm(weekday="000000057876433245654200", weekend="000000046776543345654200"),
        taste=Taste(
            name="gardener", eagerness=0.0, ripe_days=12.0, ripeness_pull=1.4,
            pressure_pull=-0.8, patience_days=8.0, rank_pull=-0.6,
            mood_pull=0.8, best_hour=9, work_hours=(9, 13),
        ),
    ),
    Persona(
        name="restaurateur", tz="America/Sao_Paulo", list_name="restaurateur", arrivals_a_day=7.0, dwell_sec=25.0,
        rhythm=Rhythm(weekday="210000003678754664311244", weekend="421000000257643453211355"),
        taste=Taste(
            name="restaurateur", eagerness=-0.2, ripe_days=1.5, ripeness_pull=1.3,
            pressure_pull=1.6, patience_days=2.0, rank_pull=1.0,
            mood_pull=0.5, best_hour=16, work_hours=(10, 24),
        ),
    ),
    Persona(
        name="teacher", tz="Asia/Kolkata", list_name="teacher", arrivals_a_day=6.0, dwell_sec=30.0,
        rhythm=Rhythm(weekday="000003564343436577654200", weekend="000000245665445566543200"),
        taste=Taste(
            name="teacher", eagerness=-0.2, ripe_days=4.0, ripeness_pull=1.3,
            pressure_pull=1.2, patience_days=3.0, rank_pull=0.8,
            mood_pull=0.7, best_hour=7, work_hours=(8, 15),
        ),
    ),
    Persona(
        name="programmer", tz="Asia/Tokyo", list_name="programmer", arrivals_a_day=6.0, dwell_sec=40.0,
        rhythm=Rhythm(weekday="000000024556656666656543", weekend="000000000134665566676654"),
        taste=Taste(
            name="programmer", eagerness=-0.4, ripe_days=2.0, ripeness_pull=1.4,
            pressure_pull=-1.3, patience_days=2.0, rank_pull=1.2,
            mood_pull=0.6, best_hour=21, work_hours=(10, 19),
        ),
    ),
    Persona(
        name="musician", tz="America/St_Johns", list_name="musician", arrivals_a_day=5.5, dwell_sec=55.0,
        rhythm=Rhythm(weekday="310000000001345665455676", weekend="430000000000245655556677"),
        taste=Taste(
            name="musician", eagerness=-0.3, ripe_days=8.0, ripeness_pull=1.3,
            pressure_pull=-1.0, patience_days=4.0, rank_pull=-0.9,
            mood_pull=1.0, best_hour=22, work_hours=(13, 19),
        ),
    ),
    Persona(
        name="farmer", tz="Pacific/Auckland", list_name="farmer", arrivals_a_day=5.5, dwell_sec=30.0,
        rhythm=Rhythm(weekday="000036753344643346654100", weekend="000025654345544456653100"),
        taste=Taste(
            name="farmer", eagerness=-0.1, ripe_days=2.0, ripeness_pull=1.3,
            pressure_pull=1.4, patience_days=3.0, rank_pull=0.9,
            mood_pull=0.5, best_hour=6, work_hours=(6, 17),
        ),
    ),
    Persona(
        name="lawyer", tz="America/Los_Angeles", list_name="lawyer", arrivals_a_day=7.0, dwell_sec=20.0,
        rhythm=Rhythm(weekday="000000258776456776543210", weekend="000000013566555545543210"),
        taste=Taste(
            name="lawyer", eagerness=-0.2, ripe_days=2.5, ripeness_pull=1.2,
            pressure_pull=1.5, patience_days=2.0, rank_pull=1.3,
            mood_pull=0.4, best_hour=9, work_hours=(8, 19),
        ),
    ),
    Persona(
        name="shopkeeper", tz="Africa/Nairobi", list_name="shopkeeper", arrivals_a_day=6.0, dwell_sec=35.0,
        rhythm=Rhythm(weekday="000004666545435456776310", weekend="000003565545545566665310"),
        taste=Taste(
            name="shopkeeper", eagerness=-0.2, ripe_days=1.0, ripeness_pull=1.5,
            pressure_pull=1.0, patience_days=3.0, rank_pull=0.7,
            mood_pull=0.6, best_hour=17, work_hours=(7, 20),
        ),
    ),
)  # fmt: skip
"""One for each packaged task list, in the order in which `cast` takes them."""


def cast(users: int, seed: int) -> list[Persona]:
    """Return `users` people: the dozen as they are, then variations of them, which depend on `seed`.

    >>> [persona.name for persona in cast(14, seed=1)][-3:]
    ['shopkeeper', 'student-2', 'nurse-2']
    """
    return [_member(position, seed) for position in range(users)]


def _member(position: int, seed: int) -> Persona:
    round_, place = divmod(position, len(PERSONAS))
    persona = PERSONAS[place]
    if round_ == 0:
        return persona
    name = f"{persona.name}-{round_ + 1}"
    return replace(persona, name=name, taste=_varied(persona.taste, name, seed))


def _varied(taste: Taste, name: str, seed: int) -> Taste:
    """Return a taste of the same kind with strengths of its own; one in four signs is the other way round."""
    random = generator(seed, "taste", name)
    scale = np.exp(0.25 * random.standard_normal(5))
    signs = np.where(random.random(2) < 1 / 4, -1, 1)
    return replace(
        taste,
        name=name,
        ripe_days=taste.ripe_days * float(scale[0]),
        ripeness_pull=taste.ripeness_pull * float(scale[1]),
        pressure_pull=taste.pressure_pull * float(signs[0] * scale[2]),
        rank_pull=taste.rank_pull * float(signs[1] * scale[3]),
        mood_pull=taste.mood_pull * float(scale[4]),
        best_hour=int(taste.best_hour + random.integers(-2, 3)) % 24,
    )
