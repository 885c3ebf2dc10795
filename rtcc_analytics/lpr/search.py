"""Where was this plate: exact, with wildcards, in part, and as a reader may have misread it."""

# ruff: noqa: S608  (SQL joined from constants of this package; every value is a parameter)
from __future__ import annotations

import re
from functools import lru_cache
from math import prod

import pandas as pd

from rtcc_analytics.lpr.confusion import ALIKE, ALIKE_COST, misreading_cost, plate_of
from rtcc_analytics.lpr.leads import Leads, LprError, PlateReads
from rtcc_analytics.lpr.passages import IN_PERIOD, SAME_PASSAGE_S, collapsed
from rtcc_analytics.lpr.period import TIMEZONE, When, period_of

MOST_PASSAGES = 10_000
MOST_SIMILAR = 500
MISREAD_SHARE = 0.03
LEAST_SIGNS = 2

_TOLD = """
           max(camera_name) AS camera_name, max(region) AS region, max(confidence) AS confidence,
           max(lon) AS lon, max(lat) AS lat, max(direction_deg) AS direction_deg,
           max(make) AS make, max(color) AS color, max(source) AS source"""
_HISTORY = (
    f"""
own AS (
    SELECT plate, camera_id, captured_at, is_parked, camera_name, lon, lat, direction_deg, region, confidence, make,
           color, source
    FROM plate_reads WHERE {{which}} AND {IN_PERIOD}
),"""
    + collapsed("own", "passages", also=_TOLD)
    + """
SELECT plate, camera_id, camera_name, first_at, last_at, reads, parked, region, confidence, lon, lat, direction_deg,
       make, color, source
FROM passages ORDER BY first_at, plate, camera_id LIMIT $most + 1"""
)
HISTORY = "/* lpr history */ WITH" + _HISTORY.replace("{which}", "plate = $plate")
HISTORY_LIKE = "/* lpr history, wildcard */ WITH" + _HISTORY.replace("{which}", "plate LIKE $plate")

SIMILAR = f"""/* lpr search_similar */ WITH
near AS MATERIALIZED (
    SELECT read_as, bool_or(plate = read_as) AS accepted FROM plates_seen
    WHERE plate IN (SELECT unnest($variants::VARCHAR[])) AND (plate = read_as OR plate = $plate) GROUP BY read_as
)
SELECT plate, count(*) AS reads, min(captured_at) AS first_at, max(captured_at) AS last_at,
       count(DISTINCT camera_id) AS readers, max(confidence) AS confidence,
       coalesce(bool_or(list_contains(candidates, $plate)), false) AS is_candidate
FROM plate_reads JOIN near ON read_as = plate
WHERE (accepted OR list_contains(candidates, $plate)) AND {IN_PERIOD}
GROUP BY plate ORDER BY plate"""
# Of those with the same first two signs alone: a stretch of the table, where all would be the whole period. The pattern
# is looked at after the reads have become plates.
IN_USE = """/* lpr search_similar, plates in use */
SELECT count(*) FILTER (translate(plate, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
                                  'AAAAAAAAAAAAAAAAAAAAAAAAAA9999999999') = $pattern) AS plates
FROM (SELECT DISTINCT plate FROM plate_reads WHERE plate >= $from_plate AND plate < $to_plate
             AND day BETWEEN $first_day AND $last_day)"""
MOST_COST = 4.6


