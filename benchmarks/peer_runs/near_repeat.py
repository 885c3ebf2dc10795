"""The Knox test against the near-repeat code people use, and against the plain way to write it.

- Toby Davies' ``statistics/knox.py`` (github.com/tobydavies/NearRepeat): the published Python
  near-repeat code. All 45,319 events with 999 permutations take it some 35 minutes and 5 GiB, so it
  is measured on parts of them, and its growth is fitted.
- pointpats: one threshold pair.
- "kd-tree and shuffle": pairs once by scipy's kd-tree, times shuffled by numpy.

Every answer is compared: the same pairs must be counted, or the run stops.
"""

from __future__ import annotations

import csv
from datetime import datetime

import numpy as np

PACKAGES = ["numpy", "scipy", "pandas", "scikit-learn", "pointpats"]
_COMMIT = "9cd622eaa73d6e3e7be1f22320566a68e19e5bff"
SOURCES = {"knox.py": f"https://raw.githubusercontent.com/tobydavies/NearRepeat/{_COMMIT}/statistics/knox.py"}

METRES = [100.0, 200.0, 300.0, 400.0, 500.0]
DAYS = [7.0, 14.0, 21.0, 28.0, 35.0, 42.0]
CASE = "26_speed_knox_2014/chicago_burglary_2014_2017.csv"


def compare(bench) -> None:
    """Print the ratios and how each grows."""
    events = chicago(bench.shared / "truth" / CASE)
    permutations = 99 if bench.quick else 999
    ours = bench.ours(knox_bands, **events, permutations=permutations)
    plain = bench.theirs(kd_tree_and_shuffle, needs="scipy.spatial", **events, permutations=permutations)
    same("kd-tree and shuffle", ours.answer, plain.answer)
    size = len(events["x"])
    bench.row(f"Knox 5 x 6, {permutations} shuffles, {size:,}", ours, "kd-tree and shuffle", plain)
    if bench.has("knox.py"):
        against_davies(bench, events)
    year = {name: values[: min(12_334, size)] for name, values in events.items()}
    one = bench.ours(knox_one, **year, permutations=99)
    other = bench.theirs(pointpats, needs="pointpats", **year, permutations=99)
    same("pointpats", one.answer, other.answer)
    bench.row(f"Knox 200 m, 7 days, 99 shuffles, {len(year['x']):,}", one, "pointpats Knox", other)
    how_it_grows(bench, events)


def against_davies(bench, events: dict[str, np.ndarray]) -> None:
    """Parts of the events, in order of date, with few shuffles; then what the whole would take."""
    shuffles, sizes, ours, theirs = 9, [5_000, 10_000, 20_000], [], []
    for size in sizes:
        part = {name: values[:size] for name, values in events.items()}
        ours.append(bench.ours(knox_bands, **part, permutations=shuffles))
        theirs.append(bench.theirs(davies, needs="knox", **part, permutations=shuffles))
        same("tobydavies/NearRepeat", ours[-1].answer, theirs[-1].answer)
        bench.row(f"Knox 5 x 6, {shuffles} shuffles, {size:,}", ours[-1], "tobydavies/NearRepeat", theirs[-1])
    whole = len(events["x"])
    seconds, mib = [one.seconds for one in theirs], [one.peak_mib for one in theirs]
    power = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    expected_s = seconds[-1] * (whole / sizes[-1]) ** power * 1000 / (shuffles + 1)
    mib_power = np.polyfit(np.log(sizes), np.log(mib), 1)[0]
    everything = bench.ours(knox_bands, **events, permutations=999)
    print(
        f"tobydavies/NearRepeat grows as n^{power:.2f}; {whole:,} events with 999 shuffles would take about "
        f"{expected_s:,.0f} s and {mib[-1] * (whole / sizes[-1]) ** mib_power / 1024:.1f} GiB; "
        f"ours takes {everything.seconds:.2f} s: x{expected_s / everything.seconds:,.0f} (extrapolated)"
    )


