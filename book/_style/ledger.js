// Filters the rows of the ledger by text, verdict and saved filter; without scripts every row is shown.
// An address without a choice shows the serious errata, until a text or a verdict is asked for.
// The address keeps what is chosen: ledger.html#the-errata?verdict=wrong&q=sky
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
  const FIRST = "the-serious-errata";
  let saved = "", chosenYet = false;

  const show = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = (!saved || row.classList.contains(`in-${saved}`))
        && (select.selectedIndex === 0 || verdictOf(row) === select.value)
        && wanted.every((word) => words.get(row).includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    for (const section of document.querySelectorAll("section section section")) {
      if (section.querySelector(".ledger-row")) section.hidden = !section.querySelector(".ledger-row:not([hidden])");
    }
    for (const link of document.querySelectorAll(".ledger-filter a")) {
      const name = link.hash.slice(1);
      link.toggleAttribute("aria-current", name === (saved || "the-ledger"));
    }
    count.textContent = `${shown} of ${rows.length} rows`;
  };
  const write = () => {
    if (!chosenYet) saved = "";
    chosenYet = true;
    const chosen = new URLSearchParams();
    if (select.selectedIndex) chosen.set("verdict", select.value);
    if (input.value) chosen.set("q", input.value);
    history.replaceState(null, "", `#${saved || "the-ledger"}${chosen.size ? `?${chosen}` : ""}`);
    show();
  };
  const read = () => {
    const [name, chosen] = decodeURI(location.hash.slice(1)).split("?");
    const parameters = new URLSearchParams(chosen ?? "");
    chosenYet = Boolean(name);
    const asked = name || FIRST;
    saved = rows.some((row) => row.classList.contains(`in-${asked}`)) ? asked : "";
    const verdict = [...select.options].findIndex((option) => option.value === parameters.get("verdict"));
    select.selectedIndex = Math.max(verdict, 0);
    input.value = parameters.get("q") ?? "";
    show();
    if (name) document.getElementById(name)?.scrollIntoView();
  };
  input.addEventListener("input", write);
  select.addEventListener("change", write);
  window.addEventListener("hashchange", read);
  read();
});
