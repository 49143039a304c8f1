"""Print the built book into one PDF, with outline and links: `make pdf`.

    python workflow/pdf.py [_build/html [_build/rigid-depth.pdf]]

A headless Chromium prints page after page of the built HTML, in the order of the table of contents;
pypdf joins them. Interactive figures become stills of their first state, the theme is light,
solutions are unfolded; folded code is left to the notebooks. Pages of single experiments, studies
and modules, which the book lists beside the path from front to back, are left out.
"""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from chromium import ARGUMENTS, chromium
from playwright.sync_api import BrowserContext, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, Destination, NameObject

from rigid_depth.whole import write_whole

ROOT = Path(__file__).resolve().parents[1]
HTML, TARGET = ROOT / "_build" / "html", ROOT / "_build" / "rigid-depth.pdf"
FRONT = "book/intro.html"
SCALE = 0.85
WIDTH_PX = 809  # of the text area: 182 mm at 96 pixels to the inch, by the scale
MARGINS = {"top": "16mm", "bottom": "18mm", "left": "14mm", "right": "14mm"}
PATIENCE_MS = 180_000
HEADINGS = 2  # levels of the outline below a part: a page and its sections

CONTENTS = """() => [...document.querySelectorAll('.bd-links .caption, .bd-links a.reference')]
  .map((found) => ({title: found.textContent.trim(), address: found.href || ''}))"""
READY = """() => document.readyState === 'complete'
  && [...document.querySelectorAll('.plotly-figure')].every((f) => f.dataset.drawn === 'done')"""
SETTLE = """async () => {
  await document.fonts.ready;
  await window.MathJax?.startup?.promise;
  for (const image of document.images) image.loading = 'eager';
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
}"""
STILLS = """async () => {
  for (const plot of document.querySelectorAll('.js-plotly-plot')) {
    const width = Math.round(plot.clientWidth), height = Math.round(plot.clientHeight);
    if (!width || !height) continue;  // in a fold that stays closed
    const still = new Image();
    still.src = await Plotly.toImage(plot, {format: 'svg', width, height});
    still.style.width = '100%';
    await still.decode();
    plot.replaceWith(still);
  }
}"""
FIT = """() => {
  const article = document.querySelector('article');
  const right = article.getBoundingClientRect().right;
  const cut = [];
  for (const found of article.querySelectorAll('table, mjx-container, pre, img, svg')) {
    if (found.closest('mjx-container') !== null && found.localName === 'svg') continue;
    let zoom = 1, over = 0;
    for (let trial = 0; trial < 6; trial += 1) {
      const box = found.getBoundingClientRect();
      const width = Math.max(box.width, found.scrollWidth * zoom);
      over = box.left + width - right;
      if (!box.width || over <= 1) break;
      zoom *= 0.98 * (right - box.left) / width;
      found.style.zoom = zoom;
    }
    if (over > 2) cut.push(found.localName + ': ' + found.textContent.trim().slice(0, 60));
  }
  return cut;
}"""
"""Makes what reaches over the right edge small enough; returns what could not be."""

HEADS = """() => [...document.querySelectorAll('article h2')].map((found) => {
  const head = found.cloneNode(true);
  for (const link of head.querySelectorAll('.headerlink')) link.remove();
  return head.textContent.trim();
})"""


@dataclass
class Sheet:
    """A page of the book, printed: part of the book, title, file, PDF, what is cut, sections."""

    part: str
    title: str
    file: Path
    pdf: bytes
    cut: list[str]
    heads: list[str]


