"""A store small enough to make in seconds: a square county, four streets, two planted hot spots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from data_connectors import Store

HOT = {"220": (-73.93, 41.70), "240": (-73.88, 41.73)}
COUNTY = shapely.box(-73.98, 41.66, -73.83, 41.78)
ROWS = 4000
STACK = (-73.9, 41.72)


def make_small_county(folder: Path) -> Store:
    """A store with 4,000 invented incidents of two years, 60 of them on a geocoder's centroid, 40 without a place."""
    store = Store.create(str(folder / "store"))
    tables = {"incidents": _incidents(), "areas": _areas(), "streets": _streets()}
    with store.loading("records") as session:
        for name, frame in tables.items():
            session.register("planted", pa.Table.from_pandas(frame, preserve_index=False))
            target = session.table(name)
            sql = f"INSERT INTO {target} BY NAME SELECT * FROM planted"
            session.commit(lambda s, sql=sql: s.run(sql))
            session.unregister("planted")
    return store


def _incidents() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    codes = rng.choice(["220", "240", "23F", "13A"], ROWS, p=[0.4, 0.3, 0.2, 0.1])
    centre = np.array([HOT.get(code, (-73.9, 41.72)) for code in codes])
    near = rng.random(ROWS) < 0.6
    spread = np.where(near[:, None], (0.004, 0.003), (0.03, 0.025))
    lon, lat = (centre + rng.normal(0, 1, (ROWS, 2)) * spread).T
    lon, lat = lon.clip(-73.975, -73.835), lat.clip(41.665, 41.775)
    lon[:60], lat[:60] = STACK
    lon[60:100], lat[60:100] = np.nan, np.nan
    local = pd.Timestamp("2022-01-03") + pd.to_timedelta(np.sort(rng.integers(0, 728 * 1440, ROWS)), "min")
    instant = local.tz_localize("America/New_York", ambiguous=False, nonexistent="shift_forward").tz_convert("UTC")
    numbers = rng.integers(1, 300, ROWS)
    return _kept({
        "agency": "Beats PD", "incident_id": [f"A{i}" for i in range(ROWS)], "offense": codes, "offense_raw": codes,
        "offense_description": codes, "offense_count": 1, "occurred_from": instant, "occurred_to": instant,
        "occurred_local": local, "reported_at": instant + pd.to_timedelta(rng.exponential(1, ROWS), "D"),
        "reported_precision": "instant", "time_quality": "exact", "time_rule": "assumed",
        "lon": lon, "lat": lat, "location_quality": "as_given",
        "address": [f"{n} STREET {n % 40}" for n in numbers],
    }, "simulated_beats")


def _areas() -> pd.DataFrame:
    west = shapely.box(-73.98, 41.66, -73.905, 41.78)
    return _kept({"area_id": ["1", "2"], "kind": ["county", "city"], "name": ["Square", "Westville"],
                  "area_km2": [160.0, 80.0],
                  "geometry": [shapely.to_wkb(COUNTY), shapely.to_wkb(west)]}, "simulated_areas")


def _streets() -> pd.DataFrame:
    lines = [shapely.LineString([(-73.98, 41.68 + 0.03 * i), (-73.83, 41.69 + 0.03 * i)]) for i in range(3)]
    lines.append(shapely.LineString([(-73.9, 41.66), (-73.9, 41.78)]))
    return _kept({"street_id": list("abcd"), "name": [f"STREET {i}" for i in range(4)], "street_class": "S1400",
                  "length_m": 12000.0, "geometry": shapely.to_wkb(lines).tolist()}, "simulated_streets")


def _kept(columns: dict[str, object], source: str) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    line = np.arange(len(frame))
    return frame.assign(source=source, file_hash="f", line=line + 2, load_id=1, row_hash=line.astype("uint64"))
