"""What the briefing stands on, read from one snapshot: the records, where they can be mapped, and how they came."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.coverage import coverage_of
from rtcc_analytics.events import NEVER, Events, Kind, Occurrences, instant, wall_clock
from rtcc_analytics.from_store import read_events, read_occurrences, read_study_area, read_weather
from rtcc_analytics.offenses import UNKNOWN
from rtcc_analytics.report import Provenance, ReadLog
from rtcc_analytics.study import StudyArea
from rtcc_analytics.workflows.weekly_briefing.words import ALL

if TYPE_CHECKING:
    from data_connectors import Store
    from rtcc_analytics.temporal import DailyWeather

WEEK_DAYS = 7
DISTRICT_FEWEST, DISTRICTS_MOST = 200, 14
MARK = "simulated"

_FEEDS = """
SELECT source, count(*) AS rows, count(domestic) AS says_domestic,
       max(reported_at) FILTER (reported_precision <> 'none') AS newest_report_at,
       count(*) FILTER (reported_precision = 'month') > 0.5 * count(*) AS monthly,
       list(DISTINCT file_hash ORDER BY file_hash) AS files, list(DISTINCT agency ORDER BY agency) AS agencies
FROM incidents WHERE $source::VARCHAR IS NULL OR source = $source GROUP BY source ORDER BY source
"""
_WEATHER_FEED = """
SELECT source, count(*) AS rows, list(DISTINCT file_hash ORDER BY file_hash) AS files FROM weather_daily
WHERE source = $source AND station = $station GROUP BY source
"""
_LOADED = """
SELECT source, max(loaded_at) AS loaded_at, arg_max(profile, load_id) AS profile FROM loads
WHERE table_name = $table_name AND undone_at IS NULL GROUP BY source
"""
_CARRIED = """
SELECT DISTINCT offense FROM incidents WHERE $source::VARCHAR IS NULL OR source = $source ORDER BY offense
"""
_ROWS_ADDED = """
SELECT lon, lat, lon IS NOT NULL AND lat IS NOT NULL AND location_quality NOT IN ('missing', 'outside') AS placed
FROM incidents
WHERE offense_count > 0 AND list_contains($offenses, offense) AND occurred_from >= $first AND occurred_from < $last
  AND ($source::VARCHAR IS NULL OR source = $source)
"""
_DISTRICTS = """
SELECT trim(district) AS name, median(lon) AS lon, median(lat) AS lat, count(*) AS records FROM incidents
WHERE trim(district) <> '' AND lon IS NOT NULL AND lat IS NOT NULL AND location_quality NOT IN ('missing', 'outside')
  AND ($source::VARCHAR IS NULL OR source = $source)
