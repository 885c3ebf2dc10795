"""The columns of each search as people read them, times on the local wall clock: for packets and screens alike."""

from __future__ import annotations

from typing import Any

import pandas as pd

from rtcc_analytics.lpr.period import TIMEZONE

PASSAGE = {"plate": "Plate", "camera_name": "Reader", "camera_id": "Reader code", "first_at": "First read",
            "last_at": "Last read", "reads": "Reads", "parked": "Parked", "region": "State",
            "confidence": "Confidence"}  # fmt: skip
HIT = {"listed": "Listed", "camera_name": "Reader", "first_at": "First read", "list_name": "List",
        "category": "Category", "case_number": "Case of the list", "region_match": "State",
        "validity": "Entry then"}  # fmt: skip
LOOKS_LIKE = {
    "listed": "Listed",
    "plate": "Read",
    **{k: v for k, v in HIT.items() if k not in ("listed", "category")},
}
SIMILAR = {"plate": "Plate", "cost": "Cost", "is_candidate": "Reader's candidate", "reads": "Reads",
            "readers": "Readers",
            "first_at": "First read", "last_at": "Last read"}  # fmt: skip
WITH = {"plate": "Plate", "matched": "Trips together", "trips": "of trips", "expected_matches": "Expected by habits",
         "chance_vehicles": "Vehicles by chance", "stands_out": "Stands out", "misreading": "Misread?",
         "median_gap_s": "Median gap, s", "last_at": "Last together"}  # fmt: skip
PLACES = {"plate": "Plate", "matched": "Places matched", "places": "of places",
           "expected_matches": "Expected by habits", "chance_vehicles": "Vehicles by chance",
           "stands_out": "Stands out", "first_at": "First read", "last_at": "Last read"}  # fmt: skip
OCCURRENCE = {"first_at": "First read", "last_at": "Last read", "camera_id": "Reader code", "reads": "Reads",
         "parked": "Parked"}  # fmt: skip
STEP = {"plate": "Plate", "from_camera": "From reader", "from_at": "Read at", "to_camera": "To reader",
         "to_at": "and at", "apart_km": "Apart, km", "seconds": "Seconds between"}  # fmt: skip
PAIR = {"plate": "Plate", "other": "Other plate", "readers": "Readers", "first_at": "First", "last_at": "Last"}
HABIT = {"camera_name": "Reader", "passages": "Passages", "days_seen": "Days seen", "days_watched": "Days it worked",
         "share": "Share of days", "share_low": "95 % from", "share_high": "to", "usual_hour": "Usual hour",
         "hour_share": "Share in it", "parked": "Parked"}  # fmt: skip


def named(rows: pd.DataFrame, names: dict[str, str], *, timezone: str = TIMEZONE) -> pd.DataFrame:
    """The columns that people need, under their names, as text; a reader without a name goes by its code.

    Examples
    --------
    >>> named(pd.DataFrame({"plate": ["A1B2C3D"], "parked": [False], "lon": [-73.9]}), PASSAGE).to_dict("list")
    {'Plate': ['A1B2C3D'], 'Parked': ['no']}
    """
    kept = rows[[c for c in names if c in rows]]
    if "camera_name" in kept:
        kept = kept.assign(camera_name=kept["camera_name"].fillna(rows["camera_id"]))
    return pd.DataFrame({names[str(c)]: [cell(v, timezone) for v in kept[c]] for c in kept})


def cell(value: Any, timezone: str = TIMEZONE) -> str:
    """One value as text: a dash where there is none, yes or no, three digits, local time.

    Examples
    --------
    >>> cell(True), cell(None), cell(0.25513), cell(pd.Timestamp("2025-11-02T05:30Z"))
    ('yes', '–', '0.255', '2025-11-02 01:30:00')
    """
    if value is None or pd.isna(value):
        return "–"
    if isinstance(value, pd.Timestamp):
        return local(value, timezone)
    if str(value) in ("True", "False"):
        return "yes" if str(value) == "True" else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:.3g}"
    return str(value).replace("_", " ")


def local(moment: pd.Timestamp, timezone: str = TIMEZONE) -> str:
    """An instant on the wall clock, to the second."""
    return f"{moment.tz_convert(timezone):%Y-%m-%d %H:%M:%S}"
