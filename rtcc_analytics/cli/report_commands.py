"""Commands that brief: list, run and rerun reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtcc_analytics.cli.app import ExplainOption, StoreOption, app, open_store, print_frame
from rtcc_analytics.cli.store_commands import _pair

report_app = typer.Typer(
    help="Reports: parameterized notebooks, run to HTML and PDF.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(report_app, name="report")


@report_app.command("list")
def report_list() -> None:
    """Name the reports and their parameters."""
    from rtcc_analytics.report.running import list_reports

    print_frame(list_reports())


@report_app.command("run")
def report_run(
    name: Annotated[str, typer.Argument(help="Report's name, from `rtcc report list`")],
    store: StoreOption,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for HTML, PDF, data and provenance")] = Path(
        "out"
    ),
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="Repeat for each")
    ] = None,
    explain: ExplainOption = False,
) -> None:
    """Run a report; leave HTML, PDF, the data behind every number, and how it was made."""
    from rtcc_analytics.report.running import run_report

    parameters = dict(_pair(item) for item in parameter or ())
    typer.echo(str(run_report(name, open_store(store, explain=explain), parameters=parameters, out=out)))


@report_app.command("rerun")
def report_rerun(
    provenance: Annotated[Path, typer.Argument(help="provenance.json of an earlier run")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR")] = Path("out"),
) -> None:
    """Make a report again from its provenance; the data must come out the same, byte for byte."""
    from rtcc_analytics.report.running import rerun

    typer.echo(str(rerun(provenance, out)))
