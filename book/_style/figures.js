// Draws the plotly figures of a page: each when it is scrolled to, all of them before printing.
// Sliders, menus and buttons of a figure become native ones, which the keyboard reaches.
(() => {
  const narrow = () => window.matchMedia("(max-width: 576px)").matches;
  const dark = () => document.documentElement.dataset.theme === "dark";
  const element = (name, properties) => Object.assign(document.createElement(name), properties);

  // Colours of text, lines and ground in the page's theme; traces keep theirs, unless they are ink.
  const INK = /^(black|#000|#000000|#222|#222222|#444)$/i;
  const clothes = (layout) => {
    const [text, line] = dark() ? ["#ced6dd", "#48566b"] : ["#22303c", "#d9dee4"];
    const axes = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
    const scenes = Object.keys(layout).filter((key) => /^scene\d*$/.test(key));
    const changes = { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", "font.color": text };
    for (const axis of axes) Object.assign(changes, { [`${axis}.gridcolor`]: line, [`${axis}.zerolinecolor`]: line });
    for (const scene of scenes) for (const axis of ["xaxis", "yaxis", "zaxis"]) {
      changes[`${scene}.${axis}.gridcolor`] = line;
      changes[`${scene}.${axis}.backgroundcolor`] = "rgba(0,0,0,0)";
    }
    (layout.shapes ?? []).forEach((shape, place) => {
      shape.rdInk ??= INK.test(shape.line?.color ?? "#444");
      if (shape.rdInk) changes[`shapes[${place}].line.color`] = text;
    });
    return changes;
  };

  // Parts of traces drawn in ink, [trace, attribute], as the figure came.
  const inked = (traces) => traces.flatMap((trace, place) => ["marker", "line"]
    .filter((part) => INK.test(trace[part]?.color)).map((part) => [place, `${part}.color`]));

  async function dress(drawing, parts) {
    await Plotly.relayout(drawing, clothes(drawing.layout));
    for (const [place, attribute] of parts) {
      await Plotly.restyle(drawing, { [attribute]: dark() ? "#ced6dd" : "#22303c" }, [place]);
    }
  }

  const broken = (text) => text.replace(/(.{14,}?) /g, "$1<br>");

  // On a phone long titles and names of rows break, and a legend below gets the room of its lines.
  function narrowed(figure) {
    const { layout, data } = figure;
    layout.font = { ...layout.font, size: 10 };
    for (const key of Object.keys(layout).filter((name) => /^xaxis\d*$/.test(name))) {
      const axis = layout[key];
      if (axis.title?.text) axis.title = { ...axis.title, text: broken(axis.title.text), font: { size: 11 } };
      axis.automargin = true;
    }
    const rows = [...new Set(data.flatMap(({ y }) => Array.isArray(y) ? y : []))];
    if (layout.yaxis && rows.length && rows.every((row) => typeof row === "string")) {
      Object.assign(layout.yaxis, { tickmode: "array", tickvals: rows, ticktext: rows.map(broken) });
    }
    const { legend } = layout;
    if (legend?.orientation === "h" && legend.y < 0) {
      layout.height += 14 * data.filter((trace) => trace.name).length;
    }
  }

  const call = (drawing, step) => Plotly[step.method](drawing, ...structuredClone(step.args ?? []));

  function slider(drawing, given) {
    const label = element("label", { className: "plotly-control" });
    const { prefix = "", suffix = "" } = given.currentvalue ?? {};
    const input = element("input", { type: "range", min: 0, max: given.steps.length - 1, step: 1 });
    input.value = given.active ?? 0;
    const shown = element("output");
    const tell = () => {
      shown.textContent = prefix + given.steps[input.value].label + suffix;
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    input.setAttribute("aria-label", prefix.replace(/[\s:=]+$/, "") || "state of the figure");
    input.addEventListener("input", () => { tell(); call(drawing, given.steps[input.value]); });
    drawing.addEventListener("rd-played", (event) => { input.value = event.detail; tell(); });
    tell();
    label.append(shown, input);
    return label;
  }

  function menu(drawing, given) {
    if (given.type === "buttons") {
      const row = element("div", { className: "plotly-control" });
      for (const step of given.buttons) {
        const button = element("button", { type: "button", textContent: step.label });
        if (step.label === "▶") button.setAttribute("aria-label", "play");
        button.addEventListener("click", () => call(drawing, step));
        row.append(button);
      }
      return row;
    }
    const select = element("select", { className: "plotly-control" });
    select.setAttribute("aria-label", "what the figure shows");
    given.buttons.forEach((step, place) => select.append(new Option(step.label, place)));
    select.selectedIndex = given.active ?? 0;
    select.addEventListener("change", () => call(drawing, given.buttons[select.value]));
    return select;
  }

  async function draw(place) {
    if (place.dataset.drawn) return;
    place.dataset.drawn = "begun";
    const figure = JSON.parse(place.querySelector(".plotly-data").textContent);
    const { sliders = [], updatemenus = [] } = figure.layout;
    Object.assign(figure.layout, { sliders: [], updatemenus: [] });
    figure.layout.height = Number(place.dataset.height);
    if (narrow()) narrowed(figure);
    figure.config = { responsive: true, displaylogo: false, showSendToCloud: false,
      modeBarButtonsToRemove: ["sendChartToCloud", "lasso2d", "select2d"],
      displayModeBar: narrow() ? false : "hover" };
    const drawing = place.appendChild(element("div"));
    const controls = element("div", { className: "plotly-controls" });
    for (const given of sliders) controls.append(slider(drawing, given));
    for (const given of updatemenus) controls.append(menu(drawing, given));
    if (controls.children.length) place.append(controls);
    await Plotly.newPlot(drawing, figure);
    const parts = inked(figure.data);
    await dress(drawing, parts);
    drawing.addEventListener("rd-theme", () => dress(drawing, parts));
    const labels = (sliders[0]?.steps ?? []).map((step) => step.args?.[0]?.[0]);
    drawing.on("plotly_animatingframe", (event) => {
      const at = labels.indexOf(event.name);
      if (at >= 0) drawing.dispatchEvent(new CustomEvent("rd-played", { detail: at }));
    });
    place.dataset.drawn = "done";
  }

  document.addEventListener("DOMContentLoaded", () => {
    const places = [...document.querySelectorAll(".plotly-figure")];
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) { watch.unobserve(entry.target); draw(entry.target); }
    }, { rootMargin: "300px" });
    places.forEach((place) => watch.observe(place));
    window.addEventListener("beforeprint", () => places.forEach(draw));
    new MutationObserver(() => {
      for (const place of places) {
        const drawing = place.querySelector(".js-plotly-plot");
        if (place.dataset.drawn === "done") drawing.dispatchEvent(new Event("rd-theme"));
      }
    }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  });
})();
