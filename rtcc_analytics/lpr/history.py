"""Where was this plate: exact, with wildcards, in part, and as a reader may have misread it."""

# ruff: noqa: S608  (SQL joined from constants of this package; every value is a parameter)
from __future__ import annotations

import re

import pandas as pd

from rtcc_analytics.lpr.confusion import ALIKE_COST, misreading_cost, plate_of
from rtcc_analytics.lpr.leads import Leads, LprError, PlateReads
from rtcc_analytics.lpr.passages import IN_PERIOD, SAME_PASSAGE_S, collapsed
from rtcc_analytics.lpr.period import TIMEZONE, When, period_of

MOST_PASSAGES = 10_000
MOST_SIMILAR = 500
MISREAD_SHARE = 0.03
LEAST_SIGNS = 2

_HISTORY = (
    f"""
own AS (
    SELECT plate, camera_id, captured_at, is_parked FROM plate_reads WHERE {{which}} AND {IN_PERIOD}
),"""
    + collapsed("own", "passages")
    + f""",
told AS (
    SELECT plate, camera_id, captured_at, camera_name, lon, lat, direction_deg, region, confidence, color, make, source
    FROM plate_reads WHERE {{which}} AND {IN_PERIOD}
)
SELECT p.plate, p.camera_id, any_value(t.camera_name) AS camera_name, p.first_at, p.last_at, p.reads, p.parked,
       any_value(t.region) AS region, max(t.confidence) AS confidence, any_value(t.lon) AS lon,
       any_value(t.lat) AS lat, any_value(t.direction_deg) AS direction_deg, any_value(t.make) AS make,
       any_value(t.color) AS color, any_value(t.source) AS source
FROM passages p JOIN told t ON t.plate = p.plate AND t.camera_id = p.camera_id
     AND t.captured_at BETWEEN p.first_at AND p.last_at
GROUP BY p.plate, p.camera_id, p.first_at, p.last_at, p.reads, p.parked
ORDER BY p.first_at, p.plate LIMIT $most + 1"""
)
HISTORY = "/* lpr history */ WITH" + _HISTORY.replace("{which}", "plate = $plate")
HISTORY_LIKE = "/* lpr history, wildcard */ WITH" + _HISTORY.replace("{which}", "plate LIKE $plate")

# Plates seen, with what could make them a misreading; the length bound keeps the distance from being computed for all.
SIMILAR = f"""/* lpr search_similar */ WITH
seen AS (
    SELECT plate, count(*) AS reads, min(captured_at) AS first_at, max(captured_at) AS last_at,
           count(DISTINCT camera_id) AS readers, max(confidence) AS confidence,
           coalesce(bool_or(list_contains(candidates, $plate)), false) AS is_candidate
    FROM plate_reads WHERE {IN_PERIOD} GROUP BY plate
),
shapes AS (
    SELECT count(*) AS plates, sum(reads) AS reads FROM seen
    WHERE regexp_replace(regexp_replace(plate, '[A-Z]', 'A', 'g'), '[0-9]', '9', 'g') = $shape
)
SELECT seen.*, shapes.plates AS shape_plates FROM seen, shapes
WHERE is_candidate OR (abs(length(plate) - length($plate)) <= 1 AND (
      translate(plate, 'OQDILBSZG', '000118526') = $folded OR damerau_levenshtein(plate, $plate) <= $edits))
UNION ALL SELECT '', 0, NULL, NULL, 0, NULL, false, plates FROM shapes
"""


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
        A setting outside 0 to 6.

    Notes
    -----
    Null model: the serials of this plate's pattern of letters and digits are in use evenly, with the density seen
    in the period. Where a state issues serials in blocks, near serials are commoner than that.
    """
    if not 0 <= most_cost <= 6:
        raise LprError(
            f"most_cost={most_cost} is outside 0 to 6: 1.8 accepts one confusable character, 2.8 one slip of any kind"
        )
    wanted, period = plate_of(plate), period_of(start, end, timezone=timezone)
    shape = _shape(wanted)
    found = reads.read(
        SIMILAR, plate=wanted, shape=shape, folded=_folded(wanted), edits=2 if most_cost > 3 else 1, **period.bounds
    )
    shape_plates = int(found.loc[found["plate"] == "", "shape_plates"].iloc[0])
    found = found[found["plate"] != ""].drop(columns="shape_plates").reset_index(drop=True)
    found["cost"] = [misreading_cost(wanted, other) for other in found["plate"]]
    preview = accepted_preview(wanted, shape_plates=shape_plates)
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
        f"the {shape_plates:,} plates of the pattern {shape} seen in the period are spread evenly over its serials; "
        "expected is how many unrelated ones each setting (matched) accepts",
        chance,
        preview,
        ("Similar plates are candidates to compare by eye with the pictures, never the same plate.",),
    )


def accepted_preview(plate: str, *, shape_plates: int) -> pd.DataFrame:
    """What each setting of `search_similar` accepts: how many serials, examples, and unrelated plates expected.

    Returns
    -------
    DataFrame
        most_cost, serials (same pattern of letters and digits, itself left out), expected, examples (of any pattern).

    Examples
    --------
    >>> accepted_preview("A1B2C3D", shape_plates=0)["most_cost"].tolist()
    [1.8, 2.8, 3.6, 4.0, 4.6]
    """
    shape, signs = _shape(plate), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    once = {plate[:i] + s + plate[i + 1 :] for i in range(len(plate)) for s in signs} - {plate}
    swapped = {plate[:i] + plate[i + 1] + plate[i] + plate[i + 2 :] for i in range(len(plate) - 1)} - {plate}
    dropped = {plate[:i] + plate[i + 1 :] for i in range(len(plate)) if len(plate) > 1}
    alike = [v for v in once if misreading_cost(plate, v) <= ALIKE_COST]
    twice = {v[:i] + s + v[i + 1 :] for v in alike for i in range(len(v)) for s in signs} - {plate}
    cost = {v: misreading_cost(plate, v) for v in once | swapped | dropped | twice}
    space = 26 ** shape.count("A") * 10 ** shape.count("9")
    rows = []
    for setting in (1.8, 2.8, 3.6, 4.0, 4.6):
        accepted = [v for v, c in cost.items() if c <= setting]
        serials = sum(_shape(v) == shape for v in accepted)
        examples = sorted(accepted, key=lambda v: (-cost[v], v))[:4]
        rows.append((setting, serials, serials * shape_plates / space, ", ".join(examples)))
    return pd.DataFrame(rows, columns=["most_cost", "serials", "expected", "examples"])


def expected_misreads(look_alike_reads: pd.Series, length: pd.Series) -> pd.Series:
    """How many reads of look-alike plates chance turns into the plate asked for: 3 % misread, one character of them.

    Examples
    --------
    >>> expected_misreads(pd.Series([700]), pd.Series([7])).tolist()
    [3.0]
    """
    return look_alike_reads * MISREAD_SHARE / length.clip(lower=1)


def _shape(plate: str) -> str:
    return re.sub(r"[0-9]", "9", re.sub(r"[A-Z]", "A", plate))


def _folded(plate: str) -> str:
    return plate.translate(str.maketrans("OQDILBSZG", "000118526"))
