"""A made-up town's export, good and spoiled in turn, and a store to load it into."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data_connectors import Profile, Store, load

TOWN = """
title = "A made-up town's police"
table = "incidents"
source = "town"
agency = "Town Police"
timezone = "America/New_York"
bounds = [-74.3, 41.3, -73.4, 42.2]

[columns]
incident_id = "Case"
offense = { crosswalk = "offense", column = "Offense" }
offense_raw = "Offense"
address = "Address"

[time.occurred_from]
column = "When"
formats = ["%m/%d/%Y %H:%M"]

[location]
lon = "Lon"
lat = "Lat"

[crosswalk.offense]
exact = { "BURGLARY" = "220" }
"""
MONTHLY = TOWN.replace('incident_id = "Case"\n', "").replace("[columns]", """[write]
strategy = "replace_window"
window = { column = "Month", formats = ["%Y-%m"], period = "month" }

[columns]""")
HEADER = "Case,Offense,Address,When,Lon,Lat,Month\n"


class Town:
    """The town's export: one folder of files and the profiles that read them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profile = self.variant("town", TOWN)
        self.monthly = self.variant("monthly", MONTHLY)

    def variant(self, name: str, text: str) -> Profile:
        """A profile, which also lies as a TOML file in the folder."""
        (self.folder / f"{name}.toml").write_text(text)
        return Profile.read(self.folder / f"{name}.toml")

    def duplicates_last(self) -> Profile:
        return self.variant("updates", TOWN.replace("[columns]", '[write]\nduplicates = "last"\n\n[columns]'))

    def register(self) -> Profile:
        return self.variant("register", TOWN.replace("[columns]", '[write]\nstrategy = "replace_all"\n\n[columns]'))

    @staticmethod
    def row(case: object, offense: str = "BURGLARY", when: str = "03/01/2025 10:00", lon: str = "-73.9",
            lat: str = "41.7", month: str = "2025-03", address: str | None = None) -> str:
        return f"{case},{offense},{address or f'{case} Main St'},{when},{lon},{lat},{month}\n"

    def rows(self, numbers: range, **fields: str) -> str:
        return "".join(self.row(number, **fields) for number in numbers)

    def file(self, name: str, rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
        return self.raw(name, (header + rows).encode(encoding))

    def raw(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


@pytest.fixture
def town(tmp_path: Path) -> Town:
    (tmp_path / "export").mkdir()
    return Town(tmp_path / "export")


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "county"
    Store.create(folder)
    return folder


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Store:
    """An empty store of its own for each test."""
    shutil.copytree(empty_store, tmp_path / "county")
    return Store(tmp_path / "county")


@pytest.fixture(scope="module")
def used(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a row in it, which no refused file may change."""
    folder = tmp_path_factory.mktemp("used")
    shutil.copytree(empty_store, folder / "county")
    town, store = Town(folder), Store(folder / "county")
    load(store, town.profile, town.file("before.csv", town.row(9)))
    return store


@pytest.fixture
def contents() -> Callable[[Store], list[pd.DataFrame]]:
    """`contents(store)`: everything that a load could have written."""

    def reading(store: Store) -> list[pd.DataFrame]:
        with store.reading() as held:
            return [
                held.read("SELECT * FROM incidents ORDER BY file_hash, line"),
                held.read("SELECT * FROM rejects ORDER BY load_id, file_hash, line"),
                held.read("SELECT * EXCLUDE (receipt) FROM loads ORDER BY load_id"),
            ]

    return reading
