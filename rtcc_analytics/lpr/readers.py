"""Where the readers stand, and how well they read."""

# ruff: noqa: S608  (SQL joined from constants of this package; every value is a parameter)
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rtcc_analytics.lpr.leads import PlateReads
from rtcc_analytics.lpr.passages import IN_PERIOD, SAME_PASSAGE_S, collapsed
from rtcc_analytics.lpr.period import TIMEZONE, Period, When, period_of

EARTH_M = 6_371_008.8
MOBILE_M = 500.0
_STRAY_FIXES = 2

# Of the positions that a reader gives on a day, the one it has on most days; one wrong fix does not make it a car.
_DAILY = """
spots AS (
    SELECT day, camera_id, camera_name, lon, lat, count(*) OVER (PARTITION BY camera_id, lon, lat) AS days
    FROM readers_seen WHERE day BETWEEN $first_day AND $last_day
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY camera_id, day ORDER BY CASE WHEN lon IS NULL THEN 1 ELSE 0 END,
                                 days DESC, lon, lat, camera_name) AS place
    FROM spots
),
main AS (SELECT day, camera_id, camera_name, lon, lat, days FROM ranked WHERE place = 1),
daily AS (
    SELECT m.day, m.camera_id, max(m.camera_name) AS camera_name, max(m.lon) AS lon, max(m.lat) AS lat,
           max(m.days) AS days,
           count(*) FILTER (111195 * sqrt(pow(r.lat - m.lat, 2) + pow((r.lon - m.lon) * cos(radians(m.lat)), 2))
                            > $mobile_m) AS elsewhere
    FROM main m JOIN ranked r ON r.camera_id = m.camera_id AND r.day = m.day GROUP BY m.day, m.camera_id
)"""
_SITES = (
    "/* lpr reader_sites */ WITH"
    + _DAILY
    + """,
chosen AS (
    SELECT *, row_number() OVER (PARTITION BY camera_id ORDER BY CASE WHEN lon IS NULL THEN 1 ELSE 0 END, days DESC,
                                 day DESC) AS place FROM daily
)
SELECT camera_id, max(camera_name) FILTER (place = 1) AS camera_name, max(lon) FILTER (place = 1) AS lon,
       max(lat) FILTER (place = 1) AS lat, max(lon) - min(lon) AS lon_range, max(lat) - min(lat) AS lat_range,
       max(elsewhere) AS elsewhere
FROM chosen GROUP BY camera_id ORDER BY camera_id"""
)
_SITES_BY_DAY = (
    "/* lpr reader_sites, by day */ WITH"
    + _DAILY
    + """
SELECT day, camera_id, lon, lat FROM daily WHERE day IN (SELECT unnest($days::DATE[])) ORDER BY day, camera_id"""
)


def reader_sites(reads: PlateReads, period: Period) -> pd.DataFrame:
    """Where each reader stood: the position that its reads give on most days, of several the latest.

    Returns
    -------
    DataFrame
        camera_id, camera_name, lon, lat, mobile: mounted on a car, because three or more of a day's positions lie over
        500 m from the one it has on most days, or moved so far from one day to another.
    """
    found = reads.read(_SITES, mobile_m=MOBILE_M, **_days_of(period))
    wide = distance_m(found["lon"], found["lat"], found["lon"] + found["lon_range"], found["lat"] + found["lat_range"])
    mobile = (wide > MOBILE_M) | (found["elsewhere"] > _STRAY_FIXES)
    return found.assign(mobile=mobile).drop(columns=["lon_range", "lat_range", "elsewhere"])


def reader_sites_by_day(reads: PlateReads, period: Period, days: list[date]) -> pd.DataFrame:
    """Where each reader stood on each of these UTC days.

    Returns
    -------
    DataFrame
        day (date), camera_id, lon, lat: of a day's positions the one that the reader has on most days.
    """
    found = reads.read(_SITES_BY_DAY, mobile_m=MOBILE_M, days=days, **_days_of(period))
    return found.assign(day=pd.to_datetime(found["day"]).dt.date)


