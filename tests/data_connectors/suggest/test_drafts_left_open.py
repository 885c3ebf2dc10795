"""What a draft does not know: it says so, leaves it open, and nothing loads on a guess that nobody saw."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from typer.testing import CliRunner

from data_connectors import Profile, load
from data_connectors.readers import LoadError
from data_connectors.suggest import suggest
from rtcc_analytics.cli import app

NO_PLACE = "Case No,Offense,Date Occurred\n" + "".join(f"26-{n},BURGLARY,1/{n}/2026 13:05\n" for n in range(1, 29))


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def told(suggestion) -> str:
    return "\n".join(suggestion.unsure)


def test_a_zone_that_the_file_does_not_show_stays_open_until_it_is_written(tmp_path: Path) -> None:
    path = written(tmp_path / "may.csv", NO_PLACE)
    drafted = suggest(path)
    assert "New_York" not in drafted.toml.replace('e.g. "America/New_York"', "")
    assert "timezone is OPEN" in told(drafted) and 'timezone = "?"' in drafted.toml
    shown = drafted.preview.set_index("becomes").as_stored["occurred_from"]
    assert "13:05:00 (zone open)" in shown and "+00" not in shown
    with pytest.raises(LoadError, match="Write the zone into it"):
        load(None, Profile.parse(drafted.toml), path, dry_run=True)
    mended = Profile.parse(drafted.toml.replace('"?"', '"America/Chicago"'))
    assert load(None, mended, path, dry_run=True).zones == ("America/Chicago",)


def test_bounds_hold_what_the_first_rows_of_a_city_do_not_show(shared: Path, tmp_path: Path) -> None:
    whole = shared / "data/chicago_2017_2019_rcrimeanalysis/chicago_crimes_25k.csv"
    lines = whole.read_text().splitlines(keepends=True)
    few = suggest(written(tmp_path / "few.csv", "".join(lines[:400])))
    receipt = load(None, Profile.parse(few.toml), whole, dry_run=True)
    assert receipt.locations.get("outside", 0) == 0
    assert "bounds" in told(few)


def test_one_point_far_off_does_not_draw_the_bounds_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    places = [*(f"{41.7 + dy:.4f},{-73.9 + dx:.4f}" for dx, dy in rng.normal(0, 0.05, (399, 2))), "41.7,10.5"]
    rows = "".join(f"{n},THEFT,1/2/2026 10:00,{place}\n" for n, place in enumerate(places))
    drafted = suggest(written(tmp_path / "a.csv", "Case No,Offense,Date,Lat,Lon\n" + rows))
    west, south, east, north = Profile.parse(drafted.toml).bounds
    assert -75 < west < -74.1 and -73.7 < east < -73 and 41 < south < 41.5 and 41.9 < north < 42.5


def test_every_code_that_was_guessed_is_listed_to_check(shared: Path) -> None:
    drafted = suggest(shared / "data/stlouis_slmpd_raw/2008-2015/January2013.csv")
    given = Profile.parse(drafted.toml).crosswalks["offense"].exact
    assert len(given) > 60
    listed = {line.split(" ")[0] for line in drafted.unsure}
    assert {*given.values()} <= listed
    head = drafted.toml.split("name = ")[0]
    assert all(f"#   - {code} " in head for code in given.values())


def test_codes_that_the_file_gives_are_not_guessed_over(tmp_path: Path) -> None:
    rows = "".join(f"{n},{code},SOMETHING,1/2/2026 10:00\n" for n, code in enumerate(["13A", "220", "23f", "240"] * 5))
    drafted = suggest(written(tmp_path / "a.csv", "Case No,NIBRS Code,Offense,Date\n" + rows))
    profile = Profile.parse(drafted.toml)
    assert profile.layouts[0].columns["offense"].columns == ("NIBRS Code",)
    assert profile.crosswalks["offense"].exact == {code: code for code in ("13A", "220", "23F", "240")}
    assert "guess:" not in told(drafted)


def test_a_few_blank_numbers_leave_the_rest_their_identity(tmp_path: Path) -> None:
    drafted = suggest(written(tmp_path / "a.csv", NO_PLACE.replace("26-7,", ",").replace("26-9,", ",")))
    assert Profile.parse(drafted.toml).strategy == "append_new"
    assert "'Case No' is blank in 2 rows" in told(drafted)


def test_a_word_among_the_degrees_does_not_lose_the_place(tmp_path: Path) -> None:
    rows = "".join(f"{n},THEFT,1/2/2026 10:00,{'abc' if n == 7 else 41.7 + n / 1000},-73.9\n" for n in range(60))
    drafted = suggest(written(tmp_path / "a.csv", "Case No,Offense,Date,Lat,Lon\n" + rows))
    assert Profile.parse(drafted.toml).layouts[0].location is not None


def test_what_no_column_tells_is_refused_in_plain_words(tmp_path: Path) -> None:
    odd = written(tmp_path / "odd.json", json.dumps([{"a": 1, "zork": "x"}, {"a": 2, "zork": "y"}]))
    book = openpyxl.Workbook()
    for row in (["Alpha", "Beta"], [1, "x"]):
        book.active.append(row)
    book.save(tmp_path / "odd.xlsx")
    for path in (odd, tmp_path / "odd.xlsx"):
        with pytest.raises(LoadError, match="do not say what the file holds.*--table") as error:
            suggest(path)
        assert "Mend the profile" not in str(error.value)
    with pytest.raises(LoadError, match="areas need shapes"):
        suggest(odd, table="areas")
    assert "no column was found for offense_description" in told(suggest(odd, table="incidents"))


def test_the_command_prints_what_to_check_beside_the_file_it_writes(tmp_path: Path) -> None:
    path = written(tmp_path / "may.csv", NO_PLACE)
    result = CliRunner().invoke(app, ["profile", "suggest", str(path), "--write", str(tmp_path / "may.toml")])
    assert result.exit_code == 0
    assert "to check first:" in result.output and "- 220 Burglary: 'BURGLARY'" in result.output
    assert (tmp_path / "may.toml").read_text() == suggest(path).toml


def test_the_list_of_profiles_shows_titles_and_evidence_whole() -> None:
    result = CliRunner().invoke(app, ["profile", "list"])
    title = Profile.named("stlouis_slmpd").title
    assert title in result.output and Profile.named("stlouis_slmpd").evidence in result.output
    assert "..." not in result.output


def test_a_second_column_of_words_tells_more_of_the_offense_and_a_narrative_does_not(
    shared: Path, tmp_path: Path
) -> None:
    chicago = suggest(shared / "data/chicago_2017_2019_rcrimeanalysis/chicago_crimes_25k.csv")
    profile = Profile.parse(chicago.toml)
    assert profile.layouts[0].columns["offense"].columns == ("primary_type", "description")
    assert profile.crosswalks["offense"].exact["THEFT: RETAIL THEFT"] == "23C"
    rows = "".join(f"{n},THEFT,Man {n} took thing {n},1/2/2026 10:00\n" for n in range(60))
    other = suggest(written(tmp_path / "a.csv", "Case No,Offense,Description,Date\n" + rows))
    assert Profile.parse(other.toml).layouts[0].columns["offense"].columns == ("Offense",)
