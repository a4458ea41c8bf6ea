"""oo import: bring in task lists and event logs."""

from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn

from oo import sources
from oo.cli.failure import REFUSED
from oo.cli.shell import machine_tz, now_ms, opened, print_json, progress_bar, with_store
from oo.domain.errors import UnreadableFile
from oo.domain.ids import checked
from oo.domain.instant import zone
from oo.domain.outcome import Fate
from oo.sources.base import SAMPLE_BYTES, Source
from oo.usecases.app import App
from oo.usecases.import_file import ImportReport

_SHOWN = 20
"""So many refused lines are printed for people; --json has them all."""


@click.command(name="import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--user", "user_id", metavar="U", help="Whose tasks they are; made if new.")
@click.option("--format", "form", type=click.Choice(sources.names()), help="[default: told from the content]")
@click.option("--tz", help="The zone of a new person. [default: this machine's]")
@click.option("--encoding", help="How the text is encoded. [default: UTF-8, or what its first bytes say]")
@with_store
def import_(  # one parameter an option
    files: tuple[Path, ...],
    user_id: str | None,
    form: str | None,
    tz: str | None,
    encoding: str | None,
    db: str | None,
    *,
    as_json: bool,
) -> None:
    """Bring in task lists for the person U, or logs of events.

    Importing the same file again changes nothing. Lines that cannot be accepted are named with the reason; the others
    are kept.
    """
    read = [(file, _source(file, form)) for file in files]
    _check_user(read, user_id)
    tz = tz or machine_tz()
    zone(tz)
    with opened(db) as app:
        reports = [
            (file, source, _imported(app, file, source, user_id or "", tz, encoding)) for file, source in read
        ]
    if as_json:
        print_json({"files": [_document(*entry) for entry in reports]})
    else:
        for file, _, report in reports:
            _print(file, report)
    if any(report.counts[Fate.REFUSED] for _, _, report in reports):
        raise click.exceptions.Exit(REFUSED)


def _source(file: Path, form: str | None) -> Source:
    if file.exists() and not file.is_file():
        raise UnreadableFile(
            f"{file} is not a file.", "It is read twice: write it to a file, and import that."
        )
    try:
        with file.open("rb") as stream:
            sample = stream.read(SAMPLE_BYTES)
    except OSError as error:
        raise UnreadableFile(f"{file} cannot be read: {error.strerror}.", "Check its name.") from error
    return sources.load(form) if form else sources.detect(sample, file.name)


def _check_user(read: list[tuple[Path, Source]], user_id: str | None) -> None:
    needy = [file for file, source in read if source.needs_user]
    if needy and user_id is None:
        raise click.UsageError(f"{needy[0]} does not say whose tasks it holds: give --user U.")
    if user_id is not None:
        checked(user_id, "user id")
        others = [file for file, source in read if not source.needs_user]
        if others:
            raise click.UsageError(f"{others[0]} is a log that names its people: leave out --user.")


def _imported(
    app: App, file: Path, source: Source, user_id: str, tz: str, encoding: str | None
) -> ImportReport:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with file.open("rb") as stream, progress_bar(*columns) as bar:
        task = bar.add_task(file.name, total=file.stat().st_size)
        return app.import_file(
            stream,
            source,
            user_id=user_id,
            tz=tz,
            now_ms=now_ms(),
            encoding=encoding,
            progress=lambda done: bar.update(task, completed=done),
        )


def _document(file: Path, source: Source, report: ImportReport) -> dict[str, object]:
    return {
        "file": click.format_filename(file),
        "format": source.name,
        **{fate.value: report.counts[fate] for fate in Fate},
        "refusals": [{"line": number, "message": message} for number, message in report.refused],
    }


_WORDS = {
    Fate.ACCEPTED: "new or changed",
    Fate.DUPLICATE: "known already",
    Fate.WAITING: "waiting",
    Fate.REFUSED: "refused",
}


def _print(file: Path, report: ImportReport) -> None:
    counted = ", ".join(
        f"{report.counts[fate]:,} {word}" for fate, word in _WORDS.items() if report.counts[fate]
    )
    click.echo(f"{click.format_filename(file, shorten=True)}: {counted or 'nothing in it'}.")
    for number, message in report.refused[:_SHOWN]:
        click.echo(f"  line {number}: {message}" if number else f"  {message}", err=True)
    hidden = report.counts[Fate.REFUSED] - _SHOWN
    if hidden > 0:
        click.echo(f"  … and {hidden:,} more; --json names them.", err=True)
