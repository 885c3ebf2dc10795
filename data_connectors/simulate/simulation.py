"""One call makes the county's files and its truth; another loads them like anyone's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data_connectors.errors import RtccError
from data_connectors.simulate.calls import simulate_calls
from data_connectors.simulate.cameras import camera_registry
from data_connectors.simulate.clock import DAY, day_number, to_utc
from data_connectors.simulate.county import County, build_county
from data_connectors.simulate.gazetteer import MARK
from data_connectors.simulate.incidents import Span, simulate_incidents, span_of
from data_connectors.simulate.map_files import places_table, population_table, write_areas, write_streets
from data_connectors.simulate.plate_files import hotlist, write_hotlists, write_reads
from data_connectors.simulate.reads import simulate_reads
from data_connectors.simulate.recording import as_recorded
from data_connectors.simulate.truth import crime_truth, plate_truth, write_truth
from data_connectors.simulate.weather import weather_table
from data_connectors.simulate.writing import (
    published_table,
    write_calls,
    write_crimes,
    write_csv,
)

if TYPE_CHECKING:
    from data_connectors.loading import LoadReceipt
    from data_connectors.store import Store

MANIFEST = f"{MARK}_files.json"
DEFAULT_UNTIL = date(2025, 11, 24)
DEFAULT_SEED = 20260101

Progress = Callable[[int, int, str], None]


class SimulationError(RtccError):
    """Parameters that make no county, or a folder that holds none."""


@dataclass(frozen=True)
class SimulatedFile:
    """One raw file and the profile it loads with."""

    profile: str
    path: Path


@dataclass(frozen=True)
class SimulatedCounty:
    """What `simulate_county` wrote.

    Attributes
    ----------
    folder : Path
        Where the files lie.
    files : tuple of SimulatedFile
        In loading order, each with its profile.
    truth : Path
        ``truth.json``, the planted truth; ``truth_incidents.csv`` and ``truth_reads.csv`` lie beside it.
    seed : int
        The seed it came from.
    until : date
        The day after the last simulated day.
    """

    folder: Path
    files: tuple[SimulatedFile, ...]
    truth: Path
    seed: int
    until: date

    def __str__(self) -> str:
        """One line for a terminal."""
        feeds = len(self.by_profile())
        count = f"{len(self.files)} files of {feeds} feeds"
        return f"{MARK} county in {self.folder}: {count}, planted truth in {self.truth.name}"

    def by_profile(self) -> dict[str, tuple[Path, ...]]:
        """Each profile's files, in loading order."""
        groups: dict[str, tuple[Path, ...]] = {}
        for file in self.files:
            groups[file.profile] = (*groups.get(file.profile, ()), file.path)
        return groups


