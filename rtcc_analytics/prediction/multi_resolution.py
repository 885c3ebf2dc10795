"""Where events will fall as a mixture of what fell before: several offenses, distances and memories.

Each component is a map of past events: of one offense, decayed with one half-life, smoothed over
one distance (none: the unit's own count). Their shares are learned on earlier origins by maximum
likelihood, so a busy place is shrunk towards its surroundings and towards what other offenses say
of it exactly as far as that helped before: empirical Bayes without a formula for the shrinkage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.history import FloatArray, History
from rtcc_analytics.prediction.mixing import WINDOW_DAYS, ground_share, learned_contrast, mixture_weights, sharpened
from rtcc_analytics.prediction.raster import Raster
from rtcc_analytics.prediction.totals import expected_total
from rtcc_analytics.units import SpatialUnits

Part = tuple[int, float, float]
EVERYWHERE: Part = (-1, np.inf, np.inf)


@dataclass(frozen=True)
class MultiResolution(Model):
    """A Poisson mixture over offenses, distances and half-lives, with a level forecast apart.

    Attributes
    ----------
    half_lives_days, distances_m : tuple of float
        Of the offense to be forecast; distance 0 is the unit's own count, others are the standard
        deviation of a Gaussian.
    companion_half_lives_days, companion_distances_m : tuple of float
        Of each companion offense.
    windows : int
        Earlier origins, four weeks apart, on which the shares are learned.
    own_prior : float
        Pseudo-events in favour of the unit's own count at each half-life of a year or more; others
        have a tenth. With few events the forecast stays near decayed counts.

    Notes
    -----
    A mixture keeps what a sum of Poisson intensities means: every driver has its share of the
    expectation, see `Fitted.drivers`.
    """

    half_lives_days: tuple[float, ...] = (30.0, 365.0, 1095.0)
    distances_m: tuple[float, ...] = (0.0, 75.0, 150.0, 400.0, 1200.0)
    companion_half_lives_days: tuple[float, ...] = (365.0, 1095.0)
    companion_distances_m: tuple[float, ...] = (0.0, 150.0)
    windows: int = 13
    own_prior: float = 10.0
    name: str = "multi-resolution mixture"
    fewest_events: int = 100

    def parts(self, kinds: int, units: SpatialUnits) -> tuple[Part, ...]:
        """The components as (kind, half-life, distance), the even ground last.

        A distance below a third of a unit's side says nothing that the unit's own count does not.
        """
        least = typical_side_m(units) / 3
        near, far = ([d for d in distances if d == 0 or d >= least] for distances in
                     (self.distances_m, self.companion_distances_m))
        own = [(0, h, d) for h in self.half_lives_days for d in near]
        others = [(k, h, d) for k in range(1, kinds) for h in self.companion_half_lives_days for d in far]
        return (*own, *others, EVERYWHERE)

    def _learn(self, history: History) -> FittedMixture:
        starts = history.windows_to_learn_on(WINDOW_DAYS, most=self.windows, what=self.name)
        parts = self.parts(len(history.kinds), history.units)
        surfaces = PartSurfaces.over(history.units, {part[2] for part in parts if part != EVERYWHERE})
        shapes = [surfaces.separate(history.known_at(start), parts) for start in starts]
        observed = [history.counted(start, start + WINDOW_DAYS) for start in starts]
        own = np.array([kind == 0 and distance == 0 and h >= 365 for kind, h, distance in parts])
        weights = mixture_weights(shapes, observed, prior=np.where(own, self.own_prior, self.own_prior / 10))
        slope = learned_contrast([shape @ weights for shape in shapes], observed)
        return FittedMixture(model=self, history=history, trained_until=history.until, surfaces=surfaces, parts=parts,
                             weights=weights, contrast=slope)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedMixture(Fitted):
    """A mixture with its shares.

    Attributes
    ----------
    parts : tuple of (kind, half-life, distance)
    weights : array of float, shape (len(parts),)
    contrast : float
        Power to which densities are raised, so that past windows were neither too bold nor too
        timid; it changes no ranking.
    """

    surfaces: PartSurfaces
    parts: tuple[Part, ...]
    weights: FloatArray
    contrast: float

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """The level forecast, laid out by the mixture."""
        mixed = self.surfaces.mixed(self.history, self.parts, self.weights)
        shape = sharpened(mixed, self.history.units.area_m2, self.contrast)
        return expected_total(self.history, start, horizon_days) * shape / shape.sum()

    def learned(self) -> dict[str, Any]:
        """The share of every component above half a percent, largest first."""
        order = np.argsort(-self.weights)
        named = {self._named(self.parts[i]): round(float(self.weights[i]), 3) for i in order if self.weights[i] > 0.005}
        return {"contrast": round(self.contrast, 3), "shares": named}

    def drivers(self, start: float, horizon_days: float) -> dict[str, FloatArray]:
        """The expectation by driver: past events here (lately, or over years), nearby, other offenses, the ground."""
        surfaces = self.surfaces.separate(self.history, self.parts) * self.weights
        scale = self.expected(start, horizon_days) / np.maximum(surfaces.sum(axis=1), 1e-300)
        sums: dict[str, FloatArray] = {}
        for part, column in zip(self.parts, surfaces.T, strict=True):
            name = self._driver(part)
            sums[name] = sums.get(name, 0.0) + column * scale
        return sums

    def _named(self, part: Part) -> str:
        kind, half_life, distance = part
        if part == EVERYWHERE:
            return "everywhere alike"
        where = "in the unit" if distance == 0 else f"within {distance:g} m"
        return f"{self.history.kinds[kind]}, {where}, half-life {half_life:g} d"

    def _driver(self, part: Part) -> str:
        kind, half_life, distance = part
        if part == EVERYWHERE:
            return "everywhere alike"
        if kind:
            return f"{self.history.kinds[kind]} here and nearby"
        where = "here" if distance == 0 else "nearby"
        return f"{self.history.kinds[0]} {where}, {'lately' if half_life < 180 else 'over the years'}"


@dataclass(frozen=True, eq=False)
class PartSurfaces:
    """Maps of past events for one set of units, at any distance.

    Attributes
    ----------
    rasters : dict of float to Raster
        By distance: a third of it is fine enough.
    """

    rasters: dict[float, Raster]

    @classmethod
    def over(cls, units: SpatialUnits, distances_m: Iterable[float]) -> PartSurfaces:
        """Rasters for each distance above 0."""
        side = typical_side_m(units)
        cells = {d: max(50.0, d / 3, side / 3) for d in distances_m if d > 0}
        widest = {cell: max(d for d in cells if cells[d] == cell) for cell in cells.values()}
        by_cell = {cell: Raster.over(units, cell_m=cell, widest_m=distance) for cell, distance in widest.items()}
        return cls({d: by_cell[cell] for d, cell in cells.items()})

    def separate(self, history: History, parts: tuple[Part, ...]) -> FloatArray:
        """Every component as shares of the units, shape (size, len(parts)); zero where it has no event.

        A smoothed component adds up to a little less than 1: what it spreads beyond the edge is lost.
        """
        surfaces = np.zeros((history.units.size, len(parts)))
        for key, weight in self._weights(history, parts).items():
            columns = [i for i, part in enumerate(parts) if (part[0], part[1]) == key]
            for column in columns:
                surfaces[:, column] = self._laid_out(history, history.kind == key[0], weight, parts[column][2])
        surfaces[:, [i for i, part in enumerate(parts) if part == EVERYWHERE]] = ground_share(history)[:, None]
        return surfaces

    def mixed(self, history: History, parts: tuple[Part, ...], shares: FloatArray) -> FloatArray:
        """The components in their shares, added up before smoothing: one filter for each distance."""
        by_event = self._weights(history, parts)
        mixed = shares[[part == EVERYWHERE for part in parts]].sum() * ground_share(history)
        everyone = np.ones(history.size, dtype=bool)
        for distance in {part[2] for part in parts if part != EVERYWHERE}:
            weight = np.zeros(history.size)
            for part, share in zip(parts, shares, strict=True):
                if part[2] == distance and part != EVERYWHERE and share > 0:
                    weight[history.kind == part[0]] += share * by_event[part[0], part[1]]
            mixed = mixed + self._laid_out(history, everyone, weight, distance)
        return mixed

    def _weights(self, history: History, parts: tuple[Part, ...]) -> dict[tuple[int, float], FloatArray]:
        """Decayed weights of the events of a kind, adding up to 1 within the units, by (kind, half-life)."""
        weights = {}
        for kind, half_life in {(part[0], part[1]) for part in parts if part != EVERYWHERE}:
            chosen = history.kind == kind
            weight = history.weight[chosen] * np.exp2(-(history.until - history.day[chosen]) / half_life)
            total = weight[history.unit[chosen] >= 0].sum()
            weights[kind, half_life] = weight / total if total > 0 else np.zeros_like(weight)
        return weights

    def _laid_out(
        self, history: History, chosen: NDArray[np.bool_], weight: FloatArray, distance: float
    ) -> FloatArray:
        if distance > 0:
            raster = self.rasters[distance]
            return raster.smoothed(raster.counted(raster.squares(history.x[chosen], history.y[chosen]), weight),
                                   distance)
        unit = history.unit[chosen]
        return np.bincount(unit[unit >= 0], weights=weight[unit >= 0], minlength=history.units.size)


def typical_side_m(units: SpatialUnits) -> float:
    """Side of a square as large as the middle unit, metres."""
    return float(np.sqrt(np.median(units.area_m2)))
