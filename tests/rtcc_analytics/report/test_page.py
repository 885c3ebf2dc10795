"""The page stands alone, says everything in words too, and takes no text for markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from rtcc_analytics.report import Report
from rtcc_analytics.report.page import failure_page, page


class Elements(HTMLParser):
    """Every element with its attributes, and the text of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def text(small_report: Report) -> str:
    return page(small_report)


def asked_for(text: str) -> list[str]:
    """Everything in the page, frames included, that would be fetched."""
    elements = Elements(text)
    wanted = [a[name] for _, a in elements.found for name in ("src", "srcset", "data", "poster") if a.get(name)]
    wanted += [a["href"] for a in elements.all("link")]
    styles = "".join(re.findall(r"<style.*?</style>", text, re.S))
    wanted += re.findall(r"(?:url\(|@import\s+)['\"]?(?!data:|#)([^)'\"]+)", styles)
    for frame in elements.all("iframe"):
        wanted += asked_for(frame["srcdoc"] or "")
    return wanted


def test_nothing_is_fetched(text: str) -> None:
    assert asked_for(text) == []
    assert "default-src 'none'" in text


def test_the_map_and_its_program_are_inside(text: str) -> None:
    frame = Elements(text).all("iframe")[0]
    assert "L.map(" in frame["srcdoc"] and "Leaflet 1.9" in frame["srcdoc"]
    assert frame["title"] == "Map of three hot places"


def test_words_are_never_markup(text: str) -> None:
    elements = Elements(text)
    assert not elements.all("i") and not elements.all("b")
    assert "&lt;i&gt;3&lt;/i&gt;" in text and "<strong>Up</strong>" in text
    frame = Elements(elements.all("iframe")[0]["srcdoc"] or "")
    assert not frame.all("b"), "a place name became markup on the map"
    assert "<script>bad()" not in (elements.all("iframe")[0]["srcdoc"] or "")


def test_structure_can_be_read_by_a_machine(text: str) -> None:
    elements = Elements(text)
    assert elements.all("html")[0]["lang"] == "en"
    assert [tag for tag, _ in elements.found if re.fullmatch("h[1-6]", tag)][:2] == ["h1", "h2"]
    assert all(header.get("scope") in {"col", "row", "colgroup"} for header in elements.all("th"))
    pictures = [a for a in elements.all("div") if a.get("role") == "img"]
    assert len(pictures) == 2 and all(a.get("aria-label") for a in pictures)
    assert len(re.findall("SIMULATED DATA", text)) >= 2, "banner on the page and on the map"


def test_every_number_says_how_it_was_made(text: str) -> None:
    assert "Counted. Read: incidents. Data: data/places.csv." in text
    assert "SELECT 1 &lt; 2" in text and "Snapshot of the records" in text


def test_the_same_report_gives_the_same_bytes(small_report: Report, text: str) -> None:
    assert page(small_report) == text


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ink", ["#1a1a1a", "#555555"])
@pytest.mark.parametrize("paper", ["#ffffff", "#f4f4f2", "#f7f7f5", "#f1f1f1"])
def test_text_has_contrast(ink: str, paper: str) -> None:
    assert (luminance(paper) + 0.05) / (luminance(ink) + 0.05) >= 4.5


def test_a_failure_is_a_page_too() -> None:
    text = failure_page(title="weekly_briefing", message="No <incidents>", details="until = 2024")
    assert "failed" in text and "No &lt;incidents&gt;" in text and asked_for(text) == []
