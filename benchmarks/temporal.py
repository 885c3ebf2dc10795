"""How fast the methods in time and risk terrains are, against named references in one run, and how they grow.

    python benchmarks/temporal.py

Ratios are what to compare between machines; each time is the best of three after one warm call.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import shapely
from statsmodels.stats.rates import test_poisson_2indep as statsmodels_etest

from rtcc_analytics.events import Events, Occurrences
from rtcc_analytics.risk_terrain import risk_terrain
from rtcc_analytics.study import StudyArea
from rtcc_analytics.temporal import aoristic, change_points, forecast_counts, nowcast, poisson
from rtcc_analytics.units import Grid

CRS = "EPSG:32615"
HOURS, WEEK = 168, 10_080


def best_s(job: Callable[[], object]) -> float:
    """Best of three in seconds, after one that does not count."""
    job()
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        job()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def ranges(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Starts over two years and ends up to two days later."""
    rng = np.random.default_rng(seed)
    start = np.datetime64("2022-01-03T00:00", "m") + rng.integers(0, 2 * 365 * 1440, n)
    return start, start + rng.integers(2, 2 * 1440, n)


def plain_aoristic(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The reference: vectorised numpy, minutes held by differences, hours by adding them up."""
    length = (end - start).astype(np.int64)
    first = (start.astype(np.int64) - 4 * 1440) % WEEK
    share = 1 / length
    steps = np.bincount(first, share, 2 * WEEK + 1) - np.bincount(first + length, share, 2 * WEEK + 1)
    minutes = np.cumsum(steps)[: 2 * WEEK]
    return minutes.reshape(2, HOURS, 60).sum(axis=(0, 2))


def town(side_cells: int, layers: int, features: int, seed: int = 0) -> tuple[Events, Grid, dict[str, np.ndarray]]:
    """60 m squares, layers of features, events near those of the first two."""
    rng = np.random.default_rng(seed)
    side = 60 * side_cells
    area = StudyArea(shapely.box(500_000, 0, 500_000 + side, side), CRS, "UTC", "Town")
    made = {f"layer {i}": rng.uniform(0, side, (features, 2)) + [500_000, 0] for i in range(layers)}
    near = [np.repeat(made[f"layer {i}"], 15, axis=0) + rng.normal(0, 90, (15 * features, 2)) for i in (0, 1)]
    x, y = np.concatenate([*near, rng.uniform(0, side, (3000, 2)) + [500_000, 0]]).T
    when = np.full(x.size, np.datetime64("2024-01-01", "s"))
    return Events(x=x, y=y, occurred_from=when, crs=CRS, timezone="UTC"), Grid(area, cell_m=60), made


def late_reports(n: int) -> Occurrences:
    """Two years of events, half of them reported days later."""
    rng = np.random.default_rng(0)
    day = np.datetime64("2023-01-01", "D") + rng.integers(0, 730, n)
    late = np.where(rng.random(n) < 0.5, 0, np.minimum(np.exp(rng.normal(2, 1, n)), 170)).astype(int)
    return Occurrences(occurred_from=day.astype("M8[s]"), reported_at=(day + late).astype("M8[s]"), timezone="UTC")


def line(what: str, ours: Callable[[], object], name: str = "", reference: Callable[[], object] | None = None) -> None:
    """One row of the table."""
    ours_s = best_s(ours)
    beside = ""
    if reference is not None:
        theirs_s = best_s(reference)
        beside = f"   {name:<18}{theirs_s * 1e3:>10.2f} ms   x{ours_s / theirs_s:.5f}"
    print(f"{what:<44}{ours_s * 1e3:>10.2f} ms{beside}")


def against_references() -> None:
    """Each method beside what one would write without it."""
    start, end = ranges(1_000_000)
    assert np.allclose(aoristic(start, end).hours, plain_aoristic(start, end))
    line("aoristic, 1,000,000 ranges", lambda: aoristic(start, end),
         "vectorised numpy", lambda: plain_aoristic(start, end))
    rate = (2500 + 12_300) / 6
    line("e-test, 2,500 against 12,300 in five years", lambda: poisson._etest(2500, 12_300, 1, 5, 0.0, rate, "wald"),
         "statsmodels", lambda: statsmodels_etest(2500, 1, 12_300, 5, method="etest-wald"))


def growth() -> None:
    """How cost grows with what is asked."""
    for n in (250_000, 1_000_000, 4_000_000):
        line(f"aoristic, {n:,} ranges", partial(aoristic, *ranges(n)))
    for n in (10_000, 100_000, 1_000_000):
        line(f"nowcast, {n:,} events", partial(nowcast, late_reports(n), as_of="2024-12-30"))
    for n in (260, 520, 1040):
        line(f"change_points, {n} steps", partial(change_points, np.random.default_rng(0).poisson(20, n)))
    daily = np.random.default_rng(0).poisson(20, 1826)
    line("forecast_counts, five years of days", partial(forecast_counts, daily, start="2019-01-01", horizon_days=28))
    for side, layers in ((71, 30), (142, 10), (142, 30)):
        events, grid, made = town(side, layers, 80)
        line(f"risk_terrain, {grid.size:,} cells, {layers} layers", partial(risk_terrain, events, grid, made, seed=1))


if __name__ == "__main__":
    against_references()
    growth()
