"""Commands about plate reads: search them for a stated purpose, keep the lists clean, pack a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data_connectors.errors import rows_said
from rtcc_analytics.cli.app import StoreOption, app, open_store, print_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_connectors import Purpose, Store

lpr_app = typer.Typer(
    help="Plate reads: every search needs a case and a reason, and is in the ledger. Lead only, not probable cause.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(lpr_app, name="lpr")

CaseOption = Annotated[str, typer.Option("--case", envvar="RTCC_CASE", help="Case number")]
ReasonOption = Annotated[str, typer.Option("--reason", envvar="RTCC_REASON", help="Coded reason: investigation …")]
TextOption = Annotated[str, typer.Option("--text", help="The reason in words, where the policy asks")]
SupervisorOption = Annotated[str, typer.Option("--supervisor", help="Who approved it, where the policy asks")]
StartOption = Annotated[str, typer.Option("--start", help="First day or time, local: 2025-11-01")]
EndOption = Annotated[str, typer.Option("--end", help="The day or time after the last")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write the rows as CSV instead of printing")
]
PlateArgument = Annotated[str, typer.Argument(help="Letters and digits of the plate")]
EngineOption = Annotated[
    str, typer.Option("--engine", envvar="RTCC_ENGINE", help="What does the work: duckdb, or spark for a state's reads")
]
RowsOption = Annotated[int, typer.Option("--rows", help="Most rows printed")]


def _purpose(case: str, reason: str, text: str, supervisor: str) -> Purpose:
    from data_connectors import Purpose

    return Purpose(reason_code=reason, case_number=case, text=text, supervisor=supervisor)


def _ask(
    store: str,
    purpose: Purpose,
    search: Callable[[Any], Any],
    *,
    out: Path | None,
    rows: int,
    engine: str = "duckdb",
) -> None:
    """Run one search and print its caveats and rows, or write the rows and print the caveats."""
    opened = open_store(store)
    _tell_of_no_policy(opened)
    with opened.sightings(purpose, engine=engine) as sightings:
        found = search(sightings)
    typer.echo(str(found))
    if out is None:
        print_frame(found.to_frame().drop(columns="statement").head(rows))
        return
    from data_connectors.store import audit_report

    found.write_csv(out)
    audit_report.record(opened, action="export", what=found.search, purpose=purpose, rows=len(found))
    typer.echo(f"{rows_said(len(found))} in {out}; the export is in the ledger")


def _tell_of_no_policy(opened: Store) -> None:
    from data_connectors.store.policy import FILE

    if not (opened._place.root / FILE).exists():
        typer.echo(f"no {FILE} here: any reason passes, and any user (rtcc policy start writes one)", err=True)


@lpr_app.command("history")
def lpr_history(
    plate: PlateArgument,
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    out: OutOption = None,
    rows: RowsOption = 200,
    engine: EngineOption = "duckdb",
    partial: Annotated[bool, typer.Option("--partial", help="The characters may stand anywhere in the plate")] = False,
) -> None:
    """Where a plate was read. * stands for any run of characters, ? for one."""
    from rtcc_analytics.lpr import history

    _ask(
        store,
        _purpose(case, reason, text, supervisor),
        lambda s: history(s, plate=plate, start=start, end=end, partial=partial),
        out=out,
        rows=rows,
        engine=engine,
    )


@lpr_app.command("similar")
def lpr_similar(
    plate: PlateArgument,
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    out: OutOption = None,
    rows: RowsOption = 200,
    most_cost: Annotated[
        float, typer.Option(help="1.8: one confusable character; 2.8: one slip; 4: any one character")
    ] = 2.8,
) -> None:
    """Plates that may be a misreading of one, likeliest first, with how many unrelated ones chance accepts."""
    from rtcc_analytics.lpr import search_similar

    _ask(
        store,
        _purpose(case, reason, text, supervisor),
        lambda s: search_similar(s, plate=plate, start=start, end=end, most_cost=most_cost),
        out=out,
        rows=rows,
    )


@lpr_app.command("hits")
def lpr_hits(
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    out: OutOption = None,
    rows: RowsOption = 200,
    engine: EngineOption = "duckdb",
    similar: Annotated[bool, typer.Option("--similar", help="Also plates that look alike")] = False,
    retro: Annotated[bool, typer.Option("--retro", help="Also passages from before an entry was issued")] = False,
    category: Annotated[list[str] | None, typer.Option("--category", help="Only these categories; repeat")] = None,
) -> None:
    """Passages of wanted plates, with the age of the list. Verify before stop."""
    from rtcc_analytics.lpr import hotlist_matches

    _ask(
        store,
        _purpose(case, reason, text, supervisor),
        lambda s: hotlist_matches(s, start=start, end=end, similar=similar, retro=retro, categories=category or None),
        out=out,
        rows=rows,
        engine=engine,
    )


@lpr_app.command("places")
def lpr_places(
    incidents: Annotated[list[str], typer.Argument(help="Incident identifiers, as in the table incidents")],
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    out: OutOption = None,
    rows: RowsOption = 200,
    engine: EngineOption = "duckdb",
    radius_m: Annotated[float, typer.Option(help="Readers this near count, metres")] = 2000.0,
    before_min: Annotated[float, typer.Option(help="Minutes before each incident")] = 20.0,
    after_min: Annotated[float, typer.Option(help="Minutes after it")] = 20.0,
    min_places: Annotated[int, typer.Option(help="Fewest incidents matched")] = 2,
) -> None:
    """Vehicles near several incidents in their windows, with how many chance gives."""
    from rtcc_analytics.lpr import LprError, at_places, places_of

    found = open_store(store).read(
        "SELECT incident_id, lon, lat, occurred_from, occurred_to FROM incidents "
        "WHERE incident_id IN (SELECT unnest($ids::VARCHAR[]))",
        ids=list(incidents),
    )
    missing = sorted(set(incidents) - set(found["incident_id"]))
    if missing:
        raise LprError(f"the store has no incident {', '.join(missing)}: rtcc describe names its sources")
    _ask(
        store,
        _purpose(case, reason, text, supervisor),
        lambda s: at_places(
            s,
            places_of(found),
            start=start,
            end=end,
            radius_m=radius_m,
            before_min=before_min,
            after_min=after_min,
            min_places=min_places,
        ),
        out=out,
        rows=rows,
        engine=engine,
    )


@lpr_app.command("with")
def lpr_with(
    plate: PlateArgument,
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    out: OutOption = None,
    rows: RowsOption = 50,
    engine: EngineOption = "duckdb",
    window_s: Annotated[int, typer.Option(help="Seconds apart at the same reader")] = 60,
    min_trips: Annotated[int, typer.Option(help="Fewest trips together")] = 2,
) -> None:
    """Who travels with a vehicle: companions on several trips, with how many chance gives."""
    from rtcc_analytics.lpr import travels_with

    _ask(
        store,
        _purpose(case, reason, text, supervisor),
        lambda s: travels_with(s, plate=plate, start=start, end=end, window_s=window_s, min_trips=min_trips),
        out=out,
        rows=rows,
        engine=engine,
    )


@lpr_app.command("convoys")
def lpr_convoys(
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    out: OutOption = None,
    rows: RowsOption = 50,
    window_s: Annotated[int, typer.Option(help="Seconds apart at the same reader")] = 60,
    min_readers: Annotated[int, typer.Option(help="Fewest different readers")] = 3,
) -> None:
    """All pairs seen together at several readers in a day; ask `rtcc lpr with` of each."""
    from rtcc_analytics.lpr import convoys

    _ask(
        store,
        _purpose(case, reason, text, supervisor),
        lambda s: convoys(s, start=start, end=end, window_s=window_s, min_readers=min_readers),
        out=out,
        rows=rows,
    )


@lpr_app.command("life")
def lpr_life(
    plate: PlateArgument,
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    out: OutOption = None,
    rows: RowsOption = 50,
) -> None:
    """Where and at what hours a vehicle is usually seen, against the days the readers worked."""
    from rtcc_analytics.lpr import pattern_of_life

    _ask(
        store,
        _purpose(case, reason, text, supervisor),
        lambda s: pattern_of_life(s, plate=plate, start=start, end=end),
        out=out,
        rows=rows,
    )


@lpr_app.command("impossible")
def lpr_impossible(
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    out: OutOption = None,
    rows: RowsOption = 50,
    plate: Annotated[str, typer.Option(help="One plate; all where left out")] = "",
    max_kmh: Annotated[float, typer.Option(help="Fastest straight-line speed believed")] = 160.0,
) -> None:
    """Plates in two places sooner than a vehicle could be: misread, or on two vehicles."""
    from rtcc_analytics.lpr import impossible_travel

    _ask(
        store,
        _purpose(case, reason, text, supervisor),
        lambda s: impossible_travel(s, start=start, end=end, plate=plate, max_kmh=max_kmh),
        out=out,
        rows=rows,
    )


@lpr_app.command("trips")
def lpr_trips(
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    out: OutOption = None,
    rows: RowsOption = 50,
) -> None:
    """Where trips begin and end, and travel times between readers; no plate is in it."""
    from rtcc_analytics.lpr import origin_destination

    _ask(
        store,
        _purpose(case, reason, text, supervisor),
        lambda s: origin_destination(s, start=start, end=end),
        out=out,
        rows=rows,
    )


@lpr_app.command("readers")
def lpr_readers(
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    start: StartOption,
    end: EndOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
) -> None:
    """How the readers do: reads a day, repeated reads, confidence drift, outages."""
    from rtcc_analytics.lpr import reader_performance

    with open_store(store).sightings(_purpose(case, reason, text, supervisor)) as sightings:
        found = reader_performance(sightings, start=start, end=end)
    print_frame(found.readers.round(3))
    print_frame(found.outages.round({"hours": 1, "expected_reads": 1}), empty="no outage")


@lpr_app.command("hygiene")
def lpr_hygiene(
    store: StoreOption,
    case: CaseOption,
    reason: ReasonOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
    allow: Annotated[list[str] | None, typer.Option("--allow", help="A category the agency allows; repeat")] = None,
) -> None:
    """What is wrong with the hotlists: expired, stale, no case, duplicates, categories not allowed."""
    from rtcc_analytics.lpr import hotlist_hygiene

    with open_store(store).sightings(_purpose(case, reason, text, supervisor)) as sightings:
        found = hotlist_hygiene(sightings, allowed=allow or None)
    counted = found.groupby(["list_name", "fault", "remedy"]).size().rename("entries").reset_index()
    print_frame(counted, empty="nothing is wrong with the lists")


@lpr_app.command("packet")
def lpr_packet(
    case: Annotated[str, typer.Argument(help="Case number")],
    store: StoreOption,
    reason: ReasonOption,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the PDF and the JSON")] = Path(
        "packets"
    ),
    text: TextOption = "",
    supervisor: SupervisorOption = "",
) -> None:
    """Pack every search made under a case: questions, answers, hashes, ledger rows; PDF and JSON."""
    from rtcc_analytics.lpr.packet import case_packet

    made = case_packet(open_store(store), _purpose(case, reason, text, supervisor), out)
    typer.echo(f"{made.pdf}\n{made.json}\ncheck it later: rtcc lpr verify {made.json}")


@lpr_app.command("verify")
def lpr_verify(
    packet: Annotated[Path, typer.Argument(help="JSON of a case packet")],
    store: StoreOption,
    reason: ReasonOption,
    text: TextOption = "",
    supervisor: SupervisorOption = "",
) -> None:
    """What of a case packet still matches the ledger and the reads. Exits with 1 where anything does not."""
    from rtcc_analytics.lpr.packet import read_packet, verify_packet

    case = read_packet(packet)["case_number"]
    found = verify_packet(packet, open_store(store), _purpose(case, reason, text, supervisor))
    print_frame(found)
    if not found["matches"].all():
        raise typer.Exit(1)
