"""The board: every model on the same origins, units and shares of the ground, beside the simplest baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcc_analytics.evaluation.paired import PairedGain, benjamini_hochberg, paired_gain
from rtcc_analytics.evaluation.ranking import EvaluationError, Ranking, best_whole_cells
from rtcc_analytics.evaluation.scores import Calibration, brier, calibration, crps_poisson, log_score, reliability
from rtcc_analytics.units import SpatialUnits

FloatArray = NDArray[np.float64]
BAR = "decayed counts"


@dataclass(frozen=True, eq=False)
class Forecasted:
    """One model's forecast from one origin, or why there is none.

    Attributes
    ----------
    model : str
    origin : float
        Local day.
    expected : array of float32, shape (units,), or None
    fit_s, predict_s : float
        Seconds; `fit_s` is 0 where the fit was carried on.
    failure : str
    """

    model: str
    origin: float
    expected: NDArray[np.float32] | None
    fit_s: float
    predict_s: float
    failure: str


@dataclass(frozen=True, eq=False)
class Outcome:
    """What happened in the window after one origin: unit (-1 for none) and weight of each event."""

    origin: float
    unit: NDArray[np.int64]
    weight: FloatArray
    left_out: str

    @property
    def scored(self) -> bool:
        """Whether forecasts are held against it."""
        return not self.left_out

    def counts(self, size: int) -> FloatArray:
        """Events in each of `size` units."""
        inside = self.unit >= 0
        return np.bincount(self.unit[inside], weights=self.weight[inside], minlength=size)


@dataclass(frozen=True, eq=False, kw_only=True)
class Board:
    """Scores of models on rolling origins; `to_frame` is the table to publish.

    Attributes
    ----------
    scores : DataFrame
        One row per model: log_score (nats an event; higher is better), crps (events, summed over
        units, an event), brier, auc, slope, slope_low, slope_high, total_ratio, dispersion,
        stability, fit_s, predict_s (median), origins, failed.
    hits : DataFrame
        One row per model and share: hit_rate, pai, pei (against the best choice of the same
        ground), pei_star (against the best whole cells), rri, ser_per_km2 (events per km² flagged
        and window).
    paired : DataFrame
        One row per model and share against decayed counts: gain, low, high (points of hits),
        p_value, q_value (Benjamini-Hochberg over the whole board), resolution (the smallest true
        gain that this many events would call real half of the time).
    failures : DataFrame
        model, origin, reason.
    names : tuple of str
    offense, units, timezone : str
    horizon_days : int
    origins : tuple of datetime64[D]
    events : float
        In all windows, those in no unit too.
    notes : tuple of str
    """

    scores: pd.DataFrame
    hits: pd.DataFrame
    paired: pd.DataFrame
    failures: pd.DataFrame
    names: tuple[str, ...]
    offense: str
    units: SpatialUnits
    timezone: str
    horizon_days: int
    shares: tuple[float, ...]
    origins: tuple[np.datetime64, ...]
    events: float
    notes: tuple[str, ...]
    seed: int
    ground_m2: float
    area_m2: FloatArray
    forecasts: tuple[Forecasted, ...] = field(repr=False)
    outcomes: tuple[Outcome, ...] = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """One row per model and share: everything that was measured."""
        table = self.hits.merge(self.paired, on=["model", "share"], how="left").merge(self.scores, on="model")
        return table.assign(offense=self.offense, units=self.units.name, horizon_days=self.horizon_days)

    def model_scores(self, model: str) -> pd.Series:
        """The row of `scores` of one model.

        Raises
        ------
        EvaluationError
            For a model not on the board.
        """
        if model not in self.names:
            raise EvaluationError(f"no model {model!r} on this board; it has {', '.join(self.names)}")
        return self.scores.set_index("model").loc[model]

    def dispersion(self, model: str) -> float:
        """Variance over mean of counts around a model's forecasts, at least 1: for `predictive_interval`."""
        return max(1.0, float(self.model_scores(model)["dispersion"]))

    def reliability(self, model: str, *, bins: int = 10) -> pd.DataFrame:
        """Probabilities of at least one event, foretold and found, over all origins; see `scores.reliability`."""
        expected, observed = self.pooled(model)
        return reliability(expected, observed, bins=bins)

    def hit_curve(self, model: str, *, points: int = 200) -> pd.DataFrame:
        """Mean hit rate by share of the ground: ground_share, hit_rate."""
        ground = np.linspace(0, 1, points + 1) ** 2
        sums = np.zeros_like(ground)
        total = 0.0
        for forecast, outcome in self._scored(model):
            ranked = Ranking(forecast.expected, self.area_m2, self.ground_m2)
            sums += ranked.hits(outcome.counts(self.units.size), ground)
            total += outcome.weight.sum()
        return pd.DataFrame({"ground_share": ground, "hit_rate": sums / total})

    def pooled(self, model: str) -> tuple[FloatArray, FloatArray]:
        """Expected and observed counts of all units and origins, one after another."""
        pairs = self._scored(model)
        if not pairs:
            raise EvaluationError(f"{model} made no forecast on this board")
        return (np.concatenate([f.expected for f, _ in pairs]).astype(float),
                np.concatenate([o.counts(self.units.size) for _, o in pairs]))

    def event_fractions(self, model: str, share: float) -> FloatArray:
        """How much of each event's unit was flagged, event by event over all origins; NaN where no forecast was."""
        made = {forecast.origin: forecast for forecast in self.forecasts if forecast.model == model}
        return np.concatenate([_event_fractions(made.get(o.origin), o, self.area_m2, self.ground_m2, share)
                               for o in self.outcomes])

    def gain(self, model: str, other: str = BAR, *, share: float) -> PairedGain:
        """Hits gained by one model over another at one share of the ground, event by event."""
        difference = self.event_fractions(model, share) - self.event_fractions(other, share)
        return self._paired(difference)

    def log_score_gain(self, model: str, other: str = BAR) -> PairedGain:
        """Gain in log score (nats an event) of one model over another, event by event."""
        theirs = {forecast.origin: forecast for forecast, _ in self._scored(other)}
        mine = {forecast.origin: forecast for forecast, _ in self._scored(model)}
        parts, excess, events = [], 0.0, 0.0
        for outcome in self.outcomes:
            ratio = np.full(outcome.unit.size, np.nan)
            if outcome.origin in mine and outcome.origin in theirs:
                a, b = (np.maximum(made[outcome.origin].expected.astype(float), 1e-9) for made in (mine, theirs))
                inside = outcome.unit >= 0
                ratio = np.where(inside, np.log(a / b)[np.where(inside, outcome.unit, 0)], 0.0)
                excess, events = excess + a.sum() - b.sum(), events + outcome.weight.sum()
            parts.append(ratio)
        return self._paired(np.concatenate(parts) - excess / max(events, 1e-9))

    @cached_property
    def event_weights(self) -> FloatArray:
        """Weight of each event over all origins, as in `event_fractions`."""
        return np.concatenate([outcome.weight for outcome in self.outcomes])

    def _paired(self, difference: FloatArray) -> PairedGain:
        both = np.isfinite(difference)
        return paired_gain(difference[both], weights=self.event_weights[both], seed=self.seed)

    def _scored(self, model: str) -> list[tuple[Forecasted, Outcome]]:
        by_origin = {outcome.origin: outcome for outcome in self.outcomes}
        return [(f, by_origin[f.origin]) for f in self.forecasts if f.model == model and f.expected is not None]


