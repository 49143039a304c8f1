// Sorts a table of class rd-sortable by the column whose head is pressed; numbers as numbers.
// Of class rd-filter-0-2 it has choices for columns 0 and 2; rd-start-2: first that of its first line.
// A column of which one value is chosen is hidden, unless it names the rows.
document.addEventListener("DOMContentLoaded", () => {
  const value = (row, column) => row.cells[column]?.textContent.trim() ?? "";
  const columns = (table, word) => {
    const name = [...table.classList].find((each) => each.startsWith(`rd-${word}-`));
    return name ? name.split("-").slice(2).map(Number) : [];
  };
  const element = (name, properties) => Object.assign(document.createElement(name), properties);

  function filter(table) {
    const rows = [...table.tBodies[0].rows];
    const started = columns(table, "start");
    const controls = element("div", { className: "rd-choices" });
    const said = element("span", { role: "status" });
    const choices = columns(table, "filter").map((column) => {
      const select = document.createElement("select");
      const label = element("label", { textContent: `${value(table.tHead.rows[0], column)} ` });
      select.append(new Option("all", ""));
      for (const each of new Set(rows.map((row) => value(row, column)))) select.append(new Option(each));
      if (started.includes(column)) select.value = value(rows[0], column);
      label.append(select);
      controls.append(label);
      return [column, select];
    });
    const show = () => {
      for (const row of rows) {
        row.hidden = choices.some(([column, { value: wanted }]) => wanted && value(row, column) !== wanted);
      }
      for (const [column, { value: wanted }] of choices) {
        for (const row of table.rows) row.cells[column].hidden = Boolean(wanted) && column > 0;
      }
      said.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} lines`;
    };
    controls.append(said);
    controls.addEventListener("change", show);
    (table.closest(".pst-scrollable-table-container") ?? table).before(controls);
    show();
  }

  for (const table of document.querySelectorAll("table.rd-sortable")) {
    if (columns(table, "filter").length) filter(table);
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const compare = (a, b) => {
          const [left, right] = [value(a, column), value(b, column)];
          const [x, y] = [parseFloat(left.replaceAll(",", "")), parseFloat(right.replaceAll(",", ""))];
          const dates = /^\d{4}-\d\d-\d\d/.test(left);
          const order = dates || Number.isNaN(x) || Number.isNaN(y) ? left.localeCompare(right) : x - y;
          return down ? -order : order;
        };
        body.append(...[...body.rows].sort(compare));
      });
    });
  }
});
