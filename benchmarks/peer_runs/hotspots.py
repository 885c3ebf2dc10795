"""Hot spots against the packages people use, and against the plainest way to write each.

- Gi*: "bare convolution" is scipy's 3 x 3 alone, with neither variance nor p-value; esda with libpysal's weights.
- Kernel density: "histogram and FFT" is numpy's histogram2d and scipy's fftconvolve, events moved to cell middles;
  KDEpy's FFTKDE; scikit-learn's tree, on a sample of the cells and scaled up.
- The space-time scan, cross-validation and density along streets have no peer that installs: only their growth is told.

Answers are compared where both compute the same.
"""

from __future__ import annotations

import numpy as np

PACKAGES = ["numpy", "scipy", "pandas", "scikit-learn", "esda", "libpysal", "KDEpy"]
CELL_M, SKLEARN_CELLS = 100.0, 200
SPREAD = 8**0.5     # radius of a quartic over its standard deviation


def compare(bench) -> None:
    """Print the ratios and how each grows."""
    against_gi(bench)
    against_density(bench)
    how_they_grow(bench)


def against_gi(bench) -> None:
    """A lattice of a million cells."""
    side = 300 if bench.quick else 1000
    ours, plain = bench.ours(gi_scores, side=side), bench.theirs(convolution, needs="scipy.ndimage", side=side,
                                                                 repeats=3, warm=True)
    bench.row(f"Gi*, {side * side:,} cells, scores", ours, "bare convolution", plain)
    tested = bench.ours(gi_tested, side=side)
    bench.row(f"Gi*, {side * side:,} cells, scores, p and FDR", tested, "bare convolution", plain)
    small = side // 4
    few, esda = bench.ours(gi_scores, side=small), bench.theirs(esda_gi, needs="esda libpysal", side=small)
    if not np.allclose(few.answer, esda.answer, atol=1e-9):
        raise SystemExit("esda's Gi* and ours differ")
    bench.row(f"Gi*, {small * small:,} cells, scores", few, "esda G_Local and weights", esda)


def against_density(bench) -> None:
    """A million events on a million cells, at three bandwidths."""
    size, side = (100_000, 300) if bench.quick else (1_000_000, 1000)
    for cells in (5, 12, 25):
        given = {"size": size, "side": side, "cells": cells}
        ours = bench.ours(density, needs="rtcc_analytics.hotspots.density", **given)
        plain = bench.theirs(histogram_and_fft, needs="scipy.signal", repeats=3, warm=True, **given)
        off = np.abs(np.array(ours.answer) - plain.answer).max() / np.max(ours.answer)
        bench.row(f"density, {size:,} on {side}², h = {cells} cells", ours, "histogram and FFT", plain)
        print(f"{'':<46} moving events to cell middles changes a row by up to {off:.1%} of its highest")
    kdepy = bench.theirs(kdepy_density, needs="KDEpy", repeats=3, warm=True, size=size, side=side, cells=12)
    gaussian = bench.ours(density_gaussian, size=size, side=side, cells=12)
    bench.row("density, Gaussian of the same spread", gaussian, "KDEpy FFTKDE", kdepy)
    tree = bench.theirs(sklearn_density, needs="sklearn.neighbors", size=size, side=side, cells=12)
    exact = bench.ours(density_exact, size=size, side=side, cells=12)
    whole = tree.seconds * side * side / SKLEARN_CELLS
    print(f"density, Epanechnikov, exact: ours {exact.seconds:.2f} s; scikit-learn's tree {tree.seconds:.2f} s for "
          f"{SKLEARN_CELLS} cells, {whole:,.0f} s for all (scaled): x{whole / exact.seconds:,.0f}")


