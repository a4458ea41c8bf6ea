"""Every setting, typed, from the environment: `OO_*`. One URL a port chooses the backend."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from oo.domain.errors import InvalidSetting
from oo.domain.ids import shortened
from oo.domain.wording import closest

ENGINES = ("duckdb",)
"""What training sets can be made with."""


def default_database() -> str:
    """Return the URL of the store in the person's data folder."""
    return f"sqlite:///{user_data_path('oo') / 'oo.db'}"


class Settings(BaseSettings):
    """How this oO runs. Each field is set by the environment variable of its name, in capitals, after `OO_`."""

    model_config = SettingsConfigDict(env_prefix="OO_", extra="forbid", frozen=True)

    database: Annotated[
        str, Field(description="The store: sqlite:///FILE, or postgresql://USER@HOST/NAME.")
    ] = Field(default_factory=default_database)
    offline: Annotated[str, Field(description="The engine that makes training sets: duckdb:.")] = "duckdb:"
    bus: Annotated[
        str,
        Field(
            description="The bus: inprocess:, or nats://HOST:PORT (tls:// as well) of a NATS with JetStream;"
            " commas between the servers of a cluster."
        ),
    ] = "inprocess:"
    bus_replicas: Annotated[
        int,
        Field(
            ge=1,
            le=5,
            description="How many servers of a cluster keep a stream that is made here; 3 of three outlive one.",
        ),
    ] = 1
    bus_name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
            description="Under which name this store reads from the bus; each store on one bus needs its own.",
        ),
    ] = "oo"
    bus_redeliver_sec: Annotated[
        float,
        Field(
            ge=1,
            le=3600,
            description="After how long the bus delivers again what was not acknowledged, as when a worker died.",
        ),
    ] = 30.0
    policy: Annotated[str, Field(description="The active policy: the one that chooses.")] = "egreedy/v1"
    shadows: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="Policies that score and learn from every decision beside the active one; commas between."
        ),
    ] = ("egreedy/v2",)
    most_candidates: Annotated[
        int, Field(ge=1, le=1000, description="At most this many tasks a decision.")
    ] = 100
    busy_wait_sec: Annotated[
        float, Field(ge=0, le=600, description="How long to wait for a store in use.")
    ] = 5.0

    most_waiting_writes: Annotated[
        int,
        Field(
            ge=1, le=100_000, description="So many writes may wait for the store; more are refused at once."
        ),
    ] = 1000
    most_requests: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="So many requests may be under way in a service; more are answered 503 at once.",
        ),
    ] = 256

    skew_share: Annotated[
        float,
        Field(ge=0, le=1, description="The share of people whose decisions the skew meter logs; 0 for none."),
    ] = 1.0

    quality_every_sec: Annotated[
        int,
        Field(
            ge=0,
            le=86_400,
            description="How often the service checks the quality of its data; 0 never.",
        ),
    ] = 300
    alert_webhook: Annotated[
        str, Field(description="Where alerts are posted to as JSON: an http or https URL; empty for nowhere.")
    ] = ""

    most_body_bytes: Annotated[
        int, Field(ge=1024, le=2**30, description="The most bytes that a request's body may have.")
    ] = 4 * 1024 * 1024
    body_wait_sec: Annotated[
        float, Field(gt=0, le=600, description="How long a request's body may take to come.")
    ] = 30.0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="What the service logs: each request at info, what went wrong at error."),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "text"],
        Field(description="How the service logs; auto is text on a terminal, and JSON elsewhere."),
    ] = "auto"

    @field_validator("shadows", mode="before")
    @classmethod
    def _between_commas(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("alert_webhook")
    @classmethod
    def _of_the_web(cls, value: str) -> str:
        url = urlsplit(value)
        if value and (url.scheme not in {"http", "https"} or not url.hostname or url.username is not None):
            raise ValueError("it has to be http://HOST/PATH or https://HOST/PATH, without a user in it")
        return value

    @field_validator("bus")
    @classmethod
    def _of_a_bus(cls, value: str) -> str:
        if value != "inprocess:" and not all(map(_of_nats, value.split(","))):
            raise ValueError(
                "it has to be inprocess: or nats://HOST:PORT, commas between the servers of a cluster"
            )
        return value

    def bus_servers(self) -> tuple[str, ...]:
        """Return the URL of each server of the bus."""
        return tuple(self.bus.split(","))

    def bus_of_others(self) -> bool:
        """Return whether other systems may be on the bus: whether there is anything to listen to."""
        return self.bus != "inprocess:"

    def on_postgresql(self) -> bool:
        """Return whether the store is in PostgreSQL."""
        return self.database.startswith("postgresql://")

    def shown_database(self) -> str:
        """Return the URL of the store without a password.

        >>> Settings(database="postgresql://oo:secret@db/oo?password=secret&port=5433").shown_database()
        'postgresql://oo@db/oo?port=5433'
        """
        url = urlsplit(self.database)
        user, at, hosts = url.netloc.rpartition("@")
        given = [each for each in url.query.split("&") if not each.partition("=")[0].endswith("password")]
        return url._replace(netloc=user.partition(":")[0] + at + hosts, query="&".join(given)).geturl()

    def sqlite_path(self) -> Path:
        """Return the file of the SQLite store; raises `InvalidSetting` for a URL of another kind."""
        if self.on_postgresql():
            raise InvalidSetting(
                "That is done to the file of an SQLite store, and this one is in PostgreSQL.",
                "Use PostgreSQL's own means, or give another --db.",
            )
        prefix = "sqlite:///"
        if not self.database.startswith(prefix) or len(self.database) == len(prefix):
            known = re.sub(r"//.*@", "//…@", self.database)
            raise InvalidSetting(
                f"The database {known!r} is not one that oO can use.",
                "Give sqlite:///FILE or postgresql://USER@HOST/NAME (OO_DATABASE or --db).",
            )
        return Path(self.database.removeprefix(prefix)).expanduser()

    def offline_engine(self) -> str:
        """Return the name of the engine that makes training sets; raises `InvalidSetting` where there is none such."""
        name = self.offline.removesuffix(":")
        if self.offline != f"{name}:" or name not in ENGINES:
            raise InvalidSetting(
                f"There is no engine {name!r} for training sets. There is: {', '.join(ENGINES)}.",
                f"Give {ENGINES[0]}: (OO_OFFLINE), or --engine {ENGINES[0]}.",
            )
        return name


def _of_nats(server: str) -> bool:
    """Return whether a URL can be that of a server of NATS."""
    url = urlsplit(server)
    try:
        port = url.port
    except ValueError:
        return False
    return url.scheme in {"nats", "tls"} and bool(url.hostname) and port != 0


def strange_variables() -> list[str]:
    """Return a sentence for each variable of the environment that looks like a setting and is none."""
    known = [f"OO_{name.upper()}" for name in Settings.model_fields]
    found = sorted(name for name in os.environ if name.startswith("OO_") and name.upper() not in known)
    return [f"{shortened(name)[1:-1]} is no setting. {closest(name, known)}" for name in found]


def load_settings(**overrides: str) -> Settings:
    """Return the settings of this environment; raises `InvalidSetting` that names the first one that does not fit."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise InvalidSetting(f"OO_{name}: {first['msg']}.", "Change or unset that variable.") from error
    except SettingsError as error:
        raise InvalidSetting(f"{error}.", "Write a list as JSON, or unset that variable.") from error
