// Small repairs of every page: names for what the theme leaves nameless, boxes that the keyboard scrolls.
document.addEventListener("DOMContentLoaded", () => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  for (const icon of all(".theme-switch-button [title]")) icon.removeAttribute("title");
  for (const button of all(".theme-switch-button")) {
    button.setAttribute("aria-label", "Colours: light or dark");
    button.removeAttribute("data-bs-title");
  }
  for (const button of all("summary, .search-button__button")) {
    if (button.innerText.trim()) button.removeAttribute("aria-label");
    else if (!button.ariaLabel) button.setAttribute("aria-label", "Show or hide what is below");
  }
  for (const entry of all("[role='doc-biblioentry'], .citation-list[role='list']")) entry.removeAttribute("role");
  const reach = () => {
    for (const box of all("article pre, article .pst-scrollable-table-container, article div.math, article mjx-container")) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    }
    for (const formula of all("article mjx-container:not([display])")) {
      const line = formula.closest("p, li, td, dd, div");
      const right = (node) => node.getBoundingClientRect().right;
      if (right(formula) > right(line) + 0.5) Object.assign(formula, { className: "MathJax rd-wide", tabIndex: 0 });
    }
  };
  window.addEventListener("load", () => { reach(); window.MathJax?.startup?.promise?.then(reach); });
  window.addEventListener("resize", reach);
  // On paper: light colours, everything unfolded but code and the notes of a first reading.
  let mode;
  window.addEventListener("beforeprint", () => {
    all("article details:not(.above-input, .ledger-audit)").forEach((box) => { box.open = true; });
    mode = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
  });
  window.addEventListener("afterprint", () => { if (mode) document.documentElement.dataset.theme = mode; });
  const results = document.querySelector("#search-results");
  if (results && location.protocol === "file:") {
    const note = document.createElement("p");
    note.textContent = "Opened from a file, this page finds titles without excerpts: browsers do not let it "
      + "read the other pages. For excerpts, serve the folder: python3 -m http.server";
    results.before(note);
  }
});
