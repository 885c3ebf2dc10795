"""Where rows become `Events`, areas and streets: the one way from a store into the methods.

`read_occurrences` is for counting: every row, those without a place too, so that sums match the
source. `read_events` is for maps: rows with a place, each -1 gone with the row it cancels.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, date
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
import shapely

from data_connectors.errors import RtccError
from rtcc_analytics.coverage import coverage_of, zone_of
from rtcc_analytics.events import Events, EventsError, Occurrences, When, instant
from rtcc_analytics.offenses import SENSITIVE, offense_codes
from rtcc_analytics.study import StudyArea
from rtcc_analytics.take_backs import match_take_backs
from rtcc_analytics.units import Areas, StreetSegments

if TYPE_CHECKING:
    from rtcc_analytics.temporal import DailyWeather

_COLUMNS = """source, incident_id, offense, offense_raw, offense_count, domestic, occurred_from, occurred_to,
    reported_at, time_quality, address, lon, lat, location_quality"""
_WEATHER = """
SELECT source, station, date, (temperature_max_c + temperature_min_c) / 2 AS temperature_c, precipitation_mm
FROM weather_daily WHERE $station::VARCHAR IS NULL OR station = $station ORDER BY source, station, date
"""
_DAY_LESS_A_SECOND = np.timedelta64(86_399, "s")


class Readable(Protocol):
    """Anything that answers SQL over the tables of `records` as a Store does."""

    def read(self, sql: str, /, **parameters: Any) -> pd.DataFrame:
        """Rows of one SELECT."""


class ReadError(RtccError):
    """Something asked of the store that it does not hold; the message names what it does."""


def read_events(
    store: Readable,
    *,
    offense: str | Sequence[str] | None = None,
    start: When | None = None,
    end: When | None = None,
    area: str | StudyArea | None = None,
    source: str | None = None,
    timezone: str | None = None,
) -> Events:
    """Incidents with a place, for methods on a map.

    Parameters
    ----------
    store : Store
    offense : str or sequence of str, optional
        NIBRS codes, names or everyday words (see `offense_codes`); all by default.
    start, end : date, optional
        Half-open span of local dates in which `occurred_from` lies.
    area : str or StudyArea, optional
        A name in the table `areas` (``"Beacon"``, or ``"city:Beacon"`` where several share it), whose
        events alone are kept, or a StudyArea already read, whose projection is used and whose
        events alone are kept where it is a polygon and not a footprint.
    source : str, optional
        One feed; all by default.
    timezone : str, optional
        IANA zone; by default the one in which the stored wall clocks agree with the instants.

    Returns
    -------
    Events
        Weights are `offense_count`, all positive: each row of -1 is taken out together with one
        row that it cancels (see `match_take_backs`). `notes` says how many that were, how many
        found no match, how many had no usable coordinates, and how many lay outside the area.
        `covered` is the span for which the feeds hold records.

    Raises
    ------
    ReadError
        Where the store has no incidents, no such area or source.
    EventsError
        Where feeds are of different time zones: name one with `source`.

    Examples
    --------
    >>> from data_connectors import Store     # doctest: +SKIP
    >>> store = Store("county")                                         # doctest: +SKIP
    >>> burglaries = read_events(store, offense="burglary", start="2024-01-01", end="2025-01-01")  # doctest: +SKIP
    """
    study = area if isinstance(area, StudyArea) else read_study_area(store, area, source=source, timezone=timezone)
    rows, notes, covered = _rows(store, offense, start, end, source, study.timezone)
    matched = match_take_backs(rows)
    if taken_back := matched.matched + matched.unmatched:
        notes.append(
            f"{taken_back:,} rows take an offense back: {matched.matched:,} were left out with the row they cancel, "
            f"{matched.unmatched:,} found no row to cancel, so only they were left out"
        )
    placed = _placed(rows)
    lost = int((matched.kept & ~placed).sum())
    if lost:
        kept = int(matched.kept.sum())
        notes.append(f"{lost:,} of {kept:,} records have no usable coordinates and are not on the map")
    rows = rows[matched.kept & placed]
    x, y = study.project(rows["lon"].to_numpy(dtype=float), rows["lat"].to_numpy(dtype=float))
    if not study.made_from.startswith("footprint") and area is not None:
        inside = study.contains(x, y)
        if not inside.all():
            notes.append(f"{int((~inside).sum()):,} records outside {study.name} were left out")
        rows, x, y = rows[inside], x[inside], y[inside]
    return Events(x=x, y=y, crs=study.crs, **_fields(rows, offense, study.timezone, notes, covered))


def read_occurrences(
    store: Readable,
    *,
    offense: str | Sequence[str] | None = None,
    start: When | None = None,
    end: When | None = None,
    area: str | StudyArea | None = None,
    source: str | None = None,
    timezone: str | None = None,
) -> Occurrences:
    """Incidents for counting over time: every row, with or without a place.

    Weights are `offense_count`, -1 where a source takes an offense back, so that sums are the
    source's own. With `area` only rows located inside it count, and `notes` says how many could
    not be placed. Parameters and errors are those of `read_events`.

    Examples
    --------
    >>> from data_connectors import Store     # doctest: +SKIP
    >>> thefts = read_occurrences(Store("county"), offense="theft")     # doctest: +SKIP
    """
    study = read_study_area(store, area, source=source, timezone=timezone) if isinstance(area, str) else area
    zone = study.timezone if study is not None else timezone or zone_of(store, source)
    rows, notes, covered = _rows(store, offense, start, end, source, zone)
    if study is not None:
        placed = _placed(rows)
        if not placed.all():
            notes.append(f"{int((~placed).sum()):,} records without usable coordinates cannot be in {study.name}")
        rows = rows[placed]
        inside = study.contains(*study.project(rows["lon"].to_numpy(dtype=float), rows["lat"].to_numpy(dtype=float)))
        rows = rows[inside]
    return Occurrences(**_fields(rows, offense, zone, notes, covered))


def read_study_area(
    store: Readable, area: str | None = None, *, source: str | None = None, timezone: str | None = None
) -> StudyArea:
    """The ground a study of this store covers.

    With `area`, the polygon of that name (or ``"kind:name"``) in the table `areas`. Without, the
    one county in `areas` if most located incidents lie in it, else a footprint drawn around
    the incidents.

    Raises
    ------
    ReadError
        Where no area has that name (the nearest are named), several have it, or there is nothing
        to draw around.

    Examples
    --------
    >>> from data_connectors import Store     # doctest: +SKIP
    >>> read_study_area(Store("county"), "Poughkeepsie").crs_name        # doctest: +SKIP
    'NAD83 / New York East (EPSG:32115)'
    """
    timezone = timezone or zone_of(store, source)
    if area is not None:
        kind, name, polygon = _named_area(store, area)
        return StudyArea.from_lonlat(polygon, timezone=timezone, name=name, made_from=f"the {kind} {name}")
    where = "AND source = $source" if source else ""
    spots = store.read(
        f"""SELECT lon, lat FROM incidents WHERE lon IS NOT NULL AND lat IS NOT NULL
            AND location_quality NOT IN ('missing', 'outside') {where} ORDER BY lon, lat""",  # noqa: S608
        **({"source": source} if source else {}),
    )
    counties = store.read("SELECT kind, name, geometry FROM areas WHERE kind = 'county'")
    if len(counties) == 1:
        polygon = shapely.from_wkb(bytes(counties["geometry"].iloc[0]))
        inside = shapely.intersects_xy(polygon, spots["lon"].to_numpy(), spots["lat"].to_numpy())
        if not len(spots) or inside.mean() > 0.5:
            name = counties["name"].iloc[0]
            return StudyArea.from_lonlat(polygon, timezone=timezone, name=name, made_from=f"the county {name}")
    if not len(spots):
        raise ReadError("no incident has coordinates and no county is loaded: there is no ground to study; load either")
    name = source or "All records"
    return StudyArea.from_points(spots["lon"].to_numpy(), spots["lat"].to_numpy(), timezone=timezone, name=name)


def read_streets(store: Readable, study: StudyArea, *, max_distance_m: float = 50.0) -> StreetSegments:
    """Street segments that touch the study area, cut where streets meet.

    Raises
    ------
    ReadError
        Where the store has no streets there.
    """
    rows = store.read("SELECT coalesce(name, '') AS name, geometry FROM streets ORDER BY street_id, geometry")
    lines = shapely.from_wkb([bytes(wkb) for wkb in rows["geometry"]])
    lines = _projected(np.atleast_1d(lines), study)
    near = shapely.intersects(lines, study.polygon)
    if not near.any():
        raise ReadError(f"no streets are loaded for {study.name} ({len(rows):,} elsewhere); load its county's roads")
    names = rows["name"].astype(str).to_numpy(dtype=object)[near]
    return StreetSegments.split_at_crossings(lines[near], names, crs=study.crs, max_distance_m=max_distance_m)


def read_areas(store: Readable, study: StudyArea, *, kind: str) -> Areas:
    """The areas of one kind (``"beat"``, ``"tract"``, ``"city"`` ...) that overlap the study area, whole.

    Raises
    ------
    ReadError
        Where there is none, naming the kinds there are.
    """
    rows = store.read("SELECT name, geometry FROM areas WHERE kind = $kind ORDER BY name, area_id", kind=kind)
    polygons = _projected(np.atleast_1d(shapely.from_wkb([bytes(wkb) for wkb in rows["geometry"]])), study)
    overlap = shapely.area(shapely.intersection(polygons, study.polygon)) > 0 if len(rows) else np.zeros(0, dtype=bool)
    if not overlap.any():
        kinds = store.read("SELECT DISTINCT kind FROM areas ORDER BY kind")["kind"].tolist()
        raise ReadError(f"no areas of kind {kind!r} overlap {study.name}; the store has: {', '.join(kinds) or 'none'}")
    return Areas(polygons[overlap], rows["name"].to_numpy(dtype=object)[overlap], study.crs, name=f"{kind}s")


def read_weather(
    store: Readable, *, station: str | None = None, start: date | None = None, end: date | None = None
) -> DailyWeather | None:
    """Daily weather of one station, for forecasts of totals; None where no weather is loaded.

    Parameters
    ----------
    store : Store
    station : str, optional
        Its identifier; by default the station whose temperature is known on most days from `start` to before `end`.
    start, end : date, optional
        The days that matter; what else the station knows is given too, because it tells what is normal.

    Raises
    ------
    ReadError
        Where the store holds weather, but not of that station.

    Examples
    --------
    >>> from data_connectors import Store     # doctest: +SKIP
    >>> read_weather(Store("county")).station     # doctest: +SKIP
    'USW00014757'
    """
    from rtcc_analytics.temporal import DailyWeather

    rows = store.read(_WEATHER, station=station)
    if rows.empty:
        known = store.read("SELECT DISTINCT station FROM weather_daily ORDER BY station")["station"].tolist()
        if known:
            raise ReadError(f"no weather of station {station!r} is loaded; there is some of: {', '.join(known)}")
        return None
    known = rows["temperature_c"].notna()
    if start is not None:
        known &= rows["date"] >= pd.Timestamp(start)
    if end is not None:
        known &= rows["date"] < pd.Timestamp(end)
    feed = known.groupby([rows["source"], rows["station"]]).sum().idxmax()
    rows = rows[(rows["source"] == feed[0]) & (rows["station"] == feed[1])]
    return DailyWeather(
        rows["date"].to_numpy().astype("datetime64[D]"), rows["temperature_c"].to_numpy(dtype=float),
        rows["precipitation_mm"].to_numpy(dtype=float), station=feed[1], source=feed[0],
    )  # fmt: skip


def _projected(geometry: Any, study: StudyArea) -> Any:
    return shapely.transform(geometry, study.project, interleaved=False)


def _rows(
    store: Readable,
    offense: str | Sequence[str] | None,
    start: When | None,
    end: When | None,
    source: str | None,
    timezone: str,
) -> tuple[pd.DataFrame, list[str], tuple[np.datetime64, np.datetime64] | None]:
    conditions, values = ["true"], {}
    if offense is not None:
        conditions.append("list_contains($offenses, offense)")
        values["offenses"] = list(offense_codes(offense))
    if source is not None:
        conditions.append("source = $source")
        values["source"] = source
    first, last = (None if when is None else instant(when, timezone) for when in (start, end))
    if first is not None and last is not None and not first < last:
        raise EventsError(f"the period from {start} to {end} is empty: the end must be later than the start")
    for name, bound, test in (("first", first, ">="), ("last", last, "<")):
        if bound is not None:
            conditions.append(f"occurred_from {test} ${name}")
            values[name] = bound.item().replace(tzinfo=UTC)
    rows = store.read(
        f"SELECT {_COLUMNS} FROM incidents WHERE {' AND '.join(conditions)} "  # noqa: S608
        "ORDER BY occurred_from, source, file_hash, line",
        **values,
    )
    covered, notes = coverage_of(store, source, timezone)
    if covered is not None:
        begin = covered[0] if first is None else max(covered[0], first)
        stop = covered[1] if last is None else min(covered[1], last)
        covered = begin, max(begin, stop)
    return rows.reset_index(drop=True), notes, covered


def _placed(rows: pd.DataFrame) -> np.ndarray:
    usable = ~rows["location_quality"].isin(["missing", "outside"])
    return (usable & rows["lon"].notna() & rows["lat"].notna()).to_numpy(dtype=bool)


def _fields(
    rows: pd.DataFrame,
    offense: str | Sequence[str] | None,
    timezone: str,
    notes: list[str],
    covered: tuple[np.datetime64, np.datetime64] | None,
) -> dict[str, Any]:
    begun, ended, reported = (_utc_seconds(rows[name]) for name in ("occurred_from", "occurred_to", "reported_at"))
    # A date without a clock may be any time of that day; at midnight it would heap.
    whole_day = (rows["time_quality"] == "date_only").to_numpy(dtype=bool) & ((ended == begun) | np.isnat(ended))
    ended = np.where(whole_day, begun + _DAY_LESS_A_SECOND, ended)
    domestic = rows["domestic"].fillna(False).to_numpy(dtype=bool)
    words = offense if isinstance(offense, str) or offense is None else ", ".join(offense)
    return {
        "occurred_from": begun,
        "occurred_to": ended,
        "reported_at": reported,
        "weights": rows["offense_count"].to_numpy(dtype=float),
        "offense": pd.Categorical(rows["offense"]),
        "address": pd.Categorical(rows["address"]),
        "record_id": pd.Categorical(rows["incident_id"]) if rows["incident_id"].notna().any() else None,
        "sensitive": domestic | rows["offense"].isin(SENSITIVE).to_numpy(dtype=bool),
        "timezone": timezone,
        "label": words or "all offenses",
        "notes": tuple(notes),
        "covered": covered,
    }


def _utc_seconds(instants: pd.Series) -> np.ndarray:
    stamps = pd.DatetimeIndex(pd.to_datetime(instants, utc=True)).tz_localize(None)
    return stamps.to_numpy().astype("datetime64[s]")


def _named_area(store: Readable, area: str) -> tuple[str, str, shapely.Geometry]:
    kind, _, name = area.rpartition(":")
    known = store.read("SELECT kind, name, area_id FROM areas ORDER BY kind, name")
    alike = known[(known["name"].str.lower() == name.lower()) | (known["area_id"].str.lower() == name.lower())]
    alike = alike[alike["kind"].str.lower() == kind.lower()] if kind else alike
    if len(alike) > 1:
        choices = ", ".join(f"{k}:{n}" for k, n in zip(alike["kind"], alike["name"], strict=True))
        raise ReadError(f"{len(alike)} areas are called {area!r}: {choices}; write the kind before the name")
    if not len(alike):
        near = difflib.get_close_matches(name, known["name"].unique().tolist(), n=3, cutoff=0.4)
        advice = f"did you mean {' or '.join(repr(n) for n in near)}?" if near else f"{len(known):,} areas are loaded"
        raise ReadError(f"no area is called {area!r}; {advice}")
    found = alike.iloc[0]
    row = store.read(
        "SELECT geometry FROM areas WHERE kind = $kind AND area_id = $area_id",
        kind=found["kind"], area_id=found["area_id"],
    )
    return found["kind"], found["name"], shapely.from_wkb(bytes(row["geometry"].iloc[0]))
