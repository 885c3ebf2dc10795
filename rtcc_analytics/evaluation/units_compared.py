"""The choice of unit on the board: the same events, the same share of the ground, other pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rtcc_analytics.evaluation.backtest import backtest
from rtcc_analytics.evaluation.board import Board
from rtcc_analytics.evaluation.paired import benjamini_hochberg, paired_gain
from rtcc_analytics.evaluation.ranking import EvaluationError
from rtcc_analytics.events import Events, When
from rtcc_analytics.prediction import Model
from rtcc_analytics.units import SpatialUnits


@dataclass(frozen=True, eq=False)
class UnitComparison:
    """Boards of several kinds of unit at equal ground.

    Attributes
    ----------
    frame : DataFrame
        units, size, model, share, hit_rate, gain (points of hits over the first units with the same
        model), low, high, p_value, q_value (Benjamini-Hochberg over all rows).
    boards : dict of str to Board
    ground_m2 : float
    """

    frame: pd.DataFrame
    boards: dict[str, Board]
    ground_m2: float

    def to_frame(self) -> pd.DataFrame:
        """One row per units, model and share."""
        return self.frame.copy()


def compare_units(
    models: Sequence[Model],
    events: Events,
    units: Sequence[SpatialUnits],
    *,
    origins: Sequence[When],
    ground_m2: float,
    footprints_m2: dict[str, float] | None = None,
    **backtest_arguments: Any,
) -> UnitComparison:
    """Hits of the same events at the same share of the same ground, for several kinds of unit.

    PAI does not compare across units unless the ground does: an address has no surface of its own,
    so what flagging one costs must be said. Units made of events (addresses) must be made of those
    known before the first origin.

    Parameters
    ----------
    models, events, origins
        As for `backtest`.
    units : sequence of SpatialUnits
        The first is what others are held against.
    ground_m2 : float
        The jurisdiction's.
    footprints_m2 : dict of str to float, optional
        By name of units: ground that flagging one takes, where `area_m2` does not say.

    Raises
    ------
    EvaluationError
        With fewer than two kinds of unit, or two of one name.
    """
    names = [kind.name for kind in units]
    if len(set(names)) < max(2, len(names)):
        raise EvaluationError(f"units {', '.join(names)}: at least two kinds, each with its own name")
    footprints = footprints_m2 or {}
    boards = {
        kind.name: backtest(models, events, kind, origins=origins, ground_m2=ground_m2,
                            footprint_m2=footprints.get(kind.name), **backtest_arguments)
        for kind in units
    }
    first = boards[names[0]]
    rows = []
    for kind in units:
        board = boards[kind.name]
        for row in board.hits.itertuples():
            entry = {"units": kind.name, "size": kind.size, "model": row.model, "share": row.share,
                     "hit_rate": row.hit_rate}
            rows.append(entry | _against_first(board, first, row.model, row.share))
    frame = pd.DataFrame(rows)
    compared = frame["p_value"].notna()
    frame.loc[compared, "q_value"] = benjamini_hochberg(frame.loc[compared, "p_value"])
    return UnitComparison(frame, boards, ground_m2)


def _against_first(board: Board, first: Board, model: str, share: float) -> dict[str, float]:
    nothing = dict.fromkeys(("gain", "low", "high", "p_value"), np.nan)
    if board is first or not first._scored(model):
        return nothing
    difference = board.event_fractions(model, share) - first.event_fractions(model, share)
    both = np.isfinite(difference)
    found = paired_gain(difference[both], weights=board.event_weights[both], seed=board.seed)
    return {"gain": found.gain, "low": found.low, "high": found.high, "p_value": found.p_value}
