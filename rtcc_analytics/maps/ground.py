"""What maps are drawn on and of: the ground, hot places, and how each kind looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rtcc_analytics.study import StudyArea

INK, QUIET, STREET, GROUND = "#1a1a1a", "#555555", "#c4c4c4", "#f7f7f5"
RAMP = ("#f2f2f0", "#c3ced8", "#8fa8bf", "#4f7597", "#1f4e79", "#0b2a47")
Box = tuple[float, float, float, float]

KINDS = ("stable", "new", "cooling")
MEANING = {
    "stable": "stable: hot before and still",
    "new": "new: hot now, not before",
    "cooling": "cooling: hot before, not now",
}


@dataclass(frozen=True)
class Ground:
    """What a map is drawn on.

    Attributes
    ----------
    area : StudyArea
        Its outline and projection.
    streets : array of shapely lines
        In the metres of the area's projection; may be empty.
    names : DataFrame
        Place names to write: name, x, y (metres), most important first; may be empty.
    banner : str
        Written on the map itself, e.g. that the data are simulated.
    """

    area: StudyArea
    streets: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    names: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["name", "x", "y"]))
    banner: str = ""


@dataclass(frozen=True)
class HotPlaces:
    """Hot places to be drawn.

    Attributes
    ----------
    geometry : array of shapely geometries, shape (n,)
        In the metres of the study area.
    kind : sequence of str
        "stable", "new" or "cooling".
    letter : sequence of str
        Short mark that the table beside the map uses; may be empty.
    words : sequence of str
        What a pointer over the place says.
    """

    geometry: NDArray[np.object_]
    kind: Sequence[str]
    letter: Sequence[str]
    words: Sequence[str]


def frame_of(ground: Ground, shapes: NDArray[np.object_], *, most_share: float = 0.45) -> tuple[Box, bool]:
    """What a map shows: the whole area, or the part around the places where that is much smaller.

    Returns
    -------
    (x_min, y_min, x_max, y_max), zoomed
        The frame in metres, and whether it is a part.

    Examples
    --------
    >>> import shapely
    >>> from rtcc_analytics.study import StudyArea
    >>> county = Ground(StudyArea(shapely.box(5e5, 4e6, 5.4e5, 4.04e6), "EPSG:32615", "America/Chicago", "County"))
    >>> frame_of(county, np.array([shapely.box(5.1e5, 4.01e6, 5.11e5, 4.012e6)], dtype=object))[1]
    True
    """
    whole = ground.area.polygon.bounds
    if not len(shapes):
        return whole, False
    x_min, y_min, x_max, y_max = shapely.total_bounds(shapes)
    side = max(x_max - x_min, y_max - y_min, 0.08 * max(whole[2] - whole[0], whole[3] - whole[1])) * 1.2
    if side > most_share * max(whole[2] - whole[0], whole[3] - whole[1]):
        return whole, False
    x, y = (x_min + x_max) / 2, (y_min + y_max) / 2
    return (x - side / 2, y - side / 2, x + side / 2, y + side / 2), True