def _days_of(period: Period) -> dict[str, object]:
    return {name: period.bounds[name] for name in ("first_day", "last_day")}


def distance_m(lon: ArrayLike, lat: ArrayLike, to_lon: ArrayLike, to_lat: ArrayLike) -> NDArray[np.float64]:
    """Great-circle distance, metres.

    Examples
    --------
    >>> int(distance_m(-73.93, 41.70, -73.93, 41.71))
    1111
    """
    a, b, c, d = (np.radians(np.asarray(v, dtype=float)) for v in (lon, lat, to_lon, to_lat))
    half = np.sin((d - b) / 2) ** 2 + np.cos(b) * np.cos(d) * np.sin((c - a) / 2) ** 2
    return 2 * EARTH_M * np.arcsin(np.sqrt(half))


_HOURS = f"""/* lpr reader_performance, hours */
SELECT camera_id, date_trunc('hour', captured_at) AS hour, count(*) AS reads
FROM plate_reads WHERE {IN_PERIOD} GROUP BY ALL ORDER BY camera_id, hour"""
_DAYS = (
    f"""/* lpr reader_performance, days */ WITH
own AS (
    SELECT plate, camera_id, captured_at, is_parked FROM plate_reads WHERE {IN_PERIOD}
),"""
    + collapsed("own", "passages")
    + f""",
per_passage AS (
    SELECT camera_id, CAST(timezone($zone, first_at) AS DATE) AS local_day, count(*) AS passages,
           sum(reads) FILTER (NOT parked) - count(*) FILTER (NOT parked) AS duplicates,
           coalesce(sum(reads) FILTER (parked), 0) AS parked_reads
    FROM passages GROUP BY ALL
),
per_read AS (
    SELECT camera_id, CAST(timezone($zone, captured_at) AS DATE) AS local_day, count(*) AS reads,
           round(avg(confidence), 6) AS confidence, round(stddev_samp(confidence), 6) AS spread
    FROM plate_reads WHERE {IN_PERIOD} GROUP BY ALL
)
SELECT * FROM per_read LEFT JOIN per_passage USING (camera_id, local_day) ORDER BY camera_id, local_day"""
)
CONFIDENCE_DROP, CONFIDENCE_Z, RECENT_DAYS = 0.03, 4.0, 7
OUTAGE_EXPECTED = 12.0