GROUP BY trim(district) HAVING count(*) >= $fewest ORDER BY records DESC, name LIMIT $most
"""
_CAMERAS = """
SELECT lon, lat FROM cameras
WHERE lon IS NOT NULL AND lat IS NOT NULL AND location_quality NOT IN ('missing', 'outside') ORDER BY camera_id
"""


@dataclass(frozen=True, eq=False)
class Records:
    """The records of a briefing.

    Attributes
    ----------
    study : StudyArea
        The ground, its projection and time zone.
    area, source : str, optional
        As asked for.
    until : date
        Day after the last day briefed.
    together : Occurrences
        Every offense of the table, those without coordinates too unless an area was asked for.
    by_group : mapping of str to Occurrences
        The same by row of the table.
    absent : tuple of str
        Rows of the table of whose offenses these feeds hold none at any date: not counted is not zero.
    unknown : Occurrences
        Records whose offense maps to no code.
    placed : Events
        Those that can be mapped, each -1 gone with the row it cancels.
    feeds : DataFrame
        source, rows, says_domestic, newest_report_at, monthly (only the month of a report is known),
        files, agencies, loaded_at, profile.
    weather : DailyWeather, optional
        Of the station known on most of the days read, where any is loaded.
    weather_feed : DataFrame
        source, rows, files, loaded_at, profile of that station's weather; no row where none is loaded.
    """

    study: StudyArea
    area: str | None
    source: str | None
    until: date
    together: Occurrences
    by_group: Mapping[str, Occurrences]
    absent: tuple[str, ...]
    unknown: Occurrences
    placed: Events
    feeds: pd.DataFrame
    weather: DailyWeather | None
    weather_feed: pd.DataFrame

    @property
    def mapped(self) -> Events:
        """Those whose place may leave the store: without sex and domestic offenses."""
        return self.placed.where(~self.placed.sensitive)

    @property
    def simulated(self) -> bool:
        """Whether any feed is of the simulated county."""
        return bool(self.feeds["source"].str.startswith(MARK).any())

    @property
    def silent_on_domestic(self) -> tuple[str, ...]:
        """Feeds that never say whether an offense was domestic."""
        return tuple(self.feeds.loc[self.feeds["says_domestic"] == 0, "source"])

    @property
    def name(self) -> str:
        """What the briefing is about: the area; the agency, where the ground is only drawn around its records."""
        agencies = sorted({agency for listed in self.feeds["agencies"] for agency in listed})
        drawn_around = self.study.made_from.startswith("footprint")
        return agencies[0] if drawn_around and len(agencies) == 1 else self.study.name

    def days(self, length: int) -> tuple[date, date]:
        """The half-open span of so many days that ends with the last day briefed."""
        return self.until - timedelta(days=length), self.until


@dataclass(frozen=True)
class Account:
    """Why the table counts more or fewer than the map: ``counted`` is the sum of the others, ``taken_back`` subtracted.

    Attributes
    ----------
    counted : int
        Sum of offense_count, the table's number.
    mapped : int
        On the map.
    sensitive : int
        Sex and domestic offenses, kept off the map.
    unplaced : int
        Without usable coordinates.
    outside : int
        Beyond the study area.
    taken_back : int
        Rows of -1, less the rows of these days that they cancel.
    """

    counted: int
    mapped: int
    sensitive: int
    unplaced: int
    outside: int
    taken_back: int


def read_records(
    log: ReadLog,
    groups: Mapping[str, Sequence[str]],
    *,
    area: str | None,
    source: str | None,
    until: date | None,
    years: int,
) -> Records:
    """Read what the briefing stands on.

    Parameters
    ----------
    log : ReadLog
        Over one snapshot.
    groups : mapping of str to codes
        Rows of the table.
    area, source, until, years
        As in `weekly_briefing`.

    Raises
    ------
    RtccError
        No record, no such area or source, or the records do not cover the week before `until`.
    """
    with log.named("feeds"):
        feeds = _feeds(log, source)
    with log.named("offenses of the feeds"):
        carried = set(log.read(_CARRIED, source=source)["offense"])
    with log.named("study area"):
        study = read_study_area(log, area, source=source)
        until = _until(log, until, source, study.timezone)
    codes = tuple(dict.fromkeys(code for listed in groups.values() for code in listed))
    # A window of 28 days in early January reaches into the December before.
    start = date((until - timedelta(days=1)).year - years - 1, 12, 1)
    span = {"start": start, "end": until, "source": source}
    with log.named("incidents"):
        everything = read_occurrences(
            log, offense=[*codes, UNKNOWN], area=study if area else None, timezone=study.timezone, **span
        )
        placed = read_events(log, offense=codes, area=study, **span)
    with log.named("weather"):
        weather = read_weather(log, start=start, end=until)
        weather_feed = _weather_feed(log, weather)
    if feeds["monthly"].any() and not feeds["monthly"].all():
        everything, placed = _without_month_ends(everything), _without_month_ends(placed)
    return Records(
        study,
        area,
        source,
        until,
        everything.of(*codes),
        {name: everything.of(*listed) for name, listed in groups.items() if name != ALL},
        tuple(name for name, listed in groups.items() if name != ALL and carried.isdisjoint(listed)),
        everything.of(UNKNOWN),
        placed,
        feeds,
        weather,
        weather_feed,
    )


def account(log: ReadLog, records: Records, *, days: int) -> Account:
    """Why the numbers of the table and of the map differ, over the last so many days."""
    start, end = records.days(days)
    counted = records.together.between(start, end).total
    placed = records.placed.between(start, end)
    sensitive = placed.weights[placed.sensitive].sum()
    unplaced = outside = 0
    if records.area is None:
        first, last = (instant(day, records.study.timezone).item() for day in (start, end))
        with log.named("places of these days"):
            rows = log.read(
                _ROWS_ADDED,
                offenses=sorted(set(records.together.offense.dropna())),
                first=pd.Timestamp(first, tz="UTC").to_pydatetime(),
                last=pd.Timestamp(last, tz="UTC").to_pydatetime(),
                source=records.source,
            )
        unplaced = int((~rows["placed"]).sum())
        outside = _outside(rows[rows["placed"]], records.study)
    taken_back = placed.total + unplaced + outside - counted
    return Account(
        round(counted), round(placed.total - sensitive), round(sensitive), unplaced, outside, round(taken_back)
    )


def cameras(log: ReadLog, study: StudyArea) -> pd.DataFrame:
    """Registered cameras, x and y in the metres of the study area; none where its bounding box holds none.

    A registry of another city says nothing of this one: no camera in it is not a count of zero.
    """
    rows = log.read(_CAMERAS)
    x, y = study.project(rows["lon"].to_numpy(dtype=float), rows["lat"].to_numpy(dtype=float))
    west, south, east, north = study.polygon.bounds
    here = ((x >= west) & (x <= east) & (y >= south) & (y <= north)).any()
    return pd.DataFrame({"x": x, "y": y}).iloc[: len(x) if here else 0]


def districts(log: ReadLog, records: Records) -> pd.DataFrame:
    """The agencies' own districts at the middle of their records: name, x, y; for ground whose places have no names."""
    rows = log.read(_DISTRICTS, source=records.source, fewest=DISTRICT_FEWEST, most=DISTRICTS_MOST)
    x, y = records.study.project(rows["lon"].to_numpy(dtype=float), rows["lat"].to_numpy(dtype=float))
    names = [f"District {name}" if len(name) <= 3 else name for name in rows["name"].astype(str)]
    inside = records.study.contains(x, y)
    return pd.DataFrame({"name": names, "x": x, "y": y})[inside].reset_index(drop=True)


