"""Forecasts of places with their board: what notebook, briefing and command line call.

One offense, one grid: models are scored on past origins, each gets a verdict, and only a model
whose verdict allows it forecasts the next window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data_connectors.errors import RtccError
from rtcc_analytics.evaluation import Board, Ranking, Verdict, backtest, biased_targets, verdict
from rtcc_analytics.evaluation.board import BAR
from rtcc_analytics.events import Events, When
from rtcc_analytics.offenses import offense_codes, offense_name
from rtcc_analytics.prediction import (
    AllHistory,
    DecayedCounts,
    EmpiricalBayes,
    Fitted,
    GradientBoosting,
    History,
    KernelDensity,
    LastYear,
    LogLinear,
    Model,
    MultiResolution,
    Pooled,
    PredictiveInterval,
    ProMap,
    RiskTerrainForecast,
    SelfExciting,
    Stacked,
    predictive_interval,
)
from rtcc_analytics.prediction.history import as_instant, local_day
from rtcc_analytics.surface import RiskSurface
from rtcc_analytics.units import Grid

if TYPE_CHECKING:
    from rtcc_analytics.temporal import DailyWeather

MODEL_SETS: dict[str, tuple[Model, ...]] = {
    "simple": (DecayedCounts(), LastYear(), AllHistory(), KernelDensity(), ProMap()),
    "recommended": (DecayedCounts(), LastYear(), Pooled()),
    "all": (DecayedCounts(), LastYear(), AllHistory(), KernelDensity(), ProMap(), SelfExciting(), MultiResolution(),
            EmpiricalBayes(), LogLinear(), Pooled(), GradientBoosting(), Stacked()),
}
"""What the notebook's model control offers."""

COMPANIONS = ("220", "240", "23F", "23G", "23H", "23D", "120", "13A", "13B", "290")
SHARES = (0.005, 0.01, 0.02, 0.05, 0.10)
MOST_CELLS = 20_000
CELL_SIZES_M = (150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 750.0, 1000.0)
FEWEST_COMPANIONS = 100


@dataclass(frozen=True, eq=False)
class ForecastView:
    """A board, the verdicts, and the forecast of the next window.

    Attributes
    ----------
    board : Board
    verdicts : DataFrame
        model, answer, reason, valid_until.
    model : str
        The model that forecasts: the best allowed one, or decayed counts.
    verdict : Verdict
        Of that model.
    surface : RiskSurface or None
        Expected counts of the next window; None where the verdict refuses.
    interval : PredictiveInterval or None
    total : tuple of float or None
        Expected total, with 90 % limits.
    last : dict
        The last scored window: origin, expected, observed, and hit_rate by share, of `model`.
    why : DataFrame
        The ten cells that most is expected in: rank, unit, label, expected, low, high, and one
        column for each driver (expected events it adds).
    cautions : tuple of str
        What would mislead.
    offense : str
    horizon_days : int
    """

    board: Board
    verdicts: pd.DataFrame
    model: str
    verdict: Verdict
    surface: RiskSurface | None
    interval: PredictiveInterval | None
    total: tuple[float, float, float] | None
    last: dict[str, object]
    why: pd.DataFrame
    cautions: tuple[str, ...]
    offense: str
    horizon_days: int

    @property
    def title(self) -> str:
        """What is forecast, in words."""
        return f"{self.offense}: next {self.horizon_days} days by {self.model}"

    def flagged(self, share: float) -> np.ndarray:
        """How much of each cell is flagged at a share of the ground, 0-1; zeros where the verdict refuses."""
        units = self.board.units
        if self.surface is None:
            return np.zeros(units.size)
        return Ranking(self.surface.values, units.area_m2, float(units.area_m2.sum())).fractions(share)


