"""Plate reads alone, in one plain CSV, quickly: for measuring, up to many millions of rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from data_connectors.simulate.clock import day_number
from data_connectors.simulate.county import build_county
from data_connectors.simulate.incidents import Span
from data_connectors.simulate.reads import simulate_reads
from data_connectors.simulate.roads import plate_readers

READS_A_DAY = 7_300
CHUNK_ROWS = 1_000_000


def write_bulk_reads(
    path: str | Path, *, reads: int, seed: int = 20260101, until: date = date(2025, 11, 24), days: int = 30
) -> Path:
    """Write `reads` plate reads of the simulated county's traffic as one CSV, in order of capture.

    Columns: ``read_id, plate, state, read_time`` (ISO 8601, UTC), ``camera_id, camera, lat, lon, direction,
    confidence, source``. The source says SIMULATED. Ten million rows take about two minutes and seven gigabytes
    of memory.

    Returns
    -------
    Path
        The file, of exactly `reads` rows and a header.

    Examples
    --------
    >>> import tempfile
    >>> path = write_bulk_reads(Path(tempfile.mkdtemp()) / "SIMULATED_reads.csv", reads=500, days=10)
    >>> path.read_text().count("\\n")
    501
    """
    last = day_number(until)
    traffic = reads / (READS_A_DAY * days) * 1.15 + 0.01
    made, _, _ = simulate_reads(build_county(), seed=seed, span=Span(last - days, last), traffic=traffic)
    kept = np.sort(np.random.default_rng([seed, 30]).permutation(len(made))[:reads])
    if len(kept) < reads:
        raise ValueError(f"{len(made)} reads simulated, {reads} asked for; give more days than {days}")
    with pa.csv.CSVWriter(str(path), _SCHEMA) as writer:
        for start in range(0, reads, CHUNK_ROWS):
            rows = kept[start : start + CHUNK_ROWS]
            writer.write_table(_as_table(made.iloc[rows], start))
    return Path(path)


_SCHEMA = pa.schema([
    ("read_id", pa.int64()), ("plate", pa.string()), ("state", pa.string()), ("read_time", pa.string()),
    ("camera_id", pa.string()),
    ("camera", pa.string()), ("lat", pa.float64()), ("lon", pa.float64()), ("direction", pa.float64()),
    ("confidence", pa.float64()),
    ("source", pa.string()),
])  # fmt: skip


def _as_table(made: pd.DataFrame, start: int) -> pa.Table:
    readers, which = plate_readers(), pa.array(made["reader"].to_numpy(np.int32))

    def of_reader(values: list) -> pa.Array:
        return pa.array(values).take(which)

    when = pa.array(made["captured_ms"].to_numpy()).cast(pa.timestamp("ms"))
    return pa.table({
        "read_id": pa.array(np.arange(start + 1, start + len(made) + 1)), "plate": pa.array(made["plate"].to_numpy()),
        "state": pa.array(made["region"].to_numpy()),
        "read_time": pa.compute.strftime(when, format="%Y-%m-%dT%H:%M:%SZ"),
        "camera_id": of_reader([r.reader_id for r in readers]), "camera": of_reader([r.name for r in readers]),
        "lat": of_reader([r.lat for r in readers]), "lon": of_reader([r.lon for r in readers]),
        "direction": of_reader([r.direction_deg for r in readers]),
        "confidence": pa.array(made["confidence"].to_numpy()),
        "source": pa.repeat("SIMULATED", len(made)),
    }, schema=_SCHEMA)  # fmt: skip
