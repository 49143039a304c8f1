"""What a notebook refuses before it computes anything."""

from types import SimpleNamespace

import papermill
import pytest
from nbformat import v4

from rigid_depth.book.cells import notebook, parameters
from rigid_depth.book.cells.parameters import ParameterError
from rigid_depth.experiments.sources import repository

DECLARED = 'seed = 0\nscale = "smoke"  # or cpu\nwidth = 1.0\nimage_size = (384, 768)\nrate = None'


@pytest.fixture
def executed(monkeypatch):
    """Stands for a kernel that has executed these cells."""

    def cells(*sources):
        kernel = SimpleNamespace(user_ns={"_ih": ["", *sources]})
        monkeypatch.setattr("IPython.get_ipython", lambda: kernel)

    return cells


@pytest.fixture
def given(executed):
    """Stands for a kernel in which papermill has put a cell of these lines."""
    return lambda *lines: executed(DECLARED, "\n".join(("# Parameters", *lines)), "import os")


@pytest.mark.parametrize(
    "lines",
    [
        ("seed = 4",),
        ('scale = "cpu"', "width = 2"),
        ("image_size = [96, 192]", "rate = 0.1", "width = 0.5"),
    ],
)
def test_declared_names_and_types_pass(lines, given):
    given(*lines)
    parameters.check_given()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sed = 4", "unknown parameter 'sed'; did you mean 'seed'. allowed: seed, scale, width"),
        ("learning_rate = 3", "unknown parameter 'learning_rate'; .*allowed: seed, scale, width"),
        ('seed = "one"', "parameter seed is 'one'; it must be of type int"),
        ("seed = 1.5", "parameter seed is 1.5; it must be of type int"),
        ("seed = True", "parameter seed is True; it must be of type int"),
        ("image_size = 96", "parameter image_size is 96; it must be of type tuple"),
        ("scale = 3", "parameter scale is 3; it must be of type str"),
    ],
)
def test_other_names_and_types_are_refused(line, said, given):
    given(line)
    with pytest.raises(ParameterError, match=said):
        parameters.check_given()


def test_without_an_injected_cell_there_is_nothing_to_check(executed):
    parameters.check_given()  # outside IPython
    executed("sed = 4")
    parameters.check_given()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**31}, "seed is 2147483648; allowed are whole numbers from 0 to 2147483647"),
        ({"scale": "big"}, "unknown scale 'big'.*smoke"),
        ({"experiment": "rgbb"}, "unknown experiment 'rgbb'.*rgb"),
        (
            {"dataset": "nuscene"},
            "unknown dataset 'nuscene'; did you mean 'nuscenes'. allowed: syn",
        ),
        ({"size": "ful"}, "unknown size 'ful'; did you mean 'full'"),
    ],
)
def test_values_that_do_not_exist_are_refused(values, said):
    with pytest.raises(ParameterError, match=said):
        notebook.setup(**values)


def test_folders_start_at_the_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert notebook.in_repository("runs") == repository() / "runs"
    assert notebook.in_repository(tmp_path) == tmp_path


def test_papermill_stops_with_the_sentence(tmp_path):
    cell = v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]})
    begin = v4.new_code_cell("from rigid_depth.book.cells import notebook\nnotebook.setup(seed)")
    cells = [cell, begin, v4.new_code_cell("print('computed')")]
    language = {"language_info": {"name": "python"}}
    book = v4.new_notebook(cells=cells, metadata=language)
    out = tmp_path / "out.ipynb"
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        papermill.execute_notebook(
            book, out, parameters={"sed": 4}, kernel_name="python3", progress_bar=False
        )
    assert str(caught.value.evalue).startswith("unknown parameter 'sed'; did you mean 'seed'?")
    assert "Traceback" not in "".join(caught.value.traceback)
    assert "computed" not in out.read_text().replace("print('computed')", "")
