"""Who travels with a vehicle, and which pairs travel together: convoys and associates, with what chance gives."""

# ruff: noqa: S608  (SQL joined from constants of this package; every value is a parameter)
from __future__ import annotations

import pandas as pd

from data_connectors.store.plate_index import reader_number, slots
from rtcc_analytics.lpr.confusion import one_misreading_apart, plate_of
from rtcc_analytics.lpr.leads import Leads, LprError, PlateReads
from rtcc_analytics.lpr.occasions import BY_PLATE, SLOTS, likeliest, null_values, null_words, weighed
from rtcc_analytics.lpr.passages import IN_PERIOD, SAME_PASSAGE_S, TRIP_GAP_S, TRIPS, collapsed
from rtcc_analytics.lpr.period import TIMEZONE, Period, When, period_of

MOST_ROWS = 200
MOST_LOOKED_AT = 2_000
MOST_PAIRS = 5_000
_OCCASIONS = """,
occasions AS MATERIALIZED (
    SELECT item, camera_id, first_at AS passed_at, first_at - to_seconds($window_s) AS lo,
           first_at + to_seconds($window_s) AS hi
    FROM trips
),"""
TRAVELS_WITH = "/* lpr travels_with */ WITH " + TRIPS + _OCCASIONS + SLOTS + BY_PLATE

# An hour around each passage tells a parked vehicle as surely as all its reads: four in a row lie within 45 minutes.
MEETINGS = (
    "/* lpr travels_with, meetings */ WITH "
    + TRIPS
    + f""",
around AS (
    SELECT DISTINCT {slots("hour", reader_number("camera_id"))} FROM (
        SELECT camera_id, epoch_us(first_at) // 3600000000 + h AS hour FROM trips, (SELECT unnest([-1, 0, 1]) AS h))
),
theirs AS MATERIALIZED (
    SELECT plate, camera_id, captured_at, is_parked FROM reads_by_reader
    WHERE plate IN (SELECT unnest($plates::VARCHAR[])) AND slot IN (SELECT slot FROM around) AND {IN_PERIOD}
),"""
    + collapsed("theirs", "stays")
    + """
SELECT t.item AS trip, t.camera_id, t.first_at AS target_at, r.plate,
       arg_min(r.captured_at, 2 * abs(epoch_us(r.captured_at) - epoch_us(t.first_at))
               + CASE WHEN r.captured_at > t.first_at THEN 1 ELSE 0 END) AS plate_at
FROM trips t JOIN theirs r ON r.camera_id = t.camera_id
     AND r.captured_at BETWEEN t.first_at - to_seconds($window_s) AND t.first_at + to_seconds($window_s)
JOIN stays s ON s.plate = r.plate AND s.camera_id = r.camera_id
     AND r.captured_at BETWEEN s.first_at AND s.last_at AND NOT s.parked
GROUP BY ALL ORDER BY target_at, r.plate, t.camera_id, trip"""
)

# Plates and readers go by number here: millions of pairs are joined and counted, and text would cost twice as much.
# Whoever passed fewer readers than a pair must share is left out first; shifted in time, a vehicle passes as many.
_MEETINGS_OF_ALL = f"""
named AS (
    SELECT plate, (row_number() OVER (ORDER BY plate))::INTEGER AS n
    FROM (SELECT plate FROM plate_reads WHERE {IN_PERIOD}
          GROUP BY plate HAVING count(DISTINCT camera_id) >= $min_readers)
),
sites AS (
    SELECT camera_id, (row_number() OVER (ORDER BY camera_id))::INTEGER AS c
    FROM (SELECT DISTINCT camera_id FROM plate_reads WHERE {IN_PERIOD})
),
moments AS (
    SELECT n, c, epoch_us(captured_at) + CASE WHEN $jitter = 0 THEN 0 ELSE 1000000
               * (1 - 2 * CAST(hash(plate, $jitter::BIGINT) % 2 AS BIGINT))
               * (600 + CAST(hash(plate, -$jitter::BIGINT) % 1800 AS BIGINT)) END AS us
    FROM plate_reads JOIN named USING (plate) JOIN sites USING (camera_id) WHERE {IN_PERIOD}
),
bucketed AS (
    SELECT n, c, us, us // $window_us * 1000000 + c AS bucket, true AS home FROM moments
    UNION ALL SELECT n, c, us, (us // $window_us + 1) * 1000000 + c, false FROM moments
),
met AS (
    SELECT a.n::BIGINT * 4294967296 + o.n AS pair, a.c, min(a.us) AS first_us, max(a.us) AS last_us
    FROM bucketed a JOIN bucketed o ON a.bucket = o.bucket AND (a.home OR o.home) AND a.n < o.n
         AND abs(a.us - o.us) <= $window_us
    GROUP BY ALL
),
pairs AS (
    SELECT pair, count(*) AS readers, min(first_us) AS first_us, max(last_us) AS last_us
    FROM met GROUP BY pair HAVING count(*) >= $min_readers
)"""
CONVOYS = (
    "/* lpr convoys */ WITH"
    + _MEETINGS_OF_ALL
    + """,
most AS (FROM pairs ORDER BY readers DESC, pair LIMIT $most)
SELECT one.plate, two.plate AS other, readers, make_timestamptz(first_us) AS first_at,
       make_timestamptz(last_us) AS last_at, 1 AS pairs
FROM most JOIN named one ON one.n = pair // 4294967296 JOIN named two ON two.n = pair % 4294967296
UNION ALL SELECT NULL, NULL, readers, NULL, NULL, count(*) FROM pairs GROUP BY readers
ORDER BY readers DESC, plate, other"""
)
CONVOYS_BY_CHANCE = (
    "/* lpr convoys, plates shifted in time */ WITH"
    + _MEETINGS_OF_ALL
    + """
SELECT readers, count(*) AS pairs FROM pairs GROUP BY readers ORDER BY readers"""
)


