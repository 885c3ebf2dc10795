"""Wanted plates: which were read, which would have been, how old the list is, and what is wrong with it."""

# ruff: noqa: S608  (SQL joined from constants of this package; every value is a parameter)
from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd

from rtcc_analytics.lpr.leads import Leads, LprError, PlateReads
from rtcc_analytics.lpr.passages import IN_PERIOD, SAME_PASSAGE_S, collapsed
from rtcc_analytics.lpr.period import TIMEZONE, When, instant_of, period_of
from rtcc_analytics.lpr.search import expected_misreads

VERIFY = "verify before stop"
STALE_DAYS = 180

_ALLOWED = """
    WHERE ($all_categories OR upper(coalesce(e.category, '')) IN (SELECT unnest($categories::VARCHAR[])))
      AND ($all_lists OR e.list_name IN (SELECT unnest($lists::VARCHAR[])))
      AND ($loaded_after IS NULL
           OR e.load_id IN (SELECT load_id FROM loads WHERE loaded_at > $loaded_after::TIMESTAMPTZ))"""
_WANTED = {
    "exact": f"""
wanted AS (SELECT e.plate AS listed, e.plate AS variant FROM hotlist_entries e {_ALLOWED}),""",
    "similar": f"""
listed AS MATERIALIZED (SELECT e.plate, e.plate_folded FROM hotlist_entries e {_ALLOWED}),
wanted AS MATERIALIZED (
    SELECT plate AS listed, plate AS variant FROM listed
    UNION ALL
    SELECT plate, substr(plate, 1, i - 1) || substr(plate, i + 1, 1) || substr(plate, i, 1) || substr(plate, i + 2)
    FROM (SELECT plate, unnest(range(1, length(plate))) AS i FROM listed)
    UNION ALL SELECT l.plate, s.plate FROM listed l JOIN (
        SELECT DISTINCT plate, plate_folded FROM plate_reads WHERE {IN_PERIOD}) s USING (plate_folded)
),""",
}
_TOLD = """
           max(camera_name) AS camera_name, list(DISTINCT region) FILTER (region IS NOT NULL) AS regions,
           min(region) AS region,
           max(confidence) AS confidence, max(lon) AS lon, max(lat) AS lat"""
# A list has a million entries and a day few reads of them: what else an entry says is asked for those alone.
_HITS = (
    f"""
own AS MATERIALIZED (
    SELECT r.plate, r.camera_id, r.captured_at, r.is_parked, r.camera_name, r.region, r.confidence, r.lon, r.lat
    FROM plate_reads r SEMI JOIN wanted w ON w.variant = r.plate WHERE {IN_PERIOD}
),
matched AS MATERIALIZED (SELECT DISTINCT listed, variant FROM wanted WHERE variant IN (SELECT plate FROM own)),
entries AS MATERIALIZED (
    SELECT e.plate, e.plate_folded, e.region, e.list_name, e.category, e.reason, e.case_number, e.priority,
           e.issued_at, e.expires_at, l.loaded_at
    FROM hotlist_entries e LEFT JOIN loads l ON l.load_id = e.load_id {_ALLOWED}
      AND e.plate IN (SELECT listed FROM matched)
),"""
    + collapsed("own", "described", also=_TOLD)
    + """
SELECT e.plate AS listed, e.plate_folded, d.plate, d.camera_id, d.camera_name, d.first_at, d.last_at, d.reads, d.parked,
       d.confidence, d.lon, d.lat, e.list_name, e.category, e.reason, e.case_number, e.priority,
       e.region AS listed_region, d.region, e.issued_at, e.expires_at, e.loaded_at,
       CASE WHEN e.region IS NULL OR d.region IS NULL THEN 'unknown'
            WHEN list_contains(d.regions, e.region) THEN 'same' ELSE 'differs' END AS region_match,
       CASE WHEN e.issued_at IS NOT NULL AND d.last_at < e.issued_at THEN 'before_issue'
            WHEN e.expires_at IS NOT NULL AND d.first_at >= e.expires_at THEN 'after_expiry'
            ELSE 'in_force' END AS validity
FROM described d JOIN matched m ON m.variant = d.plate JOIN entries e ON e.plate = m.listed
ORDER BY d.first_at, d.plate, d.camera_id, e.list_name, e.case_number, e.plate, e.category, e.reason, e.priority,
         e.region, e.issued_at, e.expires_at, e.loaded_at"""
)
_LOOK_ALIKES = f"""/* lpr hotlist_matches, look-alikes */ WITH
asked AS (SELECT unnest($plates::VARCHAR[]) AS plate, unnest($folded::VARCHAR[]) AS plate_folded)
SELECT a.plate AS listed, count(*) AS look_alike_reads
FROM plate_reads r JOIN asked a ON a.plate_folded = r.plate_folded AND a.plate <> r.plate
WHERE {IN_PERIOD} GROUP BY a.plate ORDER BY a.plate"""
SQL = {kind: f"/* lpr hotlist_matches, {kind} */ WITH" + wanted + _HITS for kind, wanted in _WANTED.items()}


