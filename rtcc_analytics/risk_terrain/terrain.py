"""A risk terrain: candidate factors, screened, selected, checked, and put back on the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.risk_terrain.factors import Candidates, RiskTerrainError, candidates
from rtcc_analytics.risk_terrain.screening import screen
from rtcc_analytics.risk_terrain.selection import Fits, Selected, robust_fit, select
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import SpatialUnits, require_same_crs

FloatArray = NDArray[np.float64]
Risk = Literal["aggravating", "both"]

DISTANCES_M = (120.0, 240.0, 360.0, 480.0)
FEWEST_EVENTS = 50
FEWEST_BLOCKS = 10


@dataclass(frozen=True, eq=False)
class RiskTerrain:
    """Which features of the ground go with more crime.

    Attributes
    ----------
    factors : DataFrame
        One row a factor in the model, strongest first; see `to_frame`.
    considered : DataFrame
        One row a candidate: layer, operation, distance_m, units, screened (survived the elastic net), selected.
    screening : DataFrame
        One row a penalty: penalty, deviance (held-out), kept.
    units : SpatialUnits
    counts, expected, risk_score : array of float, shape (units.size,)
        Events seen; events the model expects; and how many times as much as for the unit at least risk, its size
        allowed for (the relative risk score: 1 at least).
    distribution : "poisson" or "negative binomial"
        The one with the lower BIC.
    bic : mapping
        Of the model selected under each distribution.
    alpha : float
        Negative binomial dispersion (variance = mean + alpha mean²); 0 for Poisson.
    level : float
        Of the intervals.
    warnings : tuple of str
        What a reader must know before believing it.
    """

    factors: pd.DataFrame
    considered: pd.DataFrame
    screening: pd.DataFrame
    units: SpatialUnits
    counts: FloatArray
    expected: FloatArray
    risk_score: FloatArray
    distribution: str
    bic: Mapping[str, float]
    alpha: float
    level: float
    warnings: tuple[str, ...]
    _made_by: Mapping[str, Any]

    def to_frame(self) -> pd.DataFrame:
        """The factors: layer, operation, distance_m, relative_risk, low, high, units_share, events_share.

        The relative risk value is the model's ratio of rates where the factor holds to where it does not, the
        others equal. Shares are of all units and of all events where it holds.
        """
        return self.factors.copy()

    def surface(self) -> RiskSurface:
        """Expected events by unit, with how they were made."""
        made = dict(self._made_by)
        period, timezone = made.pop("period"), made.pop("timezone")
        return RiskSurface(self.expected, self.units, "expected_count", made, period, timezone)


def risk_terrain(
    events: Events,
    units: SpatialUnits,
    layers: Mapping[str, Any],
    *,
    distances_m: Sequence[float] = DISTANCES_M,
    risk: Risk = "aggravating",
    folds: int = 5,
    level: float = 0.95,
    seed: int,
) -> RiskTerrain:
    """Find which features go with more events, near which distance, and by how much.

    Parameters
    ----------
    events : Events
        What happened, one kind at a time; in the projection of the units. At least 50 in the units.
    units : SpatialUnits
        Half a block is usual: 60 m squares. Rates are per area of the unit that lies in the study area (for streets,
        per metre).
    layers : mapping of name to features
        Bars, stations, vacant buildings, parks: points as (x, y), an array (n, 2) or `Events`; or shapely geometries.
    distances_m : sequence of float
        At which nearness and density are tried, metres; by default one to four blocks of 120 m.
    risk : "aggravating" or "both"
        Look for more events only, as RTMDx does unless told otherwise, or for fewer too.
    folds : int
        Parts of the ground held out in turn.
    level : float
        Of the intervals.
    seed : int
        Which blocks of ground make a fold.

    Returns
    -------
    RiskTerrain

    Raises
    ------
    RiskTerrainError
        Too few events or blocks of ground, bad layers, a parameter that makes no sense.

    Notes
    -----
    1. Each layer becomes candidates: within d of a feature; or where the kernel density of radius d is two
       standard deviations above its mean. 2. An elastic-net Poisson regression screens them; its penalty is the one
       that predicts held-out blocks of ground best (blocks twice as wide as the largest distance, so that a unit does
       not help to predict its neighbour). 3. Terms are added, dropped and exchanged while that lowers the BIC, at most
       one a layer; under a Poisson and under a negative binomial distribution, and the lower BIC wins. 4. Intervals
       are cluster-robust over the same blocks. They do not know that the terms were chosen on these very data:
       see `risk_terrain_sensitivity`.

    A relative risk is no cause: what a layer stands near of matters too. Caplan, J. M. and Kennedy, L. W. (2016).
    Risk Terrain Modeling: Crime Prediction and Risk Reduction. Kennedy, Caplan and Piza (2011), Journal of
    Quantitative Criminology 27, 339-362. No open implementation was found to compare with; RTMDx is closed.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> from rtcc_analytics.units import Grid
    >>> rng = np.random.default_rng(1)
    >>> town = StudyArea(shapely.box(500_000, 0, 505_000, 5_000), "EPSG:32615", "America/Chicago", "Town")
    >>> bars, schools = (rng.uniform([500_000, 0], [505_000, 5_000], (30, 2)) for _ in range(2))
    >>> near_bars = np.repeat(bars, 20, axis=0) + rng.normal(0, 60, (600, 2))
    >>> x, y = np.concatenate([near_bars, rng.uniform([500_000, 0], [505_000, 5_000], (800, 2))]).T
    >>> events = Events(x=x, y=y, occurred_from=["2024-01-01"] * x.size, crs="EPSG:32615", timezone="UTC")
    >>> found = risk_terrain(events, Grid(town, cell_m=100), {"bars": bars, "schools": schools}, seed=1)
    >>> found.to_frame()["layer"].tolist()
    ['bars']
    """
    counts, inside = _counted(events, units, risk, folds, level)
    made = candidates(units, layers, distances_m)
    blocks = _blocks(units, 2 * max(distances_m))
    fold = _folds(blocks, counts, folds, seed)
    exposure = units.area_m2 / np.median(units.area_m2)
    aggravating = risk == "aggravating"
    told = (counts[:, None] * made.held).sum(axis=0)
    usable = np.flatnonzero((told > 0) & (told < counts.sum()))
    screened = screen(made.held[:, usable], counts, exposure, fold, aggravating=aggravating)
    survivors = usable[screened.coefficients != 0]
    fits = Fits(made.held, counts, exposure)
    by = {
        name: select(fits, made.table, survivors, negative_binomial=name != "poisson", aggravating=aggravating)
        for name in ("poisson", "negative binomial")
    }
    distribution = min(by, key=lambda name: by[name].bic)
    chosen = by[distribution]
    factors, expected = _factors(made, chosen, counts, exposure, blocks, level)
    rate = expected / exposure
    numbers = np.arange(len(made.table))
    considered = made.table.assign(screened=np.isin(numbers, survivors), selected=np.isin(numbers, chosen.terms))
    made_by = {
        "model": "risk terrain", "events": events.label, "n_events": events.size, "units": units.name, "crs": units.crs,
        "distances_m": tuple(distances_m), "risk": risk, "folds": folds, "seed": seed, "distribution": distribution,
        "factors": tuple(factors["layer"]), "period": events.covered, "timezone": events.timezone,
    }
    return RiskTerrain(
        factors, considered, screened.path, units, counts, expected, rate / rate.min(), distribution,
        {name: found.bic for name, found in by.items()}, chosen.alpha, level,
        _warnings(made, factors, units, distances_m, events, inside), made_by,
    )


def _counted(events: Events, units: SpatialUnits, risk: str, folds: int, level: float) -> tuple[FloatArray, int]:
    if risk not in ("aggravating", "both") or folds < 2 or not 0 < level < 1:
        raise RiskTerrainError(
            f"risk {risk!r}, folds {folds}, level {level:g}: use 'aggravating' or 'both', two folds or more, and a "
            "level between 0 and 1"
        )
    require_same_crs(units, events.crs)
    unit = units.assign(events.x, events.y)
    held = unit >= 0
    counts = np.maximum(np.bincount(unit[held], weights=events.weights[held], minlength=units.size), 0)
    if counts.sum() < FEWEST_EVENTS:
        raise RiskTerrainError(
            f"{counts.sum():g} of {events.size:,} events lie in the {units.size:,} {units.name}; at least "
            f"{FEWEST_EVENTS} are needed: take a longer period, or check that both are of one place"
        )
    return counts, int(held.sum())


def _blocks(units: SpatialUnits, side_m: float) -> NDArray[np.int64]:
    """Squares of ground, numbered from 0, with at least one unit each."""
    x, y = units.centroids()
    place = np.floor((x - x.min()) / side_m) + 1j * np.floor((y - y.min()) / side_m)
    _, block = np.unique(place, return_inverse=True)
    if block.max() + 1 < FEWEST_BLOCKS:
        raise RiskTerrainError(
            f"the units make {block.max() + 1} blocks of {side_m:g} m (twice the largest distance); at least "
            f"{FEWEST_BLOCKS} are needed to hold ground out: use shorter distances or a larger area"
        )
    return block.reshape(-1)


def _folds(blocks: NDArray[np.int64], counts: FloatArray, folds: int, seed: int) -> NDArray[np.int64]:
    """Blocks dealt to folds: fullest first, each to the emptiest fold, ties by chance."""
    events = np.bincount(blocks, weights=counts)
    shuffled = np.random.default_rng(seed).permutation(events.size)
    order = shuffled[np.argsort(-events[shuffled], kind="stable")]
    fold, held, size = np.empty(events.size, dtype=np.int64), np.zeros(folds), np.zeros(folds)
    for block in order:
        emptiest = np.lexsort((size, held))[0]
        fold[block] = emptiest
        held[emptiest] += events[block]
        size[emptiest] += 1
    return fold[blocks]


def _factors(
    made: Candidates, chosen: Selected, counts: FloatArray, exposure: FloatArray, blocks: NDArray[np.int64],
    level: float,
) -> tuple[pd.DataFrame, FloatArray]:
    from scipy.special import ndtri

    held = made.held[:, list(chosen.terms)]
    design = np.column_stack([np.ones(len(counts)), held])
    coefficients, errors, expected = robust_fit(design, counts, exposure, chosen.alpha, blocks)
    slope, wide = coefficients[1:], float(ndtri((1 + level) / 2)) * errors[1:]
    table = made.table.iloc[list(chosen.terms)][["layer", "operation", "distance_m"]].assign(
        relative_risk=np.exp(slope), low=np.exp(slope - wide), high=np.exp(slope + wide),
        units_share=held.mean(axis=0), events_share=(counts[:, None] * held).sum(axis=0) / counts.sum(),
    )
    strongest = np.argsort(-np.abs(slope), kind="stable")
    return table.iloc[strongest].reset_index(drop=True), expected


def _warnings(
    made: Candidates, factors: pd.DataFrame, units: SpatialUnits, distances_m: Sequence[float], events: Events,
    inside: int,
) -> tuple[str, ...]:
    said = list(made.notes)
    across = float(np.sqrt(np.median(units.area_m2)))
    if min(distances_m) < across / 2:
        said.append(
            f"the smallest distance ({min(distances_m):g} m) is below half a unit ({across:g} m across): nearness is "
            "measured from a unit's middle, so it says little"
        )
    if inside < events.size:
        said.append(f"{events.size - inside:,} of {events.size:,} events lie in no unit and are left out")
    if factors.empty:
        said.append("no layer lowers the BIC: these events are not tied to these features, or are too few to tell")
    crossing = factors[(factors["low"] <= 1) & (factors["high"] >= 1)]["layer"].tolist()
    if crossing:
        said.append(f"selected, but with an interval that includes 1: {', '.join(crossing)}")
    return tuple(said)
