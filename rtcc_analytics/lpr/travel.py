"""Between readers: what cannot be one vehicle, where trips begin and end, how long they take."""

# ruff: noqa: S608  (SQL joined from constants of this package; every value is a parameter)
from __future__ import annotations

import numpy as np
import pandas as pd

from rtcc_analytics.lpr.leads import Leads, LprError, PlateReads
from rtcc_analytics.lpr.passages import IN_PERIOD, SAME_PASSAGE_S, TRIP_GAP_S, collapsed
from rtcc_analytics.lpr.period import TIMEZONE, When, period_of
from rtcc_analytics.lpr.readers import distance_m, reader_sites

MOST_JUMPS = 20_000
LEAST_JUMP_M = 2_000.0
CLONE_JUMPS, CLONE_DAYS = 3, 2

_JUMPS = f"""/* lpr impossible_travel */ WITH
sites AS (
    SELECT unnest($cameras::VARCHAR[]) AS camera_id, radians(unnest($lons::DOUBLE[])) AS lon,
           radians(unnest($lats::DOUBLE[])) AS lat
),
pairs AS (
    SELECT a.camera_id AS from_camera, b.camera_id AS to_camera,
           2 * 6371008.8 * asin(sqrt(pow(sin((b.lat - a.lat) / 2), 2)
               + cos(a.lat) * cos(b.lat) * pow(sin((b.lon - a.lon) / 2), 2))) AS apart_m
    FROM sites a, sites b WHERE a.camera_id <> b.camera_id
),
steps AS (
    SELECT plate, camera_id AS to_camera, captured_at AS to_at, confidence AS to_confidence, region AS to_region,
           lag(camera_id) OVER w AS from_camera, lag(captured_at) OVER w AS from_at,
           lag(confidence) OVER w AS from_confidence, lag(region) OVER w AS from_region
    FROM plate_reads WHERE ($plate = '' OR plate = $plate) AND {IN_PERIOD}
    WINDOW w AS (PARTITION BY plate ORDER BY captured_at, camera_id, confidence, region)
)
SELECT plate, from_camera, to_camera, from_at, to_at, apart_m, epoch(to_at - from_at) AS seconds, from_confidence,
       to_confidence, from_region, to_region
FROM steps JOIN pairs USING (from_camera, to_camera)
WHERE apart_m >= $least_m AND apart_m / 1000 > $max_kmh * (epoch(to_at - from_at) + $clock_tolerance_s) / 3600
ORDER BY plate, to_at, from_camera, to_camera, from_confidence, to_confidence, from_region, to_region LIMIT $most + 1
"""
_PLATES = f"""/* lpr impossible_travel, plates */
SELECT count(DISTINCT plate) AS plates FROM plate_reads WHERE ($plate = '' OR plate = $plate) AND {IN_PERIOD}"""


def impossible_travel(
    reads: PlateReads,
    *,
    start: When,
    end: When,
    plate: str = "",
    max_kmh: float = 160.0,
    clock_tolerance_s: float = 120.0,
    timezone: str = TIMEZONE,
) -> Leads:
    """Plates read at two places sooner than a vehicle could get there: misread, or on two vehicles.

    Parameters
    ----------
    plate : str
        One plate; all where left out.
    max_kmh : float
        Fastest straight-line speed believed.
    clock_tolerance_s : float
        Readers' clocks may differ by this much: added to the time between the reads.

    Returns
    -------
    Leads
        ``rows``: plate, matched (impossible steps), days, least_confidence, states, first_at, last_at, chance_vehicles,
        kind: ``two vehicles`` (3 or more steps on 2 or more days), ``two states`` (the reads name more than one) or
        ``misread``. ``details``: one row a step. Reads of car-mounted readers are left out.

    Notes
    -----
    Null model: single misreads fall on plates independently (Poisson), at the rate that the plates with exactly one
    step show.
    """
    if max_kmh <= 0 or clock_tolerance_s < 0:
        raise LprError(
            f"max_kmh={max_kmh} and clock_tolerance_s={clock_tolerance_s}: give a speed above 0, a tolerance from 0"
        )
    period = period_of(start, end, timezone=timezone)
    sites = reader_sites(reads, period)
    fixed = sites[~sites["mobile"] & sites["lon"].notna()]
    steps = reads.read(
        _JUMPS,
        cameras=fixed["camera_id"].tolist(),
        lons=fixed["lon"].tolist(),
        lats=fixed["lat"].tolist(),
        plate=plate,
        least_m=LEAST_JUMP_M,
        max_kmh=float(max_kmh),
        clock_tolerance_s=float(clock_tolerance_s),
        most=MOST_JUMPS,
        **period.bounds,
    )
    plates = int(reads.read(_PLATES, plate=plate, **period.bounds)["plates"].iloc[0])
    notes = (f"Only the first {MOST_JUMPS:,} steps are given: shorten the period.",) if len(steps) > MOST_JUMPS else ()
    rows = _by_plate(steps.head(MOST_JUMPS), timezone)
    chance = _misreads_by_chance(rows, plates)
    rows["chance_vehicles"] = rows["matched"].map(chance.set_index("matched")["expected"]).astype(float)
    return Leads(
        "impossible_travel",
        rows,
        {"plate": plate, **period.words, "max_kmh": max_kmh, "clock_tolerance_s": clock_tolerance_s},
        "single misreads fall on plates independently of one another, at the rate of plates with exactly one such step",
        chance,
        steps.head(MOST_JUMPS),
        notes,
    )


