"""The whole weekly briefing on 300,000 incidents: how long, and where the time goes.

    python benchmarks/briefing.py [--store LOCATION]

Without a store the simulated county is made at the scale that gives 300,000 incidents, which takes a few minutes and
is not counted. The target is 20 seconds on two idle cores without the start of papermill's kernel, which is shown
apart. On a busy machine look at processor time: it says what the wall clock would without the others.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

from data_connectors import Store
from data_connectors.simulate import load_simulated, simulate_county
from rtcc_analytics.report.running import run_report

TARGET_S = 20.0
SCALE = 6.0


def simulated(folder: Path) -> Store:
    """The simulated county with about 300,000 incidents."""
    county = simulate_county(folder / "raw", scale=SCALE)
    store = Store.create(str(folder / "store"))
    load_simulated(store, county.folder)
    return store


def processor_s() -> float:
    """Processor time of this process and of the kernels that have ended, seconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(location: str, folder: Path) -> None:
    """Run the briefing twice, the second with warm files, and print both beside DuckDB's count of the same table."""
    store = Store(location) if location else simulated(folder)
    begin = time.perf_counter()
    rows = int(store.read("SELECT count(*) AS n FROM incidents")["n"].iloc[0])
    bare_s = time.perf_counter() - begin
    print(f"{rows:,} incidents; opening the store and counting them {bare_s:.2f} s; load {os.getloadavg()[0]:.1f}\n")
    print(f"{'run':<8}{'work':>8}{'kernel start':>15}{'share of 20 s':>16}{'processor time, all':>22}")
    for name in ("first", "second"):
        before = processor_s()
        run = run_report("weekly_briefing", store, out=folder / name)
        spent = processor_s() - before
        print(f"{name:<8}{run.work_s:>7.1f}s{run.kernel_start_s:>14.1f}s{run.work_s / TARGET_S:>15.0%}{spent:>21.1f}s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="")
    with tempfile.TemporaryDirectory() as made:
        main(parser.parse_args().store, Path(made))