def simulate_county(
    folder: str | Path,
    *,
    seed: int = DEFAULT_SEED,
    until: date = DEFAULT_UNTIL,
    years: int = 4,
    scale: float = 1.0,
    plate_days: int = 30,
    traffic: float = 1.0,
    as_of: date | None = None,
    progress: Progress | None = None,
) -> SimulatedCounty:
    """Write a simulated county's raw files and its planted truth into `folder`.

    Parameters
    ----------
    folder : path
        Made if missing. Files of an earlier simulation in it are overwritten.
    seed : int
        The same seed and parameters give the same bytes on any machine with the same NumPy.
    until : date
        The day after the last simulated day; a Monday makes the last week whole. Planted things count back from it.
    years : int
        Whole calendar years before `until`'s own; the simulation begins on the first of January.
    scale : float
        Multiple of the default number of crimes and calls (1 gives about 12,000 crimes a year).
    plate_days : int
        Days of plate reads, ending at `until`.
    traffic : float
        Multiple of the default number of vehicles (1 gives about 8,000 reads a day).
    as_of : date, optional
        Write only what was known before this day (by default `until`). A later day in the same simulated world
        holds more and late reports, as next week's exports would.
    progress : callable, optional
        Called with steps done, steps in all, and what comes next.

    Returns
    -------
    SimulatedCounty
        The files, each with the profile it loads with, and where the truth lies.

    Raises
    ------
    SimulationError
        A parameter makes no county, e.g. `as_of` after `until`.

    Examples
    --------
    >>> import tempfile
    >>> made = simulate_county(tempfile.mkdtemp(), years=0, scale=0.05, plate_days=12, traffic=0.05)
    >>> len(made.by_profile())
    15
    >>> made.truth.name
    'truth.json'
    """
    _check(until=until, years=years, scale=scale, plate_days=plate_days, traffic=traffic, as_of=as_of)
    folder, step = Path(folder), progress or (lambda done, total, what: None)
    folder.mkdir(parents=True, exist_ok=True)
    span, known_by = span_of(until, years), day_number(as_of or until) * DAY
    step(0, 4, "streets and addresses")
    county = build_county()
    step(1, 4, "crimes and calls")
    rows = as_recorded(simulate_incidents(county, seed=seed, span=span, scale=scale), county, seed=seed)
    calls = simulate_calls(rows, county, seed=seed, span=span, scale=scale)
    step(2, 4, "vehicles and plate reads")
    days = Span(max(span.first, span.until - plate_days), span.until)
    reads, vehicles, planting = simulate_reads(county, seed=seed, span=days, traffic=traffic)
    entries = hotlist(planting, vehicles, seed=seed, span=days)
    step(3, 4, "files")
    files = _map_files(folder, county, seed=seed, span=span)
    files.append(SimulatedFile("simulated_weather", folder / f"{MARK}_weather.csv"))
    write_csv(files[-1].path, weather_table(seed=seed, span=span, until=known_by // DAY))
    files += _crime_files(folder, county, rows, calls, known_by=known_by)
    utc = int(to_utc(np.array([known_by]))[0])
    files += _plate_files(folder, reads, vehicles, entries, known_by=known_by, known_by_utc=utc)
    made_with = {"seed": seed, "until": str(until), "years": years, "scale": scale, "plate_days": plate_days,
                 "traffic": traffic, "as_of": str(as_of or until)}  # fmt: skip
    truth = {
        "made_with": made_with, "crimes": crime_truth(rows, span=span, known_by=known_by),
        "calls": int((calls["received"] < known_by).sum()),
        "plates": plate_truth(reads, vehicles, planting, entries, known_by=utc),
    }  # fmt: skip
    path = write_truth(folder, truth, rows, reads, vehicles, county)
    _write_manifest(folder, files, made_with)
    step(4, 4, "done")
    return SimulatedCounty(folder, tuple(files), path, seed, until)


def _check(*, until: date, years: int, scale: float, plate_days: int, traffic: float, as_of: date | None) -> None:
    if years < 0 or (years == 0 and until < date(until.year, 3, 1)):
        raise SimulationError(f"years={years} with until={until} simulates less than two months. Give years=1 or more.")
    if scale <= 0 or traffic <= 0:
        raise SimulationError(f"scale={scale} and traffic={traffic} must both be above 0.")
    if not 10 <= plate_days <= 366:
        raise SimulationError(f"plate_days={plate_days} is outside 10 to 366: convoys need days to travel on.")
    if as_of is not None and not date(until.year - years, 3, 1) <= as_of <= until:
        raise SimulationError(f"as_of={as_of} must lie within the simulated days, which end at until={until}.")


def _map_files(folder: Path, county: County, *, seed: int, span: Span) -> list[SimulatedFile]:
    kinds = {"areas": "geojson", "streets": "geojson", "places": "csv", "population": "csv", "cameras": "csv"}
    named = {kind: folder / f"{MARK}_{kind}.{suffix}" for kind, suffix in kinds.items()}
    write_areas(named["areas"], county)
    write_streets(named["streets"], county)
    write_csv(named["places"], places_table(county))
    write_csv(named["population"], population_table(county))
    write_csv(named["cameras"], camera_registry(county, seed=seed, span=span))
    return [SimulatedFile(f"simulated_{kind}", path) for kind, path in named.items()]


def _crime_files(
    folder: Path, county: County, rows: pd.DataFrame, calls: pd.DataFrame, *, known_by: int
) -> list[SimulatedFile]:
    by_feed = write_crimes(folder, rows, county, known_by=known_by)
    files = [SimulatedFile(feed, path) for feed, paths in by_feed.items() for path in paths]
    files.append(SimulatedFile("simulated_cad_calls", folder / f"{MARK}_cad_calls.csv"))
    write_calls(files[-1].path, calls, known_by=known_by)
    published = published_table(rows, known_by=known_by)
    if len(published):
        files.append(SimulatedFile("simulated_published_counts", folder / f"{MARK}_published_counts.csv"))
        write_csv(files[-1].path, published)
    return files


def _plate_files(folder: Path, reads: pd.DataFrame, vehicles: pd.DataFrame, entries: pd.DataFrame, *, known_by: int,
                 known_by_utc: int) -> list[SimulatedFile]:  # fmt: skip
    by_vendor = write_reads(folder, reads, vehicles, known_by=known_by_utc)
    lists = write_hotlists(folder, entries, known_by=known_by)
    files = [SimulatedFile(f"simulated_{vendor}", path) for vendor, paths in by_vendor.items() for path in paths]
    return files + [SimulatedFile(f"simulated_hotlist_{kind}", path) for kind, path in lists.items()]


def _write_manifest(folder: Path, files: list[SimulatedFile], made_with: dict[str, Any]) -> None:
    listed = [{"profile": f.profile, "file": f.path.name} for f in files]
    text = json.dumps({"notice": MARK, "made_with": made_with, "files": listed}, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")


def simulated_in(folder: str | Path) -> SimulatedCounty:
    """The simulated county that an earlier `simulate_county` wrote into a folder.

    Raises
    ------
    SimulationError
        The folder holds none.

    Examples
    --------
    >>> simulated_in("no_such_folder")
    Traceback (most recent call last):
    data_connectors.simulate.simulation.SimulationError: no_such_folder holds no SIMULATED_files.json...
    """
    folder = Path(folder)
    if not (folder / MANIFEST).exists():
        raise SimulationError(f"{folder} holds no {MANIFEST}. Make one with simulate_county({str(folder)!r}).")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    files = tuple(SimulatedFile(f["profile"], folder / f["file"]) for f in manifest["files"])
    made = manifest["made_with"]
    return SimulatedCounty(folder, files, folder / "truth.json", made["seed"], date.fromisoformat(made["until"]))


def load_simulated(
    store: Store | str | Path, folder: str | Path, progress: Progress | None = None
) -> tuple[LoadReceipt, ...]:
    """Load every file of a simulated county by the ordinary loader; one receipt a feed, in loading order.

    Parameters
    ----------
    store : Store or location
        Where to.
    folder : path
        What `simulate_county` wrote into.
    progress : callable, optional
        Called with feeds done, feeds in all, and the feed that comes next.

    Examples
    --------
    >>> load_simulated.__name__
    'load_simulated'
    """
    from data_connectors import load

    groups = simulated_in(folder).by_profile()
    receipts = []
    for number, (profile, paths) in enumerate(groups.items()):
        if progress:
            progress(number, len(groups), profile)
        receipts.append(load(store, profile, list(paths)))
    if progress:
        progress(len(groups), len(groups), "done")
    return tuple(receipts)
