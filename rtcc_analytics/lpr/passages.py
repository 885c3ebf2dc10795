"""From reads to passages: several reads of one plate by one reader in a row are one passage.

A reader that fires twice as a car goes by, or every few minutes while one stands below it, has seen the vehicle
once. Reads less than `SAME_PASSAGE_S` apart, of the same plate by the same reader, are joined; where that makes a
chain of several reads over ten minutes, or the reader says so, the vehicle was parked.
"""

# ruff: noqa: S608  (SQL joined from constants of this package; every value is a parameter)
from __future__ import annotations

SAME_PASSAGE_S = 900
TRIP_GAP_S = 3600
PARKED = (
    "(coalesce(bool_or(is_parked), false) "
    "OR (count(*) >= 4 AND max(captured_at) - min(captured_at) >= INTERVAL 10 MINUTE))"
)


def collapsed(reads: str, passages: str, *, also: str = "") -> str:
    """SQL of the CTE `passages` (plate, camera_id, first_at, last_at, reads, parked) from the CTE `reads`.

    Binds ``$same_passage_s``. `reads` has plate, camera_id, captured_at, is_parked, and what `also` aggregates.

    Examples
    --------
    >>> collapsed("own", "stays").lstrip().startswith("stays_marked AS (")
    True
    """
    return f"""
{passages}_marked AS (
    SELECT *, coalesce(captured_at - lag(captured_at) OVER w > to_seconds($same_passage_s), true) AS starts
    FROM {reads} WINDOW w AS (PARTITION BY plate, camera_id ORDER BY captured_at)
),
{passages}_numbered AS (
    SELECT *, sum(starts::INTEGER) OVER (PARTITION BY plate, camera_id ORDER BY captured_at
                                         ROWS UNBOUNDED PRECEDING) AS passage
    FROM {passages}_marked
),
{passages} AS (
    SELECT plate, camera_id, min(captured_at) AS first_at, max(captured_at) AS last_at, count(*) AS reads,
           {PARKED} AS parked{"," + also if also else ""}
    FROM {passages}_numbered GROUP BY plate, camera_id, passage
)"""


# Within the period. Needs $start, $end, $first_day, $last_day; the day prunes files, the instant decides.
IN_PERIOD = "day BETWEEN $first_day AND $last_day AND captured_at >= $start AND captured_at < $end"

# The reads of one plate within a period. Needs $plate.
OWN_OF_PLATE = f"""
own AS MATERIALIZED (
    SELECT plate, camera_id, captured_at, is_parked FROM plate_reads WHERE plate = $plate AND {IN_PERIOD}
),"""

# The target's trips: passages while moving, less than $trip_gap_s between one and the next.
TRIPS = (
    OWN_OF_PLATE
    + collapsed("own", "passages")
    + """,
moving AS (
    SELECT *, coalesce(first_at - lag(last_at) OVER w > to_seconds($trip_gap_s), true) AS sets_out
    FROM passages WHERE NOT parked WINDOW w AS (ORDER BY first_at, camera_id)
),
trips AS (
    SELECT camera_id, first_at,
           sum(sets_out::INTEGER) OVER (ORDER BY first_at, camera_id ROWS UNBOUNDED PRECEDING) AS item
    FROM moving
)"""
)
