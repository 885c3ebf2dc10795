"""The forecast notebook in a real browser with no network: board and map follow the controls, nothing is cut off."""

from __future__ import annotations

from collections.abc import Callable

PICTURE = "img.leaflet-image-layer"


def test_board_and_map_follow_the_controls(open_notebook: Callable) -> None:
    notebook = open_notebook("04_forecast.ipynb")
    notebook.run_all()
    page = notebook.page
    page.locator(PICTURE).wait_for(timeout=60_000)
    board = page.locator("table:has(caption):has-text('gain over decayed counts')")
    at_first, said = page.locator(PICTURE).get_attribute("src"), board.inner_text()
    for table in (board, page.locator("table:has(caption):has-text('Because of')")):
        room, width = table.locator("xpath=ancestor::*[contains(@class, 'jp-OutputArea-output')][1]").bounding_box(), \
            table.bounding_box()
        assert width["x"] + width["width"] <= room["x"] + room["width"], "columns are cut off"

    handle = page.locator(".widget-slider:has-text('Share flagged') .noUi-handle")
    handle.focus()
    handle.press("ArrowLeft")
    page.wait_for_function("was => document.querySelector('img.leaflet-image-layer').src !== was", arg=at_first,
                           timeout=20_000)  # fmt: skip
    page.wait_for_function(
        "() => [...document.querySelectorAll('table')].some(t => t.innerText.includes('gain over decayed counts')"
        " && t.innerText.includes('2 % of the ground'))",
        timeout=60_000,
    )
    assert board.inner_text() != said and "2 % of the ground" in board.inner_text()
    assert (notebook.errors(), notebook.complaints, notebook.outside) == ([], [], [])
