"""Which vehicles were near several incidents, in their windows: Stakeout, Multi-Geo, with what chance gives."""

# ruff: noqa: S608  (SQL joined from constants of this package; every value is a parameter)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from rtcc_analytics.lpr.leads import Leads, LprError, PlateReads
from rtcc_analytics.lpr.occasions import BY_PLATE, SLOTS, null_values, null_words, slotted, weighed
from rtcc_analytics.lpr.passages import IN_PERIOD
from rtcc_analytics.lpr.period import TIMEZONE, Period, When, instant_of, period_of
from rtcc_analytics.lpr.readers import distance_m, reader_sites, reader_sites_by_day

MOST_ROWS = 200
MOST_PLACES = 60

_OCCASIONS = """
occasions AS MATERIALIZED (
    SELECT *, lo AS passed_at FROM (
        SELECT unnest($items::BIGINT[]) AS item, unnest($cameras::VARCHAR[]) AS camera_id,
               unnest($from_at::TIMESTAMPTZ[]) AS lo, unnest($to_at::TIMESTAMPTZ[]) AS hi)
),"""
AT_PLACES = "/* lpr at_places */ WITH" + _OCCASIONS + SLOTS + BY_PLATE
PASSED = (
    "/* lpr at_places, passages */ WITH"
    + _OCCASIONS
    + slotted("occasions")
    + f"""
SELECT r.plate, o.item AS place, o.camera_id, min(r.captured_at) AS first_at, max(r.captured_at) AS last_at,
       count(*) AS reads
FROM slotted o JOIN reads_by_reader r ON r.slot = o.slot AND r.camera_id = o.camera_id
     AND r.captured_at >= o.lo AND r.captured_at <= o.hi
WHERE r.plate IN (SELECT unnest($plates::VARCHAR[])) AND {IN_PERIOD}
GROUP BY ALL ORDER BY r.plate, first_at, place, o.camera_id"""
)


@dataclass(frozen=True)
class Place:
    """Where and when something happened.

    Attributes
    ----------
    lon, lat : float
        WGS84 degrees; the middle where an area is meant.
    start, end : date or time
        When it can have happened; naive times are local. `end` may equal `start`.
    name : str
        For the table of results.
    cameras : tuple of str
        These readers, whatever their distance: for an area drawn by hand.
    """

    lon: float
    lat: float
    start: When
    end: When
    name: str = ""
    cameras: tuple[str, ...] = ()


def places_of(incidents: pd.DataFrame) -> tuple[Place, ...]:
    """Places from rows with lon, lat, occurred_from and, where known, occurred_to and incident_id.

    An incident of several offenses, and so of several rows, is one place.

    Examples
    --------
    >>> rows = pd.DataFrame({"lon": [-73.9], "lat": [41.7], "occurred_from": ["2025-11-02 21:00"]})
    >>> places_of(rows)[0].end
    '2025-11-02 21:00'
    """
    missing = [c for c in ("lon", "lat", "occurred_from") if c not in incidents]
    if missing:
        raise LprError(f"incidents need lon, lat and occurred_from; they lack {', '.join(missing)}")
    rows = incidents[incidents["lon"].notna() & incidents["occurred_from"].notna()]
    told = ["incident_id", "lon", "lat", "occurred_from", "occurred_to"]
    rows = rows.drop_duplicates([c for c in told if c in rows]) if "incident_id" in rows else rows
    ends = rows["occurred_to"].fillna(rows["occurred_from"]) if "occurred_to" in rows else rows["occurred_from"]
    names = rows["incident_id"].astype(str) if "incident_id" in rows else [str(n) for n in range(1, len(rows) + 1)]
    return tuple(
        Place(float(lon), float(lat), start, end, name)
        for lon, lat, start, end, name in zip(rows["lon"], rows["lat"], rows["occurred_from"], ends, names, strict=True)
    )


def at_places(
    reads: PlateReads,
    places: Sequence[Place],
    *,
    start: When,
    end: When,
    radius_m: float = 2000.0,
    before_min: float = 20.0,
    after_min: float = 20.0,
    min_places: int = 2,
    null_days: int = 20,
    timezone: str = TIMEZONE,
    seed: int = 0,
) -> Leads:
    """Vehicles read near several of the places, each within its window.

    Parameters
    ----------
    reads : PlateReads
        What `Store.sightings` hands out.
    places : sequence of Place
        See `places_of` for incidents.
    start, end : date or time
        Half-open, local: the places' windows and the other days they are compared with.
    radius_m : float
        Readers this near, along the straight line, count as being there.
    before_min, after_min : float
        Minutes added before a place's start and after its end.
    min_places : int
        Fewest places matched.
    null_days : int
        Other days each place is compared with.

    Returns
    -------
    Leads
        ``rows``: plate, matched (places), places (that had a reader), reads, first_at, last_at, expected_matches,
        habit_p, chance_vehicles, stands_out. At most 200, best first. ``details``: one row a vehicle, place and
        reader. However often a parked vehicle is read, a place counts once; places with a reader and hours in common
        count as one, because one passage would match both.

    Raises
    ------
    LprError
        No place, more than 60, no reader near any, a named reader that read nothing, or a window outside the period.
    """
    if not 1 <= len(places) <= MOST_PLACES:
        raise LprError(f"{len(places)} places given; at_places takes 1 to {MOST_PLACES}")
    period = period_of(start, end, timezone=timezone)
    windows = _windows(places, period, before_min=before_min, after_min=after_min)
    watched, mobile = _watched(reads, places, windows, period, radius_m=radius_m)
    if watched.empty:
        raise LprError(
            f"no reader within {radius_m:,.0f} m of any of the {len(places)} places: "
            "give a larger radius_m, or cameras=…"
        )
    values = {
        "items": watched["place"].tolist(),
        "cameras": watched["camera_id"].tolist(),
        "from_at": watched["lo"].dt.floor("us").dt.to_pydatetime().tolist(),
        "to_at": watched["hi"].dt.floor("us").dt.to_pydatetime().tolist(),
        **period.bounds,
    }
    null = null_values(period, null_days=null_days, seed=seed)
    kinds = reads.read(
        AT_PLACES, **values | {"items": watched["item"].tolist()}, **null, plate="", least=int(min_places)
    )
    rows, chance, seen = weighed(kinds, least=min_places)
    rows = rows.head(MOST_ROWS)
    passed = reads.read(PASSED, **values, plates=rows["plate"].tolist())
    names = {n: place.name or str(n) for n, place in enumerate(places, 1)}
    parameters = {**period.words, "radius_m": radius_m, "before_min": before_min, "after_min": after_min,
                  "min_places": min_places, "null_days": null_days, "seed": seed, "places": len(places)}  # fmt: skip
    return Leads(
        "at_places",
        described_at_places(rows, passed, seen),
        parameters,
        null_words(period, "place's window"),
        chance,
        passed.assign(place=passed["place"].map(names)),
        _notes(watched, len(places), radius_m, mobile),
    )


