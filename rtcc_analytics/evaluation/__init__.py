"""Forecasts held against what happened, and refused where they do not earn their place."""

from rtcc_analytics.evaluation.backtest import backtest, leak_test
from rtcc_analytics.evaluation.board import Board
from rtcc_analytics.evaluation.paired import PairedGain, benjamini_hochberg, paired_gain
from rtcc_analytics.evaluation.ranking import EvaluationError, Ranking, pai_table

__all__ = [
    "Board",
    "EvaluationError",
    "PairedGain",
    "Ranking",
    "backtest",
    "benjamini_hochberg",
    "leak_test",
    "paired_gain",
    "pai_table",
]
