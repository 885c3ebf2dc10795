"""Does a model run away with itself? Patrols go where it flags, record more there, and it learns from that.

The true rate of every unit is fixed and known here, because it is simulated; only recording
changes. A model runs away where it sends ever more patrols to places that are no worse than others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rtcc_analytics.evaluation.ranking import EvaluationError, Ranking
from rtcc_analytics.prediction import History, Model
from rtcc_analytics.prediction.history import FloatArray
from rtcc_analytics.units import SpatialUnits

DRIFT = 1.25


@dataclass(frozen=True)
class FeedbackTest:
    """Rounds of forecasting, patrolling and recording, beside the same rounds without patrol effects.

    Attributes
    ----------
    frame : DataFrame
        One row a round: round, recorded_share (of recorded events on flagged ground), true_share
        (of true events there), exaggeration (expected on flagged ground over what truly happens
        there), exaggeration_alone (the same without patrol effects).
    runs_away : bool
        Whether the exaggeration grew over the rounds by more than a quarter beyond its growth
        without patrol effects.
    model : str
    """

    frame: pd.DataFrame
    runs_away: bool
    model: str

    def to_frame(self) -> pd.DataFrame:
        """One row a round."""
        return self.frame.copy()

    def __str__(self) -> str:
        last = self.frame.iloc[-1]
        words = "runs away" if self.runs_away else "does not run away"
        return (f"{self.model} {words}: after {len(self.frame)} rounds it expects {last['exaggeration']:.2f} times "
                f"what happens on flagged ground ({last['exaggeration_alone']:.2f} without patrol effects)")


def feedback_test(
    model: Model,
    units: SpatialUnits,
    true_per_day: FloatArray,
    *,
    extra_recording: float = 0.5,
    share: float = 0.05,
    rounds: int = 12,
    round_days: int = 28,
    history_days: int = 730,
    seed: int = 0,
) -> FeedbackTest:
    """Simulate patrols that record more where a model sends them.

    Parameters
    ----------
    model : Model
    units : SpatialUnits
    true_per_day : array of float, shape (units.size,)
        Recorded events per day in each unit without patrols; it never changes.
    extra_recording : float
        Events recorded in addition on flagged ground, as a share of those recorded anyway: near 0
        for burglaries that victims report, several for what officers find by looking.
    share : float
        Of the ground flagged each round.
    rounds, round_days, history_days : int
    seed : int

    Raises
    ------
    EvaluationError
        Where rates and units do not fit.
    """
    rate = np.asarray(true_per_day, dtype=float)
    if rate.shape != (units.size,) or (rate < 0).any():
        raise EvaluationError(f"{rate.size:,} rates for {units.size:,} units: one each, none below 0")
    with_patrols = _rounds(model, units, rate, extra_recording, share, rounds, round_days, history_days, seed)
    alone = _rounds(model, units, rate, 0.0, share, rounds, round_days, history_days, seed)
    frame = pd.DataFrame(with_patrols)
    frame["exaggeration_alone"] = [row["exaggeration"] for row in alone]
    growth = (frame["exaggeration"] / frame["exaggeration"].iloc[0]) / (
        frame["exaggeration_alone"] / frame["exaggeration_alone"].iloc[0])
    return FeedbackTest(frame, bool(growth.iloc[-1] > DRIFT), model.name)


def _rounds(
    model: Model, units: SpatialUnits, rate: FloatArray, extra: float, share: float, rounds: int, round_days: int,
    history_days: int, seed: int,
) -> list[dict[str, float]]:
    rng, patrol_rng = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    area = units.area_m2
    history = _appended(None, units, rng.poisson(rate * history_days), 0.0, float(history_days), rng)
    rows = []
    for number in range(1, rounds + 1):
        start = history.until
        expected = model.fit_history(history).expected(start, round_days)
        flagged = Ranking(expected, area, float(area.sum())).fractions(share)
        true = rng.poisson(rate * round_days)
        found = patrol_rng.poisson(rate * round_days * extra * flagged)
        happens = rate * round_days
        rows.append({
            "round": number,
            "recorded_share": float(((true + found) * flagged).sum() / max((true + found).sum(), 1)),
            "true_share": float((happens * flagged).sum() / happens.sum()),
            "exaggeration": float((expected * flagged).sum() / max((happens * flagged).sum(), 1e-9)),
        })
        history = _appended(history, units, true + found, start, start + round_days, rng)
    return rows


def _appended(
    history: History | None, units: SpatialUnits, counts: FloatArray, start: float, end: float,
    rng: np.random.Generator,
) -> History:
    unit = np.repeat(np.arange(units.size), counts)
    day = np.sort(rng.uniform(start, end, unit.size))
    unit = rng.permutation(unit)
    x, y = (axis[unit] for axis in units.centroids())
    new = {"x": x, "y": y, "day": day, "known": day, "unit": unit, "weight": np.ones(unit.size),
           "kind": np.zeros(unit.size, dtype=np.int64)}
    if history is None:
        return History(units=units, kinds=("simulated",), first=start, until=end, timezone="UTC", **new)
    joined = {name: np.concatenate([getattr(history, name), values]) for name, values in new.items()}
    return replace(history, **joined, until=end)
