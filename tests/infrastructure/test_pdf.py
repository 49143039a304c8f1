"""workflow/pdf.py joins printed pages: their order, outline, and links from one to another."""

import io

import pdf
import pytest
from chromium import chromium
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import Fit


def sheet(html, part, name, pages=1, links=()):
    """A printed page of the book with links to files and an outline of a section."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    for address in links:
        writer.add_annotation(0, Link(rect=(0, 0, 9, 9), url=address))
    head = writer.add_outline_item(title=name, page_number=0)
    section = f"section of {name}"
    writer.add_outline_item(title=section, page_number=pages - 1, parent=head, fit=Fit.fit())
    data = io.BytesIO()
    writer.write(data)
    return pdf.Sheet(part, name, html / f"{name}.html", data.getvalue(), [], [])


def read(writer) -> PdfReader:
    data = io.BytesIO()
    writer.write(data)
    return PdfReader(data)


def test_pages_are_joined_in_order_with_an_outline_by_parts(tmp_path):
    found = [
        sheet(tmp_path, "", "front"),
        sheet(tmp_path, "One", "a", 3),
        sheet(tmp_path, "One", "b"),
    ]
    reader = read(pdf.join(found, tmp_path))
    assert len(reader.pages) == 5
    front, _, part, inner = reader.outline
    assert (front.title, part.title) == ("front", "One")
    assert [entry.title for entry in inner if not isinstance(entry, list)] == ["a", "b"]
    (section,) = inner[1]
    assert section.title == "section of a"
    assert reader.get_destination_page_number(section) == 3


def test_links_between_pages_stay_and_those_to_other_files_go(tmp_path):
    start = tmp_path.as_uri()
    links = [f"{start}/b.html#place", f"{start}/left-out.html", "https://example.org/x"]
    found = [sheet(tmp_path, "One", "a", links=links), sheet(tmp_path, "One", "b")]
    reader = read(pdf.join(found, tmp_path))
    inside, outside = (entry.get_object() for entry in reader.pages[0]["/Annots"])
    assert inside["/Dest"][0].get_object() == reader.pages[1]
    assert outside["/A"]["/URI"] == "https://example.org/x"


needs_chromium = pytest.mark.skipif(not chromium(), reason="Chromium is not installed")
PAGE = """<!DOCTYPE html><html data-theme="dark"><body>
<div class="bd-links"><p class="caption">One</p>
<a class="reference" href="intro.html">Intro</a></div>
<article style="width: 100%"><h1>Intro</h1><h2>Tables</h2>
<table><tr>{cells}</tr></table><p>end</p></article></body></html>"""


@needs_chromium
def test_a_table_wider_than_the_paper_is_printed_whole(tmp_path):
    (tmp_path / "book").mkdir()
    cells = "".join(f"<td>column{number}</td>" for number in range(24))
    (tmp_path / "book" / "intro.html").write_text(PAGE.format(cells=cells))
    (found,) = pdf.sheets(tmp_path)
    assert (found.part, found.title, found.cut) == ("One", "Intro", [])
    assert found.heads == ["Tables"]
    edges = []
    page = PdfReader(io.BytesIO(found.pdf)).pages[0]
    page.extract_text(
        visitor_text=lambda text, cm, tm, *_: edges.append((text, cm[0] * tm[4] + cm[4]))
    )
    words = "".join(text for text, _ in edges)
    assert "column23" in words
    assert max(x for text, x in edges if text.strip()) < float(page.mediabox.right) - 30


FIGURES = """<!DOCTYPE html><html><body>
<div class="bd-links"><a class="reference" href="intro.html">Intro</a></div>
<article><h1>Intro</h1><div class="js-plotly-plot" style="height: 50px"></div>
<details><summary>Show</summary><div class="js-plotly-plot" style="display: none"></div></details>
</article><script>
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>still</text></svg>';
window.Plotly = {toImage: async (plot, {width, height}) => {
  if (!width || !height) throw new Error('Height and width should be pixel values.');
  return 'data:image/svg+xml,' + encodeURIComponent(SVG);
}};
</script></body></html>"""


@needs_chromium
def test_a_figure_in_a_closed_fold_is_left_there(tmp_path):
    """It has no size, and plotly makes no still of it."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "intro.html").write_text(FIGURES)
    (found,) = pdf.sheets(tmp_path)
    assert len(PdfReader(io.BytesIO(found.pdf)).pages) == 1
