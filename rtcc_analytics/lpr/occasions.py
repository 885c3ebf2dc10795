"""The same occasions on other days: what a search would have found by chance.

Shared by `travels_with` and `at_places`. Each occasion (a trip, an incident) has windows at readers; the null model
moves all windows of an occasion together to other days of its kind (working days, weekends) at the same local time.
"""

# ruff: noqa: S608  (SQL joined from constants of this package; every value is a parameter)
from __future__ import annotations

from datetime import timedelta

import pandas as pd

from data_connectors.store.plate_index import reader_number, slots
from rtcc_analytics.lpr.chance import with_chance
from rtcc_analytics.lpr.leads import LprError
from rtcc_analytics.lpr.passages import IN_PERIOD
from rtcc_analytics.lpr.period import Period

FEW_NULL_DAYS = 4
MOST_NULL_DAYS = 62  # the windows of an occasion are the bits of a number: the observed one, then the others
NEARBY_OFFSETS_S = (-5400, -2700, 0, 2700, 5400)


def slotted(windows: str) -> str:
    """SQL of the CTE `slotted`: for each of `windows` (camera_id, lo, hi) its hours as `reads_by_reader` names them.

    Adds slot, daily_slot and utc_day to the columns of `windows`.

    Examples
    --------
    >>> slotted("occasions").split()[0]
    'hourly'
    """
    return f"""
hourly AS (
    SELECT *, unnest(range(epoch_us(lo) // 3600000000, epoch_us(hi) // 3600000000 + 1)) AS hour FROM {windows}
),
slotted AS (
    SELECT *, {slots("hour", reader_number("camera_id"))}, DATE '1970-01-01' + CAST(hour // 24 AS INTEGER) AS utc_day
    FROM hourly
)"""


_MOVED = (
    "timezone($zone, CAST(timezone($zone, {time}) + to_days(CAST({days} AS INTEGER)) + to_seconds({seconds}) "
    "AS TIMESTAMP))"
)

# Needs a CTE `occasions` (item, camera_id, passed_at, lo, hi) before it; `passed_at` says which local day it is.
SLOTS = (
    f"""
based AS MATERIALIZED (
    SELECT item, camera_id, lo, hi, CAST(timezone($zone, min(passed_at) OVER (PARTITION BY item)) AS DATE) AS own_day
    FROM occasions
),
days AS (
    SELECT unnest($local_dates::DATE[]) AS d
),
slots AS (
    SELECT b.item, b.own_day, d, o AS offset_s, (d = b.own_day AND o = 0) AS observed, last_hi - first_lo AS length,
           {_MOVED.format(time="first_lo", days="d - b.own_day", seconds="o")} AS first_lo
    FROM (SELECT item, own_day, min(lo) AS first_lo, max(hi) AS last_hi FROM based GROUP BY item, own_day) b, days,
         (SELECT unnest($offsets_s::BIGINT[]) AS o)
    WHERE NOT $by_class OR (isodow(d) > 5) = (isodow(b.own_day) > 5)
),
ranked AS (
    SELECT *, CASE WHEN observed THEN 0 ELSE row_number() OVER (
        PARTITION BY item, observed ORDER BY md5(concat_ws('|', d, offset_s, $seed))) END AS place
    FROM slots WHERE observed OR (first_lo >= $start AND first_lo + length <= $end)
),
chosen AS MATERIALIZED (
    SELECT * FROM ranked WHERE place <= $null_days
),
moved AS (
    SELECT c.item, CAST(1 AS BIGINT) << CAST(c.place AS INTEGER) AS place_bit, b.camera_id,
           CASE WHEN c.observed THEN b.lo
                ELSE {_MOVED.format(time="b.lo", days="c.d - c.own_day", seconds="c.offset_s")} END AS lo,
           b.hi - b.lo AS length
    FROM chosen c JOIN based b USING (item)
),
windows AS (SELECT item, place_bit, camera_id, lo, lo + length AS hi FROM moved),"""
    + slotted("windows")
    + """,
sized AS (SELECT item, count(*) FILTER (NOT observed) AS null_days FROM chosen GROUP BY item),"""
)

