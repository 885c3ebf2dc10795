"""What a Knox test found: counts, the exact expectation, and what the shuffles say about both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta, chi2, poisson

from rtcc_analytics.near_repeat.pairs import FloatArray, IntArray

CONFIDENCE = 0.95
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class KnoxSettings:
    """What was asked for, and of how many events.

    Attributes
    ----------
    distance_breaks, time_breaks : array of float
        Edges of the bands, metres and days.
    permutations, seed : int
    metric : str
    right_closed : bool
    compat : str or None
    events : int
        Events compared (both types together in a cross-type test).
    direction : str
        Of a cross-type test: "either order", "first then second" or "second then first".
    warnings : tuple of str
        What may mislead, with the values seen.
    """

    distance_breaks: FloatArray
    time_breaks: FloatArray
    permutations: int
    seed: int
    metric: str
    right_closed: bool
    compat: str | None
    events: int
    direction: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class KnoxResult(KnoxSettings):
    """Pairs by distance band (rows) and time band (columns); every array has that shape.

    Attributes
    ----------
    observed : array
        Pairs counted; with weights, expected pairs.
    expected : array of float
        Exact mean over all shuffles.
    ratio : array of float
        observed / expected; NaN where none is expected, which `warnings` then says.
    ratio_low, ratio_high : array of float
        Interval of 95 % for the ratio, were the period to happen again: Poisson (chi-square) limits
        of the count, widened by as much as the shuffled counts vary more than Poisson.
    p_value : array of float
        (1 + shuffles with as many pairs or more) / (1 + permutations): one-sided, for more than chance.
    p_low, p_high : array of float
        Interval of 95 % for the p-value that infinitely many shuffles would give (Clopper-Pearson).
    p_adjusted : array of float
        The p-value allowing for having looked at all bands (largest standardised excess of any band
        in each shuffle: Westfall and Young).
    p_poisson : array of float
        Chance of as many pairs or more, were counts Poisson with mean `expected`: needs no shuffles, but
        is too small where one event is in many pairs.
    simulated_mean, simulated_median, simulated_low, simulated_high : array of float
        Of the shuffled counts; low and high enclose 95 %.
    simulated : array, shape (permutations, distance bands, time bands)
        The shuffled counts.
    """

    observed: NDArray
    expected: FloatArray
    ratio: FloatArray
    ratio_low: FloatArray
    ratio_high: FloatArray
    p_value: FloatArray
    p_low: FloatArray
    p_high: FloatArray
    p_adjusted: FloatArray
    p_poisson: FloatArray
    simulated_mean: FloatArray
    simulated_median: FloatArray
    simulated_low: FloatArray
    simulated_high: FloatArray
    simulated: NDArray

    @property
    def distance_labels(self) -> tuple[str, ...]:
        """A name for each distance band, as the program named by `compat` writes it."""
        return tuple(_labels(self.distance_breaks, "m", self))

    @property
    def time_labels(self) -> tuple[str, ...]:
        """A name for each time band."""
        return tuple(_labels(self.time_breaks, "days", self))

    def above_chance(self, *, least_ratio: float = 1.2, most_p: float = 0.05) -> NDArray[np.bool_]:
        """Bands with a ratio of at least `least_ratio` and a p-value of at most `most_p`.

        The defaults are the rule of the Near Repeat Calculator (which asks for p < 0.05).
        """
        with np.errstate(invalid="ignore"):
            return (self.ratio >= least_ratio) & (self.p_value <= most_p)

    def to_frame(self) -> pd.DataFrame:
        """One row per band, distance by distance: labels, edges, and every array but `simulated`."""
        shape = self.observed.shape
        edges = {"metres": self.distance_breaks, "days": self.time_breaks}
        columns: dict[str, object] = {"direction": self.direction} if self.direction else {}
        columns["distance"] = np.repeat(self.distance_labels, shape[1])
        columns["time"] = np.tile(self.time_labels, shape[0])
        for (name, breaks), spread in zip(edges.items(), (np.repeat, np.tile), strict=True):
            times = shape[1] if spread is np.repeat else shape[0]
            columns[f"{name}_from"] = spread(breaks[:-1], times)
            columns[f"{name}_to"] = spread(breaks[1:], times)
        own = {field.name for field in fields(self)} - {field.name for field in fields(KnoxSettings)} - {"simulated"}
        for name in (field.name for field in fields(self) if field.name in own):
            columns[name] = getattr(self, name).ravel()
        return pd.DataFrame(columns)


def knox_result(
    settings: KnoxSettings, counts: NDArray, band_totals: IntArray, times_below: NDArray, all_pairs: int
) -> KnoxResult:
    """A result from cumulative counts.

    Parameters
    ----------
    settings : KnoxSettings
    counts : array, shape (permutations + 1, limits of distance, limits of time)
        Pairs between two distance limits with a time difference below each time limit, the first
        as observed.
    band_totals : array, shape (limits of distance,)
        Pairs of events below each distance limit and not below the one before.
    times_below : array, shape (limits of time,)
        Over all pairs, near or far.
    all_pairs : int
        n (n - 1) / 2, or the product of two numbers of events.
    """
    distances, times = settings.distance_breaks, settings.time_breaks
    expected = band_totals[:, None] * (times_below / all_pairs)
    if np.isinf(distances[-1]):
        counts = np.concatenate([counts, times_below - counts.sum(axis=1, keepdims=True)], axis=1)
        far = (all_pairs - band_totals.sum()) * (times_below / all_pairs)
        expected = np.concatenate([expected, far[None]], axis=0)
    first_row, first_column = int(distances[0] > 0), int(times[0] > 0)

    def bands(below: NDArray) -> NDArray:
        return np.diff(below, axis=-1, prepend=0)[..., first_row:, first_column:]

    shuffled = bands(counts)
    arrays = _compared(shuffled, bands(expected))
    unexpected = int((arrays["expected"] <= 0).sum())
    warnings = [*settings.warnings]
    if unexpected:
        warnings.append(
            f"no pair of events falls in the distance or in the time of {unexpected} of {arrays['expected'].size} "
            "bands, so their ratio is undefined (NaN); use wider bands"
        )
    if settings.permutations < 19:
        least = 1 / (settings.permutations + 1)
        warnings.append(f"{settings.permutations} shuffles give no p-value below {least:.2g}; use 999 for a report")
    kept = {field.name: getattr(settings, field.name) for field in fields(KnoxSettings)}
    return KnoxResult(**(kept | {"warnings": tuple(warnings)}), **arrays)


def _compared(shuffled: NDArray, expected: FloatArray) -> dict[str, NDArray]:
    observed, simulated = shuffled[0], shuffled[1:]
    draws = len(simulated)
    # Sums of fractional weights in another order differ in the last digits, which must not break ties.
    as_many = (simulated >= observed - ROUNDING * np.maximum(1, np.abs(observed))).sum(axis=0)
    mean, variance = simulated.mean(axis=0), simulated.var(axis=0)
    low, high = np.quantile(simulated, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    any_expected = expected > 0
    divisor = np.where(any_expected, expected, np.nan)
    more_than_poisson = np.maximum(1.0, variance / np.where(mean > 0, mean, np.inf))
    ratio_low, ratio_high = _count_interval(observed, more_than_poisson)
    p_low, p_high = _share_interval(as_many, draws)
    return {
        "observed": observed,
        "expected": expected,
        "ratio": observed / divisor,
        "ratio_low": ratio_low / divisor,
        "ratio_high": ratio_high / divisor,
        "p_value": (1 + as_many) / (1 + draws),
        "p_low": p_low,
        "p_high": p_high,
        "p_adjusted": _adjusted(shuffled, expected),
        "p_poisson": poisson.sf(np.ceil(observed - ROUNDING) - 1, expected),
        "simulated_mean": mean,
        "simulated_median": np.median(simulated, axis=0),
        "simulated_low": low,
        "simulated_high": high,
        "simulated": simulated,
    }


def _count_interval(count: NDArray, dispersion: FloatArray) -> tuple[FloatArray, FloatArray]:
    tail = (1 - CONFIDENCE) / 2
    effective = count / dispersion
    low = np.where(effective > 0, chi2.ppf(tail, 2 * np.maximum(effective, ROUNDING)) / 2, 0.0)
    return low * dispersion, chi2.ppf(1 - tail, 2 * (effective + 1)) / 2 * dispersion


def _share_interval(hits: IntArray, draws: int) -> tuple[FloatArray, FloatArray]:
    tail = (1 - CONFIDENCE) / 2
    low = np.where(hits > 0, beta.ppf(tail, np.maximum(hits, 1), draws - hits + 1), 0.0)
    return low, np.where(hits < draws, beta.ppf(1 - tail, hits + 1, np.maximum(draws - hits, 1)), 1.0)


def _adjusted(shuffled: NDArray, expected: FloatArray) -> FloatArray:
    """Observed and shuffled tables are exchangeable under the null, so all of them set the scale."""
    spread = shuffled.std(axis=0)
    excess = np.where(spread > 0, (shuffled - expected) / np.where(spread > 0, spread, 1.0), -np.inf)
    largest = excess.max(axis=(1, 2))
    at_least = largest[1:, None, None] >= excess[0] - ROUNDING
    return (1 + at_least.sum(axis=0)) / len(shuffled)


def _labels(breaks: FloatArray, unit: str, settings: KnoxSettings) -> Iterable[str]:
    for position, (low, high) in enumerate(zip(breaks[:-1], breaks[1:], strict=True)):
        if settings.compat == "NRC":
            yield _calculator_label(position, low, high, unit)
        elif np.isinf(high):
            yield f"{low:g} {unit} and more" if not settings.right_closed else f"more than {low:g} {unit}"
        elif settings.right_closed:
            yield f"{'over ' if position else ''}{low:g} to {high:g} {unit}"
        else:
            yield f"{low:g} to under {high:g} {unit}"


def _calculator_label(position: int, low: float, high: float, unit: str) -> str:
    if np.isinf(high):
        return f"More than {low:g} {unit}"
    if unit == "m" and position == 0 and high <= 1:
        return "Same location"
    if unit == "m" and low <= 1:
        return f"1 to {high:g} m"
    return f"{low + 1 if position else low:g} to {high:g} {unit}"
