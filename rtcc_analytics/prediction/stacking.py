"""Several forecasts in one, in shares learned on earlier origins; decayed counts alone where none helps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.counts import DecayedCounts
from rtcc_analytics.prediction.history import FloatArray, History, PredictionError
from rtcc_analytics.prediction.mixing import (
    WINDOW_DAYS,
    learned_contrast,
    log_likelihood,
    mixture_weights,
    sharpened,
)
from rtcc_analytics.prediction.multi_resolution import MultiResolution
from rtcc_analytics.prediction.regression import LogLinear
from rtcc_analytics.prediction.totals import expected_total


def _default_members() -> tuple[Model, ...]:
    return MultiResolution(), LogLinear()


@dataclass(frozen=True)
class Stacked(Model):
    """A sum of models and decayed counts in shares that were best on origins the members had not seen.

    Members are fitted on what was known `warm_up_windows` windows before the origin and forecast the
    windows since; the shares come from those, then the members are fitted again on everything.
    Where the mixture was no likelier there than decayed counts, decayed counts it is.

    Attributes
    ----------
    members : tuple of Model
    warm_up_windows : int
        Of 28 days.
    prior : float
        Pseudo-events in favour of each member alike (decayed counts have none): few windows should
        not decide between models that are close.
    """

    members: tuple[Model, ...] = field(default_factory=_default_members)
    warm_up_windows: int = 6
    prior: float = 300.0
    name: str = "stacked"
    fewest_events: int = 200

    def parameters(self) -> dict[str, Any]:
        """The members by name."""
        return {"members": tuple(m.name for m in self.members), "warm_up_windows": self.warm_up_windows}

    def _learn(self, history: History) -> FittedStack:
        models = (DecayedCounts(), *self.members)
        starts = history.settled_windows(WINDOW_DAYS, most=self.warm_up_windows, fewest_days=365.0)
        weights, contrast, reasons = np.eye(len(models))[0], 1.0, ["too little history for a warm-up"]
        if starts:
            weights, contrast, reasons = self._warmed_up(history, models, starts)
        used = [i for i, weight in enumerate(weights) if weight > 0]
        fitted = tuple(models[i].fit_history(history) for i in used)
        return FittedStack(model=self, history=history, trained_until=history.until, parts=fitted,
                           weights=weights[used], contrast=contrast, reasons=tuple(reasons))

    def _warmed_up(
        self, history: History, models: tuple[Model, ...], starts: list[float]
    ) -> tuple[FloatArray, float, list[str]]:
        reasons, shapes = [], []
        for model in models:
            try:
                first = model.fit_history(history.known_at(starts[0]))
                made = [first.updated(history.known_at(start)).expected(start, WINDOW_DAYS) for start in starts]
            except PredictionError as reason:
                reasons.append(f"{model.name}: {reason}")
                made = [np.zeros(history.units.size) for _ in starts]
            shapes.append([values / max(values.sum(), 1e-12) for values in made])
        observed = [history.counted(start, start + WINDOW_DAYS) for start in starts]
        able = np.array([shape[0].sum() > 0 for shape in shapes])
        stacks = [np.column_stack([shape[w] for shape in shapes]) for w in range(len(starts))]
        weights = mixture_weights(stacks, observed, prior=self.prior * able * (np.arange(able.size) > 0))
        gain = sum(
            log_likelihood(held.sum() * (stack @ weights), held) - log_likelihood(held.sum() * stack[:, 0], held)
            for stack, held in zip(stacks, observed, strict=True)
        )
        if gain <= 0:
            return np.eye(len(models))[0], 1.0, [*reasons, "no gain over decayed counts in the warm-up"]
        return weights * able, learned_contrast([stack @ weights for stack in stacks], observed), reasons


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedStack(Fitted):
    """Members with their shares.

    Attributes
    ----------
    parts : tuple of Fitted
    weights : array of float
    contrast : float
        Power to which densities are raised; see `FittedMixture`.
    reasons : tuple of str
        Why a member was left out, or why decayed counts stand alone.
    """

    parts: tuple[Fitted, ...]
    weights: FloatArray
    contrast: float
    reasons: tuple[str, ...]

    def expected(self, start: float, horizon_days: float) -> FloatArray:
        """The level forecast, laid out by the members; decayed counts alone keep their own level."""
        if len(self.parts) == 1 and self.reasons:
            return self.parts[0].expected(start, horizon_days)
        return sum(self.drivers(start, horizon_days).values())

    def drivers(self, start: float, horizon_days: float) -> dict[str, FloatArray]:
        """The expectation by member."""
        total = expected_total(self.history, start, horizon_days)
        made = {}
        for part, weight in zip(self.parts, self.weights, strict=True):
            values = part.expected(start, horizon_days)
            made[part.model.name] = total * weight * values / values.sum()
        mixed = sum(made.values())
        scale = sharpened(mixed, self.history.units.area_m2, self.contrast) / np.maximum(mixed, 1e-300)
        return {name: values * scale for name, values in made.items()}

    def learned(self) -> dict[str, Any]:
        """The shares, and what was left out."""
        shares = {part.model.name: round(float(w), 3) for part, w in zip(self.parts, self.weights, strict=True)}
        return {"contrast": round(self.contrast, 3), "shares": shares, "left_out": self.reasons}

    def updated(self, history: History) -> FittedStack:
        """Every member with the later history."""
        moved = super().updated(history)
        parts = tuple(part.updated(history) for part in self.parts)
        return FittedStack(**{**moved.__dict__, "parts": parts})