def travels_with(
    reads: PlateReads,
    *,
    plate: str,
    start: When,
    end: When,
    window_s: int = 60,
    min_trips: int = 2,
    null_days: int = 60,
    timezone: str = TIMEZONE,
    seed: int = 0,
) -> Leads:
    """Vehicles that passed the same readers within seconds of the target, on several of its trips.

    A trip is a run of the target's passages less than an hour apart: two cars in one platoon meet at every reader
    of a road, and that is one coincidence, not several. Reads of a parked vehicle and repeated reads of one
    passage count once or not at all.

    Parameters
    ----------
    reads : PlateReads
        What `Store.sightings` hands out.
    plate : str
        The target.
    start, end : date or time
        Half-open, local.
    window_s : int
        Seconds before and after the target, at the same reader: clocks that differ between readers do not matter.
    min_trips : int
        Fewest trips together.
    null_days : int
        At most so many other days per trip for the null model.

    Returns
    -------
    Leads
        ``rows``: plate, matched (trips together), trips (of the target), meetings, readers, days, median_gap_s,
        first_at, last_at, expected_matches, habit_p, chance_vehicles, stands_out, misreading (it may be the target
        itself, misread). At most 200, best first. ``details``: one row a meeting.

    Raises
    ------
    LprError
        Bad period or plate; a window over ten minutes.

    Notes
    -----
    Null model: see `rtcc_analytics.lpr.chance`. Vehicles that share the target's road and hours week after week
    (commuters) match as often on other days and do not stand out; nor does a convoy that keeps a timetable.
    """
    if not 1 <= window_s <= 600 or min_trips < 1:
        raise LprError(
            f"window_s={window_s} and min_trips={min_trips}: give a window of 1 to 600 s and at least 1 trip"
        )
    period, target = period_of(start, end, timezone=timezone), plate_of(plate)
    values = {
        "plate": target,
        "window_s": int(window_s),
        "same_passage_s": SAME_PASSAGE_S,
        "trip_gap_s": TRIP_GAP_S,
        **period.bounds,
    }
    kinds = reads.read(
        TRAVELS_WITH,
        **values,
        **null_values(period, null_days=null_days, seed=seed),
        least=int(min_trips),
    )
    plates, left_out = likeliest(kinds, most=MOST_LOOKED_AT)
    met = reads.read(MEETINGS, **values, plates=plates)
    rows, chance, trips = weighed(kinds, least=min_trips, matched=trips_together(met))
    rows = described_companions(rows.head(MOST_ROWS), met, target, trips, timezone)
    return Leads(
        "travels_with",
        rows,
        {
            "plate": target,
            **period.words,
            "window_s": window_s,
            "min_trips": min_trips,
            "null_days": null_days,
            "seed": seed,
        },
        null_words(period, "trip of the target"),
        chance,
        met[met["plate"].isin(rows["plate"])].reset_index(drop=True),
        _notes(period, trips, left_out),
    )


def trips_together(met: pd.DataFrame) -> pd.Series:
    """On how many trips each vehicle met the target while it moved."""
    return met.groupby("plate")["trip"].nunique()


