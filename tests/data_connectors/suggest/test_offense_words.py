"""Codes guessed from the words of offenses: held against profiles whose codes come from the agencies' own codes."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

from data_connectors import Profile, Store, load
from data_connectors.nibrs import NIBRS_NAMES
from data_connectors.suggest import suggest
from data_connectors.suggest.offense_words import nibrs_by_words

FILES = {
    "stlouis_slmpd": "stlouis_slmpd_raw/2008-2015/*2010.csv",
    "chicago_incidents": "chicago_2017_2019_rcrimeanalysis/chicago_crimes_25k.csv",
    "atlanta_cobra": "atlanta_cobra_2019/COBRA-2019.csv",
    "washington_dc_incidents": "dc_mpd_crime/Crime_Incidents_in_2019.csv",
    "memphis_incidents": "memphis_sfhotspot/memphis_robberies.csv",
}


@pytest.fixture(scope="module")
def told(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Each offense as said, the code that the profile gives it, the code guessed, and how many rows say it."""
    store = Store.create(tmp_path_factory.mktemp("words") / "store")
    for profile, files in FILES.items():
        load(store, profile, sorted((shared / "data").glob(files)))
    frame = store.read(
        "SELECT source, offense_description AS said, mode(offense) AS code, count(*) AS n FROM incidents "
        "WHERE offense_description IS NOT NULL AND offense <> 'unknown' GROUP BY 1, 2"
    )
    return frame.assign(guess=[nibrs_by_words(said) for said in frame.said])


def test_nearly_all_words_are_recognised_and_few_wrongly(told: pd.DataFrame) -> None:
    wrong = told[told.guess.notna() & (told.guess != told.code)]
    assert (told.guess == told.code).mean() > 0.9, told[told.guess != told.code].to_string()
    assert len(wrong) < 0.04 * len(told), wrong.to_string()


def test_of_the_rows_nearly_all_get_their_code(told: pd.DataFrame) -> None:
    # Atlanta's "non vehicle" larcenies hold shoplifting, which only its code tells: no word can.
    named = told[~told.said.str.contains("NON VEHICLE")]
    wrong = named[named.guess.notna() & (named.guess != named.code)]
    assert wrong.n.sum() < 0.01 * named.n.sum(), wrong.to_string()


def test_the_names_of_nibrs_itself_are_never_taken_for_another(shared: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = shared / "data/nibrs_search_ncjis/NIBRSCodeTablesPublic.xlsx"
        table = pd.read_excel(book, "UCROffenseCodeType", dtype=str)
    named = table[table.FBICode.isin(list(NIBRS_NAMES))]
    assert len(named) > 60
    wrong = [(said, code) for said, code in zip(named.FBIDescription, named.FBICode, strict=True)
             if nibrs_by_words(said) != code]  # fmt: skip
    assert not wrong


@pytest.mark.parametrize("code", [code for code in NIBRS_NAMES if code[:2] in ("23", "24", "22", "12", "13", "09")])
def test_the_house_names_of_the_commonest_offenses_too(code: str) -> None:
    assert nibrs_by_words(NIBRS_NAMES[code]) == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("LARCENY-MTR VEH PARTS", "23G"), ("Theft of parts from vehicle", "23G"), ("Catalytic converter theft", "23G"),
        ("LARCENY FROM BUILDING", "23D"), ("Larc fr bldg", "23D"), ("Larceny - from MV", "23F"),
        ("Burglary from vehicle", "23F"), ("Grand larceny of motor vehicle", "240"), ("VEHICLE - STOLEN", "240"),
        ("Unauthorized use of a vehicle 3rd", "240"), ("Petit larceny", "23H"), ("Theft by deceit", "26A"),
        ("Larceny by false pretenses", "26A"), ("Theft of services", "26A"), ("Identity theft 1st", "26F"),
        ("Credit card fraud", "26B"), ("Crim poss stolen property 5th", "280"), ("Theft by lessee, motor veh", "270"),
        ("Assault 3rd degree", "13B"), ("Assault in the second degree", "13A"), ("Aggravated harassment 2nd", "13C"),
        ("Dangerous weapons", "520"), ("Assault w/dangerous weapon", "13A"), ("Burglar's tools", "90Z"),
        ("Criminally negligent homicide", "09B"), ("Forcible touching", "11D"), ("Statutory rape", "36B"),
        ("DWI", "90D"), ("Violation of order of protection", "90Z"), ("Recovered stolen vehicle", None),
        ("Suspicious vehicle", None), ("Care facility check", None), ("Motor vehicle accident", None),
    ],
)  # fmt: skip
def test_what_was_taken_and_from_where_decides(said: str, code: str | None) -> None:
    assert nibrs_by_words(said) == code


def test_as_patterns_in_a_profile_the_rules_give_what_they_give_here(told: pd.DataFrame, tmp_path: Path) -> None:
    """Over a thousand kinds of offense the draft holds the rules, which DuckDB's expressions then read."""
    said = [f"{words} #{n}" for words in told.said.str.replace(",", " ").unique() for n in range(3)]
    path = tmp_path / "many.csv"
    rows = (f"{n},{words},5/1/2026 10:00,41.7,-73.9" for n, words in enumerate(said))
    path.write_text("\n".join(["Case No,Offense,Date Occurred,Latitude,Longitude", *rows]))
    drafted = suggest(path)
    profile = Profile.parse(drafted.toml)
    assert len(said) > 1000 and profile.crosswalks["offense"].pattern and not profile.crosswalks["offense"].exact
    store = Store.create(tmp_path / "store")
    load(store, profile, path)
    given = store.read("SELECT trim(offense_description) AS said, offense FROM incidents")
    guessed = [nibrs_by_words(said) or "unknown" for said in given.said]
    differing = given[given.offense != guessed]
    assert len(given) == len(said) and differing.empty, differing.to_string()