def how_they_grow(bench) -> None:
    """Ours with n."""
    told("Gi* by cells", [125_000, 500_000, 2_000_000],
         [bench.ours(gi_scores, side=int(n**0.5)) for n in (125_000, 500_000, 2_000_000)])
    sizes = [250_000, 1_000_000, 4_000_000]
    for cells in (5, 25):
        told(f"density by events, h = {cells} cells", sizes,
             [bench.ours(density, size=n, side=1000, cells=cells) for n in sizes])
    told("cross-validated bandwidth by events", sizes[:2],
         [bench.ours(cross_validated, size=n, side=1000, repeats=1) for n in sizes[:2]])
    told("density along streets by km", [500, 2000, 8000],
         [bench.ours(streets, blocks=n, repeats=1) for n in (50, 100, 200)])
    sizes = [2500, 5000, 10_000]
    told("space-time scan, 1 km, 28 days, 99 shuffles", sizes,
         [bench.ours(scan, size=n, repeats=1) for n in sizes])


def told(what: str, sizes: list[int], measured: list) -> None:
    """One line: time at each size, and the power of n."""
    power = np.polyfit(np.log(sizes), np.log([one.seconds for one in measured]), 1)[0]
    times = ", ".join(f"{n:,}: {one.seconds:.3g} s" for n, one in zip(sizes, measured, strict=True))
    print(f"{what}: {times}; as n^{power:.2f}; at most {max(one.peak_mib for one in measured):,.0f} MiB", flush=True)


_MADE: dict[tuple, object] = {}


def made(size: int, side: int) -> tuple:
    """Events in 2,000 clusters (with an envelope for our types), made once a process and not timed after warming."""
    if (size, side) not in _MADE:
        rng = np.random.default_rng(0)
        ground = side * CELL_M
        middles = rng.uniform(0.1 * ground, 0.9 * ground, (2000, 2))
        places = middles[rng.integers(0, 2000, size)] + rng.normal(0, 800, (size, 2))
        _MADE[size, side] = places[:, 0] + 500_000, places[:, 1] + 4_000_000
    return _MADE[size, side]


def ours_made(size: int, side: int) -> tuple:
    """The same as Events on a Grid."""
    if ("ours", size, side) not in _MADE:
        import shapely

        from rtcc_analytics.events import Events
        from rtcc_analytics.study import StudyArea
        from rtcc_analytics.units import Grid

        x, y = made(size, side)
        ground = side * CELL_M
        box = shapely.box(500_000, 4_000_000, 500_000 + ground, 4_000_000 + ground)
        when = np.full(size, np.datetime64("2024-01-01", "s"))
        events = Events(x=x, y=y, crs="EPSG:32615", timezone="UTC", occurred_from=when)
        _MADE["ours", size, side] = events, Grid(StudyArea(box, "EPSG:32615", "UTC", "ground"), cell_m=CELL_M)
    return _MADE["ours", size, side]


def lattice(side: int) -> np.ndarray:
    """Counts on a lattice, made once a process."""
    if side not in _MADE:
        _MADE[side] = np.random.default_rng(0).poisson(1, (side, side)).astype(float)
    return _MADE[side]


def gi_scores(side):
    """Ours: every score, and whether any cell could be cold; the first rows for comparison."""
    from rtcc_analytics.hotspots import gi_star

    return gi_star(lattice(side)).values[:3]


def gi_tested(side):
    """Ours with two-sided p-values and Benjamini-Hochberg."""
    from rtcc_analytics.hotspots import gi_star

    return gi_star(lattice(side)).significant.sum()


def convolution(side):
    """The sums of three by three cells, and nothing else."""
    from scipy.ndimage import convolve

    return convolve(lattice(side), np.ones((3, 3)), mode="constant")[:3]


def esda_gi(side):
    """esda's Gi* with its weights, analytical."""
    import warnings

    from esda import G_Local
    from libpysal.weights import fill_diagonal, lat2W

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = fill_diagonal(lat2W(side, side, rook=False), 1)
        found = G_Local(lattice(side).ravel(), weights, transform="B", star=True, permutations=0)
    return found.Zs.reshape(side, side)[:3]


