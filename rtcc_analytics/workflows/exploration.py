"""Reading from a store, once and of one snapshot, what a notebook explores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from data_connectors.errors import RtccError
from rtcc_analytics.events import Events, Occurrences, When
from rtcc_analytics.from_store import Readable, read_events, read_occurrences, read_study_area
from rtcc_analytics.maps import Ground
from rtcc_analytics.offenses import offense_codes
from rtcc_analytics.study import StudyArea
from rtcc_analytics.temporal import WeeklySeries, weekly_series
from rtcc_analytics.workflows.ground import read_ground

if TYPE_CHECKING:
    from data_connectors import Store

PART_KINDS = ("city", "town", "village", "district", "beat", "zone")
LEAST_PART_M2 = 10_000.0
SIMULATED = "SIMULATED"
_PARTS = "SELECT name, kind, geometry FROM areas WHERE list_contains($kinds, kind) ORDER BY kind, name"


@dataclass(frozen=True, eq=False)
class Exploration:
    """Everything a session of exploring holds, read from the store once.

    Attributes
    ----------
    events : Events
        Incidents with a place; `events.notes` says what was left out.
    ground : Ground
        The study area with streets and names, for maps.
    areas : mapping of str to StudyArea
        Parts of the study area that can be looked at alone, in the same projection.
    snapshot : int
        The store snapshot it was read from.
    """

    events: Events
    ground: Ground
    areas: Mapping[str, StudyArea]
    snapshot: int


def read_exploration(
    store: Store,
    *,
    area: str | None = None,
    start: When | None = None,
    end: When | None = None,
    source: str | None = None,
) -> Exploration:
    """Read what hot spots are explored with, all of one snapshot.

    Parameters
    ----------
    store : Store
    area : str, optional
        Name of an area in the store (``"Beacon"``, ``"city:Beacon"``); the whole county, or a
        footprint around the incidents, where left out.
    start, end : date or time, optional
        Half-open period; all records where left out.
    source : str, optional
        One feed; all where left out.

    Raises
    ------
    RtccError
        Nothing to explore: no incidents, none with coordinates, or no such area.
    """
    with store.reading() as held:
        study = read_study_area(held, area, source=source)
        events = read_events(held, start=start, end=end, area=study, source=source)
        ground = _whole_ground(held, study, _banner(held))
        return Exploration(events, ground, _parts(held, study, ground.banner), held.snapshot())


def read_map_ground(store: Store, *, area: str | None = None, source: str | None = None) -> Ground:
    """The study area with its streets and names, to draw other things on.

    Parameters and errors are those of `read_exploration`.
    """
    with store.reading() as held:
        return _whole_ground(held, read_study_area(held, area, source=source), _banner(held))


def recent_weeks(
    store: Store,
    *,
    offense: str | Sequence[str] | None = None,
    area: str | None = None,
    source: str | None = None,
    until: When | None = None,
    weeks: int = 52,
) -> WeeklySeries:
    """The weekly line of one offense, or of all, up to the last complete week.

    Every record counts, also without coordinates; weeks that reporting lag makes low are marked.

    Parameters
    ----------
    store : Store
    offense, area, source
        As in `read_exploration`.
    until : date, optional
        The line ends with the last week before it; with the records where left out.
    weeks : int
        Weeks to show.

    Raises
    ------
    RtccError
        No record of it, or an offense nobody knows.
    """
    return weeks_of(read_records(store, area=area, source=source), offense=offense, until=until, weeks=weeks)


def read_records(store: Store, *, area: str | None = None, source: str | None = None) -> Occurrences:
    """Every incident, also without coordinates: what the weekly line of any offense is drawn from.

    Parameters and errors are those of `recent_weeks`.
    """
    with store.reading() as held:
        return read_occurrences(held, area=area, source=source)


def weeks_of(
    records: Occurrences,
    *,
    offense: str | Sequence[str] | None = None,
    until: When | None = None,
    weeks: int = 52,
) -> WeeklySeries:
    """The weekly line of records that were read already; see `recent_weeks`.

    Examples
    --------
    >>> from rtcc_analytics.events import Occurrences
    >>> days = [f"2024-01-{day:02d}T12:00" for day in range(1, 29)]
    >>> records = Occurrences(occurred_from=days, timezone="UTC", offense=["220"] * 28)
    >>> weeks_of(records, offense="burglary", weeks=2).to_frame()["count"].tolist()
    [7.0, 7.0]
    """
    codes = offense_codes(offense) if offense else ()
    picked = records.of(*codes) if codes else records
    known = records.local_day[~np.isnat(records.local_day)]
    if not known.size or not picked.size:
        raise RtccError(f"no record of {offense or 'any offense'} with a time: choose another offense or source")
    end = until if until is not None else (known.max() + np.timedelta64(1, "D")).item()
    return weekly_series(picked, until=end, weeks=weeks)


def _whole_ground(held: Readable, study: StudyArea, banner: str) -> Ground:
    return read_ground(held, study, near=np.array([study.polygon], dtype=object), banner=banner)


def _banner(held: Readable) -> str:
    feeds = held.read("SELECT DISTINCT source FROM incidents")["source"]
    return SIMULATED if feeds.str.startswith("simulated").any() else ""


def _parts(store: Readable, study: StudyArea, banner: str) -> dict[str, StudyArea]:
    """The cities, towns, villages, beats and zones that reach into the study area, cut to it."""
    rows = store.read(_PARTS, kinds=list(PART_KINDS))
    if rows.empty:
        return {}
    shapes = shapely.make_valid(shapely.from_wkb([bytes(wkb) for wkb in rows["geometry"]]))
    shapes = shapely.intersection(shapely.transform(shapes, study.project, interleaved=False), study.polygon)
    return {
        f"{row.name.removesuffix(f'({banner})').strip()}, {row.kind}": StudyArea(
            shape, study.crs, study.timezone, row.name, f"the {row.kind} {row.name}"
        )
        for row, shape in zip(rows.itertuples(index=False), shapes, strict=True)
        if shapely.area(shape) > LEAST_PART_M2 and row.name != study.name
    }