def forecast_places(
    events: Events,
    grid: Grid,
    *,
    offense: str | Sequence[str],
    models: str | Sequence[Model] = "recommended",
    layers: Mapping[str, Any] | None = None,
    horizon_days: int = 28,
    origins: int = 13,
    shares: Sequence[float] = SHARES,
    scored_until: When | None = None,
    assumed_lag_days: float | None = None,
    weather: DailyWeather | None = None,
    n_jobs: int = 1,
    seed: int = 0,
) -> ForecastView:
    """Score models on the latest origins, and forecast the next window with the best that is allowed.

    Parameters
    ----------
    events : Events
        All offenses; others than the one asked for serve as companions.
    grid : Grid
        At most about 20,000 cells, see `forecast_grid`.
    offense : str or sequence of str
        Words or NIBRS codes. Offenses recorded where officers look for them are forecast with a caution.
    models : str or sequence of Model
        A name in `MODEL_SETS`, or models.
    layers : mapping of name to features, optional
        What stands on the ground (`workflows.layers.read_layers`): with them the set "all" holds a risk
        terrain too.
    horizon_days : int
    origins : int
        Windows scored, back to back, ending at `scored_until`.
    shares : sequence of float
        Of the ground.
    scored_until : date or time, optional
        End of the last window that forecasts are scored on: where the latest days are not all reported
        yet, before them. Where the records end if left out.
    assumed_lag_days : float, optional
        For events without report time.
    weather : DailyWeather, optional
        `from_store.read_weather`: for how many to expect in all.
    n_jobs, seed
        As in `backtest`.

    Raises
    ------
    RtccError
        For an offense without records, an unknown set of models, or records too short for any window.
    """
    codes = offense_codes(offense)
    words = " and ".join(offense_name(code) for code in codes[:3]) if len(codes) < 4 else str(offense)
    target = replace(events.of(*codes), label=words)
    if not target.size:
        raise RtccError(f"no record of {words} here to forecast from: choose another offense or a larger area")
    chosen = models if not isinstance(models, str) else named_set(models, layers)
    companions = _companions(events, codes)
    whole = History.of(target, grid, companions=companions, assumed_lag_days=assumed_lag_days, weather=weather)
    end = float(np.floor(whole.until))
    scored = end if scored_until is None else min(local_day(scored_until, events.timezone), end)
    starts = [str(np.datetime64(int(scored - horizon_days * k), "D")) for k in range(origins, 0, -1)]
    board = backtest(chosen, target, grid, origins=starts, horizon_days=horizon_days, area_shares=shares,
                     companions=companions, assumed_lag_days=assumed_lag_days, weather=weather, n_jobs=n_jobs,
                     seed=seed)
    area = grid.area.name
    judged = {name: verdict(board, name, area=area) for name in board.names}
    model = _best(board, judged)
    table = pd.DataFrame([(v.model, v.answer, v.reason, v.valid_until) for v in judged.values()],
                         columns=["model", "answer", "reason", "valid_until"])
    surface, interval, total, why = None, None, None, pd.DataFrame()
    if judged[model].answer != "do not use":
        fitted = next(m for m in (*chosen, DecayedCounts()) if m.name == model).fit_history(whole.known_at(end))
        surface, interval, total, why = _next_window(fitted, board, end, horizon_days)
    cautions = _cautions(target, board)
    return ForecastView(board, table, model, judged[model], surface, interval, total, _last_window(board, model), why,
                        cautions, words, horizon_days)


def named_set(name: str, layers: Mapping[str, Any] | None = None) -> tuple[Model, ...]:
    """The models of a set in `MODEL_SETS`; with layers, "all" holds a risk terrain too.

    Raises
    ------
    RtccError
        For a name that is no set.
    """
    if name not in MODEL_SETS:
        raise RtccError(f"no set of models called {name!r}; there are {', '.join(MODEL_SETS)}")
    return (*MODEL_SETS[name], RiskTerrainForecast(layers)) if name == "all" and layers else MODEL_SETS[name]


