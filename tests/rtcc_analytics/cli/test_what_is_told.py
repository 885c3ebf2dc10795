"""What commands say beside their answer."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from data_connectors import Store
from rtcc_analytics.cli import app

HISTORY = ("lpr", "history", "ABC1234", "--case", "26-1", "--start", "2026-01-01", "--end", "2026-01-02")


def test_no_policy_is_told_on_stderr_until_there_is_one(tmp_path: Path) -> None:
    Store.create(tmp_path / "store")
    asked = [*HISTORY, "--reason", "curiosity", "--store", str(tmp_path / "store")]
    done = CliRunner().invoke(app, asked)
    assert "rtcc policy start" in done.stderr and "rtcc policy start" not in done.stdout
    (tmp_path / "store" / "policy.toml").write_text("", encoding="utf-8")
    assert "rtcc policy start" not in CliRunner().invoke(app, asked).stderr


def test_expunge_asks_in_words(tmp_path: Path) -> None:
    given = ["--source", "feed", "--match", "incident_id=26-1", "--reason", "order 7", "--store", str(tmp_path)]
    done = CliRunner().invoke(app, ["expunge", "incidents", *given], input="n\n")
    assert "rows of incidents with incident_id = 26-1 from feed" in done.output
