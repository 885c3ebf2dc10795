"""Stores with rows written straight into their tables, so that a fault can be planted exactly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from data_connectors import Store

Planter = Callable[..., Store]


@pytest.fixture
def plant(tmp_path: Path) -> Planter:
    """`plant(incidents=frame, loads=frame, ...)` makes a store that holds exactly these rows."""

    def make(**tables: pd.DataFrame) -> Store:
        store = Store.create(str(tmp_path / "store"))
        with store.loading("records") as session:
            for name, frame in tables.items():
                session.register("planted", pa.Table.from_pandas(frame, preserve_index=False))
                target = session.table(name)
                sql = f"INSERT INTO {target} BY NAME SELECT * FROM planted"  # noqa: S608
                session.commit(lambda s, sql=sql: s.run(sql))
                session.unregister("planted")
        return store

    return make


def _provenance(rows: int) -> dict[str, object]:
    return {"source": "beats", "file_hash": "f", "line": np.arange(rows) + 2, "load_id": 1,
            "row_hash": np.arange(rows, dtype="uint64"), "time_rule": "assumed", "location_quality": "as_given"}


def _places(rng: np.random.Generator, rows: int) -> dict[str, object]:
    return {"lon": -73.9 + rng.normal(0, 0.03, rows), "lat": 41.7 + rng.normal(0, 0.03, rows),
            "address": [f"{n} STREET {s}" for n, s in zip(rng.integers(1, 900, rows), rng.integers(1, 400, rows),
                                                          strict=True)]}


def clean_incidents(rows: int = 4000, *, days: int = 730, seed: int = 3) -> pd.DataFrame:
    """Incidents with nothing amiss: 2022 and 2023, uniform in time, reported within minutes."""
    rng = np.random.default_rng(seed)
    local = pd.Timestamp("2022-01-01") + pd.to_timedelta(np.sort(rng.integers(0, days * 86400, rows)), "s")
    instant = local.tz_localize("Etc/GMT+5").tz_convert("UTC")
    codes = rng.choice(["220", "240", "23F", "120", "13A"], rows)
    return pd.DataFrame({
        "agency": "Beats PD", "incident_id": [f"A{i}" for i in range(rows)], "offense": codes, "offense_raw": codes,
        "offense_description": codes, "offense_count": 1, "occurred_from": instant, "occurred_to": instant,
        "occurred_local": local, "reported_at": instant + pd.to_timedelta(rng.exponential(4, rows), "min"),
        "reported_precision": "instant", "time_quality": "exact", **_places(rng, rows), **_provenance(rows),
    })


def clean_calls(rows: int = 3000, *, seed: int = 4) -> pd.DataFrame:
    """Calls with nothing amiss over the same two years."""
    rng = np.random.default_rng(seed)
    local = pd.Timestamp("2022-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 730 * 86400, rows)), "s")
    return pd.DataFrame({
        "agency": "Beats PD", "call_id": [f"C{i}" for i in range(rows)],
        "call_type": rng.choice(["ALARM", "NOISE"], rows), "time_quality": "exact",
        "received_at": local.tz_localize("Etc/GMT+5").tz_convert("UTC"), "received_local": local,
        **_places(rng, rows), **_provenance(rows),
    })


@pytest.fixture
def incidents() -> pd.DataFrame:
    return clean_incidents()


@pytest.fixture
def calls() -> pd.DataFrame:
    return clean_calls()