def provenance(log: ReadLog, store: Store, records: Records, parameters: Mapping[str, Any]) -> Provenance:
    """What it takes to make the briefing again."""
    feeds = records.feeds
    read = (("incidents", feeds), ("weather_daily", records.weather_feed))
    return Provenance(
        report="weekly_briefing",
        parameters=parameters,
        store=store.location,
        snapshot=log.snapshot(),
        loaded_at=_latest(feeds["loaded_at"]),
        newest_report_at=_newest_report(feeds, records.study.timezone),
        reports_known_to="month" if feeds["monthly"].all() else "day",
        sources=tuple(
            {"source": row.source, "table": table, "rows": row.rows, "profile": row.profile,
             "loaded_at": None if pd.isna(row.loaded_at) else row.loaded_at, "files": list(row.files)}
            for table, of_table in read for row in of_table.itertuples(index=False)
        ),
        reads=log.reads,
    )


def _feeds(log: ReadLog, source: str | None) -> pd.DataFrame:
    feeds = log.read(_FEEDS, source=source)
    if feeds.empty:
        known = log.read("SELECT DISTINCT source FROM incidents ORDER BY source")["source"].tolist()
        near = difflib.get_close_matches(source or "", known, n=1, cutoff=0.4)
        guess = f"; did you mean {near[0]!r}?" if near else "."
        wanted = f"from source {source!r} " if source else ""
        raise RtccError(
            f"no incidents {wanted}are in the store{guess} It has sources: {', '.join(known) or 'none'}; load some "
            "with `rtcc load PROFILE FILES…`"
        )
    return feeds.merge(log.read(_LOADED, table_name="incidents"), on="source", how="left")


def _weather_feed(log: ReadLog, weather: DailyWeather | None) -> pd.DataFrame:
    if weather is None:
        return pd.DataFrame()
    feed = log.read(_WEATHER_FEED, source=weather.source, station=weather.station)
    return feed.merge(log.read(_LOADED, table_name="weather_daily"), on="source", how="left")


def _until(log: ReadLog, until: date | None, source: str | None, timezone: str) -> date:
    """The Monday after the last complete week that the feeds cover, or the day asked for if they cover its week."""
    covered, notes = coverage_of(log, source, timezone)
    if covered is None:
        raise RtccError("no incident has a time: there is no week to brief on; check the profile's time columns")
    first, last = (day.astype("datetime64[D]").item() for day in wall_clock(np.array(covered), timezone))
    if until is None:
        until = last - timedelta(days=last.weekday())
    if until - timedelta(days=WEEK_DAYS) < first or until > last:
        raise RtccError(
            f"the week before {until} is not within the records: they cover {first} to {last - timedelta(days=1)}, so "
            f"until can be {first + timedelta(days=WEEK_DAYS)} to {last}"
            + "".join(f"; {note}" for note in notes)
        )
    return until


def _without_month_ends(events: Kind) -> Kind:
    """The events, a report known to the month alone taken for unknown.

    Such a report stands at the last second of its month. Beside feeds that tell the day it would lie in the future
    and pass for how far reports reach. Reports of those feeds at that very second are lost to the lag too: few.
    """
    local = wall_clock(events.reported_at + np.timedelta64(1, "s"), events.timezone)
    month_end = local == local.astype("datetime64[M]").astype("datetime64[s]")
    return replace(events, reported_at=np.where(month_end, NEVER, events.reported_at))


def _newest_report(feeds: pd.DataFrame, timezone: str) -> Any:
    """Newest report in local time: of the feeds that tell the day where there are any."""
    daily = feeds[~feeds["monthly"]]
    latest = _latest((daily if daily["newest_report_at"].notna().any() else feeds)["newest_report_at"])
    return None if latest is None else latest.astimezone(ZoneInfo(timezone))


def _outside(rows: pd.DataFrame, study: StudyArea) -> int:
    if rows.empty or study.made_from.startswith("footprint"):
        return 0
    x, y = study.project(rows["lon"].to_numpy(dtype=float), rows["lat"].to_numpy(dtype=float))
    return int((~study.contains(x, y)).sum())


def _latest(moments: pd.Series) -> Any:
    latest = moments.max()
    return None if pd.isna(latest) else latest.to_pydatetime()
