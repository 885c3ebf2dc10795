"""The swipe of two methods in a real browser with no network: the divider clips both pictures, controls redraw."""

from __future__ import annotations

import re
from collections.abc import Callable

CLIPS = "() => ['left', 'right'].map(side => document.querySelector(`.rtcc-swipe .leaflet-${side}-pane`).style.clip)"


def edges(page) -> tuple[float, float]:
    """Where the left picture ends and where the right one begins, pixels: top, right, bottom, left of each clip."""
    left, right = ([float(n) for n in re.findall(r"-?[\d.]+(?=px)", clip)] for clip in page.evaluate(CLIPS))
    return left[1], right[3]


def test_the_divider_wipes_between_the_two_methods(open_notebook: Callable) -> None:
    notebook = open_notebook("02_hotspots.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    page = notebook.page
    swipe = page.locator(".rtcc-swipe")
    swipe.locator("img.leaflet-image-layer").nth(1).wait_for(timeout=60_000)
    divider = swipe.locator("input.leaflet-sbs-range")
    divider.wait_for(state="attached")  # only its handle has a height
    divider.focus()
    divider.press("End")
    only_a = edges(page)
    divider.press("Home")
    only_b = edges(page)
    assert only_a[0] == only_a[1] and only_b[0] == only_b[1], "the pictures meet at the divider"
    width = swipe.locator(".leaflet-container").bounding_box()["width"]
    assert only_a[0] - only_b[0] > 0.9 * width

    said = swipe.locator(".rtcc-status").inner_text()
    swipe.get_by_label("Method B", exact=True).select_option("Counts per cell")
    page.wait_for_function("was => document.querySelector('.rtcc-swipe .rtcc-status').innerText !== was", arg=said,
                           timeout=20_000)  # fmt: skip
    assert "Counts per cell" in swipe.locator(".rtcc-status").inner_text()
    assert (notebook.complaints, notebook.outside) == ([], [])
