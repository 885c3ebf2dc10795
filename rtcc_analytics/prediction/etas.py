"""Self-exciting point process in space and time (ETAS), fitted by EM with the exact M-step.

Each event comes from the background or was triggered by an earlier one nearby:

    rate(s, t) = background(s) + sum over earlier events of theta omega exp(-omega lag) g(distance; sigma),

with g a Gaussian in the plane. Pairs beyond a reach in space or time are never formed, so cost and
memory grow with events times neighbours, not with events squared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from rtcc_analytics.prediction.history import FloatArray, IntArray, PredictionError
from rtcc_analytics.prediction.raster import Raster

MOST_PAIRS = 60_000_000
INNER_STEPS = 3


class Background(Protocol):
    """Where and how often events come by themselves; per day and m² at each event."""

    def at_events(self) -> FloatArray:
        """Background rate at each event, per day and m², shape (n,)."""

    def updated(self, own: FloatArray, days: float) -> Background:
        """The background that `own`, each event's probability of belonging to it, makes likeliest."""

    def per_day(self) -> float:
        """Background events per day in all the area."""


@dataclass(frozen=True, eq=False)
class EvenBackground:
    """The same rate everywhere: the parametric one."""

    area_m2: float
    n: int
    rate: float

    def at_events(self) -> FloatArray:
        """Background rate at each event, per day and m²."""
        return np.full(self.n, self.rate / self.area_m2)

    def updated(self, own: FloatArray, days: float) -> EvenBackground:
        """Events that are background over days."""
        return replace(self, rate=float(own.sum() / days))

    def per_day(self) -> float:
        """Background events per day."""
        return self.rate


