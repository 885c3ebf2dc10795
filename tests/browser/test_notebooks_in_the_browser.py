"""The notebooks in a real browser with no network: controls are moved by hand, and what they drive changes."""

from __future__ import annotations

from collections.abc import Callable

READY = ".rtcc-hotspots img.leaflet-image-layer"


def shown(page) -> dict[str, str]:
    """What a person sees of the explorer: the map's picture, the charts, the table, the status line."""
    return {
        "map": page.locator(READY).get_attribute("src"),
        "charts": page.locator(".rtcc-hotspots svg[aria-label='Day and hour']").inner_html(),
        "table": page.locator(".rtcc-hotspots table:has(caption)").inner_text(),
        "status": page.locator(".rtcc-hotspots .rtcc-status").inner_text(),
    }


def moved(page, before: dict[str, str]) -> dict[str, str]:
    """What is shown once the status line has changed."""
    page.wait_for_function(
        "was => document.querySelector('.rtcc-hotspots .rtcc-status').innerText !== was", arg=before["status"],
        timeout=20_000,
    )  # fmt: skip
    page.wait_for_timeout(300)  # the map's picture follows in a message of its own
    return shown(page)


def same(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] == after[name]}


def test_a_moved_control_changes_map_charts_table_and_status_together(open_notebook: Callable) -> None:
    notebook = open_notebook("02_hotspots.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    page = notebook.page
    page.wait_for_selector(READY)
    at_first = shown(page)
    box = page.locator(READY).bounding_box()
    assert box["width"] > 250 and box["height"] > 250

    explorer = page.locator(".rtcc-hotspots")  # the comparison below it has an offense of its own
    offense = explorer.get_by_label("Offense", exact=True)
    offense.select_option(label=offense.locator("option", has_text="· 240").first.inner_text())
    other_offense = moved(page, at_first)
    assert same(at_first, other_offense) == set()

    handle = explorer.locator(".rtcc-hours .noUi-handle-upper")
    handle.focus()
    for _ in range(4):
        handle.press("ArrowDown")
    fewer_hours = moved(page, other_offense)
    assert same(other_offense, fewer_hours) == set()

    explorer.get_by_label("Area", exact=True).select_option("Westville, city")
    assert same(fewer_hours, moved(page, fewer_hours)) == set()
    assert notebook.complaints == [] and notebook.outside == []


def test_the_weekly_line_follows_its_controls(open_notebook: Callable) -> None:
    notebook = open_notebook("00_start_here.ipynb")
    notebook.run_all()
    page = notebook.page
    page.locator("svg[aria-label='Burglary · 220, events a week']").first.wait_for()
    offense = page.get_by_label("Offense", exact=True)
    offense.select_option(label=offense.locator("option", has_text="· 240").first.inner_text())
    page.locator("svg[aria-label='Motor vehicle theft · 240, events a week']").wait_for(timeout=20_000)
    assert (notebook.errors(), notebook.complaints, notebook.outside) == ([], [], [])


def test_a_place_is_put_right_by_a_click_on_the_map(open_notebook: Callable) -> None:
    notebook = open_notebook("01_load_and_check.ipynb")
    notebook.run_all()
    page = notebook.page
    page.wait_for_selector(".leaflet-container path.leaflet-interactive")
    form = page.locator(".rtcc-form")
    was = form.get_by_label("Longitude").input_value()
    address = form.locator("datalist option").first.get_attribute("value")
    form.get_by_label("Address").fill(address)
    form.get_by_label("Reason").fill("the geocoder's middle of town")
    form.locator(".leaflet-container").click(position={"x": 120, "y": 140})
    page.wait_for_function("was => [...document.querySelectorAll('.rtcc-form input')].every(i => i.value !== was)",
                           arg=was, timeout=10_000)  # fmt: skip
    form.get_by_role("button", name="Correct").click()
    form.get_by_text("rows corrected").wait_for(timeout=20_000)
    form.get_by_role("button", name="Take back").click()
    form.get_by_text("Taken back").wait_for(timeout=20_000)
    assert (notebook.errors(), notebook.complaints, notebook.outside) == ([], [], [])
