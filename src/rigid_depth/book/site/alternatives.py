"""What a plotly figure shows, in words, for those who cannot see it."""

from __future__ import annotations

KINDS = {
    "scatter": "Chart",
    "bar": "Bar chart",
    "heatmap": "Map of values",
    "scatter3d": "Points and lines in space",
    "surface": "Surface in space",
}


def describe(figure: dict) -> str:
    """Names kind, title, axes, series and controls of a figure (its data and layout)."""
    layout, traces = figure.get("layout", {}), figure["data"]
    kinds = dict.fromkeys(KINDS.get(t.get("type", "scatter"), "Chart") for t in traces)
    parts = [" and ".join(kinds) or "Chart"]
    if title := _text(layout.get("title")):
        parts[0] += f": {title}"
    axes = [_text((layout.get(name) or {}).get("title")) for name in ("xaxis", "yaxis")]
    if all(axes):
        parts.append(f"{axes[1]} over {axes[0]}")
    elif any(axes):
        parts.append("axis " + next(filter(None, axes)))
    names = list(dict.fromkeys(t["name"] for t in traces if t.get("name")))
    if names:
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        parts.append("series: " + ", ".join(names[:8]) + more)
    for slider in layout.get("sliders") or []:
        steps = slider["steps"]
        prefix = (slider.get("currentvalue") or {}).get("prefix", "")
        parts.append(f"a slider, {prefix}{steps[0]['label']} to {steps[-1]['label']}")
    return "; ".join(parts).replace("<br>", ", ").replace("$", "") + "."


def _text(title) -> str:
    text = (title.get("text") if isinstance(title, dict) else title) or ""
    return str(text).strip()