def history(
    reads: PlateReads, *, plate: str, start: When, end: When, partial: bool = False, timezone: str = TIMEZONE
) -> Leads:
    """Passages of one plate, or of all that fit a pattern, in order of time.

    Parameters
    ----------
    reads : PlateReads
        What `Store.sightings` hands out.
    plate : str
        Letters and digits as on the vehicle; ``*`` stands for any run of characters, ``?`` for one.
    start, end : date or time
        Half-open, local.
    partial : bool
        The characters may stand anywhere in the plate.

    Returns
    -------
    Leads
        ``rows``: plate, camera_id, camera_name, first_at, last_at (UTC), reads, parked, region, confidence, lon, lat,
        direction_deg, make, color, source: one row a passage. At most 10,000; a note says where there are more.

    Raises
    ------
    LprError
        Fewer than two letters or digits: everything would fit.

    Examples
    --------
    >>> history(None, plate="*", start="2025-11-01", end="2025-11-02")
    Traceback (most recent call last):
    rtcc_analytics.lpr.leads.LprError: '*' names 0 letters or digits; give at least 2, ...
    """
    pattern = _pattern(plate, partial=partial)
    period = period_of(start, end, timezone=timezone)
    exact = not set(pattern) & {"%", "_"}
    sql = HISTORY if exact else HISTORY_LIKE
    rows = reads.read(sql, plate=pattern, same_passage_s=SAME_PASSAGE_S, most=MOST_PASSAGES, **period.bounds)
    notes = []
    if len(rows) > MOST_PASSAGES:
        rows = rows.head(MOST_PASSAGES)
        notes.append(f"Only the first {MOST_PASSAGES:,} passages are given: narrow the pattern or the period.")
    if not exact:
        notes.append(f"{rows['plate'].nunique():,} different plates fit the pattern.")
    if rows["region"].nunique() > 1 and exact:
        notes.append("Reads of this plate name more than one state: they may be of different vehicles.")
    return Leads("history", rows, {"plate": plate, "partial": partial, **period.words}, notes=tuple(notes))


def _pattern(plate: str, *, partial: bool) -> str:
    kept = re.sub(r"[^A-Z0-9*?]", "", str(plate).upper())
    signs = len(re.sub(r"[*?]", "", kept))
    if signs < LEAST_SIGNS:
        raise LprError(
            f"{plate!r} names {signs} letters or digits; give at least {LEAST_SIGNS}, or every plate would fit"
        )
    pattern = kept.replace("*", "%").replace("?", "_")
    return f"%{pattern.strip('%')}%" if partial else pattern


def search_similar(
    reads: PlateReads,
    *,
    plate: str,
    start: When,
    end: When,
    most_cost: float = 2.8,
    timezone: str = TIMEZONE,
) -> Leads:
    """Plates that may be a misreading of this one, likeliest first.

    First what the readers themselves considered (their candidates), then by how unlikely the misreading is, in
    powers of ten (`misreading_cost`).

    Parameters
    ----------
    most_cost : float
        The setting: 1.8 accepts one confusable character, 2.8 also two neighbours swapped, one dropped or added, a
        character somewhat alike; 4 any one character or two confusable ones.

    Returns
    -------
    Leads
        ``rows``: plate, cost, likelihood (10 to minus the cost), is_candidate, reads, readers, first_at, last_at,
        confidence, chance_vehicles. ``chance``: for each setting up to 4.6, plates found (``vehicles``) and how many
        unrelated vehicles would be accepted by chance (``expected``); `matched` is the setting. ``details``: a preview,
        examples of what each setting accepts.

    Raises
    ------
    LprError
        A setting outside 0 to 4.6.

    Notes
    -----
    Null model: the plates of this plate's pattern of letters and digits that the period holds are spread evenly over
    its serials. How many they are follows from those with its first two. Where a state issues serials in blocks, near
    serials are commoner.
    """
    if not 0 <= most_cost <= MOST_COST:
        raise LprError(
            f"most_cost={most_cost} is outside 0 to {MOST_COST}: 1.8 accepts one confusable character, "
            "2.8 one slip of any kind"
        )
    wanted, period = plate_of(plate), period_of(start, end, timezone=timezone)
    pattern = _pattern_of(wanted)
    near = [v for v, cost in _readings(wanted).items() if cost <= most_cost]
    found = reads.read(SIMILAR, plate=wanted, variants=[wanted, *sorted(near)], **period.bounds)
    stretch = {"from_plate": wanted[:2], "to_plate": wanted[:2][:-1] + chr(ord(wanted[:2][-1]) + 1)}
    days = {name: period.bounds[name] for name in ("first_day", "last_day")}
    counted = reads.read(IN_USE, pattern=pattern, **stretch, **days)["plates"].iloc[0]
    in_use = plates_in_use(wanted, counted)
    found["cost"] = [misreading_cost(wanted, other) for other in found["plate"]]
    preview = accepted_preview(wanted, in_use=in_use)
    chance = pd.DataFrame({
        "matched": preview["most_cost"],
        "vehicles": [int((found["cost"].between(0.001, c)).sum()) for c in preview["most_cost"]],
        "expected": preview["expected"],
    })  # fmt: skip
    rows = found[(found["cost"] <= most_cost) | found["is_candidate"]].copy()
    rows["likelihood"] = 10.0 ** -rows["cost"]
    rows["first_choice"] = (rows["cost"] == 0) | rows["is_candidate"]
    rows = rows.sort_values(["first_choice", "cost", "reads"], ascending=[False, True, False], ignore_index=True)
    step = chance.loc[chance["matched"] >= most_cost - 1e-9, "expected"]
    rows["chance_vehicles"] = float(step.iloc[0]) if len(step) else float(chance["expected"].iloc[-1])
    columns = [
        "plate",
        "cost",
        "likelihood",
        "is_candidate",
        "reads",
        "readers",
        "first_at",
        "last_at",
        "confidence",
        "chance_vehicles",
    ]
    return Leads(
        "search_similar",
        rows[columns].head(MOST_SIMILAR),
        {"plate": wanted, "most_cost": most_cost, **period.words},
        f"the plates of the pattern {pattern} in use, about {in_use:,}, are spread evenly over its serials; "
        "expected is how many unrelated ones each setting (matched) accepts",
        chance,
        preview,
        ("Similar plates are candidates to compare by eye with the pictures, never the same plate.",),
    )


