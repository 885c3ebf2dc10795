"""The command tree: which commands there are, and the options they share."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas

    from data_connectors import Store

app = typer.Typer(
    name="rtcc",
    help="Crime analytics for a Real-Time Crime Center: records in, a command briefing out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"rtcc {version('rtcc-workbench')}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave")
    ] = False,
) -> None:
    """Crime analytics for a Real-Time Crime Center: records in, a command briefing out."""


StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="RTCC_STORE",
        metavar="LOCATION",
        help="Store: a folder, or postgresql://user@host/db?data_path=FOLDER",
    ),
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Print each SQL with its rows and time")]


def open_store(location: str, *, explain: bool = False) -> Store:
    """The store at `location`; the error of a missing one names the command that makes it."""
    from data_connectors import Store

    return Store(location, explain=explain)


def print_frame(frame: pandas.DataFrame, *, empty: str = "(no rows)", widest: int | None = 60) -> None:
    """Print a DataFrame: one row a line, cells cut at `widest`, instants to the minute, UTC; `empty` for no row."""
    if frame.empty:
        typer.echo(empty)
        return
    shown = frame.copy()
    for name in shown.select_dtypes(["datetime", "datetimetz"]):
        zone = " UTC" if shown[name].dt.tz is not None else ""
        shown[name] = shown[name].dt.strftime("%Y-%m-%d %H:%M")
        shown = shown.rename(columns={name: f"{name}{zone}"})
    typer.echo(shown.to_string(index=False, na_rep="-", max_colwidth=widest))


for _family in (
    "store_commands",
    "load_commands",
    "report_commands",
    "demo_command",
    "lpr_commands",
    "accountability_commands",
    "watch_commands",
):
    importlib.import_module(f"rtcc_analytics.cli.{_family}")
