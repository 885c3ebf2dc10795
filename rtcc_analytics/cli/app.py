"""The command tree: which commands there are, and the options they share."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

app = typer.Typer(
    name="rtcc",
    help="Crime analytics for a Real-Time Crime Center: records in, a command briefing out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

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


def open_store(location: str, *, explain: bool = False):
    """The store at `location`; the error of a missing one names the command that makes it."""
    from data_connectors import Store

    return Store(location, explain=explain)


def print_frame(frame, *, empty: str = "(no rows)") -> None:
    """Print a DataFrame whole, left-aligned text, one row a line; `empty` where there is none."""
    if frame.empty:
        typer.echo(empty)
        return
    typer.echo(frame.to_string(index=False, na_rep="-", max_colwidth=60))


for _family in ("store_commands", "load_commands", "report_commands", "demo_command"):
    importlib.import_module(f"rtcc_analytics.cli.{_family}")