def accepted_preview(plate: str, *, in_use: int) -> pd.DataFrame:
    """What each setting of `search_similar` accepts: how many serials, examples, and unrelated plates expected.

    Returns
    -------
    DataFrame
        most_cost, serials (same pattern of letters and digits, itself left out), expected, examples (of any pattern).

    Examples
    --------
    >>> accepted_preview("A1B2C3D", in_use=0)["most_cost"].tolist()
    [1.8, 2.8, 3.6, 4.0, 4.6]
    """
    pattern, cost = _pattern_of(plate), _readings(plate)
    space = 26 ** pattern.count("A") * 10 ** pattern.count("9")
    rows = []
    for setting in (1.8, 2.8, 3.6, 4.0, 4.6):
        accepted = [v for v, c in cost.items() if c <= setting]
        serials = sum(_pattern_of(v) == pattern for v in accepted)
        examples = sorted(accepted, key=lambda v: (-cost[v], v))[:4]
        rows.append((setting, serials, serials * in_use / space, ", ".join(examples)))
    return pd.DataFrame(rows, columns=["most_cost", "serials", "expected", "examples"])


@lru_cache(maxsize=64)
def _readings(plate: str) -> dict[str, float]:
    """What a reader may make of a plate by one slip, alone or with a confusable character, with the cost of each."""
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    once = {plate[:i] + s + plate[i + 1 :] for i in range(len(plate)) for s in signs}
    swapped = {plate[:i] + plate[i + 1] + plate[i] + plate[i + 2 :] for i in range(len(plate) - 1)}
    dropped = {plate[:i] + plate[i + 1 :] for i in range(len(plate)) if len(plate) > 1}
    added = {plate[:i] + s + plate[i:] for i in range(len(plate) + 1) for s in signs}
    alike = [v for v in once if 0 < misreading_cost(plate, v) <= ALIKE_COST]
    slipped = {
        v[:i] + s + v[i + 1 :]
        for v in swapped | dropped | added
        for i, sign in enumerate(v)
        for group in ALIKE
        if sign in group
        for s in group
    }
    twice = {v[:i] + s + v[i + 1 :] for v in alike for i in range(len(v)) for s in signs}
    everything = (once | swapped | dropped | added | twice | slipped) - {plate}
    return {v: cost for v in everything if (cost := misreading_cost(plate, v)) <= MOST_COST}


def plates_in_use(plate: str, alike: int) -> int:
    """About how many plates of a plate's pattern are in use, where so many have its first two signs.

    Examples
    --------
    >>> plates_in_use("A1B2C3D", 100), plates_in_use("1ABC234", 100)
    (26000, 26000)
    """
    return int(alike) * prod(26 if sign.isalpha() else 10 for sign in plate[:2])


def expected_misreads(look_alike_reads: pd.Series, length: pd.Series) -> pd.Series:
    """How many reads of look-alike plates chance turns into the plate asked for: 3 % misread, one character of them.

    Examples
    --------
    >>> expected_misreads(pd.Series([700]), pd.Series([7])).tolist()
    [3.0]
    """
    return look_alike_reads * MISREAD_SHARE / length.clip(lower=1)


def _pattern_of(plate: str) -> str:
    return re.sub(r"[0-9]", "9", re.sub(r"[A-Z]", "A", plate))
