"""A model card: what a trained model stands on, how it scored, what it must not be used for, who signed it off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from rtcc_analytics.evaluation.board import Board
from rtcc_analytics.evaluation.ranking import EvaluationError
from rtcc_analytics.evaluation.verdict import Verdict
from rtcc_analytics.events import Events
from rtcc_analytics.prediction import Fitted

LIMITS = (
    "Speaks of places and weeks, never of persons. A flagged place is no ground for suspicion of anybody in it.",
    "Learned from what was reported: where victims report less, it sees less.",
    "Most of what happens in a window happens outside the ground flagged.",
)
BIASED_OFFENSES = frozenset({"35A", "35B", "520", "40A", "40B", "40C", "90C", "90D", "90J"})
WHY_BIASED = (
    "These offenses are recorded where officers look for them (arrests, stops, drugs, weapons, trespass): a forecast "
    "learns where police were, sends them there again, and is then proved right by what they find"
)


@dataclass(frozen=True)
class ModelCard:
    """What must be known of a trained model before its forecast is used.

    Attributes
    ----------
    model, offense, units : str
    parameters, learned : dict
    data : dict
        events, first, until, exclusions.
    scores : dict
        The model's row of the board, and the shares' hit rates.
    verdict : Verdict
    limits : tuple of str
    signed_off_by, signed_off_until : optional
        Blank until somebody takes the responsibility; see `signed`.
    """

    model: str
    offense: str
    units: str
    parameters: dict[str, Any]
    learned: dict[str, Any]
    data: dict[str, Any]
    scores: dict[str, Any]
    verdict: Verdict
    limits: tuple[str, ...]
    signed_off_by: str = ""
    signed_off_until: np.datetime64 | None = None

    def signed(self, by: str, *, until: str | np.datetime64) -> ModelCard:
        """The card signed off, at most as long as its verdict holds.

        Raises
        ------
        EvaluationError
            Without a name, beyond the verdict, or for a model that must not be used.
        """
        day = np.datetime64(until, "D")
        if not by.strip():
            raise EvaluationError("a card is signed off by somebody: give a name and a role")
        if self.verdict.answer == "do not use":
            raise EvaluationError(f"{self.model} must not be used: {self.verdict.reason}")
        if day > self.verdict.valid_until:
            raise EvaluationError(f"the verdict holds until {self.verdict.valid_until}, and {day} is later")
        return replace(self, signed_off_by=by, signed_off_until=day)

    def to_frame(self) -> pd.DataFrame:
        """One row per statement: section, item, value."""
        rows: list[tuple[str, str, Any]] = [("model", "name", self.model), ("model", "offense", self.offense),
                                            ("model", "units", self.units)]
        for section in ("parameters", "learned", "data", "scores"):
            rows += [(section, key, value) for key, value in getattr(self, section).items()]
        rows += [("verdict", self.verdict.answer, self.verdict.reason), ("verdict", "holds until",
                                                                           str(self.verdict.valid_until))]
        rows += [("limits", str(number), limit) for number, limit in enumerate(self.limits, start=1)]
        rows += [("sign-off", "by", self.signed_off_by or "nobody yet"),
                 ("sign-off", "until", str(self.signed_off_until or "-"))]
        return pd.DataFrame(rows, columns=["section", "item", "value"]).astype({"value": str})


def model_card(
    fitted: Fitted, events: Events, board: Board, given: Verdict, *, limits: Sequence[str] = ()
) -> ModelCard:
    """The card of a fitted model, from the events it was trained on and the board that scored it.

    Parameters
    ----------
    fitted : Fitted
    events : Events
        Their notes say what was left out.
    board : Board
    given : Verdict
    limits : sequence of str
        More limits, for this place.
    """
    model = fitted.model.name
    hits = board.hits[board.hits["model"] == model]
    scores = {key: round(float(value), 4) for key, value in board.model_scores(model).items() if key != "origins"}
    scores |= {f"hit rate at {100 * row.share:g} %": round(row.hit_rate, 4) for row in hits.itertuples()}
    data = {
        "events": fitted.history.target.size,
        "first": str(np.datetime64(int(fitted.history.first), "D")),
        "known until": str(np.datetime64(int(fitted.history.until), "D")),
        "exclusions": "; ".join(events.notes) or "none noted",
        "companions": ", ".join(fitted.history.kinds[1:]) or "none",
    }
    own = biased_targets(events)
    return ModelCard(model, board.offense, fitted.history.units.name, fitted.model.parameters(), fitted.learned(),
                     data, scores, given, (*LIMITS, *([own] if own else []), *limits))


def biased_targets(events: Events) -> str:
    """Why these events are a biased target, in words; blank where they are what victims report.

    Examples
    --------
    >>> drugs = Events(x=[500_000.0], y=[10.0], crs="EPSG:32615", occurred_from=["2024-01-01"], timezone="UTC",
    ...                offense=["35A"])
    >>> biased_targets(drugs)[:14]
    'Biased target:'
    """
    if events.offense is None:
        return ""
    found = sorted(BIASED_OFFENSES & set(events.offense.unique()))
    return f"Biased target: {', '.join(found)}. {WHY_BIASED}." if found else ""
