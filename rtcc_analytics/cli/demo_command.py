"""`rtcc simulate` and `rtcc demo`: the main job on a county that does not exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcc_analytics.cli.app import app, open_store

if TYPE_CHECKING:
    from rtcc_analytics.quality import QualityReport


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where the raw vendor-shaped files go")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes")] = 20260101,
    scale: Annotated[float, typer.Option(help="1 is about a county's incidents; 6 is about 300,000")] = 1.0,
) -> None:
    """Write a simulated county as raw files, with the planted truth beside them."""
    from data_connectors.simulate import simulate_county

    typer.echo(str(simulate_county(folder, seed=seed, scale=scale)))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for raw files, store and briefing")] = Path(
        "demo"
    ),
) -> None:
    """Simulate a county, load it, check it, brief it; say where the results are."""
    from data_connectors import Store
    from data_connectors.simulate import load_simulated, simulate_county
    from rtcc_analytics.quality import assess
    from rtcc_analytics.report.running import run_report

    typer.echo("1/4 simulate a county (everything in it is SIMULATED)")
    county = simulate_county(out / "raw")
    typer.echo("2/4 load its raw files")
    store = Store.create(str(out / "store"))
    for receipt in load_simulated(store, county.folder):
        typer.echo(receipt.one_line())
    typer.echo("3/4 check the data before any map")
    _say_quality(assess(store, table="incidents"), store.location)
    typer.echo("4/4 brief command staff")
    run = run_report("weekly_briefing", open_store(store.location), parameters={}, out=out / "briefing")
    typer.echo(str(run))
    typer.echo("\nopen next:")
    typer.echo(f"  {run.html}   the briefing, in any browser, network off or on")
    typer.echo(f"  {run.pdf}   the same, two pages for print")
    typer.echo("  make lab   explore the same store in JupyterLab")


def _say_quality(report: QualityReport, location: str) -> None:
    """What must be read before any map, one line each; the rest is counted."""
    for finding in report.findings:
        if finding.severity != "note":
            typer.echo(f"  {finding.severity:<8} {finding.source} {finding.check}: {finding.what}")
    notes = sum(finding.severity == "note" for finding in report.findings)
    typer.echo(f"  and {notes} notes; all of it with remedies: rtcc quality --store {location}")
