"""One list of parameters, whatever door they come through."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import pytest

from rtcc_analytics.report import ReportError
from rtcc_analytics.report.parameters import coerced, parameters_of


def brief(
    store: object,
    *,
    until: date | None = None,
    weeks: int = 52,
    cell_m: float = 250.0,
    area: str | None = None,
    offenses: tuple[str, ...] = (),
    words: str = "",
    live: bool = False,
    kind: Literal["a", "b"] = "a",
) -> None:
    """Brief.

    Parameters
    ----------
    until : date, optional
        Day after
        the last.
    weeks, cell_m : int and float
        Numbers.

    Raises
    ------
    ReportError
        Never.
    """


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"until": "2026-11-23"}, date(2026, 11, 23)),
        ({"until": datetime(2026, 11, 23, 5)}, date(2026, 11, 23)),
        ({"until": ""}, None),
        ({"until": "None"}, None),
        ({"weeks": "26"}, 26),
        ({"weeks": 26.0}, 26),
        ({"cell_m": "250"}, 250.0),
        ({"area": "007"}, "007"),
        ({"area": ""}, None),
        ({"offenses": "burglary; theft from vehicle"}, ("burglary", "theft from vehicle")),
        ({"offenses": "220,120"}, ("220", "120")),
        ({"offenses": "theft from building, or elsewhere"}, ("theft from building, or elsewhere",)),
        ({"offenses": ["220"]}, ("220",)),
        ({"words": "Two lines,\nas written; none"}, "Two lines,\nas written; none"),
        ({"words": "none"}, "none"),
        ({"live": "yes"}, True),
        ({"kind": "b"}, "b"),
    ],
)
def test_text_becomes_what_the_signature_says(given: dict[str, Any], wanted: object) -> None:
    assert next(iter(coerced(brief, **given).values())) == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"untill": "2026-11-23"}, "'until'"),
        ({"until": 2026 - 11 - 23}, "quotes"),
        ({"until": "23/11/2026"}, "2026-11-23"),
        ({"weeks": "2.5"}, "whole number"),
        ({"weeks": None}, "cannot be empty"),
        ({"kind": "c"}, "a or b"),
        ({"live": "maybe"}, "yes or no"),
        ({"offenses": {"a": 1}}, "list of text"),
        ({"store": "here"}, "no parameter"),
    ],
)
def test_what_cannot_be_is_an_error_that_shows_what_can(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ReportError) as caught:
        coerced(brief, **given)
    assert said in str(caught.value)


def test_meanings_come_from_the_docstring() -> None:
    meanings = {p.name: p.meaning for p in parameters_of(brief)}
    assert meanings["until"] == "Day after the last."
    assert meanings["weeks"] == meanings["cell_m"] == "Numbers."
    assert meanings["area"] == ""
