"""The print is tagged, readable by machine, without fonts of this machine, and always the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from rtcc_analytics.report import Report, Text, render_pdf
from rtcc_analytics.report.laidout import laid_out


@pytest.fixture(scope="module")
def pdf(small_report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_pdf(small_report, tmp_path_factory.mktemp("pdf") / "small.pdf")


def alt_texts(element: object) -> list[str]:
    element = element.get_object() if hasattr(element, "get_object") else element
    if isinstance(element, list):
        return [text for kid in element for text in alt_texts(kid)]
    if not isinstance(element, dict):
        return []
    own = [str(element["/Alt"])] if "/Alt" in element else []
    return own + alt_texts(element.get("/K", []))


def test_it_is_tagged_titled_and_says_its_language(pdf: Path) -> None:
    reader = PdfReader(pdf)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en"
    assert reader.metadata.title == "Small report – Square, one week"
    assert {"Two bars, 14 and 9", "Map of three hot places"} <= set(alt_texts(root["/StructTreeRoot"]))


def test_every_page_is_letter_and_says_simulated(pdf: Path) -> None:
    for sheet in PdfReader(pdf).pages:
        assert (float(sheet.mediabox.width), float(sheet.mediabox.height)) == (612, 792)
        assert "SIMULATED DATA" in sheet.extract_text()


def test_words_are_never_markup(pdf: Path) -> None:
    text = "".join(sheet.extract_text() for sheet in PdfReader(pdf).pages)
    assert "#set page(fill: red)" in text and "=HYPERLINK(1)" in text


def test_only_the_fonts_that_the_renderer_carries(pdf: Path) -> None:
    fonts = {
        str(font.get_object()["/BaseFont"]).split("+")[-1]
        for sheet in PdfReader(pdf).pages
        for font in sheet["/Resources"]["/Font"].values()
    }
    assert fonts and all(font.startswith(("LibertinusSerif", "DejaVuSansMono", "NewCM")) for font in fonts), fonts


def test_the_same_report_gives_the_same_bytes(small_report: Report, pdf: Path, tmp_path: Path) -> None:
    assert render_pdf(small_report, tmp_path / "again.pdf").read_bytes() == pdf.read_bytes()


def long_report(small_report: Report, *, paragraphs: int) -> Report:
    words = ("Words that take up room on the sheet, line after line, until it is full. " * 4,) * paragraphs
    return replace(small_report, sections=(Text(key="long", title="Long", paragraphs=words),), most_pages=2)


def test_a_report_is_set_smaller_to_keep_to_its_pages_and_never_cut(small_report: Report, tmp_path: Path) -> None:
    free = replace(long_report(small_report, paragraphs=36), most_pages=None)
    assert len(PdfReader(render_pdf(free, tmp_path / "free.pdf")).pages) == 3
    kept = PdfReader(render_pdf(long_report(small_report, paragraphs=36), tmp_path / "kept.pdf"))
    assert len(kept.pages) == 2
    longest = PdfReader(render_pdf(long_report(small_report, paragraphs=120), tmp_path / "longest.pdf"))
    text = " ".join(" ".join(sheet.extract_text() for sheet in longest.pages).split())
    assert len(longest.pages) > 2 and text.count("until it is full.") == 480


def test_words_with_numbers_are_no_numbers(small_report: Report) -> None:
    table = next(s for s in laid_out(small_report)["rows"][1] if s["kind"] == "table")["table"]
    assert [column["right"] for column in table["columns"]] == [False, True, True]