# `daily_slot` and `day` have few values, by which filters skip most of the table; `slot` is what is meant.
BY_PLATE = f"""
by_item AS (
    SELECT r.plate, b.item, bit_or(b.place_bit) AS places
    FROM reads_by_reader r JOIN slotted b ON r.slot = b.slot AND r.camera_id = b.camera_id
    WHERE r.daily_slot IN (SELECT DISTINCT daily_slot FROM slotted) AND r.day IN (SELECT DISTINCT utc_day FROM slotted)
      AND r.captured_at >= b.lo AND r.captured_at <= b.hi AND r.plate <> $plate
      AND {IN_PERIOD}
    GROUP BY r.plate, b.item
),
by_plate AS (
    SELECT plate, count(*) FILTER (places % 2 = 1) AS matched,
           list_sort(coalesce(list(round(bit_count(places >> 1) / null_days, 4)) FILTER (places > 1), [])) AS habits
    FROM by_item JOIN sized USING (item) GROUP BY plate
),
sized_up AS (
    SELECT coalesce(sum(null_days), 0) AS null_occasions, count(*) AS items FROM sized
)
SELECT CASE WHEN matched >= $least THEN plate END AS plate,
       CASE WHEN matched >= $least THEN matched END AS matched,
       habits, count(*) AS vehicles, max(null_occasions) AS null_occasions, max(items) AS items
FROM by_plate, sized_up WHERE matched >= $least OR array_length(habits) >= $least GROUP BY 1, 2, 3
UNION ALL SELECT NULL, NULL, [], 0, null_occasions, items FROM sized_up
ORDER BY matched, plate, vehicles, habits
"""


def null_values(period: Period, *, null_days: int, seed: int) -> dict[str, object]:
    """The values that `SLOTS` binds; in a period of a few days other hours stand in for other days."""
    if not isinstance(null_days, int) or not 1 <= null_days <= MOST_NULL_DAYS:
        raise LprError(f"null_days={null_days!r}: give a whole number of other days, 1 to {MOST_NULL_DAYS}")
    days = period.local_days
    span = (days["last_local"] - days["first_local"]).days
    return {
        "local_dates": [days["first_local"] + timedelta(n) for n in range(span + 1)],
        "zone": days["zone"],
        "by_class": days["by_class"],
        "offsets_s": list(NEARBY_OFFSETS_S) if span < FEW_NULL_DAYS else [0],
        "null_days": null_days,
        "seed": int(seed),
    }


def null_words(period: Period, what: str) -> str:
    """The null model in words."""
    days = period.local_days
    kept = "working days and weekends apart" if days["by_class"] else "working days and weekends together"
    moved = "to other days at the same local time"
    if (days["last_local"] - days["first_local"]).days < FEW_NULL_DAYS:
        moved += ", and up to 90 minutes earlier or later because the period has few days"
    return (
        f"each {what} is moved {moved} ({kept}); every vehicle keeps its own habits, and the number of vehicles "
        "matching as often is added up over all of them. Habits shared week after week count as chance"
    )


def likeliest(kinds: pd.DataFrame, *, most: int) -> tuple[list[str], int]:
    """So many plates found, the most often matched and least expected first, and how many were found besides."""
    found = kinds.loc[kinds["plate"].notna(), ["plate", "matched", "habits"]]
    found = found.assign(expected=[float(sum(habits)) for habits in found["habits"]])
    plates = found.sort_values(["matched", "expected", "plate"], ascending=[False, True, True])["plate"]
    return plates.head(most).tolist(), max(len(plates) - most, 0)


def weighed(
    kinds: pd.DataFrame, *, least: int, matched: pd.Series | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Vehicles found with their chance columns, the table of chance, and how many occasions there were.

    Parameters
    ----------
    kinds : DataFrame
        What `BY_PLATE` gives.
    least : int
        Fewest matches.
    matched : Series of int, optional
        By plate, how many of its matches stand after a closer look; plates that it lacks are left out.
    """
    size = kinds.loc[kinds["vehicles"] == 0].iloc[0]
    kinds = kinds[kinds["vehicles"] > 0]
    kinds = kinds.assign(habits=[list(h) for h in kinds["habits"]])
    found = kinds.loc[kinds["plate"].notna(), ["plate", "matched", "habits"]]
    if matched is not None:
        found = found.assign(matched=found["plate"].map(matched))
        found = found[found["matched"] >= least]
    found = found.reset_index(drop=True).astype({"plate": str, "matched": int})
    rows, chance = with_chance(found, kinds[["habits", "vehicles"]], least=least, occasions=int(size["null_occasions"]))
    return rows, chance, int(size["items"])
