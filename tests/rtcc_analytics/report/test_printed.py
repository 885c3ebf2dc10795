"""The print is tagged, readable by machine, without fonts of this machine, and always the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader

from rtcc_analytics.report import Report, render_pdf


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