def _windows(
    places: Sequence[Place], period: Period, *, before_min: float, after_min: float
) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Each place's first and last instant; LprError where they lie outside the period."""
    windows = [
        (
            instant_of(p.start, period.timezone) - pd.Timedelta(before_min, "min"),
            instant_of(p.end, period.timezone) + pd.Timedelta(after_min, "min"),
        )
        for p in places
    ]
    for place, (lo, hi) in zip(places, windows, strict=True):
        if not (period.start <= lo <= hi <= period.end):
            raise LprError(
                f"place {place.name or '?'} has the window {lo} to {hi}, not within {period.start} to {period.end}: "
                "give a longer period, or an end after the start"
            )
    return [(lo.tz_convert("UTC"), hi.tz_convert("UTC")) for lo, hi in windows]


def _watched(
    reads: PlateReads,
    places: Sequence[Place],
    windows: list[tuple[pd.Timestamp, pd.Timestamp]],
    period: Period,
    *,
    radius_m: float,
) -> tuple[pd.DataFrame, set[str]]:
    """Each place's readers with its window, where they stood that day; and the mobile ones that are left out."""
    days_of = [{d.date() for d in pd.date_range(lo.normalize(), hi)} for lo, hi in windows]
    stood = reader_sites_by_day(reads, period, sorted(set().union(*days_of)))
    sites = reader_sites(reads, period)
    mobile, left_out, parts = set(sites["camera_id"][sites["mobile"]]), set(), []
    unknown = sorted({c for p in places for c in p.cameras} - set(sites["camera_id"]))
    if unknown:
        raise LprError(f"no reader {', '.join(map(repr, unknown))} read anything in the period: mend cameras=…")
    for number, (place, (lo, hi), days) in enumerate(zip(places, windows, days_of, strict=True), 1):
        then = stood[stood["day"].isin(days)]
        near = set(then["camera_id"][distance_m(then["lon"], then["lat"], place.lon, place.lat) <= radius_m])
        left_out |= near & mobile - {*place.cameras}
        cameras = sorted(near - mobile | {*place.cameras})
        parts.append(pd.DataFrame({"place": number, "camera_id": cameras, "lo": lo, "hi": hi}))
    watched = pd.concat(parts, ignore_index=True)
    return watched.assign(item=watched["place"].map(_as_one(watched))), left_out


def _as_one(watched: pd.DataFrame) -> dict[int, int]:
    """For each place the first of those that it shares a reader and hours with, by one step or several."""
    first = {int(place): int(place) for place in watched["place"]}
    both = watched.merge(watched, on="camera_id", suffixes=("", "_other"))
    together = (both["lo"] <= both["hi_other"]) & (both["lo_other"] <= both["hi"])
    both = both[together & (both["place"] < both["place_other"])]
    for one, other in zip(both["place"], both["place_other"], strict=True):
        joined, into = max(first[one], first[other]), min(first[one], first[other])
        first = {place: into if at == joined else at for place, at in first.items()}
    return first


def described_at_places(rows: pd.DataFrame, passed: pd.DataFrame, seen: int) -> pd.DataFrame:
    """The rows of `at_places`: chance columns with the passages that each vehicle made."""
    once = passed.drop_duplicates(["plate", "camera_id", "first_at", "last_at"])  # seen at two places that count as one
    told = once.groupby("plate").agg(reads=("reads", "sum"), first_at=("first_at", "min"), last_at=("last_at", "max"))
    rows = rows.merge(told.reset_index(), on="plate", how="left").assign(places=seen)
    columns = ["plate", "matched", "places", "reads", "first_at", "last_at", "expected_matches", "habit_p",
               "chance_vehicles", "stands_out"]  # fmt: skip
    return rows[columns]


def _notes(watched: pd.DataFrame, places: int, radius_m: float, mobile: set[str]) -> tuple[str, ...]:
    notes = []
    blind, several = places - watched["place"].nunique(), watched["place"].nunique() - watched["item"].nunique()
    if blind:
        notes.append(
            f"{blind} of {places} places have no reader within {radius_m:,.0f} m: nothing is known of who was there."
        )
    if several:
        notes.append(f"{several} of {places} places share a reader and hours with another, and count as one with it.")
    if mobile:
        notes.append(f"Left out, because they did not stand in one place: {', '.join(sorted(mobile))}.")
    return tuple(notes)
