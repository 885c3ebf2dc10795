"""Commands about the store itself: make, look at, mend, copy, take out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from data_connectors.errors import rows_said
from rtcc_analytics.cli.app import ExplainOption, StoreOption, app, open_store, print_frame


@app.command()
def init(store: StoreOption) -> None:
    """Make a store, or bring an older one up to date."""
    from data_connectors import Store

    made = Store.create(store)
    typer.echo(f"store ready at {made.location}")
    typer.echo("next: rtcc load PROFILE FILES…   (rtcc profile list names the profiles)")


@app.command()
def describe(store: StoreOption, explain: ExplainOption = False) -> None:
    """Tables with their rows, first and last time, sources and last load."""
    print_frame(open_store(store, explain=explain).describe(), widest=None)


@app.command()
def doctor(store: Annotated[str, typer.Option("--store", envvar="RTCC_STORE", metavar="LOCATION")] = "") -> None:
    """Check versions, extensions and the store's health; say what mends what is wrong.

    Exits with 1 where a problem was found. Without a store, only the installation is checked.
    """
    from data_connectors.store import diagnose

    findings = diagnose(store or None)
    for finding in findings:
        typer.echo(f"{finding.level:<8} {finding.what}")
        if finding.remedy:
            typer.echo(f"         mend it: {finding.remedy}")
    if any(finding.level == "problem" for finding in findings):
        raise typer.Exit(1)


@app.command()
def schema(
    table: Annotated[str, typer.Argument(help="One table; all of them where left out")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For machines")] = False,
) -> None:
    """Print the data dictionary: every table's columns with type, unit and meaning."""
    from data_connectors.dictionary import as_records, as_text

    typer.echo(json.dumps(as_records(table or None), indent=2) if as_json else as_text(table or None))


@app.command()
def loads(store: StoreOption, explain: ExplainOption = False) -> None:
    """List the loads: number, time, who, table, source, rows, whether undone."""
    print_frame(open_store(store, explain=explain).loads(), empty="nothing was loaded yet")


@app.command()
def undo(
    load_id: Annotated[int, typer.Argument(help="Number of the load, from `rtcc loads`")],
    store: StoreOption,
    lake: Annotated[str, typer.Option(help="records, or sightings for plate reads and hotlists")] = "records",
) -> None:
    """Undo one load: its rows go, what it replaced comes back."""
    rows = open_store(store).undo(load_id, lake=lake)
    typer.echo(f"load {load_id} of {lake} undone: {rows_said(rows)} touched")


@app.command()
def expunge(
    table: Annotated[str, typer.Argument(help="Table that holds the sealed record")],
    store: StoreOption,
    source: Annotated[str, typer.Option(help="Feed it came from")],
    match: Annotated[list[str], typer.Option("--match", metavar="COLUMN=VALUE", help="Which rows; repeat to narrow")],
    reason: Annotated[str, typer.Option(help="Why, e.g. the order's number")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Take a sealed record out of every snapshot and every file of this store. There is no undo.

    It does not reach copies: loading a file that holds the record, or restoring a backup, brings it back.
    """
    wanted = dict(_pair(item) for item in match)
    if not yes:
        which = " and ".join(f"{column} = {value}" for column, value in wanted.items())
        typer.confirm(f"Take the rows of {table} with {which} from {source} out of every snapshot?", abort=True)
    rows = open_store(store).expunge(table, source=source, match=wanted, reason=reason)
    typer.echo(
        f"{rows_said(rows)} expunged; older snapshots no longer exist, so older reports keep their files but cannot be "
        "rerun\n"
        "not reached, and each brings the record back or still holds it:\n"
        f"  files of {source}: a reload reads the record in again. Have the sender seal it, take new files, destroy "
        "the old\n"
        "  backups: destroy those made before now and make a new one with rtcc backup; after a restore, expunge again\n"
        "  exports and reports made before now: destroy them, make them again"
    )


@app.command("correct-location")
def correct_location(
    table: Annotated[str, typer.Argument(help="incidents, calls, cameras or places")],
    store: StoreOption,
    source: Annotated[str, typer.Option(help="Feed the record came from")],
    lon: Annotated[float, typer.Option(help="Right longitude, WGS84 degrees")],
    lat: Annotated[float, typer.Option(help="Right latitude, WGS84 degrees")],
    reason: Annotated[str, typer.Option(help="Why, in your words")],
    record_id: Annotated[str, typer.Option(help="One record, by the source's identifier")] = "",
    address: Annotated[str, typer.Option(help="Every record at this address")] = "",
    outside: Annotated[
        bool, typer.Option("--outside", help="The place truly lies outside the feed's bounds; refused otherwise")
    ] = False,
) -> None:
    """Put a stacked or missing location right by hand; reloads keep it."""
    rows = open_store(store).correct_location(
        table=table,
        source=source,
        lon=lon,
        lat=lat,
        reason=reason,
        record_id=record_id or None,
        address=address or None,
        outside=outside,
    )
    typer.echo(f"{rows_said(rows)} corrected; the correction is applied again at every reload")


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="Folder to make")], store: StoreOption) -> None:
    """Copy the store, ledger included, as it stands at one moment."""
    open_store(store).backup(target)
    typer.echo(f"backup at {target}; bring it back with: rtcc restore {target} --store NEW_LOCATION")


@app.command()
def restore(source: Annotated[Path, typer.Argument(help="Folder that `rtcc backup` made")], store: StoreOption) -> None:
    """Make a store from a backup; an existing store is never overwritten."""
    from data_connectors import Store

    restored = Store.restore(source, store)
    typer.echo(f"restored to {restored.location}")


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="FILE.duckdb, or a folder for CSV")],
    store: StoreOption,
    table: Annotated[list[str] | None, typer.Option("--table", help="Only these; repeat")] = None,
) -> None:
    """Write the records as one plain .duckdb file, or as CSV safe to open in a spreadsheet.

    Plate reads, hotlists and the audit ledger never leave this way.
    """
    open_store(store).export(target, tables=tuple(table) if table else None)
    held = "one DuckDB file" if target.is_file() else "a folder, one CSV file a table"
    typer.echo(f"exported to {target}: {held}")


@app.command()
def quality(
    store: StoreOption,
    table: Annotated[str, typer.Option(help="incidents, calls or cameras; all that hold rows where left out")] = "",
    source: Annotated[str, typer.Option(help="One feed; all where left out")] = "",
    since: Annotated[str, typer.Option(metavar="DATE", help="Only records from this day on, e.g. 2024-01-31")] = "",
    explain: ExplainOption = False,
) -> None:
    """Look for what would mislead a map: stacked points, default hours, gaps, drift, lag."""
    from rtcc_analytics.workflows.quality import check_quality

    opened = open_store(store, explain=explain)
    reports = check_quality(opened, table=table or None, source=source or None, since=since or None)
    nothing = "the store holds no incidents, calls or cameras yet: load a file first"
    typer.echo("\n\n".join(map(str, reports)) or nothing)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE")
    return name, value
