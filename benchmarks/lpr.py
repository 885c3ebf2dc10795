"""How fast the plate searches are, audit included, against plain DuckDB SQL on an unsorted table in the same run.

    python benchmarks/lpr.py --work FOLDER [--reads 10000000] [--days 60]

The store is built by the project's own loader, ten million simulated reads at a time, and kept in the folder for the
next run. Each time is the best of three after one warm call; compare the ratios between machines. Simulating takes 8 GB
of memory; a hundred million reads 20 GB of disk and most of an hour.
"""

# ruff: noqa: S608  (SQL of this file alone; the folder is the caller's own)
from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from data_connectors import Purpose, Store, load
from data_connectors.simulate import write_bulk_reads
from rtcc_analytics import lpr

PURPOSE = Purpose("benchmark", "BENCH-1")
PART = 10_000_000
PLAIN = {
    "history": "FROM plain WHERE plate = $p",
    "hotlist": "SELECT count(*) FROM plain WHERE captured_at >= $a AND captured_at < $b "
    "AND plate IN (SELECT plate FROM wanted)",
    "similar": "SELECT DISTINCT plate FROM plain WHERE damerau_levenshtein(plate, $p) <= 1",
    "places": "SELECT plate, count(*) FROM plain WHERE abs(lon + 73.93) < 0.025 AND abs(lat - 41.7) < 0.02 "
    "AND hour(captured_at) = 2 GROUP BY 1",
    "with": "SELECT o.plate, count(*) FROM plain t JOIN plain o ON o.camera_id = t.camera_id AND o.captured_at BETWEEN "
    "t.captured_at - INTERVAL 60 SECOND AND t.captured_at + INTERVAL 60 SECOND WHERE t.plate = $p GROUP BY 1",
}
PLAIN["convoys"] = """
WITH r AS (
    SELECT plate, camera_id, epoch_us(captured_at) // 1000000 AS s FROM plain
    WHERE captured_at >= $a AND captured_at < $b
),
b AS (SELECT plate, camera_id, s, unnest([s // 60, s // 60 + 1]) AS bk, unnest([1, 0]) AS home FROM r)
SELECT count(*) FROM (SELECT a.plate, o.plate, count(DISTINCT a.camera_id) FROM b a JOIN b o
ON a.camera_id = o.camera_id AND a.bk = o.bk AND (a.home = 1 OR o.home = 1) AND a.plate < o.plate
   AND abs(a.s - o.s) <= 60
GROUP BY 1, 2 HAVING count(DISTINCT a.camera_id) >= 3)"""


def best_ms(job: Callable[[], object], *, times: int = 3) -> float:
    """Best of some runs in milliseconds, after one that does not count where there are several."""
    if times > 1:
        job()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        job()
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000


