"""Commands that bring records in: load, fetch, profiles."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rtcc_analytics.cli.app import ExplainOption, app, open_store, print_frame

profile_app = typer.Typer(
    help="Profiles: which column of a feed means what.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(profile_app, name="profile")


@app.command()
def load(
    profile: Annotated[str, typer.Argument(help="Profile's name (rtcc profile list) or a TOML file")],
    files: Annotated[list[Path], typer.Argument(help="Files of one feed; they are loaded together or not at all")],
    store: Annotated[str, typer.Option("--store", envvar="RTCC_STORE", metavar="LOCATION")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything except writing")] = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Let a reload leave far fewer rows than before")
    ] = False,
    explain: ExplainOption = False,
) -> None:
    """Load files and print a receipt: read, new, changed, unchanged, rejected by reason."""
    from data_connectors import load as load_files
    from data_connectors.errors import RtccError

    if not store and not dry_run:
        raise RtccError("no store given: add --store LOCATION, set RTCC_STORE, or look first with --dry-run")
    opened = open_store(store, explain=explain) if store else None
    with _progress_bar() as report:
        receipt = load_files(opened, profile, files, dry_run=dry_run, allow_shrink=allow_shrink, progress=report)
    typer.echo(str(receipt))


@app.command()
def fetch(
    url: Annotated[
        str, typer.Argument(help="Socrata resource (…/resource/abcd-1234.json) or ArcGIS layer (…/FeatureServer/0)")
    ],
    folder: Annotated[Path, typer.Argument(help="Where the pages go; run again to resume")],
    page_size: Annotated[int, typer.Option(help="Rows a page; the server's own limit where smaller")] = 1000,
    token: Annotated[str, typer.Option(envvar="RTCC_APP_TOKEN", help="Socrata application token")] = "",
) -> None:
    """Download a public feed page by page, with retries; then `rtcc load` the files."""
    from data_connectors.readers.http import fetch as fetch_pages

    with _progress_bar() as report:
        download = fetch_pages(
            url,
            folder,
            page_size=page_size,
            token=token or None,
            progress=report,
            retrying=lambda told: typer.echo(told, err=True),
        )
    typer.echo(str(download))


@profile_app.command("list")
def profile_list() -> None:
    """Name the profiles that ship with the project: table and title, and below them what each rests on."""
    from data_connectors.profile import shipped_profiles

    profiles = shipped_profiles()
    name_width, table_width = profiles["name"].str.len().max(), profiles["table"].str.len().max()
    for profile in profiles.itertuples(index=False):
        typer.echo(f"{profile.name:{name_width}}  {profile.table:{table_width}}  {profile.title}")
        typer.echo(f"    {profile.evidence}")


@profile_app.command("show")
def profile_show(name: Annotated[str, typer.Argument(help="Profile's name or a TOML file")]) -> None:
    """Print a profile as written."""
    from data_connectors.profile import Profile

    typer.echo(Profile.find(name).text)


@profile_app.command("suggest")
def profile_suggest(
    file: Annotated[Path, typer.Argument(help="A file never seen before")],
    table: Annotated[
        str, typer.Option(help="What it holds, where you know: incidents, calls, plate_reads, cameras …")
    ] = "",
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the draft here, to a new file, instead of printing it")
    ] = None,
) -> None:
    """Draft a profile for a file, and preview what each column would become."""
    from data_connectors.errors import RtccError
    from data_connectors.suggest import suggest

    if write and write.exists():
        raise RtccError(f"{write} is there already and may hold your own work: give another name, or remove it first")
    suggestion = suggest(file, table=table or None)
    if write:
        try:
            write.write_text(suggestion.toml, encoding="utf-8")
        except OSError as error:
            raise RtccError(f"{write} cannot be written: {error.strerror}; give another name") from error
        typer.echo(f"draft written to {write}; read it, mend it, then: rtcc load {write} {file} --dry-run")
        typer.echo("\n".join(["to check first:", *(f"  - {told}" for told in suggestion.unsure), ""]))
    else:
        typer.echo(suggestion.toml)
    print_frame(suggestion.preview)


class _progress_bar:
    """A rich bar on a terminal; silence where output is captured."""

    def __enter__(self):
        if not sys.stderr.isatty():
            return None
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            transient=True,
        )
        self._bar.start()
        task = self._bar.add_task("starting", total=None)

        def report(done: int, total: int, what: str) -> None:
            self._bar.update(task, completed=done, total=total or None, description=what)

        return report

    def __exit__(self, *_) -> None:
        if hasattr(self, "_bar"):
            self._bar.stop()
