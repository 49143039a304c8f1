// Filters the rows of the ledger by text and by verdict; without scripts every row is shown.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector(".ledger-controls");
  const rows = [...document.querySelectorAll(".ledger-row")];
  if (!place || !rows.length) return;
  const verdictOf = (row) => row.querySelector(".ledger-verdict")?.textContent.trim() ?? "";
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const input = Object.assign(document.createElement("input"), { type: "search", placeholder: "word, id or section" });
  input.setAttribute("aria-label", "Show only rows that contain this text");
  const select = document.createElement("select");
  select.setAttribute("aria-label", "Show only rows with this verdict");
  for (const verdict of ["all verdicts", ...new Set(rows.map(verdictOf))]) select.append(new Option(verdict));
  const count = document.createElement("span");
  count.setAttribute("role", "status");
  place.replaceChildren(input, select, count);

  const show = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = (select.selectedIndex === 0 || verdictOf(row) === select.value)
        && wanted.every((word) => words.get(row).includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    for (const section of document.querySelectorAll("section section")) {
      if (section.querySelector(".ledger-row")) section.hidden = !section.querySelector(".ledger-row:not([hidden])");
    }
    count.textContent = `${shown} of ${rows.length} rows`;
  };
  input.addEventListener("input", show);
  select.addEventListener("change", show);
  show();
});
