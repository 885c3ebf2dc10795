"""Every command answers --help, is in the manual, and refuses bad input in one clear line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rtcc_analytics.cli.manual import commands, manual


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home())}
    return subprocess.run(
        [sys.executable, "-m", "rtcc_analytics.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
    )


def test_manual_is_what_the_program_says(root: Path) -> None:
    written = (root / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == manual(), "docs/commands.md is stale: python -m rtcc_analytics.cli.manual > docs/commands.md"


def test_every_command_and_option_is_described() -> None:
    for name, command in commands():
        assert command.help, f"rtcc {name} has no help"
        for parameter in command.params:
            if parameter.name != "help" and not getattr(parameter, "hidden", False):
                assert getattr(parameter, "help", None) or parameter.name in {"store", "out"}, (
                    f"rtcc {name}: {parameter.name}"
                )


@pytest.mark.parametrize(
    "arguments",
    [
        ("describe", "--store", "nowhere"),
        ("load", "stlouis_slmpd", "absent.csv", "--store", "nowhere"),
        ("load", "no_such_profile", "absent.csv", "--dry-run"),
        ("report", "run", "no_such_report", "--store", "nowhere"),
        ("schema", "no_such_table"),
    ],
)
def test_bad_input_ends_in_one_clear_message(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("rtcc: ")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
