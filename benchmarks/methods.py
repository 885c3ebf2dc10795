"""How fast the methods are, against named references in the same run, and how their cost grows.

    python benchmarks/methods.py [--events 300000]

Ratios are what to compare between machines; each time is the best of three after one warm call.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import geopandas
import numpy as np
import shapely
from scipy.signal import fftconvolve
from statsmodels.stats.rates import test_poisson_2indep as statsmodels_etest

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import counts, kernel_density
from rtcc_analytics.study import StudyArea
from rtcc_analytics.temporal import compare_periods, poisson, poisson_compare
from rtcc_analytics.units import Grid

CRS = "EPSG:26996"


def best_s(job: Callable[[], object], *, warm: bool = True) -> float:
    """Best of three in seconds, after one call that does not count."""
    if warm:
        job()
    times = []
    for _ in range(3 if warm else 1):
        begin = time.perf_counter()
        job()
        times.append(time.perf_counter() - begin)
    return min(times)


def city(seed: int = 0) -> StudyArea:
    """A wavy outline of about 700 km²."""
    turn = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    radius = 15_000 * (1 + 0.2 * np.sin(5 * turn) + 0.002 * np.random.default_rng(seed).standard_normal(turn.size))
    outline = shapely.Polygon(np.stack([250_000 + radius * np.cos(turn), 300_000 + radius * np.sin(turn)], axis=1))
    return StudyArea(outline, CRS, "America/Chicago", "city")


def made_up_events(n: int, seed: int = 0) -> Events:
    """Clusters of 50 around places in the city over six years."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 5000, (max(n // 50, 1), 2)) + [250_000, 300_000]
    places = centres[rng.integers(0, len(centres), n)] + rng.normal(0, 300, (n, 2))
    when = np.datetime64("2008-01-01", "s") + rng.integers(0, 6 * 365 * 86_400, n)
    codes = rng.choice(["220", "240", "23H", "13A", "120", "290", "13B", "09A", "200", "23F"], n)
    return Events(x=places[:, 0], y=places[:, 1], crs=CRS, timezone="America/Chicago", occurred_from=when,
                  offense=codes)


def plain_density(events: Events, grid: Grid, h: float) -> np.ndarray:
    """The reference: numpy histogram, scipy convolution, events moved to cell middles."""
    x_min, y_min, x_max, y_max = grid.area.polygon.bounds
    edges = [np.arange(low - h, high + h + grid.cell_m, grid.cell_m) for low, high in ((y_min, y_max), (x_min, x_max))]
    held, _, _ = np.histogram2d(events.y, events.x, bins=edges)
    step = np.arange(-int(h / grid.cell_m), int(h / grid.cell_m) + 1) * grid.cell_m
    kernel = np.maximum(1 - (step[:, None] ** 2 + step**2) / h**2, 0) ** 2
    return fftconvolve(held, kernel, mode="same") * 3 / (np.pi * h**2) * 1e6


def joined(points: geopandas.GeoDataFrame, cells: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """The reference: a spatial join."""
    return geopandas.sjoin(points, cells, predicate="within", how="left")


def line(what: str, ours_s: float, reference: str, reference_s: float) -> None:
    """One row of the table."""
    beside = f"{reference:<40} {reference_s * 1e3:>9.1f} ms"
    print(f"{what:<36} {ours_s * 1e3:>9.1f} ms   {beside}   x{ours_s / reference_s:.2f}")


def against_references(n: int) -> None:
    """Each method beside what one would write without it."""
    area, events = city(), made_up_events(n)
    grid = Grid(area, cell_m=85)
    print(f"\n{n:,} events, {grid.size:,} cells of 85 m\n")
    for cells in (5, 10, 20):
        h = cells * grid.cell_m
        line(f"kernel_density, h = {cells} cells", best_s(lambda h=h: kernel_density(events, grid, bandwidth_m=h)),
             "numpy histogram2d + fftconvolve", best_s(lambda h=h: plain_density(events, grid, h)))
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(events.x, events.y))
    cells_frame = geopandas.GeoDataFrame(geometry=shapely.intersection(grid.geometry(), area.polygon))
    line("Grid.assign", best_s(lambda: grid.assign(events.x, events.y)),
         "geopandas.sjoin", best_s(lambda: joined(points, cells_frame), warm=False))
    boxes = grid.geometry()
    line("Grid (cells clipped to the area)", best_s(lambda: Grid(area, cell_m=85)),
         "shapely.intersection of its cells", best_s(lambda: shapely.intersection(boxes, area.polygon), warm=False))
    line("filter by offense and year", best_s(lambda: events.of("220").between("2012-01-01", "2013-01-01")),
         "pandas, same two conditions", pandas_filter_s(events))
    series = {code: events.of(code) for code in set(events.offense)}
    line("compare_periods, 60 comparisons", fresh(lambda: compare_periods(series, until="2013-12-30", years=5)),
         "statsmodels etest of 2,500 against 12,500", statsmodels_s())


def pandas_filter_s(events: Events) -> float:
    """The reference filter on a DataFrame of the same columns."""
    frame = events.to_frame()
    local = frame["occurred_from"].dt.tz_convert(events.timezone)
    return best_s(lambda: frame[(frame["offense"] == "220") & (local >= "2012-01-01") & (local < "2013-01-01")])


def fresh(job: Callable[[], object]) -> float:
    """Best of three with the e-test's cache emptied before each."""

    def emptied() -> None:
        poisson._p_value.cache_clear()
        job()

    return best_s(emptied)


def statsmodels_s() -> float:
    """One e-test by statsmodels, which agrees with ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = statsmodels_etest(2500, 1, 12_500, 5, method="etest-score")
        assert abs(theirs.pvalue - poisson_compare(2500, 12_500, exposure_baseline=5, variant="score").p_value) < 1e-9
        return best_s(lambda: statsmodels_etest(2500, 1, 12_300, 5, method="etest-score"), warm=False)


def growth() -> None:
    """How cost grows with events and with cells."""
    area = city()
    print("\ncost of 4 times as much (linear is 4)\n")
    grid = Grid(area, cell_m=150)
    for name, job in (
        ("kernel_density, h = 5 cells", lambda e: kernel_density(e, grid, bandwidth_m=750)),
        ("counts", lambda e: counts(e, grid)),
    ):
        made = [made_up_events(n) for n in (75_000, 300_000, 1_200_000)]
        times = [best_s(lambda job=job, events=events: job(events)) for events in made]
        print(f"{name:<32} events 75,000 -> 300,000: {times[1] / times[0]:.1f}   "
              f"-> 1,200,000: {times[2] / times[1]:.1f}")
    times = [best_s(lambda m=m: Grid(area, cell_m=m)) for m in (112, 56, 28)]
    print(f"{'Grid':<32} cells 58,000 -> 230,000: {times[1] / times[0]:.1f}   -> 920,000: {times[2] / times[1]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=300_000)
    against_references(parser.parse_args().events)
    growth()
