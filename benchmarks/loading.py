"""What loading costs, against DuckDB alone on the same files in the same run.

    python benchmarks/loading.py [--reads 10000000] [--shared ../shared] [--rounds 3] [--only stlouis]

Two feeds: the St. Louis files against DuckDB reading the same files, decoded to UTF-8 first, into a table (at most 5
times); and plate reads of simulated traffic against DuckDB copying the same CSV to Parquet (at most 2.5 times). Ours
and the reference take turns, and each is the best of its rounds; ratios are what to compare between machines, that of
processor time where the machine is busy with other things. The reference has two threads, the store its own number.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from data_connectors import Profile, Store, load
from data_connectors.readers import SourceFile, reader_for
from data_connectors.simulate.bulk_reads import write_bulk_reads

THREADS = 2
Times = tuple[float, float]


def timed(job: Callable[[], object]) -> Times:
    """Seconds by the clock and of the processors."""
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - cpu


def best(jobs: dict[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """The best of some rounds, in each of which every job has its turn."""
    made = {name: [timed(job)] for name, job in jobs.items()}
    for _ in range(rounds - 1):
        for name, job in jobs.items():
            made[name].append(timed(job))
    return {name: (min(w for w, _ in runs), min(c for _, c in runs)) for name, runs in made.items()}


def show(title: str, rows: int, times: dict[str, Times], reference: str, target: float) -> None:
    """One table: seconds, and how many times the reference."""
    print(f"\n{title}: {rows:,} rows (target: at most {target} times {reference})\n")
    print(f"{'':<44}{'clock':>10}{'times':>8}{'processor':>14}{'times':>8}")
    for name, (wall, cpu) in times.items():
        beside = times[reference]
        print(f"{name:<44}{wall:>8.2f} s{wall / beside[0]:>8.2f}{cpu:>12.2f} s{cpu / beside[1]:>8.2f}")


def bare(sql: str, **parameters: object) -> None:
    """DuckDB alone, on a fresh database file."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/bare.duckdb") as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute(sql, parameters)


def read_only(profile: Profile, files: list[Path]) -> None:
    """What the reader alone costs: bytes to columns of text."""
    for file in files:
        for _ in reader_for(profile.reader.format)(SourceFile(file), profile.reader):
            pass


def ours(profile: str, files: list[Path], **options: bool) -> None:
    """A load into a fresh store."""
    with tempfile.TemporaryDirectory() as folder:
        load(Store.create(f"{folder}/store"), profile, files, **options)


def steps(profile: str, files: list[Path]) -> dict[str, Callable[[], object]]:
    """The load, and the same as far as reading and as far as comparing, to see where time goes."""
    known = Profile.named(profile)
    return {
        "load": lambda: ours(profile, files),
        "  as far as reading": lambda: read_only(known, files),
        "  as far as mapping and comparing (dry run)": lambda: ours(profile, files, dry_run=True),
    }


def decoded(folder: Path, files: list[Path]) -> Iterator[Path]:
    """The files as UTF-8, as DuckDB needs them."""
    for file in files:
        data = file.read_bytes()
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            data = data.decode("cp1252").encode("utf-8")
        (folder / file.name).write_bytes(data)
        yield folder / file.name


def stlouis(shared: Path, rounds: int) -> None:
    """The shared St. Louis files, checked and normalised, against DuckDB's bare read."""
    files = sorted((shared / "data" / "stlouis_slmpd_raw" / "2008-2015").iterdir())
    with tempfile.TemporaryDirectory() as folder:
        plain = [str(path) for path in decoded(Path(folder), files)]
        reference = "DuckDB read_csv into a table"
        jobs = steps("stlouis_slmpd", files) | {
            reference: lambda: bare("CREATE TABLE t AS FROM read_csv($f, union_by_name = true)", f=plain)
        }
        show("St. Louis, 72 files", 349_889, best(jobs, rounds), reference, 5)


def plates(reads: int, rounds: int) -> None:
    """Plate reads of simulated traffic in one CSV against DuckDB's CSV-to-Parquet copy."""
    with tempfile.TemporaryDirectory() as folder:
        file = write_bulk_reads(Path(folder) / "SIMULATED_reads.csv", reads=reads)
        copy = f"COPY (FROM read_csv($f)) TO '{folder}/reads.parquet' (FORMAT parquet)"
        reference = "DuckDB COPY from CSV to Parquet"
        load(Store.create(f"{folder}/store"), "plate_reads_csv", [file])
        stored = [str(path) for path in Path(folder, "store").rglob("plate_reads/**/*.parquet")]
        again = f"COPY (FROM read_parquet($f)) TO '{folder}/again.parquet' (FORMAT parquet)"
        jobs = steps("plate_reads_csv", [file]) | {
            reference: lambda: bare(copy, f=str(file)),
            "DuckDB COPY of what was stored, unsorted": lambda: bare(again, f=stored),
        }
        show("Plate reads (SIMULATED)", reads, best(jobs, rounds), reference, 2.5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reads", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("RTCC_SHARED", "../shared")))
    parser.add_argument("--only", choices=("stlouis", "plates"))
    chosen = parser.parse_args()
    if chosen.only != "plates":
        stlouis(chosen.shared, chosen.rounds)
    if chosen.only != "stlouis":
        plates(chosen.reads, chosen.rounds)