def density(size, side, cells):
    """Ours, quartic."""
    from rtcc_analytics.hotspots import kernel_density

    events, grid = ours_made(size, side)
    return kernel_density(events, grid, bandwidth_m=cells * CELL_M).values.reshape(side, side)[side // 2]


def density_gaussian(size, side, cells):
    """Ours, Gaussian of a quartic's spread."""
    from rtcc_analytics.hotspots import kernel_density

    events, grid = ours_made(size, side)
    return kernel_density(events, grid, bandwidth_m=cells * CELL_M / SPREAD, kernel="gaussian").values[:9]


def density_exact(size, side, cells):
    """Ours, Epanechnikov, every event at every cell."""
    from rtcc_analytics.hotspots import kernel_density

    events, grid = ours_made(size, side)
    options = {"kernel": "epanechnikov", "evaluation": "exact"}
    return kernel_density(events, grid, bandwidth_m=cells * CELL_M, **options).values[:9]


def histogram_and_fft(size, side, cells):
    """What one writes without a library for it."""
    from scipy.signal import fftconvolve

    x, y = made(size, side)
    edges = [low + np.arange(side + 1) * CELL_M for low in (4_000_000, 500_000)]
    held, _, _ = np.histogram2d(y, x, bins=edges)
    step = np.arange(-cells, cells + 1)
    kernel = np.maximum(1 - (step[:, None] ** 2 + step**2) / cells**2, 0) ** 2
    smooth = fftconvolve(held, kernel, mode="same") * 3 / (np.pi * (cells * CELL_M) ** 2) * 1e6
    return smooth[side // 2]


def kdepy_density(size, side, cells):
    """KDEpy on a grid of as many points (it must reach beyond every event)."""
    from KDEpy import FFTKDE

    points = np.column_stack(made(size, side)) - [500_000, 4_000_000]
    return FFTKDE(kernel="gaussian", bw=cells * CELL_M / SPREAD).fit(points).evaluate((side, side))[1][:9]


def sklearn_density(size, side, cells):
    """scikit-learn's KernelDensity at some of the cells."""
    from sklearn.neighbors import KernelDensity

    points = np.column_stack(made(size, side)) - [500_000, 4_000_000]
    at = np.random.default_rng(1).uniform(0, side * CELL_M, (SKLEARN_CELLS, 2))
    return KernelDensity(kernel="epanechnikov", bandwidth=cells * CELL_M).fit(points).score_samples(at)[:0]


def cross_validated(size, side):
    """Ours: 16 bandwidths, 5,000 events held out."""
    from rtcc_analytics.hotspots import cross_validated_bandwidth

    return cross_validated_bandwidth(*ours_made(size, side)).bandwidth_m


def streets(blocks):
    """Ours: a lattice of 100 m blocks, 100,000 events, 300 m in steps of 10 m."""
    import shapely

    from rtcc_analytics.events import Events
    from rtcc_analytics.hotspots import network_density
    from rtcc_analytics.units import StreetSegments

    if ("streets", blocks) not in _MADE:
        i, j = (axis.ravel() * 100.0 for axis in np.indices((blocks, blocks)))
        start = np.stack([500_000 + i, 4_000_000 + j], axis=1)
        ends = np.concatenate([np.stack([start, start + step], axis=1) for step in ([100, 0], [0, 100])])
        lines = shapely.linestrings(ends)
        x, y = np.random.default_rng(0).uniform(0, blocks * 100, (2, 100_000)) + [[500_000], [4_000_000]]
        when = np.full(100_000, np.datetime64("2024-01-01", "s"))
        events = Events(x=x, y=y, crs="EPSG:32615", timezone="UTC", occurred_from=when)
        _MADE["streets", blocks] = events, StreetSegments(lines, np.full(len(lines), ""), "EPSG:32615")
    return network_density(*_MADE["streets", blocks], bandwidth_m=300, step_m=10).per_km[:9]


def scan(size):
    """Ours: clusters of 25 over 400 km² and a year; twice the events are twice as dense."""
    from rtcc_analytics.hotspots import space_time_scan

    rng = np.random.default_rng(0)
    middles = rng.uniform(0, 20_000, (400, 2)) + [500_000, 4_000_000]
    x, y = (middles[rng.integers(0, 400, size)] + rng.normal(0, 300, (size, 2))).T
    asked = {"max_radius_m": 1000, "max_window_days": 28, "replications": 99, "seed": 1}
    return space_time_scan(x, y, rng.integers(0, 365, size), **asked).clusters.p_value[0]