def forecast_grid(area: object, *, most_cells: int = MOST_CELLS) -> Grid:
    """The finest grid of 150 m squares or more with at most `most_cells` cells over a StudyArea."""
    for cell_m in CELL_SIZES_M:
        if area.area_km2 * 1e6 / cell_m**2 <= most_cells:
            return Grid(area, cell_m=cell_m)
    return Grid(area, cell_m=float(np.ceil(np.sqrt(area.area_km2 * 1e6 / most_cells) / 100) * 100))


def _companions(events: Events, codes: tuple[str, ...]) -> Events | None:
    counts = pd.Series(events.offense).value_counts()
    held = [code for code in COMPANIONS if code not in codes and counts.get(code, 0) >= FEWEST_COMPANIONS]
    return events.of(*held) if held else None


def _best(board: Board, judged: dict[str, Verdict]) -> str:
    """The model to forecast with: of those called "use" the one with the best log score, else decayed counts.

    Where decayed counts are refused themselves (a level that is off), a model that ranks places no
    better but may be used takes their place.
    """
    scores = board.scores.set_index("model")["log_score"]
    usable = [name for name, given in judged.items() if given.answer == "use" and name != BAR]
    if not usable and judged[BAR].answer == "do not use":
        usable = [name for name, given in judged.items() if given.answer != "do not use"]
    return max(usable, key=lambda name: scores[name]) if usable else BAR


def _next_window(
    fitted: Fitted, board: Board, start: float, horizon_days: int
) -> tuple[RiskSurface, PredictiveInterval, tuple[float, float, float], pd.DataFrame]:
    zone, units = fitted.history.timezone, board.units
    surface = fitted.predict(as_instant(start, zone), horizon_days)
    interval = predictive_interval(surface, dispersion=board.dispersion(fitted.model.name))
    spread = _spread_of_totals(board, fitted.model.name)
    sum_expected = float(surface.values.sum())
    total = sum_expected, sum_expected * np.exp(-1.645 * spread), sum_expected * np.exp(1.645 * spread)
    order = np.argsort(-surface.values / units.area_m2, kind="stable")[:10]
    why = pd.DataFrame({"rank": np.arange(1, len(order) + 1), "unit": order, "label": units.labels[order],
                        "expected": surface.values[order], "low": interval.low[order], "high": interval.high[order]})
    for name, values in fitted.drivers(start, horizon_days).items():
        why[_in_words(name)] = values[order]
    return surface, interval, total, why


def _in_words(driver: str) -> str:
    """A driver with the offense's name for its code."""
    code, _, rest = driver.partition(" ")
    return f"{offense_name(code)} {rest}" if code in COMPANIONS else driver


def _spread_of_totals(board: Board, model: str) -> float:
    """Root mean square of log observed over log expected totals in past windows."""
    pairs = [(float(f.expected.sum()), float(o.weight.sum())) for f, o in board._scored(model)]
    return float(np.sqrt(np.mean([np.log(max(found, 0.5) / expected) ** 2 for expected, found in pairs])))


def _last_window(board: Board, model: str) -> dict[str, object]:
    pairs = board._scored(model)
    if not pairs:
        return {}
    forecast, outcome = pairs[-1]
    held = outcome.counts(board.units.size)
    hits = Ranking(forecast.expected, board.area_m2, board.ground_m2).hits(held, np.array(board.shares))
    return {
        "origin": np.datetime64(int(forecast.origin), "D"), "expected": float(forecast.expected.sum()),
        "observed": float(outcome.weight.sum()),
        "hit_rate": dict(zip(board.shares, (hits / max(outcome.weight.sum(), 1e-9)).tolist(), strict=True)),
    }


def _cautions(events: Events, board: Board) -> tuple[str, ...]:
    found = [biased_targets(events), *board.notes]
    if board.horizon_days < 28 and board.paired["resolution"].max() > 0.01:
        found.append("windows this short and few cannot resolve differences under a point of hits: they rank no models")
    failed = board.failures.groupby(["model", "reason"]).size()
    found += [f"{model}: no forecast at {n} origins ({reason})" for (model, reason), n in failed.items()]
    return tuple(note for note in found if note)