def score(
    forecasts: Sequence[Forecasted],
    outcomes: Sequence[Outcome],
    *,
    names: Sequence[str],
    units: SpatialUnits,
    area_m2: FloatArray,
    ground_m2: float,
    shares: tuple[float, ...],
    horizon_days: int,
    offense: str,
    timezone: str,
    seed: int,
    notes: tuple[str, ...],
) -> Board:
    """A board from forecasts and outcomes; `backtest` makes both."""
    bare = Board(
        scores=pd.DataFrame(), hits=pd.DataFrame(), paired=pd.DataFrame(), failures=_failures(forecasts),
        names=tuple(names), offense=offense, units=units, timezone=timezone, horizon_days=horizon_days,
        shares=shares, origins=tuple(np.datetime64(int(o.origin), "D") for o in outcomes),
        events=float(sum(o.weight.sum() for o in outcomes)), notes=notes, seed=seed, ground_m2=ground_m2,
        area_m2=area_m2, forecasts=tuple(forecasts), outcomes=tuple(outcomes),
    )
    made = [name for name in names if bare._scored(name)]
    scores = pd.DataFrame([_scores(bare, name) for name in names])
    hits = pd.DataFrame([row for name in made for row in _hits(bare, name)])
    return Board(**{**bare.__dict__, "scores": scores, "hits": hits, "paired": _against_the_bar(bare, made)})


