"""How soon alerts are visible while reads keep arriving and an analyst asks: `rtcc watch` against a list of a million.

    python benchmarks/watch.py --store LOCATION [--rate 2000] [--seconds 60]

LOCATION is a store made for this, with the reads it is to hold already: the benchmark adds a list of a million plates
and simulated reads. Three processes: `rtcc watch`, one analyst who asks for a plate's history and companions over and
over, and this one, which lays four files a second into the spool. Each round of the watcher says how old its oldest
file was when its alerts were visible: no alert waited longer.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.lpr import million_wanted, write_list
from data_connectors import Store
from rtcc_analytics.lpr.watching import put

FILES_A_SECOND = 4
WANTED_SHARE = 0.002
ANALYST = """
import sys, time
from data_connectors import Purpose, Store
from rtcc_analytics import lpr
store, asked = Store(sys.argv[1]), []
until = time.time() + float(sys.argv[2])
while time.time() < until:
    with store.sightings(Purpose("benchmark", "BENCH-1")) as reads:
        newest = reads.read("SELECT max(captured_at) AS at FROM plate_reads")["at"].iloc[0]
        span = {"start": newest.normalize() - __import__("pandas").Timedelta(30, "D"), "end": newest}
        began = time.time()
        lpr.history(reads, plate="A1B2C3", **span)
        lpr.travels_with(reads, plate="A1B2C3", **span)
        asked.append(time.time() - began)
print(f"analyst: {len(asked)} rounds of two searches, middle {sorted(asked)[len(asked) // 2]:.2f} s")
"""
ROUND = re.compile(r"(\d+) files, ([\d,]+) reads, (\d+) alerts, (\d+) refused, ([\d.]+) s")


def body(rng: np.random.Generator, reads: int, number: int, wanted: np.ndarray) -> bytes:
    """One file of reads of this second, a few of them wanted."""
    plates = np.array([f"{a}{n:05d}" for a, n in zip(rng.choice(list("ABCDEFG"), reads), rng.integers(0, 99_999, reads),
                                                      strict=True)])  # fmt: skip
    plates[rng.random(reads) < WANTED_SHARE] = rng.choice(wanted)
    now = pd.Timestamp.now("UTC")
    return pd.DataFrame({
        "read_id": [f"{now.value}-{number}-{n}" for n in range(reads)], "plate": plates, "state": "NY",
        "read_time": (now - pd.to_timedelta(rng.random(reads), unit="s")).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "camera_id": [f"c{n}" for n in rng.integers(0, 40, reads)], "camera": "c", "lat": 41.7, "lon": -73.93,
        "direction": 90.0, "confidence": 0.9, "source": "SIMULATED",
    }).to_csv(index=False).encode()  # fmt: skip


def main() -> None:
    """Run the three processes and print what the watcher said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    rng = np.random.default_rng(2)
    wanted = million_wanted([])["plate"].to_numpy()
    write_list(Store(asked.store), pd.DataFrame({"plate": wanted}))
    with tempfile.TemporaryDirectory() as folder:
        spool, said = Path(folder) / "spool", Path(folder) / "said"
        command = [sys.executable, "-u", "-m", "rtcc_analytics.cli", "watch", "--spool", str(spool), "--store"]
        with said.open("w") as out:
            watcher = subprocess.Popen(
                [*command, asked.store, "--case", "BENCH-1", "--reason", "benchmark"], stdout=out, stderr=out
            )
        time.sleep(8)  # the list is read
        analyst = subprocess.Popen([sys.executable, "-c", ANALYST, asked.store, str(asked.seconds)])
        began = time.time()
        for number in range(asked.seconds * FILES_A_SECOND):
            put(spool, "plate_reads_csv", body(rng, asked.rate // FILES_A_SECOND, number, wanted), suffix=".csv")
            time.sleep(max(0.0, began + (number + 1) / FILES_A_SECOND - time.time()))
        left = len(list(spool.glob("plate_reads_csv/*.csv")))
        analyst.wait()
        time.sleep(20)
        watcher.terminate()
        watcher.wait()
        rounds = [(int(r.replace(",", "")), int(a), float(s)) for _, r, a, _, s in ROUND.findall(said.read_text())]
    reads, alerts = sum(r for r, _, _ in rounds), sum(a for _, a, _ in rounds)
    waits = np.repeat([s for _, _, s in rounds], [a for _, a, _ in rounds])
    print(f"{reads:,} reads stored of {asked.rate * asked.seconds:,} in {len(rounds)} rounds; {left} files left over")
    print(
        f"{alerts} alerts visible after: middle {np.median(waits):.2f} s, 99 % {np.quantile(waits, 0.99):.2f} s at most"
    )


if __name__ == "__main__":
    main()
