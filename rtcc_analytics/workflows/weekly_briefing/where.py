"""Hot places: which, what to call them, what stands near, and how they are drawn."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcc_analytics.events import Events
from rtcc_analytics.hotspots import PlaceClasses
from rtcc_analytics.maps import Ground, HotPlaces, places_map, still_places
from rtcc_analytics.report import MapSection, TableSection
from rtcc_analytics.workflows.places import near_count, place_names
from rtcc_analytics.workflows.weekly_briefing.reading import Account
from rtcc_analytics.workflows.weekly_briefing.words import account_words, count, mean

CAMERA_REACH_M = 200.0
MOST_LISTED = 12
MOST_STABLE_DRAWN = 40
MAP_HEIGHT_PX = 460
RISEN_Q = 0.05
MOST_LISTED_A_CLASS = {"new": 5, "cooling": 4}


@dataclass(frozen=True)
class HotPlacesFound:
    """Hot places with names and letters.

    Attributes
    ----------
    frame : DataFrame
        One row a classed place: letter (those listed), place, place_class, risen (stable, but more now
        than chance makes of its year before), current, expected, low, high, q_change, q_hot, cameras
        (where the registry has any), lon, lat, unit, x, y.
    geometry : array of shapely geometries
        In the order of `frame`.
    share, ground_share : float
        What the places that are hot now hold of the current window's events, and of the ground.
    days : int
        Length of the current window.
    statement : str
        How they were found.
    """

    frame: pd.DataFrame
    geometry: NDArray[np.object_]
    share: float
    ground_share: float
    days: int
    statement: str


def hot_places(classes: PlaceClasses, events: Events, cameras: pd.DataFrame, *, lonlat: object) -> HotPlacesFound:
    """Name the classed places and mark those that the briefing lists.

    Parameters
    ----------
    classes : PlaceClasses
        From events whose places may leave the store.
    events : Events
        The same events, for names.
    cameras : DataFrame
        x and y in metres of every registered camera; may be empty.
    lonlat : callable
        From x and y in metres to degrees.
    """
    frame = classes.to_frame()
    unit = frame["unit"].to_numpy()
    frame["place"] = place_names(events, classes.units, unit.tolist())
    frame["lon"], frame["lat"] = (np.round(axis, 5) for axis in lonlat(frame["x"].to_numpy(), frame["y"].to_numpy()))
    if len(cameras):
        frame["cameras"] = near_count(frame["x"], frame["y"], cameras["x"], cameras["y"], within_m=CAMERA_REACH_M)
    # The class says where it was hot; a place hot before that is far hotter now is what staff must hear of.
    frame["risen"] = (
        (frame["place_class"] == "stable") & (frame["q_change"] <= RISEN_Q) & (frame["current"] > frame["expected"])
    )
    frame["letter"] = _letters(frame)
    now = frame.loc[frame["place_class"] != "cooling", "unit"].to_numpy()
    days = int((classes.current_days[1] - classes.current_days[0]) / np.timedelta64(1, "D"))
    total, ground = classes.current.sum(), classes.units.area_m2.sum()
    return HotPlacesFound(
        frame,
        classes.units.geometry()[unit],
        float(classes.current[now].sum() / max(total, 1.0)),
        float(classes.units.area_m2[now].sum() / ground),
        days,
        _statement(classes),
    )


def map_section(found: HotPlacesFound, ground: Ground, account: Account, *, reads: Sequence[str]) -> MapSection:
    """The map: stable filled, new hatched, cooling outlined; why it holds fewer offenses than the table is said."""
    drawn = _drawn(found.frame)
    frame = found.frame[drawn]
    words = [
        f"{row.letter + ': ' if row.letter else ''}{row.place}. {row.place_class}; {count(row.current)} in "
        f"{found.days} days, {mean(row.expected)} expected"
        for row in frame.itertuples()
    ]
    places = HotPlaces(found.geometry[drawn], frame["place_class"].tolist(), frame["letter"].tolist(), words)
    numbers = ", ".join(
        f"{n} {kind}" for kind in ("stable", "new", "cooling") if (n := (found.frame["place_class"] == kind).sum())
    )
    left = len(found.frame) - len(frame)
    busiest = f" Of the stable ones the {MOST_STABLE_DRAWN} busiest are drawn." if left else ""
    listed = "; ".join(f"{row.letter} {row.place} ({row.place_class})" for row in frame.itertuples() if row.letter)
    return MapSection(
        key="hot_places",
        title="Hot places",
        live=places_map(places, ground),
        printed=still_places(places, ground, most_height=MAP_HEIGHT_PX),
        frame=found.frame.drop(columns=["x", "y"]),
        alt_text=f"Map of {ground.area.name} with {numbers or 'no'} hot places. {listed}".strip(),
        caption=f"Letters as in the table.{busiest} {account_words(account, found.days)}",
        how=found.statement,
        reads=tuple(reads),
        width="half",
    )


def places_section(found: HotPlacesFound, *, reads: Sequence[str]) -> TableSection:
    """The places with a letter: what they are called, how many now, how many expected."""
    listed = found.frame[found.frame["letter"] != ""].sort_values("letter")
    columns = {
        "": listed["letter"],
        "Place (commonest address)": listed["place"],
        "Class": listed["place_class"] + listed["risen"].map({True: "\u00a0▲", False: ""}),
        f"{found.days} days": listed["current"].map(count),
        "Expected": listed["expected"].map(mean),
    }
    caption = f"Expected: the year before, over {found.days} days."
    if listed["risen"].any():
        caption += " ▲ hot before, and more now than chance makes of it."
    if "cameras" in listed:
        columns["Cameras"] = listed["cameras"].map(str)
        caption += (
            f" Cameras: registered within {CAMERA_REACH_M:.0f} m of its middle; view and state are not known here."
        )
    left = len(found.frame) - len(listed)
    if left:
        caption += f" {left} more are in data/hot_places.csv."
    return TableSection(
        key="hot_places_listed",
        title="Hot places by letter",
        frame=listed.drop(columns=["x", "y"]),
        shown=pd.DataFrame(columns),
        caption=caption,
        reads=tuple(reads),
        width="half",
        how="As the map.",
        empty="No place is hot beyond chance, and none has cooled.",
    )


def _drawn(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Every new and cooling place, and the busiest of the stable ones: a map black with squares says nothing."""
    busiest = frame.index[frame["place_class"] == "stable"][:MOST_STABLE_DRAWN]
    return ((frame["place_class"] != "stable") | frame.index.isin(busiest) | (frame["letter"] != "")).to_numpy()


def _letters(frame: pd.DataFrame) -> list[str]:
    """Letters for the places listed, A the first row: risen, new and cooling ones first, stable ones fill the room."""
    listed = frame.index[frame["risen"]].tolist()[:MOST_LISTED]
    for kind, most in MOST_LISTED_A_CLASS.items():
        listed += frame.index[frame["place_class"] == kind][:most].tolist()
    listed = listed[:MOST_LISTED]
    room = MOST_LISTED - len(listed)
    steady = frame[(frame["place_class"] == "stable") & ~frame["risen"]]
    listed += steady.nlargest(room, "current", keep="first").index.tolist()
    letters = dict(zip(sorted(listed), string.ascii_uppercase, strict=False))
    return [letters.get(i, "") for i in frame.index]


def _statement(classes: PlaceClasses) -> str:
    first, end = classes.current_days
    before, _ = classes.history_days
    return (
        f"{classes.units.name}; {first} to {end - 1} against {before} to {first - 1}. Hot: more than the ground's "
        f"average rate leads one to expect; new and cooling: changed by the e-test; each at a false-discovery rate of "
        f"5 % over {classes.tested:,} places with 3 or more. A place without history needs {classes.least_for_new} to "
        "show as new."
    )