def hotlist_matches(
    reads: PlateReads,
    *,
    start: When,
    end: When,
    similar: bool = False,
    retro: bool = False,
    loaded_after: When | None = None,
    categories: Sequence[str] | None = None,
    lists: Sequence[str] | None = None,
    timezone: str = TIMEZONE,
) -> Leads:
    """Passages of wanted plates, each with the entry it matches and how old that is.

    Parameters
    ----------
    start, end : date or time
        Half-open, local: of the reads.
    similar : bool
        Also plates whose characters fold alike (O for 0) or have two neighbours exchanged, as when a list is mistyped.
    retro : bool
        Also passages from before an entry was issued: what a new entry would have hit. Never after it expired.
    loaded_after : date or time, optional
        Only entries that came with a load since then: what a change of the lists adds.
    categories, lists : sequence of str, optional
        The allow-list of categories or lists; all where left out.

    Returns
    -------
    Leads
        ``rows``: listed, plate, match (exact, similar), camera_id, camera_name, first_at, last_at, reads, parked,
        confidence, lon, lat, list_name, category, reason, case_number, priority, listed_region, region,
        region_match (same, unknown, differs), issued_at, expires_at, loaded_at, validity (in_force, before_issue),
        list_age_days, chance_reads, stands_out, action ("verify before stop"). One row a passage and
        entry. A read that names another state than the entry does not stand out.

    Notes
    -----
    ``chance_reads``: reads of other plates that differ by confusable characters only, times the share misread (3 %)
    over the plate's length: how many of them would read as the listed plate in the period.
    """
    period = period_of(start, end, timezone=timezone)
    asked = {
        "all_categories": categories is None,
        "categories": [c.upper() for c in categories or ()],
        "all_lists": lists is None,
        "lists": list(lists or ()),
        "loaded_after": None
        if loaded_after is None
        else instant_of(loaded_after, timezone).tz_convert("UTC").to_pydatetime(),
    }
    found = reads.read(SQL["similar" if similar else "exact"], same_passage_s=SAME_PASSAGE_S, **asked, **period.bounds)
    expired = int((found["validity"] == "after_expiry").sum())
    before = int((found["validity"] == "before_issue").sum())
    rows = found[(found["validity"] == "in_force") | (retro & (found["validity"] == "before_issue"))].reset_index(
        drop=True
    )
    rows = _with_chance(reads, rows, period.bounds)
    age = (
        rows["first_at"] - rows["loaded_at"].fillna(rows["issued_at"])
        if len(rows)
        else pd.Series(dtype="timedelta64[us]")
    )
    rows = rows.assign(
        match=["exact" if a == b else "similar" for a, b in zip(rows["listed"], rows["plate"], strict=True)],
        list_age_days=(age.dt.total_seconds() / 86_400).clip(lower=0),
        action=VERIFY,
    )
    rows["stands_out"] = (rows["match"] == "exact") & (rows["region_match"] != "differs") & (rows["chance_reads"] < 0.5)
    notes = []
    if expired:
        notes.append(f"{expired} passages of expired entries are left out.")
    if before and not retro:
        notes.append(f"{before} passages from before their entry was issued are left out; retro=True shows them.")
    differs = int((rows["region_match"] == "differs").sum())
    if differs:
        notes.append(f"{differs} passages name another state than the entry: probably another vehicle.")
    parameters = {
        **period.words,
        "similar": similar,
        "retro": retro,
        "categories": list(categories or ()),
        "lists": list(lists or ()),
        "loaded_after": None if loaded_after is None else str(loaded_after),
    }
    return Leads(
        "hotlist_matches",
        rows,
        parameters,
        "other plates that look alike are misread as the listed one at the usual rate (3 % of reads, spread over the "
        "characters)",
        notes=(*notes, f"A hit is not a reason to stop a vehicle: {VERIFY}, by eye and with the list's owner."),
    )