def _by_plate(steps: pd.DataFrame, timezone: str) -> pd.DataFrame:
    states = pd.concat([steps[["plate", "from_region"]].set_axis(["plate", "s"], axis=1),
                        steps[["plate", "to_region"]].set_axis(["plate", "s"], axis=1)])  # fmt: skip
    grouped = steps.assign(
        day=steps["to_at"].dt.tz_convert(timezone).dt.date,
        confidence=steps[["from_confidence", "to_confidence"]].min(axis=1),
    ).groupby("plate")
    rows = grouped.agg(
        matched=("to_at", "size"),
        days=("day", "nunique"),
        least_confidence=("confidence", "min"),
        first_at=("from_at", "min"),
        last_at=("to_at", "max"),
    )
    rows["states"] = states.dropna().groupby("plate")["s"].nunique().reindex(rows.index).fillna(0).astype(int)
    twice = (rows["matched"] >= CLONE_JUMPS) & (rows["days"] >= CLONE_DAYS)
    rows["kind"] = np.select([twice, rows["states"] > 1], ["two vehicles", "two states"], "misread")
    return rows.reset_index().sort_values(
        ["matched", "days", "plate"], ascending=[False, False, True], ignore_index=True
    )


def _misreads_by_chance(rows: pd.DataFrame, plates: int) -> pd.DataFrame:
    from scipy.stats import poisson

    once = int((rows["matched"] == 1).sum())
    rate = once / plates if plates else 0.0
    matched = np.arange(1, int(rows["matched"].max() if len(rows) else 1) + 1)
    return pd.DataFrame({
        "matched": matched,
        "vehicles": [int((rows["matched"] >= k).sum()) for k in matched],
        "expected": plates * poisson.sf(matched - 1, rate),
    })  # fmt: skip


_TRIPS = (
    f"""/* lpr origin_destination */ WITH
own AS (SELECT plate, camera_id, captured_at, is_parked FROM plate_reads WHERE {IN_PERIOD}),"""
    + collapsed("own", "passages")
    + """,
steps AS (
    SELECT plate, camera_id, first_at, last_at, lag(camera_id) OVER w AS from_camera, lag(last_at) OVER w AS from_at
    FROM passages WHERE NOT parked WINDOW w AS (PARTITION BY plate ORDER BY first_at, camera_id)
),
trips AS (
    SELECT *, sum(CASE WHEN from_at IS NULL OR first_at - from_at > to_seconds($trip_gap_s) THEN 1 ELSE 0 END)
              OVER (PARTITION BY plate ORDER BY first_at, camera_id ROWS UNBOUNDED PRECEDING) AS trip
    FROM steps
),
ends AS (
    SELECT plate, trip, arg_min(camera_id, row(first_at, camera_id)) AS origin,
           arg_max(camera_id, row(first_at, camera_id)) AS destination,
           epoch(max(first_at) - min(first_at)) AS seconds, count(*) AS passages
    FROM trips GROUP BY plate, trip HAVING count(*) > 1
)"""
)
_MATRIX = (
    _TRIPS
    + """
SELECT origin, destination, count(*) AS trips, count(DISTINCT plate) AS vehicles, median(seconds) AS median_s
FROM ends GROUP BY origin, destination ORDER BY trips DESC, origin, destination"""
)
_LEGS = (
    _TRIPS
    + """
SELECT from_camera, camera_id AS to_camera, count(*) AS passages, count(DISTINCT plate) AS vehicles,
       quantile_cont(epoch(first_at - from_at), 0.1) AS p10_s, median(epoch(first_at - from_at)) AS median_s,
       quantile_cont(epoch(first_at - from_at), 0.9) AS p90_s
FROM trips WHERE from_camera <> camera_id AND first_at - from_at <= to_seconds($trip_gap_s)
GROUP BY from_camera, camera_id ORDER BY passages DESC, from_camera, camera_id"""
)


def origin_destination(
    reads: PlateReads,
    *,
    start: When,
    end: When,
    least_vehicles: int = 5,
    timezone: str = TIMEZONE,
) -> Leads:
    """Where trips past readers begin and end, and travel times between one reader and the next. No plate is in it.

    Parameters
    ----------
    least_vehicles : int
        Pairs of readers with fewer different vehicles are left out, so that no row speaks of one driver.

    Returns
    -------
    Leads
        ``rows``: origin, destination, trips, vehicles, median_s. ``details``: from_camera, to_camera, passages,
        vehicles, p10_s, median_s, p90_s, apart_m, median_kmh (straight line). A trip is a run of passages less than
        an hour apart.
    """
    period = period_of(start, end, timezone=timezone)
    values = {"same_passage_s": SAME_PASSAGE_S, "trip_gap_s": TRIP_GAP_S, **period.bounds}
    matrix, legs = reads.read(_MATRIX, **values), reads.read(_LEGS, **values)
    sites = reader_sites(reads, period).set_index("camera_id")
    kept = legs[legs["vehicles"] >= least_vehicles].reset_index(drop=True)
    a, b = sites.reindex(kept["from_camera"]), sites.reindex(kept["to_camera"])
    apart = distance_m(a["lon"], a["lat"], b["lon"], b["lat"])
    kept = kept.assign(apart_m=apart, median_kmh=apart / 1000 / (kept["median_s"].clip(lower=1) / 3600))
    few = int((matrix["vehicles"] < least_vehicles).sum())
    return Leads(
        "origin_destination",
        matrix[matrix["vehicles"] >= least_vehicles].reset_index(drop=True),
        {**period.words, "least_vehicles": least_vehicles},
        details=kept,
        notes=(
            f"{few} pairs of readers with fewer than {least_vehicles} vehicles are left out.",
            "A trip begins and ends where readers are, not where the driver does; differing clocks shift travel times.",
        ),
    )
