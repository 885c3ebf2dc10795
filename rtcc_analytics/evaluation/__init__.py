"""Forecasts held against what happened, and refused where they do not earn their place."""

from rtcc_analytics.evaluation.backtest import backtest, leak_test
from rtcc_analytics.evaluation.board import Board
from rtcc_analytics.evaluation.card import ModelCard, biased_targets, model_card
from rtcc_analytics.evaluation.disparity import Disparity, disparity
from rtcc_analytics.evaluation.feedback import FeedbackTest, feedback_test
from rtcc_analytics.evaluation.nij import NijScore, nij_score
from rtcc_analytics.evaluation.paired import PairedGain, benjamini_hochberg, paired_gain
from rtcc_analytics.evaluation.ranking import EvaluationError, Ranking, pai_table
from rtcc_analytics.evaluation.units_compared import UnitComparison, compare_units
from rtcc_analytics.evaluation.verdict import Verdict, verdict, verdicts

__all__ = [
    "Board",
    "Disparity",
    "EvaluationError",
    "FeedbackTest",
    "ModelCard",
    "NijScore",
    "PairedGain",
    "Ranking",
    "UnitComparison",
    "Verdict",
    "backtest",
    "benjamini_hochberg",
    "biased_targets",
    "compare_units",
    "disparity",
    "feedback_test",
    "leak_test",
    "model_card",
    "nij_score",
    "pai_table",
    "paired_gain",
    "verdict",
    "verdicts",
]
