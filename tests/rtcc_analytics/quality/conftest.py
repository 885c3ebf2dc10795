"""Rows put straight into tables, so that a fault can be planted exactly.

Most tests read them from plain DuckDB tables of the same schema, which opens in no time; those
in test_through_the_store.py read them from a real store.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import duckdb
import numpy as np
import pandas as pd
import pytest

from data_connectors.schemas import BOOKKEEPING, TABLES

Planter = Callable[..., "PlainTables"]


class PlainTables:
    """What an assessment uses of a Store, over tables in memory."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        shapes = {t.name: t.all_columns for t in TABLES.values() if t.lake == "records"} | BOOKKEEPING["records"]
        for name, columns in shapes.items():
            self._connection.execute(f"CREATE TABLE {name} ({', '.join(f'{c.name} {c.type}' for c in columns)})")

    def insert(self, table: str, frame: pd.DataFrame) -> None:
        self._connection.register("planted", frame)
        self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM planted")

    def read(self, sql: str, /, **parameters: object) -> pd.DataFrame:
        return self._connection.execute(sql, parameters).to_arrow_table().to_pandas()

    def snapshot(self) -> int:
        return 7

    def reading(self) -> AbstractContextManager[PlainTables]:
        return nullcontext(self)


@pytest.fixture
def plant() -> Planter:
    """`plant(incidents=frame, loads=frame, ...)` makes tables that hold exactly these rows."""

    def make(**tables: pd.DataFrame) -> PlainTables:
        store = PlainTables()
        for name, frame in tables.items():
            store.insert(name, frame)
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
def many() -> pd.DataFrame:
    """Incidents of a large agency: 41 a day."""
    return clean_incidents(30_000)


@pytest.fixture
def calls() -> pd.DataFrame:
    return clean_calls()
