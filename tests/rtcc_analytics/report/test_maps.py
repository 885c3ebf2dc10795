"""Still maps read in grey: letters apart, kinds told by pattern, streets and scale where they belong."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely

from rtcc_analytics.maps import Ground, HotPlaces, still_places
from rtcc_analytics.report.figures import chart_svg


@pytest.fixture(scope="module")
def crowded() -> HotPlaces:
    """Twelve lettered squares, side by side."""
    corners = [(x, y) for x in range(501_000, 501_240, 60) for y in range(4_001_000, 4_001_180, 60)]
    boxes = [shapely.box(x, y, x + 60, y + 60) for x, y in corners]
    return HotPlaces(np.array(boxes, dtype=object), ["stable"] * 12, list("ABCDEFGHIJKL"), [""] * 12)


def words_of(chart: Any) -> list[dict[str, Any]]:
    """Every word the chart writes, with its place in pixels."""
    whole = chart.to_dict(validate=False)
    return [row for rows in whole["datasets"].values() for row in rows if "name" in row]


def test_letters_of_crowded_places_stand_apart(crowded: HotPlaces, ground: Ground) -> None:
    words = words_of(still_places(crowded, ground))
    letters = {row["name"]: (row["x"], row["y"]) for row in words if len(row["name"]) == 1}
    assert sorted(letters) == sorted(crowded.letter)
    spots = np.array(list(letters.values()))
    apart = np.abs(spots[:, None] - spots[None])
    touching = (apart[..., 0] < 7) & (apart[..., 1] < 10)
    assert touching.sum() == len(spots), "a letter lies on another"


def test_kinds_differ_without_color(places: HotPlaces, ground: Ground) -> None:
    marks = json.dumps(still_places(places, ground).to_dict(validate=False))
    assert '"strokeDash": [2, 2]' in marks
    drawn = chart_svg(still_places(places, ground))
    assert all(words in drawn for words in ("stable: hot before", "new: hot now", "cooling: hot before"))
    assert "mile" in drawn and "SIMULATED DATA" in drawn


def test_a_map_without_streets_or_places_is_still_drawn(ground: Ground) -> None:
    bare = replace(ground, streets=np.empty(0, dtype=object), names=ground.names.head(0), banner="")
    nothing = HotPlaces(np.empty(0, dtype=object), [], [], [])
    assert chart_svg(still_places(nothing, bare)).startswith("<svg")