def sheets(html: Path) -> Iterator[Sheet]:
    """Prints the pages that the table of contents of the front page lists, in its order."""
    program = chromium() or sys.exit("make pdf needs Chromium: sudo apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        context = browser.new_context(
            viewport={"width": WIDTH_PX, "height": 1100},
            color_scheme="light",
            device_scale_factor=2,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(
            "for (const key of ['mode', 'theme']) localStorage.setItem(key, 'light')"
        )
        part = ""
        for title, file in contents(context, html):
            if file is None:
                part = title
            else:
                yield Sheet(part, title, file, *printed(context, file, title))
        browser.close()


def contents(context: BrowserContext, html: Path) -> list[tuple[str, Path | None]]:
    """Returns titles and files of the pages, and the captions of parts, which have no file."""
    tab = context.new_page()
    tab.goto((html / FRONT).as_uri(), wait_until="load")
    found = tab.evaluate(CONTENTS)
    tab.close()
    start = html.as_uri() + "/"
    pages: list[tuple[str, Path | None]] = []
    for entry in found:
        name = entry["address"].partition("#")[0].removeprefix(start)
        pages.append((entry["title"], html / name if name else None))
    return pages


def printed(context: BrowserContext, file: Path, title: str) -> tuple[bytes, list[str], list[str]]:
    """Returns the PDF of one page, what reaches over its right edge, and its sections."""
    tab = context.new_page()
    tab.emulate_media(media="print", color_scheme="light")
    tab.goto(file.as_uri(), wait_until="load")
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    tab.wait_for_function(READY)
    tab.evaluate(SETTLE)
    tab.evaluate(STILLS)
    cut, heads = tab.evaluate(FIT), tab.evaluate(HEADS)
    style = "font: 8px sans-serif; width: 100%; margin: 0 14mm; display: flex;"
    footer = (
        f'<div style="{style} justify-content: space-between"><span>{escape(title)}</span><span>'
        '<span class="pageNumber"></span> / <span class="totalPages"></span></span></div>'
    )
    pdf = tab.pdf(
        format="A4", scale=SCALE, margin=MARGINS, print_background=True, outline=True, tagged=True,
        display_header_footer=True, header_template="<span></span>", footer_template=footer,
    )  # fmt: skip
    tab.close()
    return pdf, cut, heads


def join(found: list[Sheet], html: Path) -> PdfWriter:
    """Joins the printed pages: an outline by parts, pages and sections, links within the book."""
    writer, first, parts = PdfWriter(), {}, {}
    for sheet in found:
        reader = PdfReader(io.BytesIO(sheet.pdf))
        place = len(writer.pages)
        first[sheet.file.relative_to(html).as_posix()] = place
        resolve_names(reader)
        writer.append(reader, import_outline=False)
        if sheet.part and sheet.part not in parts:
            parts[sheet.part] = writer.add_outline_item(
                title=sheet.part, page_number=place, is_open=False
            )
        above = parts.get(sheet.part)
        item = writer.add_outline_item(
            title=sheet.title, page_number=place, parent=above, is_open=False
        )
        headings = list(sections(reader.outline))
        titles = [heading.title for heading in headings]  # Chromium joins words across lines
        titles = sheet.heads if len(sheet.heads) == len(titles) else titles
        for title, heading in zip(titles, headings, strict=True):
            page = place + reader.get_destination_page_number(heading)
            writer.add_outline_item(title=title, page_number=page, parent=item)
    link(writer, first, html)
    writer.compress_identical_objects()
    writer.add_metadata({"/Title": "Rigid Depth", "/Author": "The Rigid Depth contributors"})
    return writer


def sections(outline: list, depth: int = 1) -> Iterator[Destination]:
    """Yields the headings of the second level of a page's own outline."""
    for entry in outline:
        if isinstance(entry, list):
            yield from sections(entry, depth + 1)
        elif depth == HEADINGS:
            yield entry


def resolve_names(reader: PdfReader) -> None:
    """Replaces names of places by the places: two pages may have the same names."""
    places = reader.named_destinations
    for page in reader.pages:
        for annotation in page.get("/Annots") or ():
            entry = annotation.get_object()
            name = str(entry.get("/Dest", "")).removeprefix("/")
            if name in places:
                entry[NameObject("/Dest")] = places[name].dest_array


def link(writer: PdfWriter, first: dict[str, int], html: Path) -> None:
    """Turns links to printed pages into links within the file; takes out those to other files."""
    start = html.as_uri() + "/"
    for page in writer.pages:
        kept = ArrayObject()
        for annotation in page.get("/Annots") or ():
            entry = annotation.get_object()
            address = str((entry.get("/A") or {}).get("/URI", ""))
            if address.startswith("file:"):
                name = address.removeprefix(start).partition("#")[0]
                if name not in first:
                    continue
                del entry["/A"]
                target = writer.pages[first[name]].indirect_reference
                entry[NameObject("/Dest")] = ArrayObject([target, NameObject("/Fit")])
            kept.append(annotation)
        if "/Annots" in page:
            page[NameObject("/Annots")] = kept


def main(html: Path = HTML, target: Path = TARGET) -> None:
    """Prints the book and says how long it became."""
    html = html.resolve()
    if not (html / FRONT).is_file():
        sys.exit(f"there is no built book in {html}: make book")
    found = []
    for sheet in sheets(html):
        found.append(sheet)
        for said in sheet.cut:
            print(f"{sheet.title}: reaches over the right edge: {said}")
    writer = join(found, html)
    write_whole(target, writer.write)
    size = target.stat().st_size / 1e6
    print(f"{target}: {len(writer.pages)} sheets of {len(found)} pages, {size:.1f} MB")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
