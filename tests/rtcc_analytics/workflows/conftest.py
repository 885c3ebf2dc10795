"""An invented county of four years, small enough to brief in seconds, with what a briefing must not give away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from data_connectors import Store

COUNTY = shapely.box(-74.0, 41.6, -73.7, 41.85)
ZONE = "America/New_York"
FIRST, UNTIL = pd.Timestamp("2020-11-30"), pd.Timestamp("2024-11-25")
SECRET = (-73.812345, 41.712345)
PER_DAY = 4


def kept(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The rows with where they came from, as a load writes it."""
    line = np.arange(len(frame))
    return frame.assign(source=source, file_hash=source, line=line + 2, load_id=1, row_hash=line.astype("uint64"))


def invented_incidents(source: str = "simulated_county", *, seed: int = 5, end: pd.Timestamp = UNTIL) -> pd.DataFrame:
    """Four a day, burglaries crowding at one block, late reports, offenses nobody may place, some taken back."""
    rng = np.random.default_rng(seed)
    size = PER_DAY * (end - FIRST).days
    local = FIRST + pd.to_timedelta(np.sort(rng.integers(0, (end - FIRST).days * 1440, size)), "min")
    code = rng.choice(["220", "240", "23F", "13A", "120"], size, p=[0.35, 0.2, 0.25, 0.15, 0.05])
    crowded = (code == "220") & (rng.random(size) < 0.5)
    lon = np.where(crowded, rng.normal(-73.93, 0.0006, size), rng.uniform(-73.99, -73.71, size))
    lat = np.where(crowded, rng.normal(41.70, 0.0005, size), rng.uniform(41.61, 41.84, size))
    street = np.where(crowded, "MARKET ST", "COUNTY RD")
    frame = pd.DataFrame({
        "offense": code, "local": local, "lon": lon, "lat": lat, "domestic": False, "offense_count": 1,
        "address": [f"{n} {name}" for n, name in zip(rng.integers(1, 400, size), street, strict=True)],
    })
    frame.loc[crowded, "address"] = [f"{n} MARKET ST" for n in rng.integers(1, 6, int(crowded.sum()))]
    secret = rng.random(size) < 0.05
    frame.loc[secret, "offense"] = rng.choice(["11A", "13A"], int(secret.sum()))
    frame.loc[secret, "domestic"] = frame.loc[secret, "offense"] == "13A"
    frame.loc[secret, ["lon", "lat", "address"]] = [*SECRET, "9 SECRET LN"]
    frame.loc[rng.random(size) < 0.02, ["lon", "lat"]] = np.nan
    back = frame[(~secret) & (rng.random(size) < 0.01)].assign(offense_count=-1)
    unknown = frame.sample(60, random_state=seed).assign(offense="unknown")
    frame = pd.concat([frame, back, unknown], ignore_index=True).sort_values("local", ignore_index=True)
    late = rng.exponential(3.0, len(frame))
    instant = frame["local"].dt.tz_localize(ZONE, ambiguous=False, nonexistent="shift_forward").dt.tz_convert("UTC")
    told = instant + pd.to_timedelta(late, "D")
    frame = frame.assign(
        agency="Invented PD", incident_id=[f"I{i}" for i in range(len(frame))], offense_raw=frame["offense"],
        occurred_from=instant, occurred_to=instant, occurred_local=frame.pop("local"), reported_at=told,
        reported_precision="instant", time_quality="exact", time_rule="assumed",
        location_quality=np.where(frame["lon"].isna(), "missing", "as_given"),
        domestic=frame["domestic"].astype("boolean"),
    )
    known = told < end.tz_localize(ZONE)
    return kept(frame[known].reset_index(drop=True), source)


def ground() -> dict[str, pd.DataFrame]:
    """The county, a city in it, four roads, and cameras beside the crowded block."""
    city = shapely.box(-73.96, 41.68, -73.90, 41.72)
    areas = pd.DataFrame({"area_id": ["1", "2"], "kind": ["county", "city"], "name": ["Inventia", "Marketon"],
                          "geometry": [COUNTY.wkb, city.wkb]})
    lines = [shapely.LineString([(-74.0, y), (-73.7, y + 0.02)]) for y in (41.65, 41.7, 41.75, 41.8)]
    streets = pd.DataFrame({"street_id": list("abcd"), "name": "COUNTY RD", "street_class": "S1200",
                            "geometry": [line.wkb for line in lines]})
    cameras = pd.DataFrame({"camera_id": ["c1", "c2"], "lon": [-73.93, -73.9302], "lat": [41.70, 41.7001],
                            "location_quality": "as_given"})
    return {"areas": kept(areas, "simulated_areas"), "streets": kept(streets, "simulated_streets"),
            "cameras": kept(cameras, "simulated_cameras")}


def write(store: Store, **tables: pd.DataFrame) -> Store:
    """Rows into a store, each table in a transaction of its own."""
    with store.loading("records") as session:
        for name, frame in tables.items():
            session.register("planted", pa.Table.from_pandas(frame, preserve_index=False))
            sql = f"INSERT INTO {session.table(name)} BY NAME SELECT * FROM planted"
            session.commit(lambda s, sql=sql: s.run(sql))
            session.unregister("planted")
    return store


@pytest.fixture(scope="session")
def incidents() -> pd.DataFrame:
    """The invented incidents."""
    return invented_incidents()


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory, incidents: pd.DataFrame) -> Store:
    """The county in a store; tests read it only."""
    return write(Store.create(str(tmp_path_factory.mktemp("county") / "store")), incidents=incidents, **ground())


@pytest.fixture
def fill(tmp_path: Path) -> Callable[..., Store]:
    """`fill(incidents=frame, ...)` makes a store of these rows."""
    return lambda **tables: write(Store.create(str(tmp_path / "store")), **tables)


@pytest.fixture(scope="session")
def in_county() -> Callable[..., Store]:
    """`in_county(store, incidents=frame)` writes more rows."""
    return write