def _scores(board: Board, model: str) -> dict[str, object]:
    pairs = board._scored(model)
    failed = sum(f.model == model and f.expected is None for f in board.forecasts)
    if not pairs:
        return {"model": model, "origins": 0, "failed": failed}
    size = board.units.size
    events = sum(outcome.weight.sum() for _, outcome in pairs)
    expected, observed = board.pooled(model)
    curves = [Ranking(f.expected, board.area_m2, board.ground_m2).area_under_curve(o.counts(size), o.weight.sum())
              for f, o in pairs if o.weight.sum() > 0]
    fits = [f.fit_s for f, _ in pairs if f.fit_s > 0]
    found: Calibration = calibration(expected, observed)
    return {
        "model": model,
        "log_score": log_score(expected, observed) / events,
        "crps": float(crps_poisson(expected, observed).sum() / events),
        "brier": brier(expected, observed),
        "auc": float(np.mean(curves)),
        **found.__dict__,
        "stability": _stability(board, [f for f, _ in pairs]),
        "fit_s": float(np.median(fits)) if fits else np.nan,
        "predict_s": float(np.median([f.predict_s for f, _ in pairs])),
        "origins": len(pairs),
        "failed": failed,
    }


def _stability(board: Board, forecasts: list[Forecasted]) -> float:
    """Share of flagged ground that stays flagged at the next origin, at the middle share; NaN for one origin."""
    share = board.shares[len(board.shares) // 2]
    flagged = [Ranking(f.expected, board.area_m2, board.ground_m2).fractions(share) for f in forecasts]
    kept = [(np.minimum(a, b) * board.area_m2).sum() for a, b in zip(flagged, flagged[1:], strict=False)]
    return float(np.mean(kept) / (share * board.ground_m2)) if kept else float("nan")


def _hits(board: Board, model: str) -> list[dict[str, object]]:
    pairs = board._scored(model)
    size, shares = board.units.size, np.array(board.shares)
    found, best, whole, foretold = (np.zeros(shares.size) for _ in range(4))
    for forecast, outcome in pairs:
        held = outcome.counts(size)
        ranked = Ranking(forecast.expected, board.area_m2, board.ground_m2)
        found += ranked.hits(held, shares)
        foretold += ranked.hits(forecast.expected, shares)
        best += Ranking(held, board.area_m2, board.ground_m2).hits(held, shares)
        whole += [best_whole_cells(held, board.area_m2, share * board.ground_m2) for share in shares]
    events = sum(outcome.weight.sum() for _, outcome in pairs)
    rate, flagged_km2 = found / events, shares * board.ground_m2 / 1e6
    with np.errstate(divide="ignore", invalid="ignore"):
        table = pd.DataFrame({
            "model": model, "share": shares, "hit_rate": rate, "pai": rate / shares, "pei": found / best,
            "pei_star": found / whole, "rri": foretold / found, "ser_per_km2": found / len(pairs) / flagged_km2,
        })
    return table.to_dict("records")


def _against_the_bar(board: Board, models: Sequence[str]) -> pd.DataFrame:
    columns = ["model", "share", "gain", "low", "high", "p_value", "q_value", "resolution"]
    rows = []
    for model in models:
        for share in board.shares if model != BAR and BAR in models else ():
            gain = board.gain(model, share=share)
            rows.append((model, share, gain.gain, gain.low, gain.high, gain.p_value, np.nan,
                         1.96 * gain.standard_error))
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(q_value=benjamini_hochberg(frame["p_value"])) if len(frame) else frame


def _event_fractions(
    forecast: Forecasted | None, outcome: Outcome, area_m2: FloatArray, ground_m2: float, share: float
) -> FloatArray:
    if forecast is None or forecast.expected is None:
        return np.full(outcome.unit.size, np.nan)
    flagged = np.append(Ranking(forecast.expected, area_m2, ground_m2).fractions(share), 0.0)
    return flagged[outcome.unit]


def _failures(forecasts: Sequence[Forecasted]) -> pd.DataFrame:
    rows = [(f.model, np.datetime64(int(f.origin), "D"), f.failure) for f in forecasts if f.failure]
    return pd.DataFrame(rows, columns=["model", "origin", "reason"])
