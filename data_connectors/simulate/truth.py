"""The planted truth, written beside the raw files and never loaded: methods can be asked whether they find it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_connectors.simulate import catalog, planted
from data_connectors.simulate.cameras import UNCOVERED_HOT_SPOTS
from data_connectors.simulate.clock import DAY, to_utc, written
from data_connectors.simulate.county import County
from data_connectors.simulate.gazetteer import MARK
from data_connectors.simulate.incidents import Span, spot_days, step_day
from data_connectors.simulate.planted_plates import Planting
from data_connectors.simulate.plate_files import read_ids
from data_connectors.simulate.reads import DECLINE, DRIFT, DUPLICATE_SHARE, OUTAGE
from data_connectors.simulate.roads import plate_readers
from data_connectors.simulate.streets import degrees, metres
from data_connectors.simulate.writing import SHORT_AGENCY, SHORT_MEASURE, SHORT_SHARE, write_csv

# Two members seen by one reader within this are together there; faster than this between readers is impossible.
TOGETHER_S, IMPOSSIBLE_KMH = 60, 180


def crime_truth(rows: pd.DataFrame, *, span: Span, known_by: int) -> dict[str, Any]:
    """What was planted among the crimes: rates, seasons, lags, hot spots, near repeats, series, spoiled records.

    Record identifiers name rows of the files; crimes reported after `known_by` (local seconds) are counted, not named.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.incidents import simulate_incidents
    >>> from data_connectors.simulate.recording import as_recorded
    >>> county, span = build_county(), Span(20000, 20030)
    >>> rows = as_recorded(simulate_incidents(county, seed=1, span=span, scale=0.1), county, seed=1)
    >>> truth = crime_truth(rows, span=span, known_by=span.until * DAY)
    >>> len(truth["hot_spots"]), truth["step"]["offense"]
    (11, '240')
    """
    written_down = rows[rows["reported_at"] < known_by]
    repeats = written_down[written_down["origin"] == "near_repeat"]
    able = written_down["offense"].isin(catalog.NEAR_REPEAT_OFFENSES).sum()
    return {
        "offenses": [o._asdict() | {"lag": catalog.LAGS[o.lag]._asdict()} for o in catalog.OFFENSES],
        "hours": catalog.HOURS, "days_from_monday": catalog.DAYS,
        "risk_factors": [f._asdict() for f in catalog.RISK_FACTORS],
        "step": {"offense": catalog.STEP_OFFENSE, "from_day": _day(step_day(span)), "times": catalog.STEP_TIMES},
        "near_repeat": catalog.NEAR_REPEAT | {
            "offenses": list(catalog.NEAR_REPEAT_OFFENSES), "children": len(repeats),
            "share": round(len(repeats) / max(1, int(able)), 4),
        },
        "hot_spots": [_spot_truth(spot, written_down, span) for spot in planted.HOT_SPOTS],
        "series": [_series_truth(series, written_down) for series in planted.SERIES],
        "spoiled": _spoiled_truth(written_down, known_by),
        "published": {"agency": SHORT_AGENCY, "measure": SHORT_MEASURE, "share_published": SHORT_SHARE},
        "not_yet_reported": len(rows) - len(written_down),
        "rows": written_down["feed"].value_counts().sort_index().to_dict(),
    }  # fmt: skip


def _day(number: int) -> str:
    return str(np.int64(number).astype("datetime64[D]"))


def _spot_truth(spot: planted.HotSpot, rows: pd.DataFrame, span: Span) -> dict[str, Any]:
    own, days = rows[rows["origin_id"] == spot.hot_spot_id], spot_days(spot, span)
    return spot._asdict() | {
        "first_day": _day(days[0]) if len(days) else None, "last_day": _day(days[-1]) if len(days) else None,
        "has_camera": spot.hot_spot_id not in UNCOVERED_HOT_SPOTS, "incidents": len(own),
        "records": own["record_id"].tolist(),
    }  # fmt: skip


def _series_truth(series: planted.Series, rows: pd.DataFrame) -> dict[str, Any]:
    own = rows[rows["origin_id"] == series.series_id].sort_values("true_at")
    return {
        "series_id": series.series_id, "name": series.name, "offense": series.offense, "method": series.method,
        "records": own["record_id"].tolist(), "true_at_local": written(own["true_at"].to_numpy(), "iso").tolist(),
    }  # fmt: skip


def _spoiled_truth(rows: pd.DataFrame, known_by: int) -> dict[str, Any]:
    """Planned shares beside what came of them, by feed; the few are named."""
    back = rows[(rows["taken_back_at"] >= 0) & (rows["taken_back_at"] < known_by)]
    named = {k: rows.loc[rows[k], "record_id"].tolist() for k in ("swapped", "late_midnight", "skipped_hour")}
    counted = {k: int(rows[k].sum()) for k in ("stacked", "heaped", "ranged")}
    missing = rows[rows["lon"].isna()]["feed"].value_counts().sort_index().to_dict()
    return {"planned": planted.MESS} | named | counted | {"missing": missing, "taken_back": len(back)}


def plate_truth(reads: pd.DataFrame, vehicles: pd.DataFrame, planting: Planting, entries: pd.DataFrame, *,
                known_by: int) -> dict[str, Any]:  # fmt: skip
    """What was planted among the plate reads captured before `known_by` (UTC seconds), with the reads' identifiers.

    Examples
    --------
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.plate_files import hotlist
    >>> from data_connectors.simulate.reads import simulate_reads
    >>> span = Span(20000, 20012)
    >>> reads, vehicles, planting = simulate_reads(build_county(), seed=1, span=span, traffic=0.02)
    >>> entries = hotlist(planting, vehicles, seed=1, span=span)
    >>> truth = plate_truth(reads, vehicles, planting, entries, known_by=span.until * DAY)
    >>> [len(truth[kind]) for kind in ("convoys", "decoys", "cloned_plates", "parked")]
    [4, 10, 3, 6]
    """
    seen = reads.assign(id=read_ids(reads))
    seen = seen[seen["captured_ms"] < known_by * 1000]
    truth: dict[str, Any] = {}
    for group, planted_things in planting.truth.items():
        truth[group] = [_with_reads(dict(thing), seen, vehicles) for thing in planted_things]
    for thing in truth["convoys"] + truth["decoys"]:
        thing["together"] = _together(seen, thing["vehicles"])
    for thing in truth["cloned_plates"]:
        thing["impossible"] = _impossible(seen[seen["vehicle"].isin(thing["vehicles"])])
    for thing in truth["wanted"]:
        listed = entries[entries["wanted"] == thing["id"]]
        thing["entries"] = [
            {
                "list": e.list,
                "plate": e.plate,
                "region": e.region,
                "issued": _day(e.issued // DAY),
                "expires": _day(e.expires // DAY),
            }
            for e in listed.itertuples()
        ]
        thing["reads_in_force"] = _after(seen, thing, listed)
    truth["readers"] = {
        "drift": {"reader": DRIFT[0], "seconds_ahead": DRIFT[1]},
        "outage": {"reader": OUTAGE[0], "from_hour": OUTAGE[1], "to_hour": OUTAGE[2]},
        "decline": {"reader": DECLINE[0], "last_days": DECLINE[1], "confidence_lost": DECLINE[2]},
        "duplicate_share": DUPLICATE_SHARE, "misread": int(seen["misread"].sum()),
    }  # fmt: skip
    vendor = pd.Series(np.array([r.vendor for r in plate_readers()])[seen["reader"]])
    truth["rows"] = vendor.value_counts().sort_index().to_dict()
    return truth


def _with_reads(thing: dict[str, Any], seen: pd.DataFrame, vehicles: pd.DataFrame) -> dict[str, Any]:
    """The planted thing with its vehicles' plates and the reads of each (of the driver where the car is another's)."""
    numbers = thing["vehicles"]
    drivers = [thing["driver"]] if "driver" in thing else numbers
    thing["plates"] = [{"plate": vehicles.at[k, "plate"], "region": vehicles.at[k, "region"]} for k in numbers]
    thing["reads"] = [seen.loc[seen["vehicle"] == k, "id"].tolist() for k in drivers]
    return thing


def _together(seen: pd.DataFrame, members: list[int]) -> dict[str, int]:
    """Passages of the first two members at one reader within a minute: how many, at how many readers, on what days."""
    first, second = (seen[(seen["vehicle"] == k) & (seen["kind"] == "passage")] for k in members[:2])
    pairs = first.merge(second, on="reader")
    close = pairs[(pairs["captured_ms_x"] - pairs["captured_ms_y"]).abs() <= TOGETHER_S * 1000]
    days = (close["captured_ms_x"] // 1000 - 5 * 3600) // DAY
    return {"passages": len(close), "readers": close["reader"].nunique(), "days": days.nunique()}


def _impossible(own: pd.DataFrame) -> list[list[str]]:
    """Pairs of successive reads of one plate that no car can make, by identifier."""
    own = own.sort_values("captured_ms", kind="stable")
    x, y = metres(*np.array([(r.lon, r.lat) for r in plate_readers()]).T)
    x, y = x[own["reader"]], y[own["reader"]]
    km = np.hypot(np.diff(x), np.diff(y)) / 1000
    hours = np.maximum(np.diff(own["captured_ms"]), 1000) / 3_600_000
    fast = np.flatnonzero((km / hours > IMPOSSIBLE_KMH) & (km > 2))
    names = own["id"].to_numpy()
    return [[str(names[k]), str(names[k + 1])] for k in fast]


def _after(seen: pd.DataFrame, thing: dict[str, Any], listed: pd.DataFrame) -> list[str]:
    """Reads of the driver while an entry is in force."""
    own = seen[seen["vehicle"] == thing["driver"]]
    at = own["captured_ms"].to_numpy() // 1000
    start, end = to_utc(listed["issued"].to_numpy()), to_utc(listed["expires"].to_numpy())
    inside = ((at[:, None] >= start) & (at[:, None] < end)).any(axis=1)
    return own["id"].to_numpy()[inside].tolist()


def write_truth(folder: Path, truth: dict[str, Any], rows: pd.DataFrame, reads: pd.DataFrame, vehicles: pd.DataFrame,
                county: County) -> Path:  # fmt: skip
    """Write ``truth.json``, and one line a crime and a read in ``truth_incidents.csv`` and ``truth_reads.csv``.

    Examples
    --------
    >>> import tempfile
    >>> from data_connectors.simulate.county import build_county
    >>> from data_connectors.simulate.incidents import simulate_incidents
    >>> from data_connectors.simulate.reads import simulate_reads
    >>> from data_connectors.simulate.recording import as_recorded
    >>> county, span = build_county(), Span(20000, 20012)
    >>> rows = as_recorded(simulate_incidents(county, seed=1, span=span, scale=0.1), county, seed=1)
    >>> reads, vehicles, _ = simulate_reads(county, seed=1, span=span, traffic=0.02)
    >>> write_truth(Path(tempfile.mkdtemp()), {"calls": 0}, rows, reads, vehicles, county).name
    'truth.json'
    """
    path = folder / "truth.json"
    text = json.dumps({"notice": f"{MARK}: planted truth, never to be loaded"} | truth, indent=1, default=_plain)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    at, address = county.addresses, rows["address"].to_numpy()
    lon, lat = degrees(at.x[address], at.y[address])
    ids = rows["record_id"].to_numpy()
    parent = np.where(rows["parent"] >= 0, ids[rows["parent"]], "")
    write_csv(folder / "truth_incidents.csv", pd.DataFrame({
        "source": rows["feed"], "record_id": ids, "offense": rows["offense"],
        "true_at_local": written(rows["true_at"].to_numpy(), "iso"),
        "reported_at_local": written(rows["reported_at"].to_numpy(), "iso"),
        "true_lon": lon.round(6), "true_lat": lat.round(6), "origin": rows["origin"], "origin_id": rows["origin_id"],
        "parent_record_id": parent,
    }))  # fmt: skip
    who = reads["vehicle"].to_numpy()
    write_csv(folder / "truth_reads.csv", pd.DataFrame({
        "read_id": read_ids(reads), "camera_id": np.array([r.reader_id for r in plate_readers()])[reads["reader"]],
        "vehicle": who, "true_plate": vehicles["plate"].to_numpy()[who],
        "true_region": vehicles["region"].to_numpy()[who],
        "vehicle_kind": vehicles["kind"].to_numpy()[who], "kind": reads["kind"],
        "misread": reads["misread"].astype(int),
    }))  # fmt: skip
    return path


def _plain(value: Any) -> Any:
    """NumPy numbers as Python's own, for JSON."""
    return value.item()