def described_companions(rows: pd.DataFrame, met: pd.DataFrame, target: str, trips: int, timezone: str) -> pd.DataFrame:
    """What the meetings say of each vehicle."""
    gap = (met["plate_at"] - met["target_at"]).dt.total_seconds().abs()
    day = met["target_at"].dt.tz_convert(timezone).dt.date
    grouped = met.assign(gap=gap, day=day).groupby("plate")
    told = grouped.agg(
        meetings=("trip", "size"),
        readers=("camera_id", "nunique"),
        days=("day", "nunique"),
        median_gap_s=("gap", "median"),
        first_at=("target_at", "min"),
        last_at=("target_at", "max"),
    )
    rows = rows.merge(told.reset_index(), on="plate", how="inner").assign(trips=trips)
    rows["misreading"] = [one_misreading_apart(target, other) for other in rows["plate"]]
    rows["stands_out"] &= ~rows["misreading"]
    columns = ["plate", "matched", "trips", "meetings", "readers", "days", "median_gap_s", "first_at", "last_at",
               "expected_matches", "habit_p", "chance_vehicles", "stands_out", "misreading"]  # fmt: skip
    return rows.sort_values(
        ["stands_out", "matched", "expected_matches", "plate"], ascending=[False, False, True, True], ignore_index=True
    )[columns]


def _notes(period: Period, trips: int, left_out: int) -> tuple[str, ...]:
    notes = []
    if left_out:
        notes.append(
            f"{left_out:,} more vehicles were at the same readers as often, some of them parked, and were not looked "
            "at: narrow the window, or ask for more trips."
        )
    if trips == 0:
        notes.append("The target was not read while moving in this period.")
    elif trips < 3:
        notes.append(f"The target made {trips} trips past readers: too few to tell a convoy from a platoon.")
    if not period.local_days["by_class"]:
        notes.append("The period is shorter than two weeks: working days and weekends are compared with each other.")
    return tuple(notes)


def convoys(
    reads: PlateReads,
    *,
    start: When,
    end: When,
    window_s: int = 60,
    min_readers: int = 3,
    draws: int = 1,
    timezone: str = TIMEZONE,
    seed: int = 1,
) -> Leads:
    """All pairs of plates within seconds of one another at several readers: where to ask `travels_with`.

    Parameters
    ----------
    start, end : date or time
        Half-open, local; a day or two. Over a longer period ordinary traffic fills the list.
    window_s : int
        Seconds between the two, at the same reader.
    min_readers : int
        Fewest different readers.
    draws : int
        How many times the traffic is shifted to see what chance gives; more is steadier and slower.

    Returns
    -------
    Leads
        ``rows``: plate, other, readers, first_at, last_at, chance_pairs, misreading; at most 5,000. ``chance``:
        `matched` readers, pairs (``vehicles``), ``expected``.

    Notes
    -----
    Null model: every vehicle's whole day is shifted by 10 to 40 minutes, one way or the other, each by its own amount.
    That keeps routes and volumes and parts whoever travelled together; it also parts commuters with the same hours and
    platoons behind one lorry, which a single day cannot tell from a convoy. `travels_with` over weeks can.
    """
    if not 1 <= window_s <= 600 or min_readers < 1 or draws < 1:
        raise LprError(
            f"window_s={window_s}, min_readers={min_readers}, draws={draws}: give 1 to 600 s, and at least 1 each"
        )
    period = period_of(start, end, timezone=timezone)
    values = {"window_us": int(window_s) * 1_000_000, "min_readers": int(min_readers), **period.bounds}
    found = reads.read(CONVOYS, **values, jitter=0, most=MOST_PAIRS)
    totals, rows = found[found["plate"].isna()], found[found["plate"].notna()].drop(columns="pairs")
    shifted = pd.concat([reads.read(CONVOYS_BY_CHANCE, **values, jitter=int(seed) + n) for n in range(draws)])
    counted = shifted.groupby("readers")["pairs"].sum() / draws
    most = int(max([min_readers, *totals["readers"], *counted.index]))
    matched = list(range(min_readers, most + 1))
    chance = pd.DataFrame({
        "matched": matched,
        "vehicles": [int(totals.loc[totals["readers"] >= k, "pairs"].sum()) for k in matched],
        "expected": [float(counted[counted.index >= k].sum()) for k in matched],
    })  # fmt: skip
    rows = rows.reset_index(drop=True).assign(
        chance_pairs=lambda r: r["readers"].map(chance.set_index("matched")["expected"]).astype(float),
        misreading=lambda r: [one_misreading_apart(a, b) for a, b in zip(r["plate"], r["other"], strict=True)],
    )
    return Leads(
        "convoys",
        rows,
        {**period.words, "window_s": window_s, "min_readers": min_readers, "draws": draws, "seed": seed},
        "every vehicle's whole day is shifted by 10 to 40 minutes by itself; commuters with the same hours and "
        "platoons count as found, so ask travels_with of each pair over several weeks",
        chance,
    )