def how_it_grows(bench, events: dict[str, np.ndarray]) -> None:
    """Ours with n in one place (pairs grow as n²), and with n and ground together up to a million."""
    sizes = [len(events["x"]) // 4, len(events["x"]) // 2, len(events["x"])]
    mixed = np.random.default_rng(0).permutation(len(events["x"]))
    seconds = []
    for size in sizes:
        part = {name: values[mixed[:size]] for name, values in events.items()}
        seconds.append(bench.ours(knox_bands, **part, permutations=999).seconds)
    told = ", ".join(f"{size:,}: {took:.2f} s" for size, took in zip(sizes, seconds, strict=True))
    power = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    print(f"ours, 5 x 6 bands, 999 shuffles, a denser city: {told}; as n^{power:.2f}")
    for size in (100_000, 300_000, 1_000_000) if not bench.quick else (100_000,):
        took = bench.ours(knox_small, **made_up(size), permutations=999, repeats=1, warm=False)
        print(f"ours, 200 m and 14 days, 999 shuffles, {size:>9,}: {took.seconds:>7.1f} s {took.peak_mib:>6,.0f} MiB")


def same(peer: str, ours: list, theirs: list) -> None:
    """Stop where the peer counts other pairs than ours."""
    if not np.array_equal(ours, theirs):
        raise SystemExit(f"{peer} counts {theirs}, ours {ours}")


def chicago(path) -> dict[str, np.ndarray]:
    """45,319 burglaries of Chicago, 2014 to 2017, by date; or as many made up where the file is absent."""
    if not path.is_file():
        print(f"no {path}: set RTCC_SHARED; made-up events instead")
        return made_up(45_319)
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    day = np.array([datetime.strptime(row["date_single"], "%d/%m/%Y").toordinal() for row in rows], dtype=float)
    order = np.argsort(day, kind="stable")
    return {
        "x": np.array([float(row["x"]) for row in rows])[order],
        "y": np.array([float(row["y"]) for row in rows])[order],
        "t": (day - day.min())[order],
    }


def made_up(size: int) -> dict[str, np.ndarray]:
    """Events in clusters of 50 over a city of 900 km² and six years."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 30_000, (max(size // 50, 1), 2))
    places = centres[rng.integers(0, len(centres), size)] + rng.normal(0, 150, (size, 2))
    return {"x": places[:, 0], "y": places[:, 1], "t": rng.integers(0, 6 * 365, size).astype(float)}


def knox_bands(x, y, t, permutations):
    """Ours, five bands by six, (a, b] as the peers count."""
    from rtcc_analytics.near_repeat import knox_test

    bands = {"distance_breaks": [0.0, *METRES], "time_breaks": [0.0, *DAYS]}
    return knox_test(x, y, t, **bands, right_closed=True, permutations=permutations, seed=1).observed


def knox_one(x, y, t, permutations):
    """Ours, one band by one."""
    from rtcc_analytics.near_repeat import knox_test

    one = {"distance_breaks": [0, 200], "time_breaks": [0, 7]}
    return knox_test(x, y, t, **one, right_closed=True, permutations=permutations, seed=1).observed[0, 0]


def knox_small(x, y, t, permutations):
    """Ours at 200 m and 14 days."""
    from rtcc_analytics.near_repeat import knox_test

    asked = {"distance_breaks": [0, 100, 200], "time_breaks": [0, 7, 14]}
    return knox_test(x, y, t, **asked, permutations=permutations, seed=1).observed


def davies(x, y, t, permutations):
    """The published Python near-repeat code."""
    import knox

    found = knox.knox_test(np.column_stack([x, y]), t, METRES, DAYS, permutations, seed=1)
    return found.conting_observed.to_numpy()


def pointpats(x, y, t, permutations):
    """pointpats' Knox test, which takes one distance and one time."""
    from pointpats import Knox

    np.random.seed(1)
    return Knox(np.column_stack([x, y]), t[:, None], 200, 7, permutations=permutations).statistic_


def kd_tree_and_shuffle(x, y, t, permutations):
    """What one would write with scipy and numpy: find the pairs once, shuffle the times."""
    from scipy.spatial import cKDTree

    xy = np.column_stack([x, y])
    one, two = cKDTree(xy).query_pairs(METRES[-1], output_type="ndarray").T
    metres = np.hypot(*(xy[one] - xy[two]).T)
    row = np.searchsorted(METRES, metres, side="left") * (len(DAYS) + 1)
    rng = np.random.default_rng(1)

    def counted(times):
        band = row + np.searchsorted(DAYS, np.abs(times[one] - times[two]), side="left")
        return np.bincount(band, minlength=len(METRES) * (len(DAYS) + 1)).reshape(len(METRES), -1)[:, : len(DAYS)]

    observed = counted(t)
    simulated = np.array([counted(rng.permutation(t)) for _ in range(permutations)])
    ((simulated >= observed).sum(axis=0) + 1) / (permutations + 1)
    return observed
