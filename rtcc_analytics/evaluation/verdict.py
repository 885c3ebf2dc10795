"""Use, no better than decayed counts, or do not use: with the reason in words, and until when it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from rtcc_analytics.evaluation.board import BAR, Board

Answer = Literal["use", "no better than decayed counts", "do not use"]

SLOPES = (0.9, 1.15)
TOTAL_RATIOS = (0.8, 1.25)
FALSE_SHARE = 0.05
MOST_FAILED = 0.1
FEWEST_EVENTS = 100
VALID_DAYS = 182


@dataclass(frozen=True)
class Verdict:
    """Whether a model may guide deployment here.

    Attributes
    ----------
    answer : "use", "no better than decayed counts" or "do not use"
    reason : str
        In words, with the numbers.
    model, offense, area : str
    horizon_days : int
    scored_until : datetime64[D]
        End of the last outcome it stands on.
    valid_until : datetime64[D]
        After this the board must be run again.
    """

    answer: Answer
    reason: str
    model: str
    offense: str
    area: str
    horizon_days: int
    scored_until: np.datetime64
    valid_until: np.datetime64

    def allows(self, on: np.datetime64 | str) -> bool:
        """Whether a forecast may be shown on this day: in force, and not "do not use".

        Examples
        --------
        >>> given = Verdict("use", "", "m", "burglary", "Town", 28, np.datetime64("2024-01-01"),
        ...                 np.datetime64("2024-07-01"))
        >>> given.allows("2024-03-01"), given.allows("2024-08-01")
        (True, False)
        """
        return self.answer != "do not use" and bool(np.datetime64(on, "D") <= self.valid_until)

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame([self.__dict__])

    def __str__(self) -> str:
        return f"{self.answer.upper()}: {self.reason} (holds until {self.valid_until})"


def verdict(board: Board, model: str, *, area: str, valid_days: int = VALID_DAYS) -> Verdict:
    """What a board says of one model.

    "Use" takes a gain over decayed counts at some share of the ground that stands after
    Benjamini-Hochberg at 5 % over the whole board, a loss at none, a log score that is no worse,
    and expected counts that mean what they say (slope 0.9-1.15, total within a quarter). Decayed
    counts are judged by calibration alone.

    Parameters
    ----------
    board : Board
    model : str
    area : str
        What the verdict is for.
    valid_days : int
        From the end of the last outcome.

    Raises
    ------
    EvaluationError
        For a model that is not on the board.
    """
    row = board.model_scores(model)
    answer, reason = _judged(board, model, row)
    until = board.origins[-1] + np.timedelta64(board.horizon_days, "D")
    return Verdict(answer, reason, model, board.offense, area, board.horizon_days, until,
                   until + np.timedelta64(valid_days, "D"))


def verdicts(board: Board, *, area: str, valid_days: int = VALID_DAYS) -> pd.DataFrame:
    """`verdict` of every model: model, answer, reason, valid_until."""
    rows = [verdict(board, model, area=area, valid_days=valid_days) for model in board.names]
    return pd.DataFrame([(v.model, v.answer, v.reason, v.valid_until) for v in rows],
                        columns=["model", "answer", "reason", "valid_until"])


def _judged(board: Board, model: str, row: pd.Series) -> tuple[Answer, str]:
    tried = int(row["origins"] + row["failed"])
    if not row["origins"] or row["failed"] > MOST_FAILED * tried:
        why = board.failures.loc[board.failures["model"] == model, "reason"]
        return "do not use", f"no forecast at {int(row['failed'])} of {tried} origins: {why.iloc[0]}"
    if board.events < FEWEST_EVENTS:
        return "do not use", f"{board.events:,.0f} events in all windows are too few to tell forecasts apart"
    badly = _miscalibrated(row)
    if model == BAR:
        words = "this is the bar that others must pass"
        return ("do not use", badly) if badly else ("use", f"{words}; {_calibrated(row)}")
    pairs = board.paired[board.paired["model"] == model]
    real = pairs[pairs["q_value"] < FALSE_SHARE]
    if (real["gain"] < 0).any():
        worst = real.loc[real["gain"].idxmin()]
        return "do not use", f"worse than decayed counts: {_gain(worst)}"
    if badly:
        return "do not use", badly
    logs = board.log_score_gain(model)
    if logs.high < 0:
        return "do not use", f"probabilities worse than those of decayed counts by {-logs.gain:.3f} nats an event"
    if len(real):
        best = real.loc[real["gain"].idxmax()]
        return "use", f"{_gain(best)}; log score {logs.gain:+.3f} nats an event; {_calibrated(row)}"
    return "no better than decayed counts", _unresolved(board, pairs)


def _unresolved(board: Board, pairs: pd.DataFrame) -> str:
    best = pairs.loc[pairs["gain"].idxmax()]
    words = f"{_gain(best)}, which chance explains; {board.events:,.0f} events can tell apart differences of about "
    words += f"{100 * best['resolution']:.1f} points"
    if board.horizon_days < 28 and best["resolution"] > 0.01:
        words += "; windows this short and few cannot resolve differences under a point, so they rank no models"
    return words


def _gain(row: pd.Series) -> str:
    return (f"{100 * row['gain']:+.1f} points of hits at {100 * row['share']:g} % of the ground (95 %: "
            f"{100 * row['low']:+.1f} to {100 * row['high']:+.1f})")


def _calibrated(row: pd.Series) -> str:
    return f"calibration slope {row['slope']:.2f}, events {row['total_ratio']:.2f} of those expected"


def _miscalibrated(row: pd.Series) -> str:
    if row["slope_high"] < SLOPES[0] or row["slope_low"] > SLOPES[1]:
        bold = "too bold" if row["slope"] < 1 else "too timid"
        return f"expected counts are {bold}: {_calibrated(row)}, where {SLOPES[0]} to {SLOPES[1]} is asked"
    if not TOTAL_RATIOS[0] <= row["total_ratio"] <= TOTAL_RATIOS[1]:
        return f"the level is off: {_calibrated(row)}"
    return ""
