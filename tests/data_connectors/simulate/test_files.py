"""The simulated files: the same everywhere, marked, and cut at what was known."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from data_connectors.profile import Profile
from data_connectors.simulate import SimulatedCounty, simulate_county
from data_connectors.simulate.simulation import SimulationError, simulated_in

TINY = {"years": 0, "scale": 0.05, "plate_days": 12, "traffic": 0.03}


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> SimulatedCounty:
    return simulate_county(tmp_path_factory.mktemp("tiny"), seed=3, **TINY)


def test_the_same_seed_gives_the_same_bytes_in_another_process(
    tiny: SimulatedCounty, tmp_path: Path, root: Path
) -> None:
    call = f"simulate_county({str(tmp_path)!r}, seed=3, **{TINY!r})"
    environment = os.environ | {"PYTHONHASHSEED": "99", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    code = f"from data_connectors.simulate import simulate_county; {call}"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, env=environment)
    assert digests(tiny.folder) == digests(tmp_path)


def test_another_seed_gives_another_county_on_the_same_map(tiny: SimulatedCounty, tmp_path: Path) -> None:
    one, other = digests(tiny.folder), digests(simulate_county(tmp_path, seed=4, **TINY).folder)
    same = {name for name in one if one[name] == other.get(name)}
    assert same == {f"SIMULATED_{n}" for n in ("areas.geojson", "streets.geojson", "places.csv", "population.csv")}


def test_everything_says_simulated(county: SimulatedCounty) -> None:
    for file in county.files:
        assert file.path.name.startswith("SIMULATED"), file.path.name
        assert b"SIMULATED" in file.path.read_bytes(), f"{file.path.name} does not say so inside"
        profile = Profile.named(file.profile)
        assert profile.source.startswith("simulated"), file.profile
        assert "SIMULATED" in profile.title
    assert "SIMULATED" in str(county)


def test_the_truth_is_never_among_the_files_to_load(county: SimulatedCounty) -> None:
    assert not [f for f in county.files if "truth" in f.path.name]
    assert simulated_in(county.folder) == county


def test_plates_are_of_no_states_making(county: SimulatedCounty, true_reads: pd.DataFrame) -> None:
    alternating = re.compile(r"^(?:[A-Z]\d)+[A-Z]?$|^(?:\d[A-Z])+\d?$")
    plates = true_reads["true_plate"].unique()
    assert [p for p in plates if not alternating.match(p)] == []


def test_times_and_places_stay_inside_the_county(true_incidents: pd.DataFrame, county: SimulatedCounty) -> None:
    assert true_incidents["true_lon"].between(-74.0, -73.48).all()
    assert true_incidents["true_lat"].between(41.43, 42.09).all()
    assert true_incidents["true_at_local"].dt.date.between(date(2023, 1, 1), date(2025, 11, 23)).all()


def test_a_legacy_encoded_file_holds_an_accented_word(county: SimulatedCounty) -> None:
    data = (county.folder / "SIMULATED_city_rms_2024.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")
    assert "CAFÉ" in data.decode("cp1252")


def test_an_earlier_day_knows_less_of_the_same_world(tiny: SimulatedCounty, tmp_path: Path) -> None:
    early = simulate_county(tmp_path, seed=3, as_of=date(2025, 11, 17), **TINY)

    def rows(made: SimulatedCounty) -> pd.DataFrame:
        parts = [pd.read_csv(p, dtype=str, encoding="cp1252") for p in made.by_profile()["simulated_city_rms"]]
        return pd.concat(parts).set_index("Case Number")

    before, after = rows(early), rows(tiny)
    assert 0 < len(before) < len(after)
    pd.testing.assert_frame_equal(before, after.loc[before.index])
    new = pd.to_datetime(after.drop(before.index)["Call Date"])
    assert new.min() >= pd.Timestamp("2025-11-17")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"scale": 0}, "scale=0"),
        ({"plate_days": 3}, "plate_days=3"),
        ({"years": -1}, "years=-1"),
        ({"as_of": date(2026, 1, 1)}, "as_of=2026-01-01"),
    ],
)
def test_impossible_parameters_are_named(tmp_path: Path, wrong: dict, says: str) -> None:
    with pytest.raises(SimulationError, match=says):
        simulate_county(tmp_path, **wrong)


def test_a_folder_without_a_county_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="simulate_county"):
        simulated_in(tmp_path)
