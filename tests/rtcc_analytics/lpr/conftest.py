"""Stores of plate reads: the simulated county's with its planted truth, and empty ones to write reads by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from data_connectors import Purpose, Store
from data_connectors.normalise.plates import FOLDED_FROM, FOLDED_TO
from data_connectors.simulate.clock import DAY, to_utc
from data_connectors.simulate.county import build_county
from data_connectors.simulate.incidents import Span
from data_connectors.simulate.planted import SERIES
from data_connectors.simulate.plate_files import hotlist, read_ids
from data_connectors.simulate.reads import simulate_reads
from data_connectors.simulate.roads import plate_readers
from data_connectors.simulate.truth import plate_truth
from data_connectors.store.plate_index import by_reader, readings, standing

PURPOSE = Purpose(reason_code="test", case_number="SIMULATED-1", text="test of a search")
UNTIL = date(2025, 11, 24)


def fold(plates: pd.Series) -> pd.Series:
    """As the loader folds."""
    return plates.str.translate(str.maketrans(FOLDED_FROM, FOLDED_TO))


def write_plates(store: Store, table: str, frame: pd.DataFrame, *, source: str = "simulated") -> None:
    """What a loader does: one load with its line in `loads`."""
    frame = frame.assign(
        plate_raw=frame["plate"], plate_folded=fold(frame["plate"]), source=source, file_hash="f",
        line=np.arange(len(frame)) + 2, row_hash=np.arange(len(frame)).astype("uint64"),
    )  # fmt: skip
    if table == "plate_reads":
        frame["day"] = frame["captured_at"].dt.tz_convert("UTC").dt.date
    with store.loading("sightings") as session:
        session.register("incoming", pa.Table.from_pandas(frame, preserve_index=False))
        session.run("CREATE TEMP TABLE staged AS FROM incoming")
        session.unregister("incoming")

        def job(s: Any) -> None:
            number = s.next_load_id()
            s.run(f"INSERT INTO {s.table(table)} BY NAME SELECT *, $n AS load_id FROM staged", n=number)
            s.run(
                f"INSERT INTO {s.table('loads')} VALUES ($n, now(), 'tester', $t, $s, 'p 1', '{{}}', NULL)",
                n=number, t=table, s=source,
            )  # fmt: skip

        session.commit(job)


@dataclass(frozen=True)
class SimulatedReads:
    """A store with the simulated county's reads and lists, and what was planted."""

    store: Store
    truth: dict[str, Any]
    start: str
    end: str
    crimes: pd.DataFrame

    def plates(self, group: str) -> list[list[str]]:
        return [[p["plate"] for p in thing["plates"]] for thing in self.truth[group]]


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lpr") / "empty"
    Store.create(folder)
    return folder


@pytest.fixture
def empty(empty_folder: Path, tmp_path: Path) -> Store:
    """An empty store."""
    shutil.copytree(empty_folder, tmp_path / "store")
    return Store(tmp_path / "store")


@pytest.fixture
def store_of(empty: Store) -> Callable[..., Store]:
    """A function that writes reads (plate, camera_id, captured_at …) into a store of its own."""

    def make(reads: pd.DataFrame, **hotlists: pd.DataFrame) -> Store:
        write_plates(empty, "plate_reads", reads)
        for name, entries in hotlists.items():
            write_plates(empty, "hotlist_entries", entries, source=name)
        return empty

    return make


