"""oo demo: personas live through a month in a store of their own, and what was learned is printed."""

import functools
import shlex
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.progress import Progress

from oo.api.server import free_port
from oo.cli.serve import DEFAULT_PORT, LOOPBACK, announce
from oo.cli.serving import run
from oo.cli.shell import machine_tz, now_ms, print_json, print_table, progress_bar, settings_for, with_json
from oo.compose import compose
from oo.domain.errors import InvalidSetting
from oo.domain.instant import local_day
from oo.evaluation.persona import Persona
from oo.evaluation.personas import cast
from oo.settings import load_settings
from oo.usecases.live import Live, Lived

YARDSTICK = "uniform/v1"
START = date(2026, 9, 1)
"""The first day of the lives: fixed, so that the same seed gives the same month whenever it is run."""


@click.command()
@click.option("--users", type=click.IntRange(1, 1000), default=12, show_default=True, help="How many people.")
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True, help="How many days.")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same lives."
)
@click.option("--no-serve", is_flag=True, help="Print the summary and end.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Where to serve; 0 takes any free port. [default: 8000, or any free one]",
)
@click.option(
    "--keep",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the store of the active policy there; else it is gone at the end.",
)
@with_json
def demo(
    users: int,
    days: int,
    seed: int,
    port: int | None,
    keep: Path | None,
    *,
    no_serve: bool,
    as_json: bool,
) -> None:
    """Let personas with task lists live through a month by the real use cases, and print what was learned.

    The lives are lived twice, in temporary stores: once by the active policy, once with tips drawn at random. The
    people of the active policy are then served, with the month that they lived: until yesterday, or with --no-serve one
    that is the same whenever it is run.
    """
    if keep is not None and keep.exists():
        raise InvalidSetting(f"{keep} is there already.", "Give --keep a new file: people are made anew.")
    personas = cast(users, seed)
    active = load_settings().policy
    start = START if no_serve else _today() - timedelta(days=days)
    with tempfile.TemporaryDirectory(prefix="oo-demo-") as folder:
        stores = {
            policy: Path(folder) / f"{number}.db" for number, policy in enumerate({active: 0, YARDSTICK: 1})
        }
        stores[active] = keep.absolute() if keep else stores[active]
        with progress_bar() as bar:
            lives = {
                policy: _lived(personas, policy, start, days, seed, store, bar)
                for policy, store in stores.items()
            }
        summary = _summary(users, days, active, lives)
        if as_json:
            print_json(summary)
        else:
            _print(summary)
        if not no_serve:
            say = functools.partial(_announce, stores[active], err=as_json)
            run(settings_for(str(stores[active])), LOOPBACK, _free_port(port), announce=say)


def _announce(store: Path, address: str, *, err: bool) -> None:
    announce(address, err=err)
    click.echo(f"Look into it with: oo features verify --db {shlex.quote(str(store))}", err=err)


def _today() -> date:
    return date.fromisoformat(local_day(now_ms(), machine_tz()))


def _free_port(port: int | None) -> int:
    if port is not None:
        return free_port(LOOPBACK, port)
    try:
        return free_port(LOOPBACK, DEFAULT_PORT)
    except InvalidSetting:
        return free_port(LOOPBACK, 0)


def _lived(  # what makes a life is given, and nothing else
    personas: Sequence[Persona], policy: str, start: date, days: int, seed: int, store: Path, bar: Progress
) -> Lived:
    task = bar.add_task(f"living {days} days with {policy}", total=len(personas))
    app = compose(load_settings(database=f"sqlite:///{store}", policy=policy))
    try:
        live = Live(app=app, seed=seed, timer=time.perf_counter)
        return live(personas, start=start, days=days, progress=lambda: bar.advance(task))
    finally:
        app.close()


def _summary(users: int, days: int, active: str, lives: dict[str, Lived]) -> dict[str, Any]:
    p50, p99 = np.percentile(np.array(lives[active].recommend_sec) * 1_000, [50, 99]).tolist()
    return {
        "users": users,
        "days": days,
        "tips_served": lives[active].tips_served,
        "active": active,
        "reward_rate": {policy: round(lived.reward_rate, 6) for policy, lived in lives.items()},
        "recommend_ms": {"p50": round(p50, 3), "p99": round(p99, 3)},
    }


def _against(rate: float, yardstick: float) -> str | None:
    return f"{rate / yardstick - 1:+.0%}" if yardstick else None


def _print(summary: dict[str, Any]) -> None:
    rates, active = summary["reward_rate"], summary["active"]
    click.echo(
        f"{summary['users']} people lived {summary['days']} days and were shown {summary['tips_served']:,} tips."
    )
    print_table(
        ["policy", "reward a tip", "against random"],
        [[policy, f"{rate:.3f}", _against(rate, rates[YARDSTICK])] for policy, rate in rates.items()],
        empty="",
    )
    times = summary["recommend_ms"]
    click.echo(
        f"One recommendation by {active} took {times['p50']:.1f} ms (median), {times['p99']:.1f} ms (p99)."
    )
