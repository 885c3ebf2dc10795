"""Several forecasts in one as their geometric mean: a place is expected to be busy where every member says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.empirical_bayes import EmpiricalBayes
from rtcc_analytics.prediction.history import FloatArray, History
from rtcc_analytics.prediction.mixing import LEAST_EXPECTED
from rtcc_analytics.prediction.regression import LogLinear


def _default_members() -> tuple[Model, ...]:
    return EmpiricalBayes(), LogLinear(windows=8)


@dataclass(frozen=True)
class Pooled(Model):
    """The geometric mean of members' forecasts, unit by unit, with the mean of their totals.

    Nothing is learned beyond the members. Their errors differ: counts shrunk towards surroundings, and a
    regression on the same lags, are wrong about different places.

    Attributes
    ----------
    members : tuple of Model
        The first one says why a place is flagged.

    Notes
    -----
    A logarithmic opinion pool: Genest and Zidek (1986), *Statistical Science* 1, 114-135.
    """

    members: tuple[Model, ...] = field(default_factory=_default_members)
    name: str = "pooled"
    fewest_events: int = 200

    def parameters(self) -> dict[str, Any]:
        """The members by name."""
        return {"members": tuple(member.name for member in self.members)}

    def _learn(self, history: History) -> FittedPool:
        parts = tuple(member.fit_history(history) for member in self.members)
        return FittedPool(model=self, history=history, trained_until=history.until, parts=parts)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedPool(Fitted):
    """Fitted members."""

    parts: tuple[Fitted, ...]

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """The geometric mean of the members in each unit, scaled to the mean of their totals."""
        made = [part.expected(start, horizon_days) for part in self.parts]
        shape = np.exp(np.mean([np.log(np.maximum(values, LEAST_EXPECTED)) for values in made], axis=0))
        return np.mean([values.sum() for values in made]) * shape / shape.sum()

    def learned(self) -> dict[str, Any]:
        """What each member learned."""
        return {part.model.name: part.learned() for part in self.parts}

    def drivers(self, start: float, horizon_days: float) -> dict[str, FloatArray]:
        """The drivers of the first member, in its proportions."""
        made = self.parts[0].drivers(start, horizon_days)
        scale = self.expected(start, horizon_days) / np.maximum(sum(made.values()), 1e-300)
        return {name: values * scale for name, values in made.items()}

    def updated(self, history: History) -> FittedPool:
        """Every member with the later history."""
        moved = super().updated(history)
        return FittedPool(**{**moved.__dict__, "parts": tuple(part.updated(history) for part in self.parts)})
