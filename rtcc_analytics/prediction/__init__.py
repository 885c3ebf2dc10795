"""Forecasts of places: one contract, simple baselines, and models that are recommended only if they beat them."""

from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.counts import AllHistory, DecayedCounts, LastYear
from rtcc_analytics.prediction.history import History, PredictionError
from rtcc_analytics.prediction.intervals import PredictiveInterval, predictive_interval
from rtcc_analytics.prediction.kernels import KernelDensity, ProMap, promap
from rtcc_analytics.prediction.multi_resolution import MultiResolution

__all__ = [
    "AllHistory",
    "DecayedCounts",
    "Fitted",
    "History",
    "KernelDensity",
    "LastYear",
    "Model",
    "MultiResolution",
    "PredictionError",
    "PredictiveInterval",
    "ProMap",
    "predictive_interval",
    "promap",
]
