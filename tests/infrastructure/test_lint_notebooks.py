"""The linter of the notebooks sees their code as jupytext does and changes nothing else."""

from pathlib import Path

import jupytext
import lint_notebooks
import pytest

from rigid_depth.book.executed import copies

ROOT = Path(__file__).resolve().parents[2]
TEXTS = sorted(ROOT.glob("notebooks/*.md"))
CLEAN = """\
---
kernelspec:
  display_name: Python 3
  name: python3
---

# A title

```{code-cell} ipython3
:tags: [parameters]

seed = 0
```

Text with `x=1` in it, and no line end after it is missed.\t

````{admonition} A block that shows code
```{code-cell} ipython3
not=a cell
```
````

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig
tags: [hide-input]
---
%matplotlib inline
import math

math.floor(seed)
```

```python
x=1
```

```{code-cell} ipython3
```
"""


@pytest.fixture
def write(tmp_path):
    """A function that writes a text beside a copy of the settings and returns its path."""

    def write(text: str) -> Path:
        folder = tmp_path / "notebooks"
        folder.mkdir(exist_ok=True)
        for name in ("pyproject.toml", "notebooks/ruff.toml"):
            (tmp_path / name).write_text((ROOT / name).read_text())
        (folder / "text.md").write_bytes(text.encode())
        return folder / "text.md"

    return write


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.stem)
def test_code_is_what_jupytext_reads(text):
    expected = list(copies.cells(text))
    lines = text.read_text().split("\n")
    assert lint_notebooks.sources(lines) == expected
    assert "\n".join(lint_notebooks.put_back(lines, expected)) == text.read_text()


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_a_clean_text_stays_byte_for_byte(write, ending):
    text = write(CLEAN.rstrip("\n") + ending)
    before = text.read_bytes(), text.stat().st_mtime_ns
    assert lint_notebooks.main([str(text)]) == 0
    assert lint_notebooks.main(["--fix", str(text)]) == 0
    assert (text.read_bytes(), text.stat().st_mtime_ns) == before


def test_fixes_reach_the_cell_and_nothing_else(write):
    text = write(CLEAN.replace("import math\n", "import os, math\n").replace("= 0", "=0"))
    assert lint_notebooks.main([str(text)]) == 1
    assert lint_notebooks.main(["--fix", str(text)]) == 0
    assert text.read_text() == CLEAN


def test_a_long_comment_breaks_between_words(write):
    """A name with hyphens stays whole, as a reader copies it."""
    names = "rotation-global-3, rotation-local-3, rotation-undetached, rotation-geodesic"
    text = write(f"```{{code-cell}} ipython3\n# or {names}\nseed = 0\n```\n")
    assert lint_notebooks.main(["--fix", str(text)]) == 0
    lines = [line[2:] for line in text.read_text().splitlines() if line.startswith("# ")]
    assert len(lines) == 2
    assert " ".join(lines) == f"or {names}"


def test_a_name_used_in_a_later_cell_is_used(write):
    cell = "```{code-cell} ipython3\nimport os\n```\n"
    use = "```{code-cell} ipython3\nos.sep\n```\n"
    assert "F401" in lint_notebooks.findings(write(cell))[0]
    assert lint_notebooks.findings(write(cell + use)) == []


def test_findings_name_the_line_of_the_text(write):
    loop = "makers = []\nfor k in range(3):\n    makers.append(lambda: k)"
    text = write(CLEAN.replace("math.floor(seed)", f"{loop}\nmath.floor(seed)"))
    line = text.read_text().split("\n").index("    makers.append(lambda: k)") + 1
    (found,) = lint_notebooks.findings(text)
    assert f"text.md:{line}:27: B023" in found


def test_code_that_does_not_parse_is_told_and_kept(write):
    text = write(CLEAN.replace("seed = 0", "seed = = 0"))
    before = text.read_text()
    assert lint_notebooks.main(["--fix", str(text)]) == 1
    assert text.read_text() == before


def test_settings_are_the_packages_but_for_imports_within_cells(write):
    late = CLEAN.replace("math.floor(seed)", "x = 1\nimport os\n\nos.sep, math.floor(seed), x")
    assert lint_notebooks.findings(write(late)) == []
    long = CLEAN.replace("seed = 0", f"seed = 0  # {'x' * 100}")
    assert "E501" in lint_notebooks.findings(write(long))[0]


def test_options_take_the_form_that_jupytext_gives_them(write):
    """Keys in alphabetical order, long lines wrapped; the code below keeps its place."""
    caption = "A caption that is longer than one line of YAML, as most captions of figures are"
    given = f"tags: [hide-input]\nmystnb:\n  figure:\n    name: fig\n    caption: {caption}\n"
    text = write(CLEAN.replace(CLEAN[CLEAN.index("mystnb:") : CLEAN.index("---\n%")], given))
    assert lint_notebooks.main([str(text)]) == 1
    before = [(c.source, c.metadata) for c in jupytext.read(text).cells]
    assert lint_notebooks.main(["--fix", str(text)]) == 0
    assert [(c.source, c.metadata) for c in jupytext.read(text).cells] == before
    assert "    caption: A caption that is longer than" in text.read_text()
    assert caption not in text.read_text()
    assert text.read_text().count("tags: [hide-input]\n---\n%matplotlib") == 1


def test_imports_of_the_project_sort_last():
    text = ROOT / "notebooks" / "text.md"  # lends its folder; is not read
    cells = ["import rigid_depth\n\nimport torch", "rigid_depth, torch"]
    sorted_cells = ["import torch\n\nimport rigid_depth", "rigid_depth, torch"]
    assert lint_notebooks.ruff_cells(text, cells, "check", "--fix-only", "--quiet") == sorted_cells


def test_a_line_wider_than_the_page_is_found_where_it_shows(write, capsys):
    wide = 'print("' + "x" * 70 + '")'
    assert lint_notebooks.main([str(write(f"```{{code-cell}} ipython3\n{wide}\n```\n"))]) == 1
    assert ":2:73: a line of visible code is at most 72 columns" in capsys.readouterr().out
    for options in (":tags: [hide-input]\n", "---\nmystnb:\n  a: 1\ntags: [x, hide-cell]\n---\n"):
        text = write(f"```{{code-cell}} ipython3\n{options}\n{wide}\n```\n")
        assert lint_notebooks.too_long(text.read_text().split("\n")) == []