@dataclass(frozen=True, eq=False)
class ReaderPerformance:
    """How the readers did; no plate is in it.

    Attributes
    ----------
    readers : DataFrame
        camera_id, days, reads, reads_per_day (median), passages, duplicate_share, parked_reads, confidence,
        confidence_change (last seven days against those before), confidence_z, silent_hours, state (ok, outage,
        losing confidence).
    days : DataFrame
        camera_id, local_day, reads, passages, duplicates, parked_reads, confidence.
    outages : DataFrame
        camera_id, from_at, to_at, hours, expected_reads: silences in which so many reads were to be expected.
    """

    readers: pd.DataFrame
    days: pd.DataFrame
    outages: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row a reader."""
        return self.readers


def reader_performance(reads: PlateReads, *, start: When, end: When, timezone: str = TIMEZONE) -> ReaderPerformance:
    """Reads a day, repeated reads, confidence drift and outages of each reader.

    A silence is an outage where the reader's own profile (its mean for that hour, working days and weekends apart)
    would have given at least 12 reads: chance leaves as long a silence once in 160,000 times.

    Parameters
    ----------
    start, end : date or time
        Half-open, local. Two weeks or more, or there is no profile to compare with.
    """
    period = period_of(start, end, timezone=timezone)
    hours = reads.read(_HOURS, **period.bounds)
    days = reads.read(_DAYS, zone=timezone, same_passage_s=SAME_PASSAGE_S, **period.bounds)
    outages = _outages(hours, period)
    grouped = days.groupby("camera_id")
    told = grouped.agg(
        days=("local_day", "nunique"),
        reads=("reads", "sum"),
        reads_per_day=("reads", "median"),
        passages=("passages", "sum"),
        duplicates=("duplicates", "sum"),
        parked_reads=("parked_reads", "sum"),
    )
    told["duplicate_share"] = told.pop("duplicates") / (told["reads"] - told["parked_reads"]).clip(lower=1)
    told = told.join(grouped.apply(_confidence, include_groups=False))
    told["silent_hours"] = outages.groupby("camera_id")["hours"].sum().reindex(told.index).fillna(0.0)
    losing = (told["confidence_change"] <= -CONFIDENCE_DROP) & (told["confidence_z"] <= -CONFIDENCE_Z)
    told["state"] = np.select([losing, told["silent_hours"] > 0], ["losing confidence", "outage"], "ok")
    return ReaderPerformance(told.reset_index(), days.drop(columns="spread"), outages)


def _confidence(days: pd.DataFrame) -> pd.Series:
    """Mean confidence, and how the last seven days differ from those before, in confidence and in standard errors."""
    recent = np.arange(len(days)) >= len(days) - RECENT_DAYS
    weight = days["reads"].to_numpy(float)
    value, spread = days["confidence"].to_numpy(float), days["spread"].fillna(0.0).to_numpy(float)
    if not np.isfinite(value).any() or recent.all():
        return pd.Series({"confidence": np.nan, "confidence_change": 0.0, "confidence_z": 0.0})
    known = np.isfinite(value)
    parts = [
        (
            float(np.average(value[side & known], weights=weight[side & known])),
            float(np.sqrt((weight[side & known] * spread[side & known] ** 2).sum()) / weight[side & known].sum()),
        )
        for side in (recent, ~recent)
        if (side & known).any()
    ]
    if len(parts) < 2:
        return pd.Series({"confidence": parts[0][0], "confidence_change": 0.0, "confidence_z": 0.0})
    (now, now_error), (before, before_error) = parts
    change = now - before
    z = change / max(float(np.hypot(now_error, before_error)), 1e-9)
    overall = float(np.average(value[known], weights=weight[known]))
    return pd.Series({"confidence": overall, "confidence_change": change, "confidence_z": z})


def _outages(hours: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Runs of silent hours in which the reader's profile expects at least `OUTAGE_EXPECTED` reads."""
    bounds = period.bounds
    index = pd.date_range(pd.Timestamp(bounds["start"]).floor("h"), bounds["end"], freq="h", inclusive="left")
    columns = ["camera_id", "from_at", "to_at", "hours", "expected_reads"]
    if hours.empty or not len(index):
        return pd.DataFrame(columns=columns)
    table = hours.pivot(index="hour", columns="camera_id", values="reads").reindex(index).fillna(0.0)
    local = index.tz_convert(period.timezone)
    slot = local.hour + 24 * (local.day_of_week > 4)
    total = table.groupby(slot).transform("sum")
    number = pd.Series(slot).groupby(slot).transform("size").to_numpy()[:, None]
    expected = (total - table) / np.maximum(number - 1, 1)
    rows = []
    for camera in table:
        silent = (table[camera] == 0).to_numpy()
        run = np.cumsum(np.append(True, silent[1:] != silent[:-1]))
        for _, at in pd.Series(np.arange(len(run))).groupby(run):
            missed = float(expected[camera].to_numpy()[at].sum())
            if silent[at.iloc[0]] and missed >= OUTAGE_EXPECTED:
                first, last = index[at.iloc[0]], index[at.iloc[-1]] + pd.Timedelta(1, "h")
                rows.append((camera, first, last, float(len(at)), missed))
    return pd.DataFrame(rows, columns=columns)