def build(work: Path, reads: int, days: int) -> Store:
    """The store that the loader makes of simulated CSV files of ten million reads, each some days; it is kept."""
    store = Store.create(work / f"store_{reads}")
    held = int(store.describe().set_index("table").at["plate_reads", "rows"])
    parts = -(-reads // PART)
    for part in range(held // PART, parts if held < reads else 0):
        until = date(2025, 11, 24) - timedelta(days // parts * (parts - 1 - part))
        csv = write_bulk_reads(work / f"SIMULATED_{part}.csv", reads=min(reads, PART), until=until, days=days // parts)
        began = time.perf_counter()
        load(store, "plate_reads_csv", csv)
        print(f"part {part + 1} of {parts} loaded in {time.perf_counter() - began:.0f} s", flush=True)
        csv.unlink()
    return store


def plain_table(work: Path, store_folder: Path) -> tuple[int, list[str], str, int, pd.Timestamp]:
    """The same reads in one DuckDB table, in order of time as they came, on disk.

    Returns how many plates there are, the 300 read most, the one at the upper fiftieth with its reads, the last read.
    """
    plain = opened(work)
    files = [str(path) for path in sorted(store_folder.rglob("plate_reads/**/*.parquet"))]
    plain.execute(
        "CREATE OR REPLACE TABLE plain AS SELECT plate, camera_id, captured_at, lon, lat FROM read_parquet($files) "
        "ORDER BY captured_at",
        {"files": files},
    )
    plain.execute("CREATE OR REPLACE TABLE wanted AS SELECT DISTINCT plate FROM plain LIMIT 1000000")
    plain.execute("CREATE OR REPLACE TABLE counted AS SELECT plate, count(*) AS n FROM plain GROUP BY 1")
    [(plates, latest)] = plain.execute("SELECT (SELECT count(*) FROM counted), max(captured_at) FROM plain").fetchall()
    ranked = "FROM counted ORDER BY n DESC, plate LIMIT $some OFFSET $after"
    most = [plate for plate, _ in plain.execute(ranked, {"some": 300, "after": 0}).fetchall()]
    [(target, reads)] = plain.execute(ranked, {"some": 1, "after": plates // 50}).fetchall()
    return plates, most, target, reads, pd.Timestamp(latest)


def plain_ms(work: Path, name: str, values: dict[str, object]) -> float:
    """How long the plain query of this name takes."""
    plain = opened(work)
    return best_ms(lambda: plain.execute(PLAIN[name], values).fetchall(), times=1 if name == "convoys" else 3)


def opened(work: Path) -> duckdb.DuckDBPyConnection:
    """The plain table's database, with two threads and 4 GB."""
    plain = duckdb.connect(str(work / "plain.duckdb"))
    plain.execute("SET threads = 2; SET TimeZone = 'UTC'; SET memory_limit = '4GB'; SET enable_progress_bar = false")
    return plain


def million_wanted(plates: list[str]) -> pd.DataFrame:
    """A million invented entries, a few hundred of them of plates that were read."""
    rng = np.random.default_rng(1)
    letters, digits = np.array(list("ABCDEFGHJKLMNPRSTUVWXYZ")), np.array(list("0123456789"))
    signs = [letters[rng.integers(0, 23, 1_000_000)], digits[rng.integers(0, 10, 1_000_000)]] * 3
    listed = np.char.add(signs[0], signs[1])
    for sign in signs[2:]:
        listed = np.char.add(listed, rng.permutation(sign))
    listed[: len(plates)] = plates
    return pd.DataFrame({"plate": np.unique(listed)})


def write_list(store: Store, entries: pd.DataFrame) -> None:
    """The list into the store, once."""
    with store.loading("sightings") as session:
        table = session.table("hotlist_entries")
        if session.rows(f"SELECT count(*) FROM {table}")[0][0]:
            return
        session.register("given", pa.Table.from_pandas(entries, preserve_index=False))

        def job(s: object) -> None:
            number = session.next_load_id()
            session.run(
                f"INSERT INTO {table} BY NAME SELECT 'BENCH' AS list_name, plate, plate AS plate_raw, "
                "plate AS plate_folded, 'bench' AS source, 'f' AS file_hash, 1 AS line, $n AS load_id, 0 AS row_hash "
                "FROM given",
                n=number,
            )
            session.run(
                f"INSERT INTO {session.table('loads')} "
                "VALUES ($n, now(), 'b', 'hotlist_entries', 'bench', 'p', '{}', NULL)",
                n=number,
            )

        session.commit(job)


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--reads", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=60)
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    store = build(asked.work, asked.reads, asked.days)
    beside = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))  # so that its memory is not counted here
    plates, most, target, seen, latest = beside.submit(
        plain_table, asked.work, asked.work / f"store_{asked.reads}"
    ).result()
    last = latest.tz_convert("America/New_York").normalize() + pd.Timedelta(1, "D")
    write_list(store, million_wanted(most))
    span = {"start": last - pd.Timedelta(asked.days, "D"), "end": last}
    day = {"start": last - pd.Timedelta(14, "D"), "end": last - pd.Timedelta(13, "D")}
    at = [last - pd.Timedelta(d, "D") + pd.Timedelta(21, "h") for d in (5, 9, 14, 20, 26, 33)]
    places = [lpr.Place(-73.93, 41.70, t, t) for t in at]
    bounds = {"a": day["start"].to_pydatetime(), "b": day["end"].to_pydatetime()}
    print(f"{asked.reads:,} reads, {plates:,} plates, {asked.days} days; target read {seen} times")
    one: dict[str, object] = {"p": target}
    with store.sightings(PURPOSE) as reads:
        searches: list[tuple[str, Callable[[], object], str, dict[str, object]]] = [
            ("history of one plate", lambda: lpr.history(reads, plate=target, **span), "history", one),
            ("hotlist of a million, one day", lambda: lpr.hotlist_matches(reads, **day), "hotlist", bounds),
            ("similar plates", lambda: lpr.search_similar(reads, plate=target, **span), "similar", one),
            ("six incidents, scored", lambda: lpr.at_places(reads, places, **span), "places", {}),
            ("companions over the period", lambda: lpr.travels_with(reads, plate=target, **span), "with", one),
            ("all pairs of a day, chance included", lambda: lpr.convoys(reads, **day), "convoys", bounds),
        ]
        for name, ours, plain, values in searches:
            mine = best_ms(ours, times=1 if plain == "convoys" else 3)
            theirs = beside.submit(plain_ms, asked.work, plain, values).result()
            compared = f"plain SQL, unsorted {theirs:>10.0f} ms    x{mine / theirs:.2f}"
            print(f"{name:<38}{mine:>10.0f} ms    {compared}", flush=True)
    print(f"most memory of the searches: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()