@dataclass(frozen=True, eq=False)
class SmoothBackground:
    """Non-parametric: background events spread by a Gaussian, each event without its own contribution.

    Attributes
    ----------
    even_share : float
        Spread evenly, so that no event is without background.
    """

    raster: Raster
    square: IntArray
    bandwidth_m: float
    area_m2: float
    rate_at: FloatArray
    rate: float
    even_share: float = 0.05

    def at_events(self) -> FloatArray:
        """Background rate at each event, per day and m²."""
        return self.rate_at

    def updated(self, own: FloatArray, days: float) -> SmoothBackground:
        """Smoothed background events over days."""
        from scipy.ndimage import gaussian_filter

        spread = self.bandwidth_m / self.raster.cell_m
        held = self.raster.counted(self.square, own)
        smooth = np.append(gaussian_filter(held, spread, mode="constant", truncate=3.0).ravel(), 0.0)
        middle = np.zeros((2 * int(3 * spread + 1) + 1,) * 2)
        middle[middle.shape[0] // 2, middle.shape[0] // 2] = 1.0
        peak = gaussian_filter(middle, spread, mode="constant", truncate=3.0).max()
        others = np.maximum(smooth[self.square] - own * peak, 0.0) / self.raster.cell_m**2 / days
        rate = float(own.sum() / days)
        rate_at = (1 - self.even_share) * others + self.even_share * rate / self.area_m2
        return replace(self, rate_at=rate_at, rate=rate)

    def per_day(self) -> float:
        """Background events per day."""
        return self.rate


@dataclass(frozen=True, eq=False)
class CovariateBackground:
    """Log-linear in what is known of each unit: exp(coefficients · covariates), per m².

    Attributes
    ----------
    unit : array of int, shape (n,)
        Of each event.
    design : array of float, shape (units, k)
        The first column is 1.
    area_m2 : array of float, shape (units,)
    """

    unit: IntArray
    design: FloatArray
    area_m2: FloatArray
    coefficients: FloatArray

    def at_events(self) -> FloatArray:
        """Background rate at each event, per day and m²."""
        return np.exp(self.design @ self.coefficients)[self.unit]

    def updated(self, own: FloatArray, days: float) -> CovariateBackground:
        """Poisson regression of the background events of each unit, by Newton steps."""
        counts = np.bincount(self.unit, weights=own, minlength=len(self.area_m2))
        exposure, beta = self.area_m2 * days, self.coefficients
        for _ in range(25):
            mean = exposure * np.exp(np.clip(self.design @ beta, -60, 20))
            step = np.linalg.solve((self.design * mean[:, None]).T @ self.design + 1e-9 * np.eye(len(beta)),
                                   self.design.T @ (counts - mean))
            beta = beta + np.clip(step, -2, 2)
            if np.abs(step).max() < 1e-9:
                break
        return replace(self, coefficients=beta)

    def per_day(self) -> float:
        """Background events per day in all units."""
        return float((self.area_m2 * np.exp(self.design @ self.coefficients)).sum())


@dataclass(frozen=True)
class EtasFit:
    """What was learned.

    Attributes
    ----------
    theta : float
        Events that one triggers on average (branching ratio).
    omega : float
        Per day; 1 / omega is the mean lag, days.
    sigma_m : float
        Spread of triggered events along each axis, metres.
    background_per_day : float
    log_likelihood : float
    iterations : int
    converged : bool
    own : array of float, shape (n,)
        Each event's probability of being background, in the order of time.
    background : Background
    """

    theta: float
    omega: float
    sigma_m: float
    background_per_day: float
    log_likelihood: float
    iterations: int
    converged: bool
    own: FloatArray = field(repr=False)
    background: Background = field(repr=False)

    def to_frame(self) -> Any:
        """One row per parameter: parameter, value."""
        import pandas as pd

        names = ("theta", "omega", "sigma_m", "background_per_day", "log_likelihood", "iterations", "converged")
        return pd.DataFrame({"parameter": names, "value": [getattr(self, name) for name in names]})


@dataclass(frozen=True, eq=False)
class EtasPairs:
    """Events in order of time with, for each, the earlier ones within reach (compressed rows)."""

    t: FloatArray
    until: float
    indptr: IntArray
    source: IntArray
    lag: FloatArray
    distance2: FloatArray

    @classmethod
    def of(
        cls, x: ArrayLike, y: ArrayLike, t: ArrayLike, *, until: float, reach_m: float, reach_days: float
    ) -> EtasPairs:
        """Pairs of events sorted by `t` (days), within `reach_m` metres and `reach_days` days.

        Raises
        ------
        PredictionError
            For unsorted times, a reach that is not positive, or more than 60 million pairs.
        """
        from rtcc_analytics.prediction._pairs import earlier_neighbours

        x, y, t = (np.ascontiguousarray(axis, dtype=float) for axis in (x, y, t))
        if not (reach_m > 0 and reach_days > 0) or (np.diff(t) < 0).any():
            raise PredictionError(f"reach {reach_m:g} m, {reach_days:g} d; events must be in order of time")
        row = ((y - y.min()) // reach_m).astype(np.int64) + 1
        column = ((x - x.min()) // reach_m).astype(np.int64) + 1
        columns = int(column.max()) + 2
        cell = row * columns + column
        members = np.argsort(cell, kind="stable")
        first = np.searchsorted(cell[members], np.arange((int(row.max()) + 2) * columns + 1))
        indptr, none = np.zeros(x.size + 1, dtype=np.int64), np.zeros(0)
        grid = x, y, t, reach_m, reach_days, cell, columns, first, members
        earlier_neighbours(*grid, indptr, none.astype(np.int64), none, none, False)
        np.cumsum(indptr, out=indptr)
        if indptr[-1] > MOST_PAIRS:
            raise PredictionError(f"{indptr[-1]:,} pairs within {reach_m:g} m and {reach_days:g} d: shorten the reach")
        source, lag, distance2 = np.zeros(indptr[-1], dtype=np.int64), np.zeros(indptr[-1]), np.zeros(indptr[-1])
        earlier_neighbours(*grid, indptr, source, lag, distance2, True)
        return cls(t - t[0], until - t[0], indptr, source, lag, distance2)

    def expect(self, background: FloatArray, theta: float, omega: float, sigma2: float) -> tuple:
        """One E-step: (own, sum p, sum p lag, sum p d², sum of log rates)."""
        from rtcc_analytics.prediction._pairs import expectation

        own = np.empty(self.t.size)
        return own, *expectation(self.indptr, self.lag, self.distance2, background, theta, omega, sigma2, own)

    def log_likelihood(self, background: Background, theta: float, omega: float, sigma_m: float) -> float:
        """Of the events, with pairs beyond reach left out of the rates."""
        logs = self.expect(background.at_events(), theta, omega, sigma_m**2)[4]
        return float(logs - background.per_day() * self.until - theta * self._lived(omega))

    def _lived(self, omega: float) -> float:
        """How many triggered events' worth of time the events have had: sum of 1 - exp(-omega (until - t))."""
        return float(-np.expm1(-omega * (self.until - self.t)).sum())


def fit_etas(
    pairs: EtasPairs,
    background: Background,
    *,
    iterations: int = 200,
    tolerance: float = 1e-6,
    start: tuple[float, float, float] = (0.2, 1 / 14, 150.0),
    least_sigma_m: float = 20.0,
    on_step: Callable[[float], None] | None = None,
) -> EtasFit:
    """Maximum likelihood by EM with the exact M-step.

    The usual M-step forgets that triggered events after the end were not seen, which biases theta
    down and omega up. Here theta = sum p / sum(1 - exp(-omega (T - t))) and
    omega = sum p / (sum p lag + theta sum (T - t) exp(-omega (T - t))).

    Parameters
    ----------
    pairs : EtasPairs
    background : Background
        Where it starts from.
    iterations, tolerance
        Stops when no parameter moves by more than `tolerance` of itself (theta: by that much);
        ``converged`` says whether.
    start : (theta, omega, sigma_m)
    least_sigma_m : float
        Repeats at one address would draw sigma to 0 and the likelihood to infinity; records are not
        placed more exactly than this.
    on_step : callable, optional
        Called with the log likelihood before each step.

    Notes
    -----
    Veen and Schoenberg (2008), *JASA* 103, 614-624; Mohler et al. (2011), *JASA* 106, 100-108; Zhuang,
    Ogata and Vere-Jones (2002), *JASA* 97, 369-380.
    """
    theta, omega, sigma2 = start[0], start[1], start[2] ** 2
    converged, done = False, 0
    own = np.ones(pairs.t.size)
    left = pairs.until - pairs.t
    for _ in range(iterations):
        done += 1
        rates = background.at_events()
        own, pairs_p, pairs_lag, pairs_d2, logs = pairs.expect(rates, theta, omega, sigma2)
        if on_step:
            on_step(float(logs - background.per_day() * pairs.until - theta * pairs._lived(omega)))
        before = np.array([theta, omega, sigma2, background.per_day()])
        background = background.updated(own, pairs.until)
        for _ in range(INNER_STEPS):
            theta = pairs_p / pairs._lived(omega)
            omega = pairs_p / (pairs_lag + theta * (left * np.exp(-omega * left)).sum())
        sigma2 = max(pairs_d2 / (2 * pairs_p), least_sigma_m**2) if pairs_p > 0 else sigma2
        now = np.array([theta, omega, sigma2, background.per_day()])
        if not np.isfinite(now).all() or pairs_p <= 1e-9:
            theta, omega, sigma2 = 0.0, before[1], before[2]
            converged = True
            break
        # Theta is a share of events: near 0 its own relative steps never end, and mean nothing.
        if (np.abs(now - before) / np.append(1.0, before[1:])).max() < tolerance:
            converged = True
            break
    likelihood = pairs.log_likelihood(background, theta, omega, float(np.sqrt(sigma2)))
    return EtasFit(float(theta), float(omega), float(np.sqrt(sigma2)), background.per_day(), likelihood, done,
                   converged, own, background)


def etas_standard_errors(pairs: EtasPairs, fit: EtasFit) -> dict[str, float]:
    """Standard errors of the logs of theta, omega and sigma_m, the background held, from the curvature.

    Raises
    ------
    PredictionError
        Where the likelihood is not curved downwards there: the fit did not reach its top.
    """
    centre, step = np.log([fit.theta, fit.omega, fit.sigma_m]), 1e-3

    def value(offset: FloatArray) -> float:
        return pairs.log_likelihood(fit.background, *np.exp(centre + offset))

    unit = np.eye(3) * step
    hessian = np.array([
        [(value(a + b) - value(a - b) - value(b - a) + value(-a - b)) / (4 * step**2) for b in unit] for a in unit
    ])
    variance = np.diag(np.linalg.inv(-hessian))
    if (variance <= 0).any():
        raise PredictionError("the fit did not reach a maximum of its likelihood: no standard errors")
    return dict(zip(("theta", "omega", "sigma_m"), np.sqrt(variance).tolist(), strict=True))


def simulate_etas(
    *, background_per_day: float, theta: float, omega: float, sigma_m: float, side_m: float, days: float, seed: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Events of an ETAS process on a square from 0 to `side_m`, from day 0 to `days`: x, y, t in order of time.

    Triggered events may fall outside the square.

    Examples
    --------
    >>> x, y, t = simulate_etas(background_per_day=2, theta=0.3, omega=0.1, sigma_m=100, side_m=5000, days=365, seed=1)
    >>> 900 < len(t) < 1200
    True
    """
    rng = np.random.default_rng(seed)
    n = rng.poisson(background_per_day * days)
    x, y, t = rng.uniform(0, side_m, n), rng.uniform(0, side_m, n), rng.uniform(0, days, n)
    parts = [(x, y, t)]
    while x.size:
        children = rng.poisson(theta, x.size)
        parent = np.repeat(np.arange(x.size), children)
        t = t[parent] + rng.exponential(1 / omega, parent.size)
        x = x[parent] + rng.normal(0, sigma_m, parent.size)
        y = y[parent] + rng.normal(0, sigma_m, parent.size)
        x, y, t = x[t < days], y[t < days], t[t < days]
        parts.append((x, y, t))
    x, y, t = (np.concatenate(axis) for axis in zip(*parts, strict=True))
    order = np.argsort(t)
    return x[order], y[order], t[order]