def _with_chance(reads: PlateReads, rows: pd.DataFrame, bounds: dict[str, object]) -> pd.DataFrame:
    folded = rows.pop("plate_folded")
    listed = rows[["listed"]].assign(folded=folded).drop_duplicates()
    if listed.empty:
        return rows.assign(chance_reads=pd.Series(dtype=float))
    others = reads.read(_LOOK_ALIKES, plates=listed["listed"].tolist(), folded=listed["folded"].tolist(), **bounds)
    rows = rows.merge(others, on="listed", how="left")
    number = rows.pop("look_alike_reads").astype(float).fillna(0.0)
    return rows.assign(chance_reads=expected_misreads(number, rows["listed"].str.len()))


_HYGIENE = """/* lpr hotlist_hygiene */
SELECT list_name, source, plate, region, category, case_number, reason, issued_at, expires_at,
       count(*) OVER (PARTITION BY plate, coalesce(region, '')) AS listed_times
FROM hotlist_entries ORDER BY list_name, plate, region, case_number, category, reason, issued_at, expires_at, source"""
FAULTS = {
    "expired": "past its expiry date: take it off",
    "no_expiry": "never expires: ask the owner for a date",
    "stale": "issued long ago: confirm that it is still wanted",
    "no_case": "no case number",
    "no_reason": "no category and no reason",
    "duplicate": "the same plate and state is listed more than once",
    "no_state": "no state: matches a plate of any",
    "not_a_plate": "fewer than two or more than ten letters and digits",
    "category_not_allowed": "its category is not among those the agency allows",
}


def hotlist_hygiene(
    reads: PlateReads,
    *,
    on: When | None = None,
    stale_days: int = STALE_DAYS,
    allowed: Sequence[str] | None = None,
    timezone: str = TIMEZONE,
) -> pd.DataFrame:
    """What is wrong with the lists: one row an entry and fault, with what to do.

    Parameters
    ----------
    on : date or time, optional
        As of when; now where left out.
    stale_days : int
        Older entries are called stale.
    allowed : sequence of str, optional
        Categories that the agency's policy allows; others are named.

    Returns
    -------
    DataFrame
        list_name, plate, region, category, case_number, issued_at, expires_at, fault, remedy.

    Examples
    --------
    >>> sorted(FAULTS)[:2]
    ['category_not_allowed', 'duplicate']
    """
    now = instant_of(on, timezone) if on is not None else pd.Timestamp(datetime.now(UTC))
    entries = reads.read(_HYGIENE)
    blank = {
        c: entries[c].isna() | (entries[c].astype("string").str.strip() == "")
        for c in ("case_number", "category", "reason")
    }
    if allowed is not None and not len(allowed):
        raise LprError("allowed names no category: give at least one, or leave it out")
    permitted = {a.upper() for a in allowed or ()}
    length = entries["plate"].str.len()
    checks = {
        "expired": entries["expires_at"] <= now,
        "no_expiry": entries["expires_at"].isna(),
        "stale": entries["issued_at"] < now - pd.Timedelta(stale_days, "D"),
        "no_case": blank["case_number"],
        "no_reason": blank["category"] & blank["reason"],
        "duplicate": entries["listed_times"] > 1,
        "no_state": entries["region"].isna(),
        "not_a_plate": (length < 2) | (length > 10),
        "category_not_allowed": ~entries["category"].str.upper().isin(permitted) & bool(permitted),
    }
    columns = ["list_name", "plate", "region", "category", "case_number", "issued_at", "expires_at"]
    parts = [
        entries.loc[bad.fillna(False).astype(bool), columns].assign(fault=f, remedy=FAULTS[f])
        for f, bad in checks.items()
    ]
    return pd.concat(parts, ignore_index=True)
