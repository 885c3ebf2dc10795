"""Weights of a sum of Poisson surfaces by maximum likelihood, and the decays the surfaces are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rtcc_analytics.prediction.history import FloatArray, History

ROUNDS = 200
SETTLED = 1e-6
NEWTON_STEPS = 50
CONTRAST_SPREAD = 0.2
LEAST_EXPECTED = 1e-9
WINDOW_DAYS = 28.0
DEFAULT_EVEN_SHARE = 0.05
EVEN_PRIOR = np.array([19.0, 1.0])


def decayed_exposure(days: FloatArray | float, half_life_days: float) -> FloatArray | float:
    """Days a decayed count stands for: the integral of 2^(-age / half-life) over ages 0 to `days`.

    Examples
    --------
    >>> decayed_exposure(100.0, np.inf)
    100.0
    >>> round(float(decayed_exposure(1e9, 100.0)), 3)      # 100 / ln 2
    144.27
    """
    if np.isinf(half_life_days):
        return days
    pace = np.log(2) / half_life_days
    return -np.expm1(-pace * days) / pace


def decay(history: History, half_life_days: float) -> FloatArray:
    """Weight of each event at the origin: its own, halved with every half-life of age; shape (n,)."""
    if np.isinf(half_life_days):
        return history.weight
    return history.weight * np.exp2(-(history.until - history.day) / half_life_days)


def decayed_counts(history: History, half_life_days: float) -> FloatArray:
    """Events per day in each unit, decayed; companions left out. Shape (size,)."""
    past = history.target
    inside = past.unit >= 0
    held = np.bincount(past.unit[inside], weights=decay(past, half_life_days)[inside], minlength=past.units.size)
    return held / decayed_exposure(past.days, half_life_days)


def ground_share(history: History) -> FloatArray:
    """Each unit's share of the ground; shape (size,), adds up to 1."""
    area = history.units.area_m2
    return area / area.sum()


def mixture_weights(
    surfaces: Sequence[FloatArray], observed: Sequence[FloatArray], *, prior: FloatArray | None = None
) -> FloatArray:
    """Shares, adding up to 1, with which surfaces best explain where events then fell.

    Maximum likelihood of a multinomial mixture by EM, over several windows; with `prior` the
    posterior mode under pseudo-events (Dirichlet), which keeps few events from deciding.

    Parameters
    ----------
    surfaces : sequence of array, each of shape (units, k)
        For each window; every column adds up to 1 (or less, if part lies outside the units).
    observed : sequence of array, each of shape (units,)
        Events that then fell in each unit.
    prior : array, shape (k,), optional
        Pseudo-events for each surface.

    Returns
    -------
    array of float, shape (k,)

    Notes
    -----
    Dempster, Laird and Rubin (1977), *Journal of the Royal Statistical Society B* 39, 1-38.

    Examples
    --------
    >>> surface = np.array([[0.5, 0.25], [0.5, 0.75]])
    >>> mixture_weights([surface], [np.array([50.0, 50.0])]).round(1).tolist()
    [1.0, 0.0]
    """
    hit = [counts > 0 for counts in observed]
    values = np.concatenate([surface[rows] for surface, rows in zip(surfaces, hit, strict=True)])
    counts = np.concatenate([held[rows] for held, rows in zip(observed, hit, strict=True)])
    explained = values.max(axis=1) > 0
    values, counts = values[explained], counts[explained]
    size = surfaces[0].shape[1]
    pseudo = np.zeros(size) if prior is None else prior
    weights = np.full(size, 1 / size)
    if not counts.sum() + pseudo.sum():
        return weights
    for _ in range(ROUNDS):
        blamed = weights * (values.T @ (counts / (values @ weights))) + pseudo
        new = blamed / blamed.sum()
        if np.abs(new - weights).max() < SETTLED:
            return new
        weights = new
    return weights


def log_likelihood(expected: FloatArray, observed: FloatArray) -> float:
    """Poisson log likelihood of counts given what was expected, without the term that no model changes."""
    from scipy.special import xlogy

    return float(xlogy(observed, np.maximum(expected, LEAST_EXPECTED)).sum() - expected.sum())


def log_slope(expected: FloatArray, observed: FloatArray) -> tuple[float, float]:
    """Slope of the log rate that happened on the log rate expected, and its Poisson standard error.

    Poisson regression by Newton steps. Below 1 the forecast is too bold, above 1 too timid.

    Examples
    --------
    >>> expected = np.repeat([0.1, 0.2, 0.4], 1000)
    >>> round(log_slope(expected, expected**2)[0], 2)
    2.0
    """
    mean = np.maximum(expected, LEAST_EXPECTED)
    centre = float(np.log(mean.mean()))
    design = np.column_stack([np.ones_like(mean), np.log(mean) - centre])
    beta, information = np.array([centre, 1.0]), np.eye(2)
    for _ in range(NEWTON_STEPS):
        rate = np.exp(np.clip(design @ beta, -40, 20))
        information = design.T @ (design * rate[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(information, design.T @ (observed - rate))
        beta = beta + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    return float(beta[1]), float(np.sqrt(np.linalg.inv(information)[1, 1]))


def learned_contrast(shapes: Sequence[FloatArray], observed: Sequence[FloatArray]) -> float:
    """The slope that past windows ask for, pulled towards 1 where few events speak; between 0.5 and 2."""
    expected = [shape * (held.sum() / shape.sum()) for shape, held in zip(shapes, observed, strict=True)]
    slope, error = log_slope(np.concatenate(expected), np.concatenate(observed))
    trust = CONTRAST_SPREAD**2 / (CONTRAST_SPREAD**2 + error**2)
    return float(np.clip(1 + trust * (slope - 1), 0.5, 2.0))


def sharpened(shape: FloatArray, area_m2: FloatArray, slope: float) -> FloatArray:
    """A surface with contrasts between places raised to a power, density by density, the sum kept.

    Which place comes before which stays as it was.
    """
    density = shape / area_m2
    raised = np.power(density / density.max(), slope) * area_m2 if density.max() > 0 else shape
    return raised * (shape.sum() / raised.sum())


def with_even_share(shape: FloatArray, even_share: float, history: History) -> FloatArray:
    """Shares of the units with part of them spread evenly over the ground: nowhere is nothing possible."""
    return (1 - even_share) * shape + even_share * ground_share(history)


def likeliest_even_share(
    history: History, forecast: Callable[[History], tuple[FloatArray, float]], *, most: int
) -> tuple[float, float]:
    """Log likelihood of past windows of 28 days, and the even share under which they were likeliest.

    Parameters
    ----------
    history : History
    forecast : callable
        Shares of the units, and events per day in all, from what was known at a window's start.
    most : int
        Windows at most, the latest.

    Returns
    -------
    (float, float)
        Minus infinity and 0.05 where the history leaves no settled window.
    """
    starts = history.settled_windows(WINDOW_DAYS, most=most)
    if not starts:
        return -np.inf, DEFAULT_EVEN_SHARE
    observed = [history.counted(start, start + WINDOW_DAYS) for start in starts]
    made = [forecast(history.known_at(start)) for start in starts]
    shapes = [np.column_stack([shape, ground_share(history)]) for shape, _ in made]
    weights = mixture_weights(shapes, observed, prior=EVEN_PRIOR)
    likelihood = sum(
        log_likelihood(WINDOW_DAYS * rate * (shape @ weights), held)
        for (_, rate), shape, held in zip(made, shapes, observed, strict=True)
    )
    return likelihood, float(weights[1])
