"""The examples on the pages about forecasts give what the pages say."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

PAGES = ("forecast-models", "forecast-self-exciting", "forecast-evaluation", "forecast-safeguards")


@pytest.mark.parametrize("page", PAGES)
def test_examples_run(root: Path, page: str) -> None:
    done = doctest.testfile(str(root / "docs" / "methods" / f"{page}.md"), module_relative=False)
    assert done.attempted > 0 and done.failed == 0
