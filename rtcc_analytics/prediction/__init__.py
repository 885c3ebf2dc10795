"""Forecasts of places: one contract, simple baselines, and models that are recommended only if they beat them."""

from rtcc_analytics.prediction.contract import Fitted, Model
from rtcc_analytics.prediction.counts import AllHistory, DecayedCounts, LastYear
from rtcc_analytics.prediction.empirical_bayes import EmpiricalBayes
from rtcc_analytics.prediction.history import History, PredictionError
from rtcc_analytics.prediction.intervals import PredictiveInterval, predictive_interval
from rtcc_analytics.prediction.kernels import KernelDensity, ProMap, promap
from rtcc_analytics.prediction.multi_resolution import MultiResolution
from rtcc_analytics.prediction.pooling import Pooled
from rtcc_analytics.prediction.regression import GradientBoosting, LogLinear
from rtcc_analytics.prediction.self_exciting import SelfExciting
from rtcc_analytics.prediction.stacking import Stacked
from rtcc_analytics.prediction.terrain import RiskTerrainForecast

__all__ = [
    "AllHistory",
    "DecayedCounts",
    "EmpiricalBayes",
    "Fitted",
    "GradientBoosting",
    "History",
    "KernelDensity",
    "LastYear",
    "LogLinear",
    "Model",
    "MultiResolution",
    "Pooled",
    "PredictionError",
    "PredictiveInterval",
    "ProMap",
    "RiskTerrainForecast",
    "SelfExciting",
    "Stacked",
    "predictive_interval",
    "promap",
]
