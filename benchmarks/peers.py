"""Ratios against the programs people use today, from one run on two cores.

    python benchmarks/peers.py [--only near_repeat] [--quick] [--source knox.py=PATH]

Each file in `peer_runs/` compares one family of methods. It names the packages it compares with
(`PACKAGES`), which are installed together into a temporary environment, and has `compare(bench)`,
which measures by handing over functions of its own file: each runs alone in a fresh process, ours
in this environment and theirs in the temporary one. A new comparison is a new file.

Single files published without a package (`SOURCES`: name to address) are fetched; where that
fails, ``--source NAME=PATH`` names a copy, else what needs it is left out, and the output says so.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
CORES = 2
FETCH_S = 30

# What each fresh process does: load the file, warm up if asked, measure, and print one line.
ALONE = """
import importlib.util, json, resource, sys, time
import numpy as np
path, name, arrays, repeats, warm, sources, needs = sys.argv[1:]
sys.path.insert(0, sources)
spec = importlib.util.spec_from_file_location("runs", path)
runs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(runs)
job = getattr(runs, name)
given = {key: value if value.ndim else value.item() for key, value in np.load(arrays).items()}
for module in needs.split():
    importlib.import_module(module)
if warm == "True":
    job(**given)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
times = []
for _ in range(int(repeats)):
    begin = time.perf_counter()
    answer = job(**given)
    times.append(time.perf_counter() - begin)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": min(times), "peak_mib": peak / 1024, "answer": np.asarray(answer).tolist()}))
"""


@dataclass(frozen=True)
class Measured:
    """What one process took: seconds (the best of its repeats), its peak memory, and its answer."""

    seconds: float
    peak_mib: float
    answer: Any


@dataclass
class Bench:
    """What a comparison is given.

    Attributes
    ----------
    quick : bool
        Smaller sizes, to try the script.
    shared : Path
        Folder of shared public data (``RTCC_SHARED``); may not exist.
    sources : Path
        Folder of the single files fetched, on the path of their processes.
    """

    quick: bool
    shared: Path
    sources: Path
    _theirs: Path = field(repr=False)

    def ours(
        self, job: Callable[..., Any], *, needs: str = "", repeats: int = 3, warm: bool = True, **given: Any
    ) -> Measured:
        """Measure a function of a comparison's file in this environment.

        `needs` names modules, with spaces between, that are imported before the clock starts; `warm` calls
        once before it; `given` are arrays and numbers.
        """
        return self._alone(Path(sys.executable), job, needs, repeats, warm, given)

    def theirs(
        self, job: Callable[..., Any], *, needs: str = "", repeats: int = 1, warm: bool = False, **given: Any
    ) -> Measured:
        """The same in the environment that holds the peers."""
        return self._alone(self._theirs, job, needs, repeats, warm, given)

    def has(self, source: str) -> bool:
        """Whether a single file was fetched or named."""
        return (self.sources / source).is_file()

    def row(self, what: str, ours: Measured, peer: str, theirs: Measured) -> None:
        """Print one comparison; the ratio is how many times as long the peer takes."""
        ratio = theirs.seconds / ours.seconds
        print(
            f"{what:<46} {ours.seconds:>9.3f} s {ours.peak_mib:>7,.0f} MiB   {peer:<28} {theirs.seconds:>9.3f} s "
            f"{theirs.peak_mib:>7,.0f} MiB   x{ratio:,.4g}",
            flush=True,
        )

    def _alone(
        self, python: Path, job: Callable[..., Any], needs: str, repeats: int, warm: bool, given: dict[str, Any]
    ) -> Measured:
        with tempfile.TemporaryDirectory() as folder:
            arrays = Path(folder) / "given.npz"
            np.savez(arrays, **given)
            file = sys.modules[job.__module__].__file__
            asked = [file, job.__name__, arrays, repeats, warm, self.sources, needs]
            done = subprocess.run([python, "-c", ALONE, *map(str, asked)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{job.__name__} failed:\n{done.stderr.strip()}")
        return Measured(**json.loads(done.stdout.splitlines()[-1]))


def growth(sizes: list[int], seconds: list[float]) -> float:
    """The power of n with which time grows, fitted to measurements."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def comparisons(only: list[str]) -> dict[str, ModuleType]:
    """The files of `peer_runs/`, or those named."""
    found = {}
    for path in sorted((HERE / "peer_runs").glob("*.py")):
        if only and path.stem not in only:
            continue
        spec = importlib.util.spec_from_file_location(f"peer_runs_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        found[path.stem] = module
    unknown = set(only) - set(found)
    if unknown:
        raise SystemExit(f"no comparison {', '.join(sorted(unknown))} in {HERE / 'peer_runs'}")
    return found


def installed(packages: list[str], folder: Path) -> Path:
    """The interpreter of a fresh environment that holds `packages`."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the peers could not be installed ({' '.join(packages)}):\n{done.stderr.strip()}")
    versions = subprocess.run([str(python), "-m", "pip", "freeze"], capture_output=True, text=True).stdout
    print("peers:", ", ".join(line for line in versions.split() if line.split("==")[0].lower() in names(packages)))
    return python


def names(packages: list[str]) -> set[str]:
    """The bare names of requirements such as ``"esda>=2.9"``."""
    return {package.replace(">", "=").replace("<", "=").split("=")[0].lower() for package in packages}


def fetched(sources: dict[str, str], given: dict[str, str], folder: Path) -> Path:
    """The folder of single-file peers, each fetched or copied from a path given."""
    folder.mkdir()
    for name, address in sources.items():
        try:
            if name in given:
                content = Path(given[name]).read_bytes()
            else:
                with urllib.request.urlopen(address, timeout=FETCH_S) as answer:
                    content = answer.read()
            (folder / name).write_bytes(content)
        except OSError as reason:
            print(f"left out: {name} ({address}): {reason}; name a copy with --source {name}=PATH")
    return folder


def main() -> None:
    """Install, fetch, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", default=[], help="one comparison; may be repeated")
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--source", action="append", default=[], metavar="NAME=PATH")
    asked = parser.parse_args()
    chosen = comparisons(asked.only)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    os.environ["OMP_NUM_THREADS"] = str(CORES)
    shared = Path(os.environ.get("RTCC_SHARED", HERE.parents[1] / "shared"))
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        packages = sorted({package for module in chosen.values() for package in module.PACKAGES})
        sources = {k: v for module in chosen.values() for k, v in getattr(module, "SOURCES", {}).items()}
        python = installed(packages, Path(folder) / "venv")
        given = dict(pair.split("=", 1) for pair in asked.source)
        bench = Bench(asked.quick, shared, fetched(sources, given, Path(folder) / "sources"), python)
        for name, module in chosen.items():
            print(f"\n{name}: ours, then the peer; x is how many times as long the peer takes\n", flush=True)
            module.compare(bench)


if __name__ == "__main__":
    main()