@pytest.fixture(scope="session")
def simulated(empty_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> SimulatedReads:
    """Thirty days of the simulated county at a third of its traffic."""
    last = (UNTIL - date(1970, 1, 1)).days
    span = Span(last - 30, last)
    reads, vehicles, planting = simulate_reads(build_county(), seed=5, span=span, traffic=0.2)
    entries = hotlist(planting, vehicles, seed=5, span=span)
    truth = plate_truth(reads, vehicles, planting, entries, known_by=int(to_utc(np.array([last * DAY]))[0]))
    folder = tmp_path_factory.mktemp("lpr") / "simulated"
    shutil.copytree(empty_folder, folder)
    store = Store(folder)
    write_plates(store, "plate_reads", as_reads(reads))
    write_plates(store, "hotlist_entries", as_entries(entries))
    crimes = [
        ((last - days) * DAY + int(hour * 3600), lon, lat)
        for days, hour, lon, lat in SERIES[0].crimes
        if days <= len(span.days)
    ]
    when = pd.to_datetime([c[0] for c in crimes], unit="s")
    frame = pd.DataFrame(
        {"occurred_from": when, "occurred_to": when, "lon": [c[1] for c in crimes], "lat": [c[2] for c in crimes]}
    )
    return SimulatedReads(store, truth, "2025-10-25", "2025-11-24", frame)


def as_reads(reads: pd.DataFrame) -> pd.DataFrame:
    """The simulator's reads as a loader would store them; only one vendor says that a vehicle stood still."""
    sites = plate_readers()
    column = {n: np.array([getattr(r, n) for r in sites], dtype=object)[reads["reader"]]
              for n in ("reader_id", "name", "lon", "lat", "direction_deg", "vendor")}  # fmt: skip
    return pd.DataFrame({
        "read_id": read_ids(reads), "plate": reads["plate"].astype(str),
        "candidates": [[p, o] for p, o in zip(reads["plate"], reads["other"], strict=True)],
        "region": reads["region"].replace("", None), "confidence": reads["confidence"],
        "captured_at": pd.to_datetime(reads["captured_ms"], unit="ms", utc=True), "camera_id": column["reader_id"],
        "camera_name": column["name"], "lon": column["lon"].astype(float), "lat": column["lat"].astype(float),
        "direction_deg": column["direction_deg"].astype(float),
        "is_parked": np.where(column["vendor"] == "rekor", reads["kind"] == "parked", None),
    })  # fmt: skip


def as_entries(entries: pd.DataFrame) -> pd.DataFrame:
    """The simulator's lists as a loader would store them."""
    return pd.DataFrame({
        "list_name": entries["list"], "plate": entries["plate"].astype(str), "region": entries["region"],
        "category": entries["category"], "case_number": entries["case_number"].replace("", None),
        "issued_at": pd.to_datetime(to_utc(entries["issued"].to_numpy()), unit="s", utc=True),
        "expires_at": pd.to_datetime(to_utc(entries["expires"].to_numpy()), unit="s", utc=True),
    })  # fmt: skip


@pytest.fixture
def sightings(simulated: SimulatedReads) -> Iterator[Any]:
    """A session on the simulated county's reads."""
    with simulated.store.sightings(PURPOSE) as session:
        yield session


class InMemory:
    """Reads in a DuckDB of their own, asked as a session of sightings is: quick enough for many small cases."""

    def __init__(self, reads: pd.DataFrame) -> None:
        import duckdb

        frame = reads.assign(plate_folded=fold(reads["plate"]), day=reads["captured_at"].dt.tz_convert("UTC").dt.date)
        for name, value in (
            ("is_parked", None),
            ("candidates", None),
            ("camera_name", None),
            ("lon", None),
            ("lat", None),
        ):
            if name not in frame:
                frame[name] = value
        self.database = duckdb.connect()
        self.database.execute("SET TimeZone = 'UTC'")
        self.database.register("given", pa.Table.from_pandas(frame, preserve_index=False))
        self.database.execute(
            "CREATE TABLE plate_reads AS SELECT * REPLACE (is_parked::BOOLEAN AS is_parked, "
            "candidates::VARCHAR[] AS candidates, "
            "camera_name::VARCHAR AS camera_name, lon::DOUBLE AS lon, lat::DOUBLE AS lat), 2 AS line, 1 AS load_id "
            "FROM given"
        )
        self.database.execute(f"CREATE VIEW reads_by_reader AS {by_reader('plate_reads')}")
        self.database.execute(f"CREATE VIEW plates_seen AS {readings('plate_reads')}")
        self.database.execute(f"CREATE VIEW readers_seen AS {standing('plate_reads')}")

    def read(self, sql: str, /, **parameters: Any) -> pd.DataFrame:
        from data_connectors.store.frames import as_frame

        return as_frame(self.database.execute(sql, parameters).to_arrow_table())


@pytest.fixture(scope="session")
def in_memory() -> type[InMemory]:
    """The class that answers SQL over reads held in memory."""
    return InMemory
