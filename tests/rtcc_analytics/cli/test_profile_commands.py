"""`rtcc profile` as someone new meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_connectors.errors import RtccError
from rtcc_analytics.cli import app

FEED = "CaseID,Offense,Date,Latitude,Longitude\n1,BURGLARY,2026-01-02 03:04,41.7,-73.9\n"
LAYOUT = """record_length = 14
[[field]]
name = "PlateNumber"
start = 3
length = 10
[[field]]
name = "PlateState"
start = 1
length = 2
"""


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_a_draft_never_overwrites_what_is_there(tmp_path: Path) -> None:
    feed, draft = tmp_path / "feed.csv", tmp_path / "ours.toml"
    feed.write_text(FEED, encoding="utf-8")
    draft.write_text("mended by hand", encoding="utf-8")
    with pytest.raises(RtccError, match=r"ours\.toml is there already.*another name, or remove it"):
        run("profile", "suggest", feed, "--write", draft)
    assert draft.read_text(encoding="utf-8") == "mended by hand"
    with pytest.raises(RtccError, match=r"cannot be written: No such file"):
        run("profile", "suggest", feed, "--write", tmp_path / "none" / "ours.toml")
    run("profile", "suggest", feed, "--write", tmp_path / "new.toml")
    assert (tmp_path / "new.toml").is_file()


def test_a_fixed_width_hotlist_loads_by_the_steps_that_the_profile_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RTCC_STORE", raising=False)
    told = run("profile", "show", "hotlist_fixed_width")
    copied = told.replace('\nformat = "fixed_width"', '\nformat = "fixed_width"\nlayout = "my_layout.toml"')
    Path("my_hotlist.toml").write_text(copied, encoding="utf-8")
    Path("my_layout.toml").write_text(LAYOUT, encoding="utf-8")
    Path("list.txt").write_text("NYABC1234     \nNYXYZ1234     \n", encoding="utf-8")
    assert "2 new" in run("load", "my_hotlist.toml", "list.txt", "--dry-run")
